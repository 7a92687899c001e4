"""Rows that people and other parties tell are bound to the log: an entry that changes some says what they say now.

It carries `rows`: table -> name of the row -> its mark, or null for a row that is gone. A mark is a keyed fingerprint
of all the row says, sealed facts opened, under the customer's fingerprint key: a new data key changes no mark, and who
has only the log can guess nothing. Rows about people are named by a fingerprint too, for an entry outlives its row.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Connection, LargeBinary, RowMapping, Select, Table, literal, select

from integrator.audit.trail import stamp_of
from integrator.domain.identifiers import KurumNo
from integrator.parties.mirror import place_of
from integrator.parties.people import OWN
from integrator.protect.seal import Sealer
from integrator.store.paper_tables import usage_certificate
from integrator.store.people_tables import broken_glass, kullanici, recovery_code
from integrator.store.tables import (
    api_key,
    calisan,
    calisan_sigorta,
    destruction,
    erased_party,
    isyeri,
    isyeri_karti,
    kurum,
    kurum_limit,
    legal_hold,
    profesyonel,
    profesyonel_yetki,
    retention_event,
    sozlesme,
)
from integrator.store.tables_of_doors import duyuru, duyuru_alindi
from integrator.store.webhook_tables import webhook

ROWS = "rows"
"""The fact that holds the marks."""

BOUND = "rows.bound"
"""Tells what stood there when a home of an older release was first opened; once, and only in such a home."""

CREATED = "gateway.created"
"""Tells, as `edition`, which tables a home has bound from its birth on."""

ACTS = frozenset(
    {
        "api_key.made", "api_key.rotated", "api_key.revoked", "hold.placed", "hold.lifted", "retention.told",
        "content.erased", "party.imported", "party.changed", "party.looked_up",
        "usage.issued", "usage.revoked",
    }
)  # fmt: skip
"""Events that tell rows of the first edition's tables; of an older release they do not."""

IN_USE = "in_use"
"""The row of `meta` that holds what settings, keys and versions were seen last."""

EDITION = 2
"""Of the list of tables below; an older home tells once what stands in those of a later one (docs/decisions/0036).
A table that is bound from its birth on is of the first: no home has rows of it that were not told."""

AT_ONCE = 500
Key = tuple[Any, ...]
Marks = dict[str, dict[str, str | None]]
Row = RowMapping | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bound:
    """One table. `unbound` columns change without an act; rows `about_people` are named by a fingerprint.

    Rows that differ in the column `several` alone are one thing with one mark. Whose they are says the row of `owner`
    with the same key, where they do not say it themselves; rows that nobody is named in are the integrator's (`OWN`).
    """

    table: Table
    unbound: frozenset[str] = frozenset()
    about_people: bool = False
    several: str = ""
    owner: Table | None = None
    edition: int = 1

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell a customer's rows apart."""
        beside = ("kurum_id", self.several)
        return tuple(column.name for column in self.table.primary_key if column.name not in beside)

    def read(self, tx: Connection, kurum_no: KurumNo | None = None, keys: Collection[Any] = ()) -> Iterator[Row]:
        """Its rows, of one customer or of all, some by the first column of their key; `kurum_id` says whose."""
        query = self._query()
        if kurum_no is not None:
            query = query.where(query.selected_columns.kurum_id == kurum_no)
        if keys and self.key:
            query = query.where(self.table.c[self.key[0]].in_(keys))
        rows = iter(tx.execute(query).mappings())
        return self._joined(rows) if self.several else rows

    def _query(self) -> Select[Any]:
        if "kurum_id" in self.table.c:
            return select(self.table)
        if self.owner is None:
            return select(self.table, literal(str(OWN)).label("kurum_id"))
        same = [self.owner.c[name] == self.table.c[name] for name in self.key]
        query = select(self.table, self.owner.c.kurum_id).outerjoin_from(self.table, self.owner, *same)
        return query.order_by(*(self.table.c[name] for name in self.key))

    def _joined(self, rows: Iterable[Row]) -> Iterator[Row]:
        for _, alike in groupby(rows, key=lambda row: [row[name] for name in self.key]):
            first, *others = alike
            yield {**first, self.several: sorted(_plain(each[self.several]) for each in (first, *others))}

    def name(self, sealer: Sealer, row: Row) -> str:
        """How entries call the row; the customer's own has no key but the customer."""
        return self.named(sealer, [row[each] for each in self.key])

    def named(self, sealer: Sealer, key: Iterable[Any]) -> str:
        """The same by its key."""
        plain = "/".join(map(str, key))
        return _digest(sealer, ["name", self.table.name, plain]) if self.about_people else plain

    def mark(self, sealer: Sealer, row: Row) -> str:
        """What entries say of the row; raises Tampered when its sealed facts do not open."""
        is_sealed = "body" in row and isinstance(self.table.c.body.type, LargeBinary)
        unsaid = self.unbound | {"body"} if is_sealed else self.unbound
        told = {name: _plain(value) for name, value in row.items() if name not in unsaid}
        if is_sealed and row["body"] is not None:  # none in a worker's row of an older release: its mark stays
            place = place_of(self.table, KurumNo(row["kurum_id"]), row[self.key[0]])
            told["body"] = sealer.open(row["body"], place).hex()
        return _digest(sealer, ["row", self.table.name, told])


_TURNS = frozenset({"cursor", "due_at", "claimed_by", "fence", "failures", "failing_since", "taken_at", "deliveries"})

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
        Bound(kullanici, unbound=frozenset({"entered_at", "totp_step"}), edition=2),
        Bound(recovery_code, several="digest", owner=kullanici, edition=2),
        Bound(broken_glass, edition=2),
        Bound(webhook, unbound=_TURNS, edition=2),
        Bound(kurum_limit, edition=2),
        Bound(duyuru, edition=2),
        Bound(duyuru_alindi, about_people=True, edition=2),
        Bound(erased_party, about_people=True, edition=2),
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
        marks |= {bound.named(sealer, key): None for key in several}
        for row in bound.read(tx, kurum_no, {key[0] for key in several if key}):
            name = bound.name(sealer, row)
            if name in marks:
                marks[name] = bound.mark(sealer, row)
    return marks


def all_marks(tx: Connection, sealer: Sealer, kurum_no: KurumNo, edition: int) -> Iterator[Marks]:
    """Every row of one customer in the tables of a edition, in portions of one entry each."""
    for bound in (each for each in TABLES.values() if each.edition == edition):
        rows = bound.read(tx, kurum_no)
        while several := list(islice(rows, AT_ONCE)):
            marks: dict[str, str | None] = {
                bound.name(sealer, row): bound.mark(sealer, row) for row in several if not is_fresh(bound, row)
            }
            if marks:
                yield {bound.table.name: marks}


def is_fresh(bound: Bound, row: Row) -> bool:
    """A customer of whom nothing was told yet; that it exists stands in the entries of its keys."""
    return bound.table is kurum and row["tur"] is None and row["follows_served"] is None


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
