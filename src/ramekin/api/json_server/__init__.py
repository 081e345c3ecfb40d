"""json-server's door: its addresses and answers, on our tables. See ``door.py`` for where to begin."""
