"""Code lists: read from CSV with validity dates; lists that the ministry serves are refreshed into `kod`.

A refreshed list replaces the published start list as soon as it exists; a code that disappears from the
ministry's list is closed on the day we saw it gone, never deleted. `kod_history` keeps what became of each.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import Malformed
from integrator.store.dialect import hold
from integrator.store.tables import as_told, kod, kod_history


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
_LISTED_CODE = re.compile(r"[A-Za-z0-9._-]{1,32}")


def read_code_list(path: Path) -> CodeList:
    """Code -> Code of one published CSV (columns code, tr, en, valid_from, valid_until, status)."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: _code(row) for row in csv.DictReader(file)}


def _code(row: Mapping[str, str]) -> Code:
    until = date.fromisoformat(row["valid_until"]) if row["valid_until"] else None
    return Code(row["code"], row["tr"], row["en"], date.fromisoformat(row["valid_from"]), until)


def served_lists(tx: Connection) -> list[str]:
    """The names of the lists that were ever served or loaded."""
    return sorted(tx.execute(select(kod.c.list_name).distinct()).scalars())


def load_refreshed(tx: Connection, list_name: str) -> CodeList:
    """The list as the ministry last served it; empty when it never did.

    A code that was withdrawn stays usable for events before the day on which we saw it withdrawn.
    """
    closed = _closed_on(tx, list_name)
    rows = tx.execute(select(kod).where(kod.c.list_name == list_name))
    return {row.code: _served_code(row, closed.get(row.code)) for row in rows}


def _served_code(row: Any, closed_on: date | None) -> Code:
    if row.active or closed_on is None:
        return Code(row.code, row.text_tr, row.text_tr, OPEN_FROM, None, bool(row.active))
    return Code(row.code, row.text_tr, row.text_tr, OPEN_FROM, closed_on - timedelta(days=1))


def _closed_on(tx: Connection, list_name: str) -> dict[str, date]:
    """Code -> the day in Istanbul on which it was last seen withdrawn."""
    query = select(kod_history.c.code, func.max(kod_history.c.seen_at).label("at"))
    closings = query.where(kod_history.c.list_name == list_name, kod_history.c.change == "closed")
    return {row.code: row.at.astimezone(ISTANBUL).date() for row in tx.execute(closings.group_by(kod_history.c.code))}


def last_served_at(tx: Connection, list_name: str) -> datetime | None:
    """When the ministry last served the list."""
    newest = select(func.max(kod.c.seen_at)).where(kod.c.list_name == list_name)
    served_at: datetime | None = tx.execute(newest).scalar_one()
    return served_at


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh came to: how many codes the list has now, and how many changed in which way."""

    codes: int
    changes: Mapping[str, int]


def refresh(
    tx: Connection,
    list_name: str,
    served: Iterable[tuple[str, str, bool]],
    *,
    now: datetime,
    source: str = "ministry",
) -> Refreshed:
    """Write (code, text, active) rows that were served; what changed is kept in `kod_history`, nothing is deleted."""
    hold(tx, f"kod/{list_name}")
    before = {row.code: row for row in tx.execute(select(kod).where(kod.c.list_name == list_name))}
    rows = {
        c: {
            "list_name": list_name,
            "code": c,
            "text_tr": as_told(t),
            "active": int(a),
            "source": source,
            "seen_at": now,
        }
        for c, t, a in served
        if len(c) <= LONGEST_CODE
    }
    if not rows:  # an empty list is more likely a fault of the line than the end of all trainings
        return Refreshed(len(before), {})
    changes = {**_changes(before, rows), **dict.fromkeys(_gone(before, rows), "closed")}
    texts = {code: str(rows[code]["text_tr"] if code in rows else before[code].text_tr) for code in changes}
    _write(tx, list_name, before, rows)
    _write_history(tx, list_name, changes, texts, now=now, source=source)
    return Refreshed(len(before | rows), Counter(changes.values()))


def _changes(before: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Code -> what became of it; codes that stayed as they were are left out.

    first_seen, inactive (never seen in use: it is good for no day), changed (its text), closed, reopened.
    """
    found: dict[str, str] = {}
    for code, row in rows.items():
        old = before.get(code)
        if old is None:
            found[code] = "first_seen" if row["active"] else "inactive"
        elif bool(old.active) != bool(row["active"]):
            found[code] = "reopened" if row["active"] else "closed"
        elif old.text_tr != row["text_tr"]:
            found[code] = "changed"
    return found


