"""The last look before a message leaves: is the line still open? Cheap enough to be asked before every call."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from integrator.domain.clock import Clock
from integrator.domain.errors import Unavailable
from integrator.domain.records import Claimed
from integrator.queue.line import Line, lets_pass

FRESH_SECONDS = 0.1


class Watch:
    """One worker's view of the line, never older than a tenth of a second; many threads ask, one reads for all.

    `shut` is for who has just heard a 401: nothing passes until the row says what came of it.
    """

    def __init__(
        self, read: Callable[[], Line], clock: Clock, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._monotonic = monotonic
        self._lock = Lock()
        self._line: Line | None = None
        self._read_at = 0.0
        self._is_shut = False

    def lets_pass(self, claimed: Claimed) -> bool:
        """Whether this message may be sent now. Without a view of the line nothing is."""
        with self._lock:
            if self._is_shut:
                return False
            began = self._monotonic()
            if self._line is None or began - self._read_at > FRESH_SECONDS:
                try:
                    self._line, self._read_at = self._read(), began
                except Unavailable:
                    self._line = None
                    return False
            found = self._line
        return lets_pass(found, claimed, now=self._clock.now())

    def note(self, line: Line | None) -> None:
        """The line as this worker has just read it for another purpose."""
        if line is not None:
            with self._lock:
                self._line, self._read_at = line, self._monotonic()

    def shut(self) -> None:
        """Let nothing pass until `forget`."""
        with self._lock:
            self._is_shut = True

    def forget(self) -> None:
        """The row may have changed: look again before the next message."""
        with self._lock:
            self._line, self._is_shut = None, False
