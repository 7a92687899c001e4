"""Change every field of every row of a small home, take every row out, put odd rows in: each is found by `fsck`.

`python -m bench.torture.fields [--engine postgresql] [--rows N] [--out FILE]`. The home has lived (``lived.py``). What
is not found must stand in ``evidence/working.py`` with the reason why; everything else that is not found was missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from bench import machine
from bench.torture.databases import databases
from bench.torture.flips import CRASHED, GONE, MISSED, WORKS
from bench.torture.lived import MASTER, a_lived_gateway
from integrator.domain.errors import IntegratorError
from integrator.evidence.fsck import fsck
from integrator.evidence.working import ERASED, ROWS, TABLES, WORKING
from integrator.gateway import Gateway
from integrator.log import set_up_log
from integrator.store.engine import open_engine, sqlite_url
from integrator.store.keyring import KeyRing

REFUSED = "refused"
RESULTS = Path(__file__).parents[1] / "results"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """One change: where, and the verdict (`Break.what`, or one of ours) with the words that name the place."""

    table: str
    what: str  # a column, or: taken out, put in
    verdict: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class _Shape:
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def trials(gateway: Gateway, rows_at_most: int = 1_000_000) -> Iterator[Trial]:
    """Every change of the first rows of every table, each undone before the next."""
    erased = _erased(gateway)
    for shape in _shapes(gateway):
        with gateway.database.connect() as tx:
            order = ", ".join(shape.key)
            found = tx.execute(text(f"SELECT * FROM {shape.name} ORDER BY {order}")).mappings().fetchmany(rows_at_most)
            rows = [dict(row) for row in found]
        for row in rows:
            yield from _of_row(gateway, shape, row, is_erased=row.get("kayit_no", row.get("sorgu_no")) in erased)


def _shapes(gateway: Gateway) -> list[_Shape]:
    """All tables there are, whatever our code knows of them; those of `TABLES` are said to be passed over."""
    seen = inspect(gateway.database)
    return [
        _Shape(
            name,
            tuple(column["name"] for column in seen.get_columns(name)),
            tuple(seen.get_pk_constraint(name)["constrained_columns"]),
        )
        for name in sorted(seen.get_table_names())
        if name not in TABLES
    ]


def _erased(gateway: Gateway) -> set[object]:
    """Ids of erased records and numbers of their messages."""
    with gateway.database.connect() as tx:
        rows = tx.execute(
            text(
                "SELECT c.kayit_no, c.sealed, b.sorgu_no FROM content_key c JOIN bildirim b"
                " ON b.kurum_id = c.kurum_id AND b.kayit_no = c.kayit_no"
            )
        )
        return {each for row in rows if row.sealed[:1] == b"\0" for each in (row.kayit_no, row.sorgu_no)}


def _of_row(gateway: Gateway, shape: _Shape, row: Row, *, is_erased: bool) -> Iterator[Trial]:
    for column in shape.columns:
        bent = {**row, column: _bent(row[column], column in shape.key)}
        tried = _try(gateway, shape, column, row, bent)
        if tried.verdict == MISSED and is_erased and column in ERASED.get(shape.name, ()):
            tried = replace(tried, verdict=GONE)
        yield tried
    yield _try(gateway, shape, "taken out", row, None)
    last = shape.key[-1]
    yield _try(gateway, shape, "put in", None, {**row, last: _bent(row[last], True)})


def _bent(value: Any, is_key: bool) -> Any:
    """The value with one thing changed, of the kind that the column keeps; of a key, one that is not taken."""
    if value is None:
        return None
    if isinstance(value, bytes):
        middle = len(value) // 2
        return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :] if value else b"x"
    if isinstance(value, int):
        return value + (100_000_000 if is_key else 1)
    return (value[:-1] if len(value) > 1 else value) + ("z" if is_key else "1" if value[-1:] == "0" else "0")


def _try(gateway: Gateway, shape: _Shape, what: str, before: Row | None, after: Row | None) -> Trial:
    """Make the change, let fsck judge, undo it. A field that holds NULL is filled."""
    if before is not None and after == before:
        after = {**before, what: _filled(gateway, shape, what)}
    try:
        _write(gateway, shape, before, after)
    except DBAPIError:
        return Trial(shape.name, what, REFUSED)
    try:
        found = _judge(gateway)
    finally:
        _write(gateway, shape, after, before)
    if found:
        return Trial(shape.name, what, *found)
    return Trial(shape.name, what, WORKS if _is_free(shape.name, what) else MISSED)


def _filled(gateway: Gateway, shape: _Shape, column: str) -> Any:
    kinds = {each["name"]: each["type"].python_type for each in inspect(gateway.database).get_columns(shape.name)}
    return {int: 1, bytes: b"x", str: "1"}[kinds[column]]


def _write(gateway: Gateway, shape: _Shape, before: Row | None, after: Row | None) -> None:
    with gateway.database.begin() as tx:
        if before is not None:
            _execute(tx, f"DELETE FROM {shape.name} WHERE {_equal(shape.key, ' AND ')}", before)
        if after is not None:
            marks = ", ".join(f":{name}" for name in shape.columns)
            _execute(tx, f"INSERT INTO {shape.name} ({', '.join(shape.columns)}) VALUES ({marks})", after)


def _execute(tx: Connection, statement: str, row: Row) -> None:
    tx.execute(text(statement), dict(row))


def _equal(names: tuple[str, ...], between: str) -> str:
    return between.join(f"{name} = :{name}" for name in names)


def _judge(gateway: Gateway) -> tuple[str, str] | None:
    """As another process would: keys are opened anew."""
    try:
        found = fsck(replace(gateway, keyring=KeyRing(gateway.database, MASTER))).found
    except IntegratorError as error:
        return "storage", error.detail
    except Exception as error:  # noqa: BLE001 - a traceback is a verdict here, and a bad one
        return CRASHED, f"{type(error).__name__}: {error}"[:200]
    return (found.what, found.words) if found else None


def _is_free(table: str, what: str) -> bool:
    """Whether ``working.py`` says why this is none of fsck's business."""
    return what in ROWS.get(table, {}) or what in WORKING.get(table, {})


def main() -> int:
    """Make a home, change, count, write down."""
    parser = argparse.ArgumentParser(prog="python -m bench.torture.fields")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of each table at most")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    set_up_log(level="CRITICAL")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ibys-fields-") as folder:
        Path(folder).chmod(0o755)
        with databases(options.engine, Path(folder)) as engine:
            url = engine.empty(1) or sqlite_url(Path(folder) / "home.sqlite3")
            gateway = a_lived_gateway(open_engine(url))
            found = list(trials(gateway, options.rows))
            gateway.database.dispose()
    bad = [each for each in found if each.verdict in (MISSED, CRASHED)]
    told = {
        "what": "every field of every row changed, every row taken out, an odd row put in beside each",
        "engine": options.engine,
        "machine": machine.describe(),
        "tried": len(found),
        "tables": len({each.table for each in found}),
        "verdicts": dict(Counter(each.verdict for each in found).most_common()),
        "working": dict(Counter(f"{each.table}.{each.what}" for each in found if each.verdict == WORKS).most_common()),
        "not_found": sorted({f"{each.table}.{each.what}: {each.verdict} {each.words}" for each in bad}),
        "seconds": round(time.monotonic() - began),
    }
    out = options.out or RESULTS / f"fields-{options.engine}.json"
    out.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(told, ensure_ascii=False, indent=2))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