def _gone(before: Mapping[str, Any], rows: Mapping[str, Any]) -> list[str]:
    return [code for code, row in before.items() if row.active and code not in rows]


def _write(tx: Connection, list_name: str, before: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> None:
    tx.execute(update(kod).where(kod.c.list_name == list_name).values(active=0))
    fresh = [row for code, row in rows.items() if code not in before]
    if fresh:
        tx.execute(insert(kod), fresh)
    for code, row in rows.items():
        if code in before:
            same = (kod.c.list_name == list_name) & (kod.c.code == code)
            tx.execute(update(kod).where(same).values(**row))


def _write_history(
    tx: Connection, list_name: str, changes: Mapping[str, str], texts: Mapping[str, str], *, now: datetime, source: str
) -> None:
    query = select(kod_history.c.code, func.max(kod_history.c.change_no).label("last"))
    last = {
        row.code: row.last
        for row in tx.execute(query.where(kod_history.c.list_name == list_name).group_by(kod_history.c.code))
    }
    rows = [
        {
            "list_name": list_name,
            "code": code,
            "change_no": last.get(code, 0) + 1,
            "change": change,
            "text_tr": texts[code],
            "source": source,
            "seen_at": now,
        }
        for code, change in changes.items()
    ]
    if rows:
        tx.execute(insert(kod_history), rows)


def history_of(tx: Connection, list_name: str, code: str | None = None) -> list[Mapping[str, Any]]:
    """What became of the codes of a list, oldest first."""
    query = select(kod_history).where(kod_history.c.list_name == list_name)
    if code is not None:
        query = query.where(kod_history.c.code == code)
    ordered = query.order_by(kod_history.c.seen_at, kod_history.c.code, kod_history.c.change_no)
    return [dict(row) for row in tx.execute(ordered).mappings()]


def read_list_file(path: Path) -> list[tuple[str, str, bool]]:
    """(code, text, active) of a CSV with a column ``code`` or ``kod``, a text, and optionally ``active`` or ``aktif``.

    Commas or semicolons, UTF-8. Raises Malformed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"{path}: no UTF-8 text: {error}") from error
    first = text.partition("\n")[0]
    rows = list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in first else ","))
    named = {name.strip().lower(): name for name in (rows[0] if rows else {}) if name}
    code = next((named[name] for name in ("code", "kod", "kodu") if name in named), None)
    words = next((named[name] for name in ("tr", "text", "ad", "adi", "aciklama") if name in named), None)
    active = next((named[name] for name in ("active", "aktif", "aktifmi") if name in named), None)
    if code is None or words is None:
        raise Malformed(f"{path}: columns code (kod) and text (ad, aciklama) are wanted")
    found = [
        (str(row[code] or "").strip(), str(row[words] or "").strip(), row.get(active or "") != "0") for row in rows
    ]
    strange = [place for place, (each, _, _) in enumerate(found, 2) if not _LISTED_CODE.fullmatch(each)]
    if strange:
        raise Malformed(f"{path}: line {strange[0]}: no code of 1 to 32 letters, digits, dots or dashes")
    return found


def digest_of_history(tx: Connection, list_name: str) -> str:
    """The same over what became of each code."""
    columns = [column for column in kod_history.c if column.name != "list_name"]
    rows = tx.execute(select(*columns).where(kod_history.c.list_name == list_name).order_by(*columns[:2]))
    told = [[str(value) for value in row] for row in rows]
    return sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def digest_of_list(tx: Connection, list_name: str) -> str:
    """SHA-256 (hex) over a stored list as it stands: code, text, in use or not."""
    columns = (kod.c.code, kod.c.text_tr, kod.c.active)
    rows = tx.execute(select(*columns).where(kod.c.list_name == list_name).order_by(kod.c.code))
    return sha256(json.dumps([list(row) for row in rows], ensure_ascii=False).encode()).hexdigest()
