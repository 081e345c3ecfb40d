"""The HTTP door. `create_app` in ``app.py`` puts it together; one module a feature, each with one `register`."""
