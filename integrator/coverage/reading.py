"""Answers for pages: the workers of one workplace one by one, and the counts of all workplaces.

Counts are kept, because a customer may have a thousand rosters: a tick counts those anew of which something changed,
and everything once a day, since a day passing is what ends a validity.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, case, func, or_, select, update

from integrator.coverage.following import mark_stale
from integrator.coverage.standing import Facts, Standing, ends_on, standing_of
from integrator.coverage.subjects import KINDS
from integrator.domain.clock import ISTANBUL
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.domain.workplaces import TehlikeSinifi
from integrator.gateway import Gateway
from integrator.store.coverage_tables import coverage, coverage_count
from integrator.store.engine import Tx, reading, writing
from integrator.store.tables import bildirim, calisan, isyeri_karti

PLACES_AT_ONCE = 200
ROSTER, ENDS, OVERDUE = "roster", "ends", "overdue"
ENDS_WITHIN = (7, 30, 60, 90)


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker on a roster, by index; how they stand by veri seti, and the number of the message that says so."""

    calisan_index: str
    hired_on: date | None
    standing: Mapping[str, Standing]
    ends_on: Mapping[str, date]  # where something was accepted
    facts: Mapping[str, Facts] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Counted:
    """A workplace's counts: veri seti -> Standing -> workers; `roster` is how many stand on it.

    `ends` are workers by veri seti and by what is left of their validity: overdue, or days (`ENDS_WITHIN`), each
    worker in the nearest one only.
    """

    isyeri_index: str
    roster: int
    counts: Mapping[str, Mapping[str, int]]
    ends: Mapping[str, Mapping[str, int]]
    counted_on: date
    is_stale: bool


def today_of(gateway: Gateway) -> date:
    """The day in Istanbul: what validity is counted in."""
    return gateway.clock.now().astimezone(ISTANBUL).date()


def read_workers(tx: Tx, kurum: KurumNo, isyeri: str, *, today: date) -> list[Worker]:
    """Everybody who stands on the workplace's roster today."""
    sinif = _sinif_of(tx, kurum, isyeri)
    known: dict[str, dict[str, Facts]] = {}
    for row in tx.execute(_facts(kurum, isyeri)):
        known.setdefault(row.calisan_index, {})[row.veri_seti] = _fact(row)
    return [
        Worker(row.calisan_index, row.hired_on, _standings(facts, sinif, today), _ends(facts, sinif), facts)
        for row in tx.execute(_roster(kurum, isyeri, today))
        if (facts := known.get(row.calisan_index, {})) is not None
    ]


def _standings(facts: Mapping[str, Facts], sinif: TehlikeSinifi | None, today: date) -> dict[str, Standing]:
    return {each: standing_of(facts.get(each, Facts(each)), sinif, today=today) for each in KINDS}


def _ends(facts: Mapping[str, Facts], sinif: TehlikeSinifi | None) -> dict[str, date]:
    return {
        name: ends_on(name, each.accepted_on, each.accepted_until, sinif)
        for name, each in facts.items()
        if each.accepted_on is not None
    }


def read_counts(tx: Tx, kurum: KurumNo) -> list[Counted]:
    """Every workplace that was counted, as it was counted last."""
    query = select(coverage_count).where(coverage_count.c.kurum_id == kurum, coverage_count.c.counted_on > date.min)
    return [_counted(row) for row in tx.execute(query.order_by(coverage_count.c.isyeri_index))]


def sum_counts(several: list[Counted]) -> dict[str, Counter[str]]:
    """By veri seti: Standing -> workers, over all workplaces."""
    total = {each: Counter[str]() for each in KINDS}
    for one in several:
        for name, counts in one.counts.items():
            total[name].update(counts)
    return total


def count_places(gateway: Gateway, kurum: KurumNo, *, limit: int = PLACES_AT_ONCE) -> int:
    """Count workplaces anew of which something changed, or that were counted on an earlier day; returns how many."""
    today = today_of(gateway)
    with writing(gateway.database) as tx:
        mark_stale(tx, kurum, _never_counted(tx, kurum))
    with reading(gateway.database) as tx:
        due = list(tx.execute(_due(kurum, today).limit(limit)).scalars())
        counted = {each: _count(read_workers(tx, kurum, each, today=today), today) for each in due}
    with writing(gateway.database) as tx:
        for each, counts in counted.items():
            mine = (coverage_count.c.kurum_id == kurum, coverage_count.c.isyeri_index == each)
            tx.execute(update(coverage_count).where(*mine).values(counts=counts, counted_on=today, is_stale=0))
    return len(counted)


