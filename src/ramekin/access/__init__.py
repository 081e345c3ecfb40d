"""Who may do what: roles and keys. Knows no HTTP and no tables but by their names."""
