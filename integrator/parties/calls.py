"""Calls that carry an Idempotency-Key: one row from the moment the call is taken until its answer's time is over.

A row says who called (by a keyed digest), what was asked (a keyed fingerprint), whether an act was committed under it,
and the answer, sealed. `note_act` runs in the transaction of the act itself, so a process that dies between the act and
its answer leaves a row that says so (docs/decisions/0029).
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, select, update

from integrator.domain.errors import Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.store.rows import insert_rows
from integrator.store.tables import api_call

LEASE = timedelta(seconds=60)
"""How long a call without an answer is believed to be under way; a process that died is noticed after it."""

# built once: every keyed call needs them
_OF_KURUM = api_call.c.kurum_id == bindparam("of")
_THIS = (_OF_KURUM, api_call.c.call_id == bindparam("call"))
_FORGET = delete(api_call).where(_OF_KURUM, api_call.c.ends_at <= bindparam("now"))
_FIND = select(api_call).where(*_THIS).with_for_update()
_COUNT = select(func.count()).select_from(
    select(api_call.c.call_id).where(_OF_KURUM).limit(bindparam("at_most")).subquery()
)
_KEEP = update(api_call).where(*_THIS, api_call.c.turn == bindparam("by")).values(answer=bindparam("sealed"))


@dataclass(frozen=True, slots=True)
class Call:
    """One call: whose, and its digest. `turn` counts who took it up; only the newest may write its answer."""

    kurum: KurumNo
    call_id: str
    turn: int = 1


class Standing(Enum):
    """How a call that comes in stands to what is known of its key."""

    FRESH = "nobody called so: go on"
    BROKEN_OFF = "its process died, or it failed on our side, before any act was committed: go on"
    ACTED = "its process died after an act was committed and before its answer was kept"
    UNDER_WAY = "it is being worked on"
    OTHER = "the key was used for another call"
    ANSWERED = "its answer is kept"


CALL: ContextVar[Call | None] = ContextVar("call", default=None)
"""The keyed call under which this thread or task acts."""


def take(
    tx: Connection, call: Call, fingerprint: bytes, *, now: datetime, keeps: timedelta, at_most: int
) -> tuple[Standing, Call]:
    """Take the call up, or say why not. Raises Unavailable when its customer has `at_most` answers kept already."""
    tx.execute(_FORGET, {"of": call.kurum, "now": now})
    row = tx.execute(_FIND, {"of": call.kurum, "call": call.call_id}).one_or_none()
    if row is None:
        _require_room(tx, call.kurum, at_most)
        values = {"kurum_id": call.kurum, "call_id": call.call_id, "fingerprint": fingerprint, "turn": 1, "acted": 0}
        insert_rows(tx, api_call, [{**values, "until_at": now + LEASE, "ends_at": now + keeps}])
        return Standing.FRESH, call
    found = replace(call, turn=row.turn)
    if row.fingerprint != fingerprint:
        return Standing.OTHER, found
    if row.answer is not None:
        return Standing.ANSWERED, found
    if row.until_at > now:
        return Standing.UNDER_WAY, found
    tx.execute(
        update(api_call).where(*_mine(call)).values(turn=row.turn + 1, until_at=now + LEASE, ends_at=now + keeps)
    )
    return Standing.ACTED if row.acted else Standing.BROKEN_OFF, replace(call, turn=row.turn + 1)


def _require_room(tx: Connection, kurum: KurumNo, at_most: int) -> None:
    if tx.execute(_COUNT, {"of": kurum, "at_most": at_most}).scalar_one() >= at_most:
        raise Unavailable(f"{at_most} answers are kept for this customer", retry_after=LEASE)


def note_act(tx: Connection) -> None:
    """In the transaction of an act: the call under which it happens, if any, has acted now."""
    call = CALL.get()
    if call is not None:
        tx.execute(update(api_call).where(*_mine(call)).values(acted=1))


def keep_answer(tx: Connection, call: Call, sealed: bytes) -> None:
    """Keep the sealed answer; a call that another took up meanwhile keeps that one's."""
    tx.execute(_KEEP, {"of": call.kurum, "call": call.call_id, "by": call.turn, "sealed": sealed})


def let_go(tx: Connection, call: Call, *, now: datetime) -> None:
    """It failed on our side: the same call may come again at once, and whether it acted stays known."""
    mine = (*_mine(call), api_call.c.turn == call.turn)
    tx.execute(delete(api_call).where(*mine, api_call.c.acted == 0))
    tx.execute(update(api_call).where(*mine).values(until_at=now))


def forget_answers(tx: Connection, kurum: KurumNo, *, now: datetime) -> None:
    """What was answered to a customer is known no more; what was carried out is not done again."""
    kept = (api_call.c.kurum_id == kurum, api_call.c.answer.is_not(None))
    tx.execute(update(api_call).where(*kept).values(answer=None, until_at=now))


def forget_ended(tx: Connection, *, now: datetime) -> None:
    """Rows whose time is over go, of customers too who call no more."""
    tx.execute(delete(api_call).where(api_call.c.ends_at <= now))


def read_answer(tx: Connection, call: Call) -> bytes | None:
    """The sealed answer."""
    return tx.execute(select(api_call.c.answer).where(*_mine(call))).scalar_one_or_none()


def _mine(call: Call) -> tuple[ColumnElement[bool], ...]:
    return api_call.c.kurum_id == call.kurum, api_call.c.call_id == call.call_id
