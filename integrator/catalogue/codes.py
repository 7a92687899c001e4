"""Code lists: read from CSV with validity dates; lists that the ministry serves are refreshed into `kod`.

A refreshed list replaces the published start list as soon as it exists; a code that disappears from the
ministry's list is kept as inactive, never deleted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, update

from integrator.store.dialect import hold
from integrator.store.tables import kod


@dataclass(frozen=True, slots=True)
class Code:
    """One entry. `valid_until` is the last day on which it may be used; None means open."""

    code: str
    tr: str
    en: str
    valid_from: date
    valid_until: date | None
    active: bool = True

    def usable_on(self, day: date) -> bool:
        """Whether an event of `day` may carry this code."""
        return self.active and self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


CodeList = Mapping[str, Code]

OPEN_FROM = date(2018, 1, 1)
LONGEST_CODE = 32


def read_code_list(path: Path) -> CodeList:
    """Code -> Code of one published CSV (columns code, tr, en, valid_from, valid_until, status)."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: _code(row) for row in csv.DictReader(file)}


def _code(row: Mapping[str, str]) -> Code:
    until = date.fromisoformat(row["valid_until"]) if row["valid_until"] else None
    return Code(row["code"], row["tr"], row["en"], date.fromisoformat(row["valid_from"]), until)


def load_refreshed(tx: Connection, list_name: str) -> CodeList:
    """The list as the ministry last served it; empty when it never did."""
    rows = tx.execute(select(kod).where(kod.c.list_name == list_name))
    return {row.code: Code(row.code, row.text_tr, row.text_tr, OPEN_FROM, None, bool(row.active)) for row in rows}


def last_served_at(tx: Connection, list_name: str) -> datetime | None:
    """When the ministry last served the list."""
    newest = select(func.max(kod.c.seen_at)).where(kod.c.list_name == list_name)
    served_at: datetime | None = tx.execute(newest).scalar_one()
    return served_at


def refresh(tx: Connection, list_name: str, served: Iterable[tuple[str, str, bool]], *, now: datetime) -> int:
    """Write (code, text, active) rows the ministry served; returns how many codes the list now has."""
    hold(tx, f"kod/{list_name}")
    known = set(load_refreshed(tx, list_name))
    rows = [
        {"list_name": list_name, "code": c, "text_tr": t, "active": int(a), "source": "ministry", "seen_at": now}
        for c, t, a in served
        if len(c) <= LONGEST_CODE
    ]
    if not rows:  # an empty list is more likely a fault of the line than the end of all trainings
        return len(known)
    tx.execute(update(kod).where(kod.c.list_name == list_name).values(active=0))
    for row in rows:
        if row["code"] in known:
            same = (kod.c.list_name == list_name) & (kod.c.code == row["code"])
            tx.execute(update(kod).where(same).values(**row))
        else:
            tx.execute(insert(kod).values(**row))
    return len(known | {str(row["code"]) for row in rows})
