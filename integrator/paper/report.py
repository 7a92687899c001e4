"""What a month's report says, for one workplace or for all of a customer's: read in one transaction, drawn elsewhere.

Messages are counted by the month of their event. Coverage and deadlines are those of the day on which it is made: what
they were on another day nobody kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select

from integrator.coverage.reading import Counted, read_counts, sum_counts, today_of
from integrator.coverage.standing import COVERED
from integrator.coverage.subjects import KINDS
from integrator.desk.deadlines import Deadline, Duty, read_deadlines
from integrator.desk.names import Names, Place, read_names
from integrator.domain.errors import Malformed, UnknownParty
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.gateway import Gateway
from integrator.paper.tallies import Cause, Month, Period, Tally, read_causes, read_months, read_tallies
from integrator.parties.register import isyeri_index
from integrator.registering import read_kurum
from integrator.store.engine import Tx, reading
from integrator.store.tables import sozlesme

MONTHS = 12
FIRST_YEAR = 2012  # 6331 is of that year


@dataclass(frozen=True, slots=True)
class Coverage:
    """One workplace: workers on its roster, and how many of them are covered, by veri seti."""

    place: Place
    roster: int
    covered: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """`place` is None where it is about all workplaces; then `coverages` tells each, the worst first."""

    gateway: str
    kurum: KurumNo
    place: Place | None
    month: date
    made_at: datetime
    roster: int
    standing: Mapping[str, Mapping[str, int]]  # veri seti -> Standing -> workers
    tallies: Sequence[Tally]
    months: Sequence[Month]
    causes: Sequence[Cause]
    deadlines: Sequence[Deadline]
    coverages: Sequence[Coverage]
    names: Names = field(repr=False)


def read_report(gateway: Gateway, kurum: KurumNo, month: date, sgk: SgkTescilNo | None = None) -> Report:
    """The report of the month that `month` lies in.

    Raises UnknownParty for a workplace that no register knows, Malformed for a month to come or before the law.
    """
    today, first = today_of(gateway), _month_of(month)[0]
    if first > today or first.year < FIRST_YEAR:
        raise Malformed(f"month: {first:%Y-%m}; from {FIRST_YEAR}-01 to {today:%Y-%m} is wanted")
    if not read_kurum(gateway, kurum):
        raise UnknownParty(sgk.value if sgk else kurum)
    index = isyeri_index(gateway.keyring.sealer(kurum), sgk.value) if sgk else ""
    with reading(gateway.database) as tx:
        found = _read(tx, gateway, Period(kurum, *_month_of(month), index), today)
    if sgk and not (found.place and found.place.sgk_tescil_no):
        raise UnknownParty(sgk.value)
    return found


def _read(tx: Tx, gateway: Gateway, period: Period, today: date) -> Report:
    kurum, index = period.kurum, period.isyeri_index
    counted = [each for each in read_counts(tx, kurum) if index in ("", each.isyeri_index)]
    ends = read_deadlines(tx, kurum, today=today)
    if index:
        served = _served_by(tx, kurum, index)
        ends = [each for each in ends if _is_at(each, index, served)]
    places = {index, *(each.isyeri_index for each in counted), *(each.isyeri_index for each in ends)}
    people = [each.profesyonel_index for each in ends]
    names = read_names(tx, gateway, kurum, isyeri=places, profesyonel=people)
    year = Period(kurum, _months_before(period.since), period.until, index)
    return Report(
        gateway=gateway.checkpoint_key.origin, kurum=kurum, place=names.place(index) if index else None,
        month=period.since, made_at=gateway.clock.now(), roster=sum(each.roster for each in counted),
        standing=sum_counts(counted), tallies=read_tallies(tx, period), months=read_months(tx, year),
        causes=read_causes(tx, period), deadlines=ends, coverages=_coverages(counted, names), names=names,
    )  # fmt: skip


def _month_of(day: date) -> tuple[date, date]:
    """Its first and its last day."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _months_before(first: date) -> date:
    """The first day of the twelve months that end with this one."""
    return date(first.year - 1, first.month % 12 + 1, 1) if first.month < MONTHS else date(first.year, 1, 1)


def _served_by(tx: Tx, kurum: KurumNo, index: str) -> frozenset[str]:
    mine = (sozlesme.c.kurum_id == kurum, sozlesme.c.isyeri_index == index)
    return frozenset(tx.execute(select(sozlesme.c.profesyonel_index).where(*mine)).scalars())


def _is_at(each: Deadline, index: str, served: frozenset[str]) -> bool:
    """Of this workplace, or the certificate of somebody under contract there."""
    return each.isyeri_index == index or (each.duty is Duty.CERTIFICATE and each.profesyonel_index in served)


def _coverages(counted: Sequence[Counted], names: Names) -> list[Coverage]:
    found = [
        Coverage(
            names.place(each.isyeri_index),
            each.roster,
            {name: sum(each.counts.get(name, {}).get(one, 0) for one in COVERED) for name in KINDS},
        )
        for each in counted
    ]
    return sorted(found, key=lambda each: (_share(each), -each.roster, each.place.sgk_tescil_no))


def _share(coverage: Coverage) -> float:
    """Of the worst veri seti; an empty roster has nothing to cover."""
    return min(coverage.covered.values()) / coverage.roster if coverage.roster else 1.0
