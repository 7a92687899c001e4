"""Rows of the registers, and the mark by which the log speaks of each: read, written, compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select, update

from integrator.audit.trail import stamp_of
from integrator.registry.books import Facts
from integrator.store.registry_tables import registry_entry

_ROW = registry_entry.c


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry as it stands; `changed_by` and `reason` are of its newest act."""

    register: str
    entry_no: str
    state: str
    facts: Facts
    due_on: date | None
    changed_at: datetime
    changed_by: str
    reason: str
    salt: bytes = field(default=b"", repr=False)

    @property
    def mark(self) -> str:
        """What the log says of it: a salted digest of all that it says."""
        told = [self.register, self.entry_no, self.state, dict(self.facts), self.due_on and self.due_on.isoformat()]
        told += [stamp_of(self.changed_at), self.changed_by, self.reason]
        text = json.dumps(["ibys/registry/v1", *told], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return sha256(self.salt + text.encode("utf-8", "surrogatepass")).hexdigest()


def read_one(tx: Connection, register: str, entry_no: str, *, lock: bool = False) -> Kept | None:
    """The entry, or None."""
    query = select(registry_entry).where(_ROW.register == register, _ROW.entry_no == entry_no)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return _kept(row) if row else None


def read_all(tx: Connection, register: str | None = None) -> list[Kept]:
    """Every entry of a register, or of all, by number."""
    query = select(registry_entry).order_by(_ROW.register, _ROW.entry_no)
    query = query if register is None else query.where(_ROW.register == register)
    return [_kept(row) for row in tx.execute(query).mappings()]


def read_clocks(tx: Connection, but: Iterable[str] = ()) -> list[Kept]:
    """Every entry on which a clock runs, the nearest first."""
    query = select(registry_entry).where(_ROW.due_on.is_not(None), _ROW.register.not_in(list(but)))
    return [_kept(row) for row in tx.execute(query.order_by(_ROW.due_on, _ROW.register, _ROW.entry_no)).mappings()]


def write(tx: Connection, before: Kept | None, after: Kept) -> None:
    """Put the entry in, or in the place of what stood there."""
    values = {name: getattr(after, name) for name in Kept.__dataclass_fields__}
    values["facts"] = json.dumps(dict(after.facts), sort_keys=True, ensure_ascii=False)
    if before is None:
        tx.execute(insert(registry_entry).values(**values))
    else:
        mine = (_ROW.register == after.register, _ROW.entry_no == after.entry_no)
        tx.execute(update(registry_entry).where(*mine).values(**values))


def _kept(row: Any) -> Kept:
    return Kept(**{**row, "facts": json.loads(row["facts"]), "salt": bytes(row["salt"])})
