"""The row of `ministry_line`: read, locked, written. Whoever locks it does so before any row of `bildirim`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from integrator.queue.line import Line
from integrator.queue.pace import Tokens
from integrator.store.dialect import insert_new
from integrator.store.engine import Database, reading, writing
from integrator.store.tables import ministry_line

_row = ministry_line.c


def ensure_line(database: Database, address: str) -> None:
    """See to it that the row is there, in a transaction of its own: a race for it must spoil nobody's work."""
    with reading(database) as tx:
        if tx.execute(select(_row.address).where(_row.address == address)).first():
            return
    with writing(database) as tx:
        insert_new(tx, ministry_line, [_values(Line(address))])  # another worker may be quicker


def read_line(tx: Connection, address: str) -> Line:
    """The line as it stands; ACTIVE when nothing was ever written."""
    return _read(tx, select(ministry_line), address)


def lock_line(tx: Connection, address: str) -> Line:
    """The line as it stands, ours until the transaction ends."""
    return _read(tx, select(ministry_line).with_for_update(), address)


def _read(tx: Connection, query: Select[Any], address: str) -> Line:
    row = tx.execute(query.where(_row.address == address)).mappings().one_or_none()
    return _line(row) if row else Line(address)


def write_line(tx: Connection, before: Line, after: Line) -> None:
    """Write what changed; nothing when nothing did."""
    if after != before:
        changed = tx.execute(update(ministry_line).where(_row.address == after.address).values(_values(after)))
        if changed.rowcount == 0:
            tx.execute(insert(ministry_line).values(_values(after)))


def _values(line: Line) -> dict[str, Any]:
    plain = {column.name: getattr(line, column.name) for column in ministry_line.c if not _is_token(column.name)}
    tokens = line.tokens
    return {**plain, "tokens_left": tokens.left if tokens else None, "tokens_at": tokens.at if tokens else None}


def _line(row: Mapping[Any, Any]) -> Line:
    plain = {name: value for name, value in row.items() if not _is_token(name)}
    tokens = None if row["tokens_left"] is None else Tokens(row["tokens_left"], row["tokens_at"])
    return Line(**plain, tokens=tokens)


def _is_token(name: str) -> bool:
    return name.startswith("tokens_")
