"""Workplaces by months: how many messages were entered for each, and how many of them the ministry has whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select

from integrator.desk.names import Place, read_names
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.store.coverage_tables import coverage_count, coverage_month
from integrator.store.engine import Tx

PAGE, MOST = 50, 500
MONTHS, MOST_MONTHS = 12, 24


@dataclass(frozen=True, slots=True)
class Cell:
    """One month of one veri seti at one workplace. `notified` were entered and not withdrawn."""

    notified: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Row:
    """One workplace; `cells` by month (``YYYY-MM``) and veri seti, none where nothing was entered."""

    place: Place
    notified: int
    accepted: int
    cells: Mapping[tuple[str, str], Cell]


@dataclass(frozen=True, slots=True)
class Heat:
    """Months oldest first; the workplaces with most that is not accepted first, then those with least accepted.

    `total` is how many workplaces there are, `next` the `after` of the following page, None on the last.
    """

    months: Sequence[str]
    rows: Sequence[Row] = field(repr=False)
    total: int
    next: int | None


def months_until(last: date, count: int) -> list[str]:
    """`count` months that end with the one of `last`, oldest first."""
    number = last.year * 12 + last.month - 1
    return [f"{each // 12:04}-{each % 12 + 1:02}" for each in range(number - count + 1, number + 1)]


def read_heat(
    tx: Tx, gateway: Gateway, kurum: KurumNo, *, last: date, months: int = MONTHS, after: int = 0, limit: int = PAGE
) -> Heat:
    """A page of the map; of every workplace that is known or has messages."""
    wanted = months_until(last, min(months, MOST_MONTHS))
    sums = _sums(tx, kurum, wanted)
    ordered = sorted(sums, key=lambda each: (sums[each][1] - sums[each][0], sums[each][1], each))
    limit = min(limit, MOST)
    shown = ordered[after : after + limit]
    cells, names = _cells(tx, kurum, wanted, shown), read_names(tx, gateway, kurum, isyeri=shown, profesyonel=())
    rows = [Row(names.place(each), *sums[each], cells.get(each, {})) for each in shown]
    return Heat(wanted, rows, len(ordered), after + limit if len(ordered) > after + limit else None)


def _sums(tx: Tx, kurum: KurumNo, months: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Workplace -> (notified, accepted) over these months."""
    there = select(coverage_count.c.isyeri_index).where(coverage_count.c.kurum_id == kurum)
    found = dict.fromkeys(tx.execute(there).scalars(), (0, 0))
    row = coverage_month.c
    query = select(row.isyeri_index, func.sum(row.notified).label("notified"), func.sum(row.accepted).label("accepted"))
    mine = (row.kurum_id == kurum, row.month.between(months[0], months[-1]))
    for each in tx.execute(query.where(*mine).group_by(row.isyeri_index)):
        found[each.isyeri_index] = (int(each.notified), int(each.accepted))
    return found


def _cells(
    tx: Tx, kurum: KurumNo, months: Sequence[str], places: Sequence[str]
) -> dict[str, dict[tuple[str, str], Cell]]:
    row = coverage_month.c
    mine = (row.kurum_id == kurum, row.isyeri_index.in_(places), row.month.between(months[0], months[-1]))
    found: dict[str, dict[tuple[str, str], Cell]] = {}
    for each in tx.execute(select(coverage_month).where(*mine)):
        if each.notified or each.accepted:
            found.setdefault(each.isyeri_index, {})[each.month, each.veri_seti] = Cell(each.notified, each.accepted)
    return found
