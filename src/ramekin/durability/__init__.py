"""What outlives the process: a log of steps (``log.py``) beside snapshots of whole tables (``snapshot.py``).

Knows changes and disks; nothing of tables in memory, engines or HTTP. See ``journal.py`` for what is committed when.
"""
