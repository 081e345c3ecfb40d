"""Where tables live. One contract (``base.py``), and one engine for each place: this process (``embedded.py``)."""
