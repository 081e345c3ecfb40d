"""The command line: `ramekin serve`, `demo`, `load`, `dump` and `health`. ``main.py`` names them."""
