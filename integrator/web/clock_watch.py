"""Does this machine's clock tell the time? Leases, retries and signing times hang on it (docs/operations.md).

Two signs that it does not: it moved otherwise than the machine's steady clock since the last looks, or it differs from
the database's, by which other hosts go too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from integrator.domain.clock import Clock
from integrator.store.dialect import database_time
from integrator.store.engine import Database, reading

MOST_APART = timedelta(seconds=5)
REMEMBERED_SECONDS = 60.0


class ClockWatch:
    """A jump is told for a minute; after that the time is taken as it is now."""

    def __init__(self, database: Database, clock: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._steady = steady
        self._base = self._offset()
        self._jumped_at = float("-inf")

    def is_well(self) -> bool:
        """Whether neither sign is seen; raises Unavailable when the database cannot be asked."""
        offset, seen_at = self._offset(), self._steady()
        if abs(offset - self._base) > MOST_APART:
            self._jumped_at = seen_at
        self._base = offset
        with reading(self._database) as tx:
            theirs = database_time(tx)
        is_apart = theirs is not None and abs(theirs - self._clock.now()) > MOST_APART
        return not is_apart and seen_at - self._jumped_at > REMEMBERED_SECONDS

    def _offset(self) -> timedelta:
        return timedelta(seconds=self._clock.now().timestamp() - self._steady())
