"""What the records of a table must be, whether a Pydantic model or a JSON Schema says so, and what a definition is."""
