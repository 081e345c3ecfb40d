"""The command line of `ramekin`. ``main.py`` has its commands, each with its options."""
