"""REST v1, one file for each noun."""
