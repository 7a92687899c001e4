"""The conformance suite: scenarios against any gateway or any ministry address. Imports none of the gateway's code.

It shares `schemas/` and `datasets/` with the gateway and nothing else; numbers, XML, signatures, HTTP and the reading
of evidence are its own. What it is and how an adapter looks: README.md beside this file.
"""

SUITE = "1.0"
