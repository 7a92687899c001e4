"""Accepted records and the idempotency key: the customer's id says whether a record was here before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Kayit
from integrator.store.rows import insert_rows
from integrator.store.tables import bildirim, kayit


def known_records(tx: Connection, kurum: KurumNo, kayit_no_list: Sequence[str]) -> dict[str, bytes]:
    """kayit_no -> fingerprint of those already accepted."""
    query = select(kayit.c.kayit_no, kayit.c.fingerprint)
    rows = tx.execute(query.where(kayit.c.kurum_id == kurum, kayit.c.kayit_no.in_(list(kayit_no_list))))
    return {row.kayit_no: row.fingerprint for row in rows}


def sorgu_no_of(tx: Connection, kurum: KurumNo, kayit_no: str) -> list[int]:
    """The numbers of a record's messages, in the order of its parts."""
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.kayit_no == kayit_no)
    return list(tx.execute(select(bildirim.c.sorgu_no).where(*mine).order_by(bildirim.c.part)).scalars())


def put_records(tx: Connection, kurum: KurumNo, rows: Sequence[tuple[Kayit, bytes, bytes]], *, now: datetime) -> None:
    """Store (record, fingerprint, sealed body). A second row of one id raises IntegrityError: the race was lost."""
    insert_rows(tx, kayit, [_row(kurum, *row, now) for row in rows])


def stored_since(
    tx: Connection,
    veri_seti: str,
    since: datetime,
    *,
    kurum: KurumNo | None = None,
    after: tuple[str, str] | None = None,
    limit: int,
) -> Sequence[Any]:
    """(kurum_id, kayit_no, body) of a set's records received since, in key order, behind `after`."""
    query = select(kayit.c.kurum_id, kayit.c.kayit_no, kayit.c.body)
    query = query.where(kayit.c.veri_seti == veri_seti, kayit.c.received_at >= since)
    if kurum is not None:
        query = query.where(kayit.c.kurum_id == kurum)
    if after is not None:
        behind = (kayit.c.kurum_id == after[0]) & (kayit.c.kayit_no > after[1])
        query = query.where((kayit.c.kurum_id > after[0]) | behind)
    return tx.execute(query.order_by(kayit.c.kurum_id, kayit.c.kayit_no).limit(limit)).all()


def _row(kurum: KurumNo, record: Kayit, fingerprint: bytes, body: bytes, now: datetime) -> dict[str, Any]:
    return {
        "kurum_id": kurum,
        "kayit_no": record.kayit_no,
        "fingerprint": fingerprint,
        "veri_seti": record.veri_seti,
        "version": record.version,
        "event_date": record.event_date,
        "received_at": now,
        "body": body,
    }
