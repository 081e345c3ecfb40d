"""What a database does: writes, loads, lists, groups, joins, changes by condition and definitions."""
