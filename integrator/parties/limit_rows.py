"""Rows of rates and quotas. Whoever takes from one holds it until the commit, so no two processes take the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from sqlalchemy import Connection, delete, select, update

from integrator.domain.identifiers import KurumNo
from integrator.domain.limits import KINDS, Counted
from integrator.store.dialect import insert_new
from integrator.store.tables import call_rate, kurum_limit, quota_use


def move_rate(tx: Connection, kurum: KurumNo, name: str, then: Callable[[int], int]) -> None:
    """Replace the moment up to which calls are spoken for by what `then` makes of it."""
    insert_new(tx, call_rate, [{"kurum_id": kurum, "name": name, "spent_until": 0}])
    mine = (call_rate.c.kurum_id == kurum, call_rate.c.name == name)
    found = tx.execute(select(call_rate.c.spent_until).where(*mine).with_for_update()).scalar_one()
    tx.execute(update(call_rate).where(*mine).values(spent_until=then(found)))


def move_use(tx: Connection, kurum: KurumNo, counted: Counted, day: date, then: Callable[[int], int]) -> None:
    """Replace what is used of today's quota by what `then` makes of it; of another day nothing is used."""
    insert_new(tx, quota_use, [{"kurum_id": kurum, "counted": counted, "day": day, "used": 0}])
    mine = (quota_use.c.kurum_id == kurum, quota_use.c.counted == counted)
    found = tx.execute(select(quota_use.c.day, quota_use.c.used).where(*mine).with_for_update()).one()
    used = then(found.used if found.day == day else 0)
    tx.execute(update(quota_use).where(*mine).values(day=day, used=max(0, used)))


def read_uses(tx: Connection, kurum: KurumNo, day: date) -> dict[str, int]:
    """What is used of each quota on `day`."""
    mine = select(quota_use.c.counted, quota_use.c.used).where(quota_use.c.kurum_id == kurum, quota_use.c.day == day)
    return {row.counted: row.used for row in tx.execute(mine)}


def read_own(tx: Connection, kurum: KurumNo) -> dict[str, float]:
    """What was set for this customer, by name."""
    rows = tx.execute(select(kurum_limit.c.name, kurum_limit.c.thousandths).where(kurum_limit.c.kurum_id == kurum))
    return {row.name: KINDS[row.name](row.thousandths / 1000) for row in rows}


def write_own(tx: Connection, kurum: KurumNo, own: Mapping[str, float | None]) -> None:
    """Set limits for this customer; None: the settings' own again."""
    tx.execute(delete(kurum_limit).where(kurum_limit.c.kurum_id == kurum, kurum_limit.c.name.in_(own)))
    rows = [
        {"kurum_id": kurum, "name": name, "thousandths": round(value * 1000)}
        for name, value in own.items()
        if value is not None
    ]
    insert_new(tx, kurum_limit, rows)
