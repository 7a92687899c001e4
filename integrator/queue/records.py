"""Accepted records and the idempotency key: the customer's id says whether a record was here before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Kayit
from integrator.store.prepared import Prepared
from integrator.store.rows import insert_rows
from integrator.store.tables import bildirim, content_key, kayit, kayit_trace

# Built once, like every statement that each accepted record needs: SQLAlchemy takes five times as long to build and
# name one anew as to run it.
_KNOWN = Prepared(
    select(kayit.c.kayit_no, kayit.c.fingerprint).where(
        kayit.c.kurum_id == bindparam("kurum"), kayit.c.kayit_no.in_(bindparam("several", expanding=True))
    )
)


def known_records(tx: Connection, kurum: KurumNo, kayit_no_list: Sequence[str]) -> dict[str, bytes]:
    """kayit_no -> fingerprint of those already accepted."""
    return dict(_KNOWN.all(tx, kurum=kurum, several=kayit_no_list))


def sorgu_no_of(tx: Connection, kurum: KurumNo, kayit_no: str) -> list[int]:
    """The numbers of a record's messages, in the order of its parts."""
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.kayit_no == kayit_no)
    return list(tx.execute(select(bildirim.c.sorgu_no).where(*mine).order_by(bildirim.c.part)).scalars())


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record on its way into the database: its body and its content key are sealed."""

    kurum: KurumNo
    kayit: Kayit
    fingerprint: bytes
    body: bytes
    content_key: bytes
    traceparent: str = ""


def put_records(tx: Connection, several: Sequence[NewRecord], *, now: datetime) -> None:
    """Store them, with the traces they came with. A second row of one id raises IntegrityError: the race was lost."""
    insert_rows(tx, kayit, [_row(each, now) for each in several])
    insert_rows(tx, content_key, [{**_key(each), "sealed": each.content_key} for each in several])
    traces = [{**_key(each), "traceparent": each.traceparent} for each in several if each.traceparent]
    insert_rows(tx, kayit_trace, traces)


def content_keys_of(tx: Connection, records: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
    """(kurum, kayit_no) -> the sealed content key, of those of `records` that have one."""
    wanted: dict[str, list[str]] = {}
    for kurum, kayit_no in records:
        wanted.setdefault(kurum, []).append(kayit_no)
    found: dict[tuple[str, str], bytes] = {}
    for kurum, several in wanted.items():
        mine = select(content_key).where(content_key.c.kurum_id == kurum, content_key.c.kayit_no.in_(several))
        found |= {(kurum, row.kayit_no): row.sealed for row in tx.execute(mine)}
    return found


def content_key_of(tx: Connection, kurum: KurumNo, kayit_no: str) -> bytes | None:
    """The sealed content key of one record; None for one from before there were any."""
    return content_keys_of(tx, [(kurum, kayit_no)]).get((kurum, kayit_no))


def stored_since(
    tx: Connection,
    veri_seti: str,
    since: datetime,
    *,
    kurum: KurumNo | None = None,
    after: tuple[str, str] | None = None,
    limit: int,
) -> Sequence[Any]:
    """(kurum_id, kayit_no, body, content_key) of a set's records not erased and received since, by key."""
    same = (content_key.c.kurum_id == kayit.c.kurum_id) & (content_key.c.kayit_no == kayit.c.kayit_no)
    columns = select(kayit.c.kurum_id, kayit.c.kayit_no, kayit.c.body, content_key.c.sealed.label("content_key"))
    query = columns.outerjoin_from(kayit, content_key, same)
    query = query.where(kayit.c.veri_seti == veri_seti, kayit.c.received_at >= since)
    query = query.where(or_(content_key.c.sealed.is_(None), func.substr(content_key.c.sealed, 1, 1) != b"\0"))
    if kurum is not None:
        query = query.where(kayit.c.kurum_id == kurum)
    if after is not None:
        behind = (kayit.c.kurum_id == after[0]) & (kayit.c.kayit_no > after[1])
        query = query.where((kayit.c.kurum_id > after[0]) | behind)
    return tx.execute(query.order_by(kayit.c.kurum_id, kayit.c.kayit_no).limit(limit)).all()


def _key(each: NewRecord) -> dict[str, Any]:
    return {"kurum_id": each.kurum, "kayit_no": each.kayit.kayit_no}


def _row(each: NewRecord, now: datetime) -> dict[str, Any]:
    return {
        **_key(each),
        "fingerprint": each.fingerprint,
        "veri_seti": each.kayit.veri_seti,
        "version": each.kayit.version,
        "event_date": each.kayit.event_date,
        "received_at": now,
        "body": each.body,
    }


def trace_of(tx: Connection, kurum: KurumNo, kayit_no: str) -> str:
    """The trace that a record came with; empty when it came with none."""
    mine = (kayit_trace.c.kurum_id == kurum, kayit_trace.c.kayit_no == kayit_no)
    told: str | None = tx.execute(select(kayit_trace.c.traceparent).where(*mine)).scalar_one_or_none()
    return told or ""
