"""How a server ends: it says so first, takes nothing new, and what is under way ends where it can be taken up again."""

from __future__ import annotations

from datetime import timedelta

from integrator.domain.errors import Unavailable


class Busy(Unavailable):
    """This process takes no more just now: it is ending, too much is under way, or its disk is nearly full."""

    code = "INT-API-034"


class Drain:
    """Whether this process still takes calls. Begun by SIGTERM, never taken back."""

    def __init__(self) -> None:
        self.is_begun = False

    def begin(self) -> None:
        """From now on new calls are turned away, and the process says that it is not ready."""
        self.is_begun = True

    def require_open(self) -> None:
        """Raises Busy once the end has begun."""
        if self.is_begun:
            raise Busy("ending", retry_after=timedelta(seconds=2))
