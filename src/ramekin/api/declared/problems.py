"""Which problems go together, by status."""

READ = (400, 404, 406, 503, 507)
"""The problems of reading what may not be there, and may take much to find."""

WRITE = (400, 406, 408, 409, 413, 415, 422, 503, 507)
"""The problems of writing what may be new."""

CHANGE = (400, 404, 406, 408, 409, 412, 413, 415, 422, 428, 503, 507)
"""The problems of changing what has to be there."""
