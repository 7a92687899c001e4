"""Rates and daily quotas that hold over restarts and over all processes on one database (docs/decisions/0033).

The truth is one row for each rate and quota. A process takes a slice of it in one short transaction and spends the
slice in memory, so a call costs no write of its own. A slice is taken before it is spent: a process that is killed
loses what is left of its slices, which makes the limit stricter for a moment and never looser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from math import ceil, floor
from threading import Lock

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.domain.clock import ISTANBUL, Clock
from integrator.domain.errors import Unavailable
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo
from integrator.domain.limits import Counted, Limits
from integrator.gateway import Gateway
from integrator.parties import limit_rows
from integrator.queue.pace import Rate
from integrator.store.engine import Database, Tx, reading, write_anew, writing
from integrator.store.tables import kurum_limit

SLICE_OF_RATE = 8
"""A slice is an eighth of the burst."""
SLICE_LIVES = timedelta(seconds=10)
"""Calls that were taken and not used by then are void: the row has let others have them meanwhile."""
SLICE_OF_QUOTA = 500
AT_ONCE = {Counted.RECORDS: 1_000, Counted.BYTES: 64 << 20, Counted.LOOKUPS: 10}
"""No slice of a quota is larger, whatever the quota."""
REMEMBERED = 10_000
_LOCKS = 64


class TooManyCalls(Unavailable):
    """The key, or its customer, calls more often than it may; nothing was done, and a little later it may."""

    code = "INT-API-030"
    standing: Standing | None = None


class QuotaSpent(Unavailable):
    """The customer's quota of this day is used up; what was stored stays."""

    code = "INT-API-031"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rate stands: `limit` calls in `window` seconds, `left` of them, one more after `reset` seconds."""

    name: str
    limit: int
    window: int
    left: int
    reset: int


@dataclass(slots=True)
class _Slice:
    """Calls this process may let pass until `until`; refused without asking the row before `closed_until`."""

    left: int
    until: datetime
    closed_until: datetime
    free: int  # in the row when it was asked last
    asked_at: datetime
    rate: Rate | None

    def must_be_renewed(self, now: datetime) -> bool:
        return now >= self.until or (self.rate is not None and self.left <= 0 and now >= self.closed_until)


@dataclass(slots=True)
class _Purse:
    """What this process holds of one day's quota."""

    day: date
    left: int
    is_bound: bool = True


