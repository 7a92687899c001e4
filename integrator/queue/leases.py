"""Leases of the ticks that only one worker may run at a time, whatever the number of processes and hosts.

`fence` rises with every new holder. Whoever acts in one transaction asks there once more with `is_held`, which holds
the lease's row until the commit: a worker that slept past its lease does not act, and nobody takes over in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from sqlalchemy import Connection, select, update

from integrator.domain.clock import Clock
from integrator.store.dialect import insert_new
from integrator.store.engine import Database, reading, writing
from integrator.store.tables import tick_lease

_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class TickLease:
    """Who may run the tick `name` until when."""

    name: str
    holder: str
    fence: int
    until_at: datetime


def read_lease(tx: Connection, name: str, *, lock: bool = False) -> TickLease | None:
    """The lease as it stands; None when nobody ever had it."""
    query = select(tick_lease).where(tick_lease.c.name == name)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return TickLease(row.name, row.holder, row.fence, row.until_at) if row else None


def take(tx: Connection, name: str, holder: str, *, now: datetime, lasting: timedelta) -> TickLease | None:
    """Take the lease, or renew one's own; None while somebody else has it."""
    insert_new(tx, tick_lease, [{"name": name, "holder": "", "fence": 0, "until_at": _NEVER}])
    found = read_lease(tx, name, lock=True)
    assert found is not None
    runs = found.until_at > now
    if runs and found.holder != holder:
        return None
    fence = found.fence if runs else found.fence + 1
    values = {"holder": holder, "fence": fence, "until_at": now + lasting}
    tx.execute(update(tick_lease).where(tick_lease.c.name == name).values(**values))
    return TickLease(name, holder, fence, now + lasting)


def is_held(tx: Connection, lease: TickLease, *, now: datetime) -> bool:
    """Whether `lease` still stands. If so, nobody can take it over before this transaction ends."""
    found = read_lease(tx, lease.name, lock=True)
    return found is not None and (found.holder, found.fence) == (lease.holder, lease.fence) and found.until_at > now


def give_up(tx: Connection, lease: TickLease, *, now: datetime) -> None:
    """End one's own lease now, so that a worker that stops is not waited for."""
    mine = (tick_lease.c.name == lease.name, tick_lease.c.holder == lease.holder, tick_lease.c.fence == lease.fence)
    tx.execute(update(tick_lease).where(*mine).values(until_at=now))


class Duties:
    """The leases of one worker. Remembers those it has: a tick costs nothing until half of its lease is over."""

    def __init__(self, database: Database, clock: Clock, holder: str, *, lasting: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._holder = holder
        self._lasting = lasting
        self._mine: dict[str, TickLease] = {}
        self._lock = Lock()

    def hold(self, name: str) -> TickLease | None:
        """The lease of tick `name`, if this worker may run it now; raises Unavailable."""
        with self._lock:
            now = self._clock.now()
            mine = self._mine.get(name)
            if mine and mine.until_at - now > self._lasting / 2:
                return mine
            taken = self._take(name, now)
            self._mine.pop(name, None)
            if taken:
                self._mine[name] = taken
            return taken

    def _take(self, name: str, now: datetime) -> TickLease | None:
        with reading(self._database) as tx:  # those who wait write nothing
            found = read_lease(tx, name)
        if found and found.holder != self._holder and found.until_at > now:
            return None
        with writing(self._database) as tx:
            return take(tx, name, self._holder, now=now, lasting=self._lasting)

    def give_up(self) -> None:
        """End all leases of this worker."""
        with self._lock:
            mine, self._mine = list(self._mine.values()), {}
            if mine:
                with writing(self._database) as tx:
                    for each in sorted(mine, key=lambda lease: lease.name):
                        give_up(tx, each, now=self._clock.now())
