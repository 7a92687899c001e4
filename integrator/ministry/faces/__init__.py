"""The ministry's faces: one for each generation of its service. Each answers requests under the first
part of a path that is its own.

To add one: write a class with `path` and `respond`, and enter it in `server.FACES`. What the ministry knows
and decides (`save`, `questions`) is shared; only the form of the wire is a face's own.
"""

from typing import Protocol

from integrator.ministry.wire import Reply, Request, Steps


class Face(Protocol):
    """One generation of the service under one path."""

    path: str

    def respond(self, request: Request) -> Reply | Steps:
        """Answer a request to `path`, honestly or as the fault plan says."""
