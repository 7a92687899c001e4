"""Statements that every accepted record or every call needs: SQLite's driver is given their text, made once.

SQLAlchemy's way around a statement takes ten times what SQLite takes for it. Nowhere else does that matter; and on
PostgreSQL, where the network takes the time, these go SQLAlchemy's way, too.
"""

from __future__ import annotations

import json
import re
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, UpdateBase
from sqlalchemy.dialects import sqlite

from integrator.store.dialect import dialect_of

_NAMED = sqlite.dialect(paramstyle="named")
_LIST = re.compile(r"\(__\[POSTCOMPILE_(\w+)\]\)")
Turn = Callable[[Any], Any] | None


class Prepared:
    """One statement with a `bindparam` for each value that changes.

    An expanding one is a list of our own ASCII names: SQLite takes it as one value, however long it is.
    """

    def __init__(self, statement: Select[Any] | UpdateBase) -> None:
        self._statement = statement
        compiled = statement.compile(dialect=_NAMED)
        binds = {name: bind.type.dialect_impl(_NAMED).bind_processor(_NAMED) for name, bind in compiled.binds.items()}
        binds |= dict.fromkeys(_LIST.findall(compiled.string), json.dumps)
        self._text = _LIST.sub(r"(SELECT value FROM json_each(:\1))", compiled.string)
        self._fixed = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        self._binds = {name: turn for name, turn in binds.items() if turn}
        columns = list(statement.exported_columns)
        self._reads = [each.type.dialect_impl(_NAMED).result_processor(_NAMED, None) for each in columns]
        self._row = namedtuple("Row", [each.name for each in columns])  # type: ignore[misc]  # a statement's own columns

    def all(self, tx: Connection, **values: Any) -> Sequence[Any]:
        """Its rows, by the columns' names. Raises DBAPIError, as `execute` does."""
        if not (direct := dialect_of(tx).direct):
            return tx.execute(self._statement, values).all()
        found, _ = direct(tx, self._text, self._bound(values))
        return [self._row(*map(_turned, row, self._reads)) for row in found]

    def run(self, tx: Connection, **values: Any) -> int:
        """Run one that changes rows; returns how many. Raises DBAPIError."""
        if not (direct := dialect_of(tx).direct):
            return tx.execute(self._statement, values).rowcount
        _, changed = direct(tx, self._text, self._bound(values))
        return changed

    def _bound(self, values: dict[str, Any]) -> dict[str, Any]:
        told = {**self._fixed, **values}
        return told | {name: turn(told[name]) for name, turn in self._binds.items() if name in told}


def _turned(value: Any, turn: Turn) -> Any:
    return turn(value) if turn else value