class Limiter:
    """One process's share of all rates and quotas."""

    def __init__(self, database: Database, clock: Clock, limits: Limits) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits
        self._slices: dict[tuple[KurumNo, str], _Slice] = {}
        self._purses: dict[tuple[KurumNo, Counted], _Purse] = {}
        self._locks = [Lock() for _ in range(_LOCKS)]

    def enter(self, kurum: KurumNo, key: str) -> list[Standing]:
        """Take one call of the key's rate and of its customer's; raises TooManyCalls, Unavailable."""
        standings = []
        for name in (key, ""):
            with self._alone(kurum, name):
                standings.append(self._take_call(kurum, name, self._clock.now()))
        return [each for each in standings if each.limit]

    def enter_held(self, kurum: KurumNo, key: str) -> list[Standing] | None:
        """The same from what this process holds, without waiting for anybody; None: `enter` must be asked."""
        names, now = (key, ""), self._clock.now()
        with ExitStack() as held:
            for lock in dict.fromkeys(self._lock_of(kurum, name) for name in names):
                if not lock.acquire(blocking=False):
                    return None
                held.callback(lock.release)
            slices = [self._slices.get((kurum, name)) for name in names]
            if any(each is None or each.must_be_renewed(now) for each in slices):
                return None
            standings = [self._take_call(kurum, name, now) for name in names]
        return [each for each in standings if each.limit]

    def spend(self, kurum: KurumNo, counted: Counted, amount: int) -> None:
        """Take `amount` of today's quota, all or nothing; raises QuotaSpent until midnight in Turkey."""
        with self._alone(kurum, counted):
            purse = self._purse(kurum, counted, amount)
            if purse.is_bound and purse.left < amount:
                raise QuotaSpent(counted, retry_after=_until_midnight(self._clock.now()))
            purse.left -= amount

    def spend_held(self, kurum: KurumNo, counted: Counted, amount: int) -> bool:
        """The same from what this process holds, without waiting for anybody; False: `spend` must be asked."""
        lock = self._lock_of(kurum, counted)
        if not lock.acquire(blocking=False):
            return False
        try:
            purse = self._purses.get((kurum, counted))
            if purse is None or purse.day != _day(self._clock.now()):
                return False
            held = amount <= purse.left if purse.is_bound else purse.left >= -AT_ONCE[counted]
            purse.left -= amount if held else 0
            return held
        finally:
            lock.release()

    def give_back(self, kurum: KurumNo, counted: Counted, amount: int, *, waits: bool = True) -> bool:
        """What was taken and not used; on the next day it is nobody's. False: others are at it, and it may not wait."""
        lock = self._lock_of(kurum, counted)
        if not lock.acquire(blocking=waits):
            return False
        try:
            purse = self._purses.get((kurum, counted))
            if purse and purse.day == _day(self._clock.now()):
                purse.left += amount
            return True
        finally:
            lock.release()

    def close(self) -> None:
        """Put back into the rows what this process holds; raises Unavailable, and then it is lost until they refill."""
        now = self._clock.now()
        held = {
            key: each.left for key, each in self._slices.items() if each.rate and each.until > now and each.left > 0
        }
        kept = {key: each for key, each in self._purses.items() if each.is_bound and each.day == _day(now)}
        if held or kept:
            with writing(self._database) as tx:
                for (kurum, name), left in sorted(held.items()):
                    limit_rows.move_rate(tx, kurum, name, partial(_earlier, self._slices[kurum, name].rate, left))
                for (kurum, counted), purse in sorted(kept.items(), key=lambda pair: pair[0]):
                    limit_rows.move_use(tx, kurum, counted, purse.day, partial(_less, purse.left))
        self._slices.clear()
        self._purses.clear()

    @contextmanager
    def _alone(self, kurum: KurumNo, name: str) -> Iterator[None]:
        with self._lock_of(kurum, name):
            yield

    def _lock_of(self, kurum: KurumNo, name: str) -> Lock:
        return self._locks[hash((kurum, name)) % _LOCKS]

    def _take_call(self, kurum: KurumNo, name: str, now: datetime) -> Standing:
        found = self._slices.get((kurum, name))
        if found is None or found.must_be_renewed(now):
            found = write_anew(self._database, partial(self._take_slice, kurum=kurum, name=name, now=now))
            _forget_some(self._slices)
            self._slices[kurum, name] = found
        if found.rate is None:
            return Standing("", 0, 0, 0, 0)
        standing = _standing("key" if name else "kurum", found, now)
        if found.left <= 0:
            error = TooManyCalls(standing.name, retry_after=max(found.closed_until - now, timedelta(0)))
            error.standing = standing
            raise error
        found.left -= 1
        return standing

    def _take_slice(self, tx: Tx, *, kurum: KurumNo, name: str, now: datetime) -> _Slice:
        limits = self._limits.but(limit_rows.read_own(tx, kurum))
        per_second = limits.key_calls_per_second if name else limits.kurum_calls_per_second
        if not per_second:
            return _Slice(0, now + SLICE_LIVES, now, 0, now, None)
        rate, found = Rate(per_second), _Slice(0, now + SLICE_LIVES, now, 0, now, Rate(per_second))

        def take(spent_until: int) -> int:
            free = rate.free(spent_until, now=now)
            found.left = min(free, max(1, rate.burst // SLICE_OF_RATE))
            found.free = free - found.left
            found.closed_until = now + rate.wait(spent_until, now=now)
            return rate.take(spent_until, found.left, now=now) if found.left else spent_until

        limit_rows.move_rate(tx, kurum, name, take)
        return found

    def _purse(self, kurum: KurumNo, counted: Counted, amount: int) -> _Purse:
        day = _day(self._clock.now())
        kept = self._purses.get((kurum, counted))
        purse = kept if kept and kept.day == day else _Purse(day, 0)
        if purse.left < amount and (purse.is_bound or purse.left < -AT_ONCE[counted]):
            purse = write_anew(
                self._database, partial(self._fill, kurum=kurum, counted=counted, was=purse, amount=amount)
            )
        _forget_some(self._purses)
        self._purses[kurum, counted] = purse
        return purse

    def _fill(self, tx: Tx, *, kurum: KurumNo, counted: Counted, was: _Purse, amount: int) -> _Purse:
        """Enough for `amount` and a slice more, as far as the quota goes. Without a quota: asked again at times."""
        quota = self._limits.but(limit_rows.read_own(tx, kurum)).a_day(counted)
        if not quota:
            return _Purse(was.day, 0, is_bound=False)
        want = max(amount - was.left, min(AT_ONCE[counted], quota // SLICE_OF_QUOTA))
        filled = _Purse(was.day, was.left)

        def take(used: int) -> int:
            got = max(0, min(want, quota - used))
            filled.left = was.left + got
            return used + got

        limit_rows.move_use(tx, kurum, counted, was.day, take)
        return filled


def set_limits(
    gateway: Gateway, kurum: KurumNo, own: dict[str, float | None], *, reason: str, by: str
) -> dict[str, float]:
    """Limits of this customer in place of the settings'; returns all that are set. Raises Malformed, BadReason."""
    Limits().but(own)
    hand, now = Hand(by, reason), gateway.clock.now()
    sealer = gateway.keyring.sealer(kurum, now=now)  # a customer that was not seen before is written down now
    with writing(gateway.database) as tx:
        limit_rows.write_own(tx, kurum, own)
        told = {name: "" if value is None else str(value) for name, value in own.items()}
        facts = {"kurum": kurum, "limits": told, **hand.facts}
        facts |= told_now(tx, sealer, kurum, {kurum_limit: [(name,) for name in own]})
        gateway.record(tx, [Entry("limits.changed", gateway.actor, facts)], now)
        return limit_rows.read_own(tx, kurum)


def read_limits(gateway: Gateway, kurum: KurumNo, limits: Limits) -> tuple[Limits, dict[str, int]]:
    """What a customer may do, and what it has used today (with what processes hold to be used)."""
    with reading(gateway.database) as tx:
        return limits.but(limit_rows.read_own(tx, kurum)), limit_rows.read_uses(tx, kurum, _day(gateway.clock.now()))


def policy_header(standings: Sequence[Standing]) -> str:
    """``RateLimit-Policy`` of draft-ietf-httpapi-ratelimit-headers-09."""
    return ", ".join(f'"{each.name}";q={each.limit};w={each.window}' for each in standings)


def rate_header(standings: Sequence[Standing]) -> str:
    """``RateLimit`` of the same draft."""
    return ", ".join(f'"{each.name}";r={each.left};t={each.reset}' for each in standings)


def _standing(name: str, found: _Slice, now: datetime) -> Standing:
    assert found.rate is not None
    rate = found.rate
    grown = floor((now - found.asked_at).total_seconds() * rate.per_second)
    left = min(rate.burst, max(0, found.left - 1) + found.free + grown) if found.left > 0 else 0
    return Standing(name, rate.burst, _window(rate), left, ceil((rate.burst - left) / rate.per_second))


def _window(rate: Rate) -> int:
    return max(1, ceil(rate.burst / rate.per_second))


def _earlier(rate: Rate | None, left: int, spent_until: int) -> int:
    return spent_until - ceil(left * 1_000_000 / rate.per_second) if rate else spent_until


def _less(left: int, used: int) -> int:
    return used - left


def _day(now: datetime) -> date:
    return now.astimezone(ISTANBUL).date()


def _until_midnight(now: datetime) -> timedelta:
    local = now.astimezone(ISTANBUL)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) - local


def _forget_some(kept: dict[tuple[KurumNo, str], _Slice] | dict[tuple[KurumNo, Counted], _Purse]) -> None:
    """The oldest goes when there are too many: what it held is lost until its row refills."""
    while len(kept) >= REMEMBERED:
        kept.pop(next(iter(kept)))  # type: ignore[arg-type]  # a key of the same dictionary
