"""How fast: the operator's rate, the budget of retries, and how much a worker may hold claimed. Pure arithmetic.

No clock and no random source inside; what must be remembered is a number that the caller keeps in the row of the
ministry's address (docs/decisions/0014).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
AHEAD = timedelta(milliseconds=500)
"""How much work a worker keeps claimed and not begun: what the ministry takes in this time."""

BRIEFLY_AHEAD = timedelta(milliseconds=200)
"""The same under an operator's rate."""

SHORTEST_LOOK = timedelta(milliseconds=20)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `per_second` calls by all workers together, with a burst of one second's worth, at least one call.

    The remembered number is the moment, in microseconds since 1970, up to which calls are spoken for. Every token
    taken moves it on by one interval, so that no stretch of time t ever holds more than rate x t + burst tokens.
    """

    per_second: float

    @property
    def burst(self) -> int:
        """Calls that may go at once after a rest."""
        return max(1, floor(self.per_second))

    @property
    def _interval(self) -> int:
        return ceil(1_000_000 / self.per_second)

    def free(self, spent_until: int | None, *, now: datetime) -> int:
        """How many calls may be claimed now."""
        at = _microseconds(now)
        return max(0, (at + self.burst * self._interval - max(spent_until or 0, at)) // self._interval)

    def take(self, spent_until: int | None, count: int, *, now: datetime) -> int:
        """The number to remember after `count` calls were claimed."""
        return max(spent_until or 0, _microseconds(now)) + count * self._interval

    def wait(self, spent_until: int | None, *, now: datetime) -> timedelta:
        """How long until one call is free; nothing when one is."""
        short = (spent_until or 0) - (self.burst - 1) * self._interval - _microseconds(now)
        return max(short, 0) * _MICROSECOND


@dataclass(frozen=True, slots=True)
class Tokens:
    """What is left of the retry budget, in thousandths of a token, as it was `at`. Below zero: spoken for already."""

    left: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """Retries pay out of one bucket for the whole address; None stands for a full one, so health writes nothing.

    A retry that finds it empty is put off until the slow refill has paid for it: it reserves, it is not refused.
    """

    capacity: int = 500
    per_second: float = 5.0
    longest: timedelta = timedelta(hours=6)

    def level(self, tokens: Tokens | None, *, now: datetime) -> int:
        """Thousandths of a token that are there now."""
        if tokens is None:
            return self.capacity * 1000
        grown = max(0, (now - tokens.at) // timedelta(milliseconds=1)) * self.per_second
        return min(self.capacity * 1000, tokens.left + floor(grown))

    def pay(self, tokens: Tokens | None, cost: int, *, now: datetime) -> tuple[Tokens, timedelta]:
        """The bucket after a failed attempt whose retry costs `cost`, and the retry's shortest wait."""
        least = -floor(self.longest.total_seconds() * self.per_second * 1000)
        left = max(self.level(tokens, now=now) - cost * 1000, least)
        return Tokens(left, now), timedelta(milliseconds=ceil(max(0, -left) / self.per_second))

    def give_back(self, tokens: Tokens | None, *, now: datetime) -> Tokens | None:
        """The bucket after a good answer: one token more, up to full."""
        if tokens is None:
            return None
        left = self.level(tokens, now=now) + 1000
        return None if left >= self.capacity * 1000 else Tokens(left, now)


@dataclass(slots=True)
class Flow:
    """How much one worker may hold claimed: what is under way, and half a second's work of what the ministry takes.

    Under an operator's rate a fifth of a second's, so that a token taken is a call made soon, and yet a claim and a
    settlement between two calls do not hold the line below its rate. `per_second` is what
    was seen to come to an end: of the last look, and less and less of those before; None when nothing was seen yet.
    """

    concurrency: int
    window: int
    is_capped: bool = False
    per_second: float | None = None
    looked_at: datetime | None = None
    ended: int = 0

    @property
    def _ahead(self) -> int:
        if self.is_capped:
            return ceil((self.per_second or 0.0) * BRIEFLY_AHEAD.total_seconds())
        if self.per_second is None:
            return self.concurrency
        return max(1, ceil(self.per_second * AHEAD.total_seconds()))

    @property
    def _most(self) -> int:
        return max(1, min(self.window, self.concurrency + self._ahead))

    def room(self, under_way: int) -> int:
        """How many to claim now: none before half of what may wait has gone, so that claims are few and large."""
        spare = self._most - min(self.concurrency, self._most)
        waits = under_way > self.concurrency + spare // 2
        return 0 if waits else max(0, self._most - under_way)

    def surplus(self, under_way: int) -> int:
        """How many to give back: the ministry has become so slow that they would wait here for others to end."""
        return max(0, under_way - self.concurrency - 2 * self._ahead) if under_way > 2 * self._most else 0

    def note(self, ended: int, *, now: datetime) -> None:
        """`ended` calls came to an end since the last look; there was something to do all the while."""
        self.ended += ended
        if self.looked_at is None:
            self.looked_at = now
            return
        seconds = (now - self.looked_at).total_seconds()
        if seconds >= SHORTEST_LOOK.total_seconds():
            seen = self.ended / seconds
            self.per_second = seen if self.per_second is None else (self.per_second + seen) / 2
            self.looked_at, self.ended = now, 0


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
