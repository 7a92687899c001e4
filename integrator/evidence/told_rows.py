"""What fsck compares with the marks in the log (``audit/bound.py``): registers of parties, keys of programs, people,
holds, events of retention, certificates, kept answers, what stands at the doors. A row that was changed, put in or
taken out is named.

A home of an older release has acts in its log that tell no rows, or not of every table. Until `rows.bound` told what
stood there, a row that no entry speaks of is not odd in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrator.audit.bound import ACTS, BOUND, CREATED, EDITION, ROWS, TABLES, Bound, Row, is_fresh
from integrator.audit.verify import Broken
from integrator.domain.errors import IntegratorError, Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.parties.people import OWN
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
    told = _fold(entries)
    whole = {edition: _is_whole(entries, edition) for edition in range(1, EDITION + 1)}
    for bound in TABLES.values():
        for row in bound.read(tx):
            _check_row(gateway, bound, row, told, is_whole=whole[bound.edition])
    for (table, _, name), each in sorted(told.items(), key=lambda one: one[1].index):
        named = name if not TABLES[table].about_people else "of a person"
        raise Broken("row", f"{table} {named}: entry {each.index} ({each.event}) speaks of it, its row is gone")


def _fold(entries: Entries) -> dict[Place, _Told]:
    told: dict[Place, _Told] = {}
    for index, fact in entries:
        for table, marks in fact.get(ROWS, {}).items():
            for name, mark in marks.items():
                place = (table, fact.get("kurum", OWN), name)
                if mark is None:
                    told.pop(place, None)
                else:
                    told[place] = _Told(mark, index, fact["event"])
    return told


def _is_whole(entries: Entries, edition: int) -> bool:
    """Whether the log speaks of every row there is in the tables of a edition."""
    born, bound, older = False, list[int](), list[int]()
    for index, fact in entries:
        if fact["event"] == CREATED:
            born = fact.get("edition", 0) >= edition
        elif fact["event"] == BOUND and fact.get("edition", 1) == edition:
            bound.append(index)
        elif fact["event"] in ACTS and ROWS not in fact and edition == 1:
            older.append(index)
    born = born or (edition == 1 and not older)
    first, last = min(older, default=-1), max(older, default=-1)
    if bound and (born or bound[-1] - bound[0] != len(bound) - 1 or bound[0] < first):
        raise Broken("leaf", f"entry {bound[-1]}: rows were bound in a home whose rows were bound already", bound[-1])
    return born or (bool(bound) and bound[0] > last)


def _check_row(gateway: Gateway, bound: Bound, row: Row, told: dict[Place, _Told], *, is_whole: bool) -> None:
    table, kurum = bound.table.name, row["kurum_id"]
    where = f"{table} {' '.join(str(row[each]) for each in bound.key) or kurum}"
    if kurum is None:
        raise Broken("row", f"{where}: it belongs to nobody")
    try:
        sealer = gateway.keyring.sealer(KurumNo(kurum))
        name, mark = bound.name(sealer, row), bound.mark(sealer, row)
    except Unavailable:  # away is not altered
        raise
    except IntegratorError as error:
        raise Broken("row", f"{where}: {error.detail}") from error
    said = told.pop((table, kurum, name), None)
    if said is None and is_whole and not is_fresh(bound, row):
        raise Broken("row", f"{where}: the log does not speak of it")
    if said is not None and said.mark != mark:
        raise Broken("row", f"{where}: it is not what entry {said.index} ({said.event}) says")
