"""Records as text: cut out of what arrives, read, and written as JSON, NDJSON or CSV."""
