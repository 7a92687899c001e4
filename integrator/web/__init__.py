"""The doors for programs (``api/``): HTTP in, a walk is called, its answer goes out; each asks for one right."""
