"""Answers to look-ups, kept per customer. Keys are blind indexes, contents are sealed: no column names a person.

An answer older than `FRESH_FOR` counts for nothing; it stays until a refresh replaces it, because its sealed content
is what the refresh asks again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select

from integrator.domain.identifiers import KurumNo
from integrator.domain.parties import Isyeri, Sigorta, Yetki
from integrator.protect.seal import Sealer
from integrator.store.prepared import Prepared
from integrator.store.tables import calisan_sigorta, isyeri, profesyonel_yetki

FRESH_FOR = timedelta(hours=24)
"""domain INT-B2: verifications are cached for a day at most."""

MOST_NEGATIVE = 10_000
_NEGATIVE = [
    Prepared(
        select(table.c.blind_index)
        .where(table.c.kurum_id == bindparam("kurum"), table.c.holds == 0, table.c.seen_at >= bindparam("since"))
        .limit(MOST_NEGATIVE)
    )
    for table in (profesyonel_yetki, calisan_sigorta)
]
Subject = Isyeri | Yetki | Sigorta
_TABLES: Mapping[type[Subject], Table] = {Isyeri: isyeri, Yetki: profesyonel_yetki, Sigorta: calisan_sigorta}
TABLES = tuple(_TABLES.values())


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer: about whom, yes or no, from which metot and when."""

    subject: Subject
    holds: bool
    source: str
    seen_at: datetime


def blind_index(sealer: Sealer, subject: Subject) -> str:
    """The keyed digest that stands for `subject`; the same only for the same customer and question."""
    parts = [subject.sgk_tescil_no]
    if isinstance(subject, Yetki):
        parts += [subject.professional, subject.belge_tipi]
    elif isinstance(subject, Sigorta):
        parts.append(subject.worker)
    return sealer.fingerprint(f"{type(subject).__name__}/{'/'.join(parts)}".encode()).hex()


def put(tx: Connection, sealer: Sealer, kurum: KurumNo, seen: Seen) -> dict[Table, list[tuple[str]]]:
    """Write an answer over the one before it; returns its table and key."""
    table, index = _TABLES[type(seen.subject)], blind_index(sealer, seen.subject)
    mine = (table.c.kurum_id == kurum, table.c.blind_index == index)
    content = json.dumps(asdict(seen.subject), ensure_ascii=False).encode()
    tx.execute(delete(table).where(*mine))
    tx.execute(
        insert(table).values(
            kurum_id=kurum,
            blind_index=index,
            holds=int(seen.holds),
            body=sealer.seal(content, place_of(table, kurum, index)),
            source=seen.source,
            seen_at=seen.seen_at,
        )
    )
    return {table: [(index,)]}


def read_fresh(tx: Connection, sealer: Sealer, kurum: KurumNo, subject: Subject, *, now: datetime) -> Seen | None:
    """The answer about `subject` when it is not older than a day."""
    table = _TABLES[type(subject)]
    mine = (table.c.kurum_id == kurum, table.c.blind_index == blind_index(sealer, subject))
    row = tx.execute(select(table).where(*mine, table.c.seen_at >= now - FRESH_FOR)).one_or_none()
    return _seen(row, table, type(subject), sealer, kurum) if row else None


def read_workplaces(
    tx: Connection, sealer: Sealer, kurum: KurumNo, numbers: Iterable[str], *, now: datetime
) -> dict[str, Isyeri]:
    """The workplaces of `numbers` that the ministry knew within the last day, as it told them."""
    by_index = {blind_index(sealer, Isyeri(each)): each for each in numbers}
    fresh = (isyeri.c.kurum_id == kurum, isyeri.c.holds == 1, isyeri.c.seen_at >= now - FRESH_FOR)
    found: dict[str, Isyeri] = {}
    for row in tx.execute(select(isyeri).where(*fresh, isyeri.c.blind_index.in_(by_index))).all():
        subject = _seen(row, isyeri, Isyeri, sealer, kurum).subject
        assert isinstance(subject, Isyeri)
        found[by_index[row.blind_index]] = subject
    return found


def read_stale(tx: Connection, sealer: Sealer, kurum: KurumNo, *, now: datetime) -> Iterator[Seen]:
    """Every answer of this customer that is older than a day."""
    for kind, table in _TABLES.items():
        rows = tx.execute(select(table).where(table.c.kurum_id == kurum, table.c.seen_at < now - FRESH_FOR))
        for row in rows.all():
            yield _seen(row, table, kind, sealer, kurum)


def forget(tx: Connection, sealer: Sealer, kurum: KurumNo, person: str) -> dict[Table, list[tuple[str]]]:
    """Delete every answer that names this person; returns which. Each is opened: an index is of a whole question."""
    found: dict[Table, list[tuple[str]]] = {}
    for kind, table in _TABLES.items():
        for row in tx.execute(select(table).where(table.c.kurum_id == kurum)).all():
            if person in asdict(_seen(row, table, kind, sealer, kurum).subject).values():
                tx.execute(delete(table).where(table.c.kurum_id == kurum, table.c.blind_index == row.blind_index))
                found.setdefault(table, []).append((row.blind_index,))
    return found


def _seen(row: Any, table: Table, kind: type[Subject], sealer: Sealer, kurum: KurumNo) -> Seen:
    subject = kind(**json.loads(sealer.open(row.body, place_of(table, kurum, row.blind_index))))
    return Seen(subject, bool(row.holds), row.source, row.seen_at)


def place_of(table: Table, kurum: KurumNo, index: str) -> bytes:
    """What an answer's sealed content is bound to."""
    return f"{table.name}/{kurum}/{index}".encode()


@dataclass(frozen=True, slots=True)
class Doubts:
    """The fresh answers "no" of one customer: what a record may be warned about without asking anybody."""

    sealer: Sealer | None = field(default=None, repr=False)
    indexes: frozenset[str] = frozenset()

    def about(self, subject: Subject) -> bool:
        """Whether the ministry said "no" about `subject` within the last day. False when nothing is known."""
        return bool(self.indexes) and self.sealer is not None and blind_index(self.sealer, subject) in self.indexes


def read_doubts(tx: Connection, sealer: Sealer, kurum: KurumNo, *, now: datetime) -> Doubts:
    """The customer's fresh answers "no"; two short reads of an index, nothing when there are none."""
    mine = {"kurum": kurum, "since": now - FRESH_FOR}
    return Doubts(sealer, frozenset(row.blind_index for each in _NEGATIVE for row in each.all(tx, **mine)))
