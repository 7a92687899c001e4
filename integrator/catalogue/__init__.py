"""What the ministry published, read from ``datasets/`` and ``schemas/``: versions by date, fields, code lists, codes."""
