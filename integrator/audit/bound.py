"""Rows that people and other parties tell are bound to the log: an entry that changes some says what they say now.

It carries `rows`: table -> name of the row -> its mark, or null for a row that is gone. A mark is a keyed fingerprint
of all the row says, sealed facts opened, under the customer's fingerprint key: a new data key changes no mark, and who
has only the log can guess nothing. Rows about people are named by a fingerprint too, for an entry outlives its row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, select

from integrator.audit.trail import stamp_of
from integrator.domain.identifiers import KurumNo
from integrator.parties.mirror import place_of
from integrator.protect.seal import Sealer
from integrator.store.paper_tables import usage_certificate
from integrator.store.tables import (
    api_key,
    calisan,
    calisan_sigorta,
    destruction,
    isyeri,
    isyeri_karti,
    kurum,
    legal_hold,
    profesyonel,
    profesyonel_yetki,
    retention_event,
    sozlesme,
)

ROWS = "rows"
"""The fact that holds the marks."""

BOUND = "rows.bound"
"""Tells what stood there when a home of an older release was first opened; once, and only in such a home."""

ACTS = frozenset(
    {
        "api_key.made", "api_key.rotated", "api_key.revoked", "hold.placed", "hold.lifted", "retention.told",
        "content.erased", "party.imported", "party.changed", "party.looked_up",
        "usage.issued", "usage.revoked",
    }
)  # fmt: skip
"""Events that tell rows; of an older release they do not."""

IN_USE = "in_use"
"""The row of `meta` that holds what settings, keys and versions were seen last."""

AT_ONCE = 500
Key = tuple[Any, ...]
Marks = dict[str, dict[str, str | None]]


@dataclass(frozen=True, slots=True)
class Bound:
    """One table. `unbound` columns change without an act; rows `about_people` are named by a fingerprint."""

    table: Table
    unbound: frozenset[str] = frozenset()
    about_people: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell a customer's rows apart."""
        return tuple(column.name for column in self.table.primary_key if column.name != "kurum_id")

    def name(self, sealer: Sealer, key: Iterable[Any]) -> str:
        """How entries call the row with this key; the customer's own row has no key but the customer."""
        plain = "/".join(map(str, key))
        return _digest(sealer, ["name", self.table.name, plain]) if self.about_people else plain

    def mark(self, sealer: Sealer, row: RowMapping) -> str:
        """What entries say of the row; raises Tampered when its sealed facts do not open."""
        told = {name: _plain(value) for name, value in row.items() if name not in self.unbound and name != "body"}
        if row.get("body") is not None:  # none in a worker's row of an older release, whose mark stays what it was
            place = place_of(self.table, KurumNo(row["kurum_id"]), row[self.key[0]])
            told["body"] = sealer.open(row["body"], place).hex()
        return _digest(sealer, ["row", self.table.name, told])


TABLES: Mapping[str, Bound] = {
    each.table.name: each
    for each in (
        Bound(api_key, unbound=frozenset({"last_used_at"})),
        Bound(legal_hold),
        Bound(destruction),
        Bound(kurum),
        Bound(isyeri_karti),
        Bound(profesyonel, about_people=True),
        Bound(sozlesme, about_people=True),
        Bound(calisan, about_people=True),
        Bound(retention_event, about_people=True),
        Bound(isyeri),
        Bound(profesyonel_yetki, about_people=True),
        Bound(calisan_sigorta, about_people=True),
        Bound(usage_certificate),
    )
}


def told_now(tx: Connection, sealer: Sealer, kurum_no: KurumNo, keys: Mapping[Table, Iterable[Key]]) -> dict[str, Any]:
    """The fact `rows` for the rows of `kurum_no` with these keys, as they stand after this transaction wrote them."""
    found = {table.name: _marks(tx, sealer, kurum_no, TABLES[table.name], each) for table, each in keys.items()}
    return {ROWS: {name: marks for name, marks in found.items() if marks}}


def _marks(
    tx: Connection, sealer: Sealer, kurum_no: KurumNo, bound: Bound, keys: Iterable[Key]
) -> dict[str, str | None]:
    marks: dict[str, str | None] = {}
    left = iter(keys)
    while several := list(islice(left, AT_ONCE)):
        marks |= {bound.name(sealer, key): None for key in several}
        query = rows_of(bound, kurum_no)
        if bound.key:
            query = query.where(bound.table.c[bound.key[0]].in_({key[0] for key in several}))
        for row in tx.execute(query).mappings():
            name = bound.name(sealer, (row[each] for each in bound.key))
            if name in marks:
                marks[name] = bound.mark(sealer, row)
    return marks


def rows_of(bound: Bound, kurum_no: KurumNo) -> Select[Any]:
    """Every row of one customer."""
    return select(bound.table).where(bound.table.c.kurum_id == kurum_no)


def all_marks(tx: Connection, sealer: Sealer, kurum_no: KurumNo) -> Iterator[Marks]:
    """Every row of one customer, in portions of one entry each."""
    for bound in TABLES.values():
        rows = iter(tx.execute(rows_of(bound, kurum_no)).mappings())
        while several := list(islice(rows, AT_ONCE)):
            marks: dict[str, str | None] = {
                _name(bound, sealer, row): bound.mark(sealer, row) for row in several if not is_fresh(bound, row)
            }
            if marks:
                yield {bound.table.name: marks}


def is_fresh(bound: Bound, row: RowMapping) -> bool:
    """A customer of whom nothing was told yet; that it exists stands in the entries of its keys."""
    return bound.table is kurum and row["tur"] is None and row["follows_served"] is None


def _name(bound: Bound, sealer: Sealer, row: RowMapping) -> str:
    return bound.name(sealer, (row[each] for each in bound.key))


def seen_digest(row: str) -> str:
    """What entries say of the row `IN_USE`."""
    return sha256(row.encode("utf-8", "surrogateescape")).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp_of(value)
    if isinstance(value, date):
        return value.isoformat()
    return bytes(value).hex() if isinstance(value, (bytes, memoryview)) else value


def _digest(sealer: Sealer, told: list[Any]) -> str:
    text = json.dumps(["ibys/bound/v1", *told], sort_keys=True, separators=(",", ":"))
    return sealer.fingerprint(text.encode())[:16].hex()
