"""What the ministry published, read from ``datasets/`` and ``schemas/``: versions by date, code lists, codes."""
