"""Every row of every table as lines of JSON, and back: the same from either engine into either engine.

Values go as they are stored (times in milliseconds, bytes as ``{"b": base64}``), so nothing is sealed or opened here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Table

from integrator.domain.errors import BrokenBackup
from integrator.store import tables_of_doors  # noqa: F401 - its tables stand on the same metadata
from integrator.store.dialect import dialect_of
from integrator.store.tables import metadata

ROWS_AT_ONCE = 1_000


def tables() -> list[Table]:
    """All of them, in one order."""
    return sorted(metadata.tables.values(), key=lambda table: table.name)


def dump(tx: Connection) -> Iterator[bytes]:
    """A line naming each table, and then one line for each of its rows; the caller's transaction is the snapshot."""
    dialect_of(tx).without_time_limit(tx)
    for table in tables():
        names = [column.name for column in table.columns]
        yield json.dumps({"table": table.name, "columns": names}).encode() + b"\n"
        order = ", ".join(column.name for column in table.primary_key)
        query = f"SELECT {', '.join(names)} FROM {table.name} ORDER BY {order}"  # noqa: S608 - names of ours
        streamed = tx.execution_options(stream_results=True, max_row_buffer=ROWS_AT_ONCE)
        for row in streamed.exec_driver_sql(query):
            yield json.dumps([_told(each) for each in row]).encode() + b"\n"


def _told(value: Any) -> Any:
    return {"b": base64.b64encode(value).decode()} if isinstance(value, (bytes, memoryview)) else value


def load(tx: Connection, lines: Iterable[bytes]) -> dict[str, int]:
    """Write the rows of `dump` into empty tables; returns how many went into each. Other lines: BrokenBackup."""
    known = {table.name: table for table in tables()}
    counts: dict[str, int] = {}
    table, names, rows = "", (), list[tuple[Any, ...]]()
    for line in lines:
        told = json.loads(line)
        if isinstance(told, dict):
            _put(tx, table, names, rows)
            table, names, rows = told["table"], tuple(told["columns"]), []
            if table not in known or not set(names) <= set(known[table].columns.keys()):
                raise BrokenBackup(f"the backup holds a table {table!r} that this program does not know")
            counts[table] = 0
            continue
        rows.append(tuple(_read(each) for each in told))
        counts[table] += 1
        if len(rows) >= ROWS_AT_ONCE:
            _put(tx, table, names, rows)
            rows = []
    _put(tx, table, names, rows)
    return counts


def _put(tx: Connection, table: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if rows:
        dialect_of(tx).insert_rows(tx, table, names, rows)


def _read(value: Any) -> Any:
    return base64.b64decode(value["b"]) if isinstance(value, dict) else value
