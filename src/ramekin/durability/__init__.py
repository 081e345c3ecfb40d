"""What outlives the process: a journal with group commit (``journal.py``), kept in a SQLite file (``sqlite.py``).

Knows changes and disks; nothing of tables in memory, engines or HTTP.
"""
