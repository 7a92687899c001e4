"""What fsck compares with the marks in the log (``audit/bound.py``): registers of parties, keys of programs, holds,
events of retention, certificates, kept answers. A row that was changed, put in or taken out is named.

A home of an older release has acts in its log that tell no rows. Until `rows.bound` told what stood there, a row
that no entry speaks of is not odd in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, select

from integrator.audit.bound import ACTS, BOUND, ROWS, TABLES, Bound, is_fresh
from integrator.audit.verify import Broken
from integrator.domain.errors import IntegratorError
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.protect.seal import Sealer
from integrator.store.engine import Tx

Entries = list[tuple[int, Mapping[str, Any]]]
Place = tuple[str, str, str]
"""Table, customer, name of the row."""


@dataclass(frozen=True, slots=True)
class _Told:
    mark: str
    index: int  # of the entry that says so
    event: str


def check_told_rows(tx: Tx, gateway: Gateway, entries: Entries) -> None:
    """Raise Broken for the first row that is not what the log says."""
    told, is_whole = _fold(entries), _is_whole(entries)
    for bound in TABLES.values():
        for row in tx.execute(select(bound.table)).mappings():
            _check_row(gateway, bound, row, told, is_whole=is_whole)
    for (table, _, name), each in sorted(told.items(), key=lambda one: one[1].index):
        named = name if not TABLES[table].about_people else "of a person"
        raise Broken("row", f"{table} {named}: entry {each.index} ({each.event}) speaks of it, its row is gone")


def _fold(entries: Entries) -> dict[Place, _Told]:
    told: dict[Place, _Told] = {}
    for index, fact in entries:
        for table, marks in fact.get(ROWS, {}).items():
            for name, mark in marks.items():
                place = (table, fact["kurum"], name)
                if mark is None:
                    told.pop(place, None)
                else:
                    told[place] = _Told(mark, index, fact["event"])
    return told


def _is_whole(entries: Entries) -> bool:
    """Whether the log speaks of every row there is."""
    older = [index for index, fact in entries if fact["event"] in ACTS and ROWS not in fact]
    bound = [index for index, fact in entries if fact["event"] == BOUND]
    if bound and (bound[-1] - bound[0] != len(bound) - 1 or not older or bound[0] < older[0]):
        raise Broken("leaf", f"entry {bound[-1]}: rows were bound in a home whose rows were bound already", bound[-1])
    return not older or (bool(bound) and bound[0] > older[-1])


def _check_row(gateway: Gateway, bound: Bound, row: RowMapping, told: dict[Place, _Told], *, is_whole: bool) -> None:
    table, kurum = bound.table.name, str(row["kurum_id"])
    where = f"{table} {' '.join(str(row[each]) for each in bound.key) or kurum}"
    try:
        sealer = gateway.keyring.sealer(KurumNo(kurum))
        name, mark = _read(bound, sealer, row)
    except IntegratorError as error:
        raise Broken("row", f"{where}: {error.detail}") from error
    said = told.pop((table, kurum, name), None)
    if said is None and is_whole and not is_fresh(bound, row):
        raise Broken("row", f"{where}: the log does not speak of it")
    if said is not None and said.mark != mark:
        raise Broken("row", f"{where}: it is not what entry {said.index} ({said.event}) says")


def _read(bound: Bound, sealer: Sealer, row: RowMapping) -> tuple[str, str]:
    return bound.name(sealer, (row[each] for each in bound.key)), bound.mark(sealer, row)
