"""The only place that reads the machine's clock. Times are UTC with whole milliseconds everywhere.

Whole milliseconds, because SQLite and PostgreSQL must order alike and an audit entry must read back equal.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

# Turkey keeps UTC+3 all year since 2016; "today" in a rule means the day there.
ISTANBUL = timezone(timedelta(hours=3), "Europe/Istanbul")

Jitter = Callable[[], float]
"""A draw from [0, 1)."""


class Clock(Protocol):
    """Whoever needs the time is given one of these."""

    def now(self) -> datetime:
        """The time in UTC, cut to whole milliseconds."""

    def sleep(self, span: timedelta) -> None:
        """Wait for `span`; a false clock may only move its hands."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time in UTC, cut to whole milliseconds."""
        return whole_milliseconds(datetime.now(UTC))

    def sleep(self, span: timedelta) -> None:
        """Block the calling thread for `span`."""
        time.sleep(max(0.0, span.total_seconds()))


def whole_milliseconds(at: datetime) -> datetime:
    """`at` without its microseconds below a millisecond."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def system_jitter() -> float:
    """A draw from [0, 1). Spreads retries; no secret hangs on it."""
    return random.random()  # noqa: S311 - guards nothing
