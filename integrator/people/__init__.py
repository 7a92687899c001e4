"""People: how they are made, how they come in, what they do with their own account. The API and the desk call this."""