def _count(workers: list[Worker], today: date) -> str:
    by_kind = {each: Counter(one.standing[each].value for one in workers) for each in KINDS}
    left = {each: [(one.ends_on[each] - today).days for one in workers if each in one.ends_on] for each in KINDS}
    ends = {each: Counter(filter(None, map(_within, several))) for each, several in left.items()}
    return json.dumps({ROSTER: len(workers), ENDS: ends, **by_kind}, sort_keys=True)


def _within(days: int) -> str:
    """Where so many days left are counted; nowhere beyond the last."""
    return OVERDUE if days < 0 else next((str(each) for each in ENDS_WITHIN if days <= each), "")


def _counted(row: Row[Any]) -> Counted:
    told = json.loads(row.counts)
    roster, ends = told.pop(ROSTER, 0), told.pop(ENDS, {})
    return Counted(row.isyeri_index, roster, told, ends, row.counted_on, bool(row.is_stale))


def _due(kurum: KurumNo, today: date) -> Any:
    stale = or_(coverage_count.c.is_stale == 1, coverage_count.c.counted_on < today)
    oldest_first = (coverage_count.c.counted_on, coverage_count.c.isyeri_index)
    return (
        select(coverage_count.c.isyeri_index).where(coverage_count.c.kurum_id == kurum, stale).order_by(*oldest_first)
    )


def _never_counted(tx: Tx, kurum: KurumNo) -> Iterator[str]:
    """Workplaces whose roster was imported, and of which no message spoke yet."""
    same = and_(
        coverage_count.c.kurum_id == isyeri_karti.c.kurum_id,
        coverage_count.c.isyeri_index == isyeri_karti.c.isyeri_index,
    )
    query = select(isyeri_karti.c.isyeri_index).outerjoin(coverage_count, same)
    yield from tx.execute(
        query.where(isyeri_karti.c.kurum_id == kurum, coverage_count.c.isyeri_index.is_(None))
    ).scalars()


def _sinif_of(tx: Tx, kurum: KurumNo, isyeri: str) -> TehlikeSinifi | None:
    mine = (isyeri_karti.c.kurum_id == kurum, isyeri_karti.c.isyeri_index == isyeri)
    found = tx.execute(select(isyeri_karti.c.tehlike_sinifi).where(*mine)).scalar_one_or_none()
    return TehlikeSinifi(found) if found else None


def _roster(kurum: KurumNo, isyeri: str, today: date) -> Any:
    gone = or_(calisan.c.left_on < today, calisan.c.not_seen_since.is_not(None), calisan.c.hired_on > today)
    query = select(calisan.c.calisan_index, calisan.c.hired_on)
    mine = (calisan.c.kurum_id == kurum, calisan.c.isyeri_index == isyeri)
    return query.where(*mine, case((gone, 1), else_=0) == 0).order_by(calisan.c.calisan_index)


def _facts(kurum: KurumNo, isyeri: str) -> Any:
    same = bildirim.c.sorgu_no == coverage.c.latest_no
    mine = (coverage.c.kurum_id == kurum, coverage.c.isyeri_index == isyeri)
    return select(coverage, bildirim.c.state).outerjoin(bildirim, same).where(*mine)


def _fact(row: Row[Any]) -> Facts:
    return Facts(
        row.veri_seti,
        row.latest_on,
        row.latest_no,
        State(row.state) if row.state else None,
        row.accepted_on,
        row.accepted_no,
        row.accepted_until,
    )


def how_far(tx: Tx, kurum: KurumNo) -> int:
    """How many workplaces wait to be counted anew."""
    mine = (coverage_count.c.kurum_id == kurum, coverage_count.c.is_stale == 1)
    count: int = tx.execute(select(func.count()).where(*mine)).scalar_one()
    return count
