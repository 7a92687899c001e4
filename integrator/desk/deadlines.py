"""What ends, and when: contracts, professionals' certificates, trainings and examinations; overdue, 7, 30, 60, 90 days.

Trainings and examinations are counted for a workplace, not told one by one: they come in hundreds, and each has its
own page. The days are calendar days in Istanbul.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from integrator.coverage.reading import Counted, read_counts
from integrator.domain.deadlines import HORIZONS, OVERDUE, within_of
from integrator.domain.identifiers import KurumNo
from integrator.domain.workplaces import SozlesmeDurumu
from integrator.store.engine import Tx
from integrator.store.tables import profesyonel, sozlesme

LOOKS_BACK = timedelta(days=90)
"""A contract that ended longer ago is history, not overdue."""


class Duty(StrEnum):
    """What ends."""

    CONTRACT = "contract"
    CERTIFICATE = "certificate"
    EGITIM = "egitim"
    MUAYENE = "muayene"


@dataclass(frozen=True, slots=True)
class Deadline:
    """`count` things of one kind that end by one day at one workplace, or of one professional."""

    duty: Duty
    within: str  # overdue, 7, 30, 60, 90
    count: int
    due_on: date | None = None  # of the first; None where only the horizon is known
    isyeri_index: str = ""
    profesyonel_index: str = ""


def read_deadlines(tx: Tx, kurum: KurumNo, *, today: date, counted: Sequence[Counted] | None = None) -> list[Deadline]:
    """Everything that ends within 90 days or is overdue, the nearest first; `counted` where it was read already."""
    found = [*_contracts(tx, kurum, today), *_certificates(tx, kurum, today)]
    for each in read_counts(tx, kurum) if counted is None else counted:
        found += _of_coverage(each)
    order = {name: at for at, name in enumerate((OVERDUE, *map(str, HORIZONS)))}
    return sorted(found, key=lambda each: (order[each.within], each.due_on or date.max, each.duty, each.isyeri_index))


def _contracts(tx: Tx, kurum: KurumNo, today: date) -> Iterator[Deadline]:
    columns = (sozlesme.c.bitis, sozlesme.c.isyeri_index, sozlesme.c.profesyonel_index)
    runs = sozlesme.c.durum == SozlesmeDurumu.ONAYLANDI.value
    query = select(*columns).where(sozlesme.c.kurum_id == kurum, runs, _near(sozlesme.c.bitis, today))
    for row in tx.execute(query):
        within = within_of(row.bitis, today)
        yield Deadline(Duty.CONTRACT, within, 1, row.bitis, row.isyeri_index, row.profesyonel_index)


def _certificates(tx: Tx, kurum: KurumNo, today: date) -> Iterator[Deadline]:
    """An ended certificate stays overdue: its holder may not be assigned."""
    columns = (profesyonel.c.belge_until, profesyonel.c.profesyonel_index)
    ends = profesyonel.c.belge_until <= today + timedelta(days=HORIZONS[-1])
    for row in tx.execute(select(*columns).where(profesyonel.c.kurum_id == kurum, ends)):
        within = within_of(row.belge_until, today)
        yield Deadline(Duty.CERTIFICATE, within, 1, row.belge_until, profesyonel_index=row.profesyonel_index)


def _near(column: Any, today: date) -> Any:
    return column.between(today - LOOKS_BACK, today + timedelta(days=HORIZONS[-1]))


def _of_coverage(counted: Counted) -> Iterator[Deadline]:
    for name, ends in counted.ends.items():
        for within, count in ends.items():
            yield Deadline(Duty(name), within, count, isyeri_index=counted.isyeri_index)
