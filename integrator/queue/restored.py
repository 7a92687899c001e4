"""A home that came back from a backup: closed until an operator opens it, and asking before it sends.

`meta` says so in one row (``restored``); a restored home keeps it for good, because messages that waited for a
signature or a person at the time of the backup may come into the queue much later.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, literal, null, select, update

from integrator.domain.errors import Misconfigured
from integrator.domain.identifiers import SORGU_NO_LAST
from integrator.domain.outcomes import Kind
from integrator.domain.records import Claimed, Moved, Settlement
from integrator.domain.states import State
from integrator.queue import outbox
from integrator.store.tables import bildirim, deneme, meta, sorgu_no_counter

NAME = "restored"
CODE = "restored"
_MAY_HAVE_LEFT = (State.QUEUED, State.AWAITING_SIGNATURE, State.HELD, State.QUARANTINED)


def mark(tx: Connection, *, made_at: datetime, now: datetime, numbers_ahead: int) -> int:
    """Close the home; returns how many messages will be asked about before they are sent."""
    row = bildirim.c
    waiting = row.state.in_([each.value for each in _MAY_HAVE_LEFT])
    count: int = tx.execute(update(bildirim).where(waiting).values(deneme_no=row.deneme_no + 1)).rowcount
    names = ["kurum_id", "sorgu_no", "deneme_no", "act", "started_at", "code", "ended_at"]
    attempt = select(
        row.kurum_id,
        row.sorgu_no,
        row.deneme_no,
        literal("send"),
        literal(now, deneme.c.started_at.type),
        literal(CODE),
        null(),
    )
    tx.execute(insert(deneme).from_select(names, attempt.where(waiting)))
    counter = sorgu_no_counter.c
    ahead = tx.execute(update(sorgu_no_counter).values(next=counter.next + numbers_ahead).returning(counter.next))
    if ahead.scalar_one() > SORGU_NO_LAST:
        raise Misconfigured("the eleven-digit numbers do not reach for a restored copy")
    tx.execute(delete(meta).where(meta.c.name == NAME))
    told = {"made_at": made_at.isoformat(), "restored_at": now.isoformat(), "is_open": False}
    tx.execute(insert(meta).values(name=NAME, value=json.dumps(told)))
    return count


def is_open(tx: Connection) -> bool | None:
    """Whether a restored home may send; None for one that never was restored."""
    value = tx.execute(select(meta.c.value).where(meta.c.name == NAME)).scalar_one_or_none()
    return None if value is None else bool(json.loads(value)["is_open"])


def open_it(tx: Connection) -> bool:
    """An operator lets a restored home send; False when there is nothing to open."""
    query = select(meta.c.value).where(meta.c.name == NAME).with_for_update()
    value = tx.execute(query).scalar_one_or_none()
    if value is None or json.loads(value)["is_open"]:
        return False
    told = json.loads(value) | {"is_open": True}
    tx.execute(update(meta).where(meta.c.name == NAME).values(value=json.dumps(told)))
    return True


def ask_first(tx: Connection, claimed: Sequence[Claimed], *, now: datetime) -> tuple[list[Claimed], list[Moved]]:
    """(messages to send, moves of those that the original may have sent): the latter are asked about at once."""
    unheard = (deneme.c.code == CODE, deneme.c.outcome.is_(None))
    mine = (deneme.c.kurum_id.in_({c.kurum for c in claimed}), deneme.c.sorgu_no.in_([c.sorgu_no for c in claimed]))
    doubted = set(tx.execute(select(deneme.c.sorgu_no).where(*mine, *unheard)).scalars()) if claimed else set()
    if not doubted:
        return list(claimed), []
    heard = update(deneme).where(*mine, *unheard).values(outcome=Kind.UNCERTAIN.value, ended_at=now)
    tx.execute(heard)
    asked = [each for each in claimed if each.sorgu_no in doubted]
    ends = [Settlement(c, State.UNCERTAIN, now, Kind.UNCERTAIN.value, CODE, burns_attempt=False) for c in asked]
    intents = [Moved(c.sorgu_no, c.kurum, State.QUEUED, c.state, {"deneme_no": c.deneme_no}) for c in asked]
    moved = outbox.settle(tx, ends, now=now)
    return [each for each in claimed if each.sorgu_no not in doubted], [*intents, *moved]
