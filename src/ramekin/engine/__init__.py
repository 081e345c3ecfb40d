"""Where tables live: the contract of what happens to them (``base.py``), and how they are read (``tables.py``).

One engine for each place in which steps are kept: none but memory (``embedded.py``), a journal (``journaled.py``), and
a cluster that many processes share (``replicated.py``).
"""
