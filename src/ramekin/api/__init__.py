"""The HTTP door. `create_app` in ``app.py`` puts it together; see ``endpoints/`` for one module a feature."""
