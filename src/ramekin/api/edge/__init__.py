"""What stands before every endpoint: who may ask, how often, and what is counted."""
