"""How Valkey and Redis are spoken to: addresses, one connection, and the node that has the keys of a database.

Knows no tables and no engines. hiredis (the extra ``cluster``) reads what nodes answer.
"""
