"""The one clock of the stub: everything in it that asks for a time or a day asks here, and it can be set.

Set, it runs on from where it was put, at a factor: 0 stands still, 3600 lets an hour pass in a second. What really
happens on the socket (a late reply, a slow drip, a connection that times out) goes by real seconds.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

TURKEY = timezone(timedelta(hours=3))  # all year round since 2016
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
FACTOR_LIMIT = 1_000_000.0
SECONDS_LIMIT = (LAST - FIRST).total_seconds()
KEYS = ("at", "advance_seconds", "factor", "real")


class BadClock(Exception):
    """The clock cannot be put like this; the text says what is wanted."""


def system_now() -> datetime:
    """The machine's present moment, UTC."""
    return datetime.now(UTC)


class Clock:
    """Real time until it is put. `ticks` gives seconds that never run back."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._put_at: datetime | None = None
        self._since = 0.0
        self._factor = 1.0

    def now(self) -> datetime:
        """The present moment, UTC; it stands still at LAST."""
        if self._put_at is None:
            return system_now()
        passed = min((self._ticks() - self._since) * self._factor, SECONDS_LIMIT)
        return min(self._put_at + timedelta(seconds=passed), LAST)

    def today(self) -> date:
        """The date in Turkey."""
        return self.now().astimezone(TURKEY).date()

    def seconds(self) -> float:
        """The present moment in seconds, to measure how long something has lasted by this clock."""
        return self.now().timestamp()

    def change(self, wanted: Any) -> None:
        """`{"real": true}`, or any of at, advance_seconds and factor, in that order; BadClock changes nothing."""
        if not isinstance(wanted, dict) or not wanted or not set(wanted) <= set(KEYS):
            raise BadClock(f"an object with {', '.join(KEYS)} is expected")
        if "real" in wanted:
            self._back_to_real(wanted)
            return
        at = read_moment(wanted["at"]) if "at" in wanted else self.now()
        at += timedelta(seconds=_number(wanted, "advance_seconds", 0.0, SECONDS_LIMIT))
        factor = _number(wanted, "factor", self._factor, FACTOR_LIMIT)
        if not FIRST <= at <= LAST:
            raise BadClock(f"a moment from {FIRST.year} to {LAST.year} is expected")
        self._put_at, self._since, self._factor = at, self._ticks(), factor

    def _back_to_real(self, wanted: dict[str, Any]) -> None:
        if wanted["real"] is not True or len(wanted) > 1:
            raise BadClock('real stands alone and is true: {"real": true}')
        self._put_at, self._factor = None, 1.0

    def as_json(self) -> dict[str, Any]:
        """What it shows, in UTC and in Turkey, how fast it runs and whether it is the machine's own time."""
        now = self.now()
        return {
            "now": now.isoformat(timespec="milliseconds"),
            "turkey": now.astimezone(TURKEY).isoformat(timespec="milliseconds"),
            "factor": self._factor,
            "real": self._put_at is None,
        }


def read_moment(value: Any) -> datetime:
    """A moment out of ISO 8601 text, in UTC; without an offset it is meant in Turkey. Raises BadClock."""
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=TURKEY)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadClock("at: a moment like 2026-12-01T00:00:00+03:00 is expected") from error


def _number(wanted: dict[str, Any], name: str, default: float, limit: float) -> float:
    value = wanted.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= limit:
        raise BadClock(f"{name}: a number from 0 to {limit:.0f} is expected")
    return float(value)
