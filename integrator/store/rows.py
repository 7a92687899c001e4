"""Many rows at once, by the driver's shortest way: the paths that move every message several times.

Statements are written once for a table and its columns; values are turned by the column types' own rules, so a row
put here reads back as one that SQLAlchemy wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import TypeDecorator

from integrator.store.dialect import dialect_of

Row = Mapping[str, Any]
DEFAULT = DefaultDialect()  # our types turn a value the same way for every engine


def insert_rows(tx: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows`, which all have the same columns. Raises IntegrityError when a key is taken."""
    if rows:
        names = tuple(rows[0])
        dialect_of(tx).insert_rows(tx, table.name, names, _turned(table, names, rows))


def update_rows(tx: Connection, table: Table, key: Sequence[str], rows: Sequence[Row]) -> None:
    """Write every other column of `rows`, which all have the same columns, to the row with their `key`."""
    if rows:
        names = (*(name for name in rows[0] if name not in key), *key)
        dialect_of(tx).update_rows(tx, table.name, names[: -len(key)], tuple(key), _turned(table, names, rows))


def _turned(table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """The values in the order of `names`, each as its column stores it."""
    pick = itemgetter(*names)
    columns = list(zip(*map(pick, rows), strict=True)) if len(names) > 1 else [tuple(map(pick, rows))]
    turns = _turns(table, names)
    stored = [[turn(each) for each in column] if turn else column for turn, column in zip(turns, columns, strict=True)]
    return list(zip(*stored, strict=True))


@lru_cache(maxsize=256)
def _turns(table: Table, names: tuple[str, ...]) -> list[Callable[[Any], Any] | None]:
    """One function per column whose type is ours, None where the driver takes the value as it is."""
    types = [table.c[name].type for name in names]
    return [partial(_bound, each) if isinstance(each, TypeDecorator) else None for each in types]


def _bound(kind: TypeDecorator[Any], value: Any) -> Any:
    return kind.process_bind_param(value, DEFAULT)
