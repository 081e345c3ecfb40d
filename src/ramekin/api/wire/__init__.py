"""HTTP/1.1 on a connection, and the short way from there to records."""
