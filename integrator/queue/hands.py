"""A person's hand on one message, beside releasing and cancelling it: stop it, or bring it forward."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select, update

from integrator.domain.errors import Changed
from integrator.domain.hands import Verb
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Moved
from integrator.domain.states import State
from integrator.queue.outbox import move_one, stands
from integrator.queue.verbs import require_open
from integrator.store.tables import bildirim


def version_of(row: Mapping[str, Any]) -> str:
    """What names where a message stands, by its row: it changes with every move, claim, question and person's hand."""
    told = "|".join(str(row[name]) for name in _VERSION)
    return sha256(told.encode()).hexdigest()[:16]


_VERSION = ("state", "reason", "last_code", "changed_at", "due_at", "fence", "deneme_no")


def require_unchanged(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo, version: str) -> None:
    """Lock the message; raises Changed when it no longer stands where `version` says, NotFound."""
    stands(tx, kurum, sorgu_no)
    columns = select(*(bildirim.c[name] for name in _VERSION))
    row = tx.execute(columns.where(bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no == sorgu_no)).mappings().one()
    if version_of(dict(row)) != version:
        raise Changed(f"{sorgu_no} is {row['state']}")


def stop_one(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo, *, why: str, reason: str, now: datetime) -> Moved:
    """A person stops one queued message; `why` is the reason its row carries."""
    state, before = stands(tx, kurum, sorgu_no)
    end = require_open(sorgu_no, state, before, Verb.QUARANTINE)
    return move_one(tx, kurum, sorgu_no, end, reason=reason, now=now, more={"reason": why, "last_code": ""})


def hasten(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo, *, now: datetime) -> tuple[State, datetime | None]:
    """Bring what is due later forward to now: (state, when it was due); None when it is due or under way already.

    An uncertain message is asked about, never sent; one that is being asked about keeps its lease.
    """
    state, why = stands(tx, kurum, sorgu_no)
    require_open(sorgu_no, state, why, Verb.RETRY)
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no == sorgu_no)
    row = tx.execute(select(bildirim.c.due_at, bildirim.c.claimed_by).where(*mine)).one()
    if row.due_at <= now or row.claimed_by is not None:
        return state, None
    tx.execute(update(bildirim).where(*mine).values(due_at=now, changed_at=now))
    return state, row.due_at
