"""Messages counted for paper: by veri seti, by month of the event, and those that stopped by their cause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, and_, func, select, type_coerce

from integrator.domain.advice import Advice, advice_for
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.store.engine import Tx
from integrator.store.tables import bildirim, kayit

ACCEPTED = frozenset({State.ACCEPTED, State.PARTIAL})
STOPPED = frozenset({State.REFUSED, State.HELD, State.QUARANTINED})
WITHDRAWN = frozenset({State.CANCELLED, State.SUPERSEDED})
"""Not counted: a corrected message is counted by the one that took its place."""


@dataclass(frozen=True, slots=True)
class Period:
    """Of which events: the first and the last day, of one workplace where `isyeri_index` says so."""

    kurum: KurumNo
    since: date
    until: date
    isyeri_index: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Messages of one veri seti. Parts are worker x training; the last acceptance is when it was answered."""

    veri_seti: str
    notified: int
    accepted: int
    stopped: int
    parts_accepted: int
    last_accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Month:
    """Messages by the month of their event (``2026-03``)."""

    month: str
    accepted: int
    on_its_way: int
    stopped: int


@dataclass(frozen=True, slots=True)
class Cause:
    """How many messages stopped for one reason, and what is known of it."""

    state: State
    code: str
    count: int
    advice: Advice


def read_tallies(tx: Tx, period: Period) -> list[Tally]:
    """One for each veri seti that something was notified of."""
    row = bildirim.c
    sums = (func.count(), func.sum(row.parts_accepted), func.max(row.changed_at))
    query = _of(period, select(row.veri_seti, row.state, *(each.label(f"n{at}") for at, each in enumerate(sums))))
    found: dict[str, list[Any]] = {}
    for each in tx.execute(query.group_by(row.veri_seti, row.state).order_by(row.veri_seti)):
        found.setdefault(each.veri_seti, []).append(each)
    return [_tally(name, rows) for name, rows in found.items()]


def _tally(name: str, rows: list[Any]) -> Tally:
    accepted = [each for each in rows if each.state in ACCEPTED]
    stopped = sum(each.n0 for each in rows if each.state in STOPPED)
    last = max((each.n2 for each in accepted), default=None)
    parts = sum(each.n1 for each in accepted)
    return Tally(name, sum(each.n0 for each in rows), sum(each.n0 for each in accepted), stopped, parts, last)


def read_months(tx: Tx, period: Period) -> list[Month]:
    """One for every month of the period, also where nothing happened."""
    month = func.substr(type_coerce(kayit.c.event_date, String), 1, 7).label("month")
    query = _of(period, select(month, bildirim.c.state, func.count().label("n")))
    found: dict[str, list[Any]] = {}
    for each in tx.execute(query.group_by(month, bildirim.c.state)):
        found.setdefault(each.month, []).append(each)
    return [_month(name, found.get(name, [])) for name in _months(period.since, period.until)]


def _month(name: str, rows: list[Any]) -> Month:
    accepted = sum(each.n for each in rows if each.state in ACCEPTED)
    stopped = sum(each.n for each in rows if each.state in STOPPED)
    return Month(name, accepted, sum(each.n for each in rows) - accepted - stopped, stopped)


def _months(since: date, until: date) -> Iterator[str]:
    first = since.replace(day=1)
    while first <= until:
        yield f"{first:%Y-%m}"
        first = date(first.year + first.month // 12, first.month % 12 + 1, 1)


def read_causes(tx: Tx, period: Period) -> list[Cause]:
    """Why messages stopped, the most frequent first."""
    row = bildirim.c
    query = _of(period, select(row.state, row.last_code, row.reason, func.count().label("n")))
    rows = tx.execute(query.where(row.state.in_(sorted(STOPPED))).group_by(row.state, row.last_code, row.reason))
    found = [Cause(State(r.state), r.last_code, r.n, advice_for(State(r.state), r.last_code, r.reason)) for r in rows]
    return sorted(found, key=lambda each: (-each.count, each.state, each.code))


def _of(period: Period, query: Any) -> Any:
    row = bildirim.c
    same = and_(kayit.c.kurum_id == row.kurum_id, kayit.c.kayit_no == row.kayit_no)
    mine = [row.kurum_id == period.kurum, kayit.c.event_date.between(period.since, period.until)]
    mine += [row.isyeri_index == period.isyeri_index] if period.isyeri_index else []
    return query.join_from(bildirim, kayit, same).where(*mine, row.state.not_in(sorted(WITHDRAWN)))
