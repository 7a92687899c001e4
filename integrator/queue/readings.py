"""What people ask the outbox: counts, one message's life, what waits and why. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import State
from integrator.queue.records import content_key_of
from integrator.store.tables import bildirim, bildirim_body, content_key, deneme, kayit, sonuc

_TO_DO = (State.QUEUED.value, State.SENDING.value, State.UNCERTAIN.value, State.PENDING.value)


def count_states(tx: Connection) -> dict[str, int]:
    """State -> how many messages stand there."""
    rows = tx.execute(select(bildirim.c.state, func.count()).group_by(bildirim.c.state))
    return {row[0]: row[1] for row in rows}


def count_codes(tx: Connection) -> dict[str, int]:
    """The ministry's (or our) last word -> how many messages carry it."""
    rows = tx.execute(select(bildirim.c.last_code, func.count()).group_by(bildirim.c.last_code))
    return {code or "-": count for code, count in rows}


def count_denemeler(tx: Connection) -> dict[str, int]:
    """Outcome -> attempts that ended so."""
    rows = tx.execute(select(deneme.c.outcome, func.count()).group_by(deneme.c.outcome))
    return {outcome or "unfinished": count for outcome, count in rows}


def count_kayit(tx: Connection) -> int:
    """How many records were accepted."""
    return tx.execute(select(func.count()).select_from(kayit)).scalar_one()


def next_due(tx: Connection) -> datetime | None:
    """When the gateway has something to do by itself; None when nothing is left to do."""
    due: datetime | None = tx.execute(
        select(func.min(bildirim.c.due_at)).where(bildirim.c.state.in_(_TO_DO))
    ).scalar_one()
    return due


def held_by_cause(tx: Connection) -> list[dict[str, Any]]:
    """Messages that wait for a person, by cause: one row for many with the same cause."""
    waiting = (State.HELD.value, State.QUARANTINED.value, State.AWAITING_SIGNATURE.value, State.REFUSED.value)
    columns = (bildirim.c.state, bildirim.c.last_code, bildirim.c.reason)
    query = select(*columns, func.count().label("count"), func.min(bildirim.c.sorgu_no).label("example"))
    rows = tx.execute(query.where(bildirim.c.state.in_(waiting)).group_by(*columns).order_by(func.count().desc()))
    return [dict(row) for row in rows.mappings()]


def read_one(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo) -> dict[str, Any]:
    """One message's row, its attempts, its sealed body, and its record's sealed content key; raises NotFound."""
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no == sorgu_no)
    row = tx.execute(select(bildirim).where(*mine)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no bildirim {sorgu_no} of this customer")
    tries = select(deneme).where(deneme.c.kurum_id == kurum, deneme.c.sorgu_no == sorgu_no)
    body = select(bildirim_body).where(bildirim_body.c.kurum_id == kurum, bildirim_body.c.sorgu_no == sorgu_no)
    parts = select(sonuc.c.refused_parts).where(sonuc.c.kurum_id == kurum, sonuc.c.sorgu_no == sorgu_no)
    return {
        "row": dict(row),
        "denemeler": [dict(each) for each in tx.execute(tries.order_by(deneme.c.deneme_no)).mappings()],
        "body": dict(tx.execute(body).mappings().one()),
        "refused_parts": tx.execute(parts).scalar_one_or_none(),
        "content_key": content_key_of(tx, kurum, row["kayit_no"]),
    }


def read_page(
    tx: Connection, kurum: KurumNo, *, state: State | None = None, kayit_no: str = "", after: int = 0, limit: int
) -> list[dict[str, Any]]:
    """A customer's messages behind number `after`, in the order of their numbers; without keys and bodies."""
    columns = [each for each in bildirim.c if each.name not in _NOT_SHOWN]
    query = select(*columns).where(bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no > after)
    if state is not None:
        query = query.where(bildirim.c.state == state.value)
    if kayit_no:
        query = query.where(bildirim.c.kayit_no == kayit_no)
    return [dict(row) for row in tx.execute(query.order_by(bildirim.c.sorgu_no).limit(limit)).mappings()]


def read_rows(tx: Connection, kurum: KurumNo, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Number -> row of those of a customer's messages, as they stand now."""
    mine = select(bildirim).where(bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no.in_(list(numbers)))
    return {row["sorgu_no"]: dict(row) for row in tx.execute(mine).mappings()}


_NOT_SHOWN = frozenset({"kurum_id", "isyeri_index", "profesyonel_index", "fence", "claimed_by"})


def awaiting(tx: Connection, kurum: KurumNo) -> list[tuple[SorguNo, datetime, bytes, str, bytes | None]]:
    """(number, since when, sealed canonical bytes, record, its sealed content key) of what awaits a signature.

    Oldest first.
    """
    same = (bildirim.c.kurum_id == bildirim_body.c.kurum_id) & (bildirim.c.sorgu_no == bildirim_body.c.sorgu_no)
    row = bildirim.c
    key_of = (content_key.c.kurum_id == row.kurum_id) & (content_key.c.kayit_no == row.kayit_no)
    columns = select(row.sorgu_no, row.created_at, row.kayit_no, bildirim_body.c.canonical, content_key.c.sealed)
    query = columns.join_from(bildirim, bildirim_body, same).outerjoin(content_key, key_of)
    mine = query.where(bildirim.c.kurum_id == kurum, bildirim.c.state == State.AWAITING_SIGNATURE.value)
    rows = tx.execute(mine.order_by(row.created_at, row.sorgu_no))
    return [(SorguNo(r.sorgu_no), r.created_at, r.canonical, r.kayit_no, r.sealed) for r in rows]
