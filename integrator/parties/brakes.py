"""What slows a guesser down: a row for each name, device or address at which something failed of late.

A try is charged before it is judged, in a transaction of its own, so that a thousand at once are no better than one
after the other. No pause is longer than the ceiling, and what is not repeated is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from integrator.store.dialect import insert_new
from integrator.store.engine import Conflict
from integrator.store.people_tables import login_brake

FORGOTTEN_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Brake:
    """One row's name, and how many failures in a row cost nothing."""

    name: str
    free: int


@dataclass(frozen=True, slots=True)
class Pauses:
    """The pause after the first failure that costs, doubled by each more, up to the ceiling."""

    base: timedelta = timedelta(seconds=2)
    ceiling: timedelta = timedelta(minutes=15)

    def after(self, failures: int, *, free: int) -> timedelta:
        """How long nothing is judged after so many failures."""
        return min(self.base * 2 ** min(failures - free, 40), self.ceiling) if failures >= free else timedelta()


def charge(tx: Connection, brakes: Sequence[Brake], pauses: Pauses, *, now: datetime) -> datetime | None:
    """Count a try at each brake. When one still pauses nothing is counted, and the end of the pause is returned.

    Raises Conflict when somebody came in meanwhile, whose brakes were forgotten between our two statements.
    """
    ordered = sorted(brakes, key=lambda each: each.name)  # always in one order, or two callers would wait in a ring
    insert_new(tx, login_brake, [_fresh(each, now) for each in ordered])
    query = select(login_brake).where(login_brake.c.name.in_([each.name for each in ordered]))
    rows = {row.name: row for row in tx.execute(query.order_by(login_brake.c.name).with_for_update())}
    if len(rows) < len(ordered):
        raise Conflict("a brake was forgotten meanwhile")
    until: datetime = max(row.until_at for row in rows.values())
    if until > now:
        return until
    for each in ordered:
        row = rows[each.name]
        failures = 1 if now - row.last_at > FORGOTTEN_AFTER else row.failures + 1
        changed = {"failures": failures, "last_at": now, "until_at": now + pauses.after(failures, free=each.free)}
        tx.execute(update(login_brake).where(login_brake.c.name == each.name).values(changed))
    return None


def give_back(tx: Connection, brake: Brake, *, now: datetime) -> None:
    """A try that was charged here turned out good: it does not count, and the pause it began is over."""
    row = tx.execute(select(login_brake).where(login_brake.c.name == brake.name).with_for_update()).one_or_none()
    if row is not None:
        changed = {"failures": max(0, row.failures - 1), "until_at": now}
        tx.execute(update(login_brake).where(login_brake.c.name == brake.name).values(changed))


def forget(tx: Connection, names: Sequence[str]) -> None:
    """Whoever came in starts anew."""
    tx.execute(delete(login_brake).where(login_brake.c.name.in_(names)))


def sweep_brakes(tx: Connection, *, now: datetime) -> None:
    """Forget what was not repeated."""
    tx.execute(delete(login_brake).where(login_brake.c.last_at < now - FORGOTTEN_AFTER))


def _fresh(brake: Brake, now: datetime) -> dict[str, object]:
    return {"name": brake.name, "failures": 0, "last_at": now, "until_at": now}
