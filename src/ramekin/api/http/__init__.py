"""What every endpoint shares of HTTP: requests read, answers, headers, pages of rows, problems."""
