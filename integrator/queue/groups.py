"""Messages that wait for a person, by cause: one cause is one thing to mend, however many messages wait for it.

A cause is state, code and reason; beside that the workplace when its roster is at fault (212), workplace and
professional when their contract is (213), the professional when a signature is awaited, and the form when it is
stopped. Workplace and professional are blind indexes: no identity number is needed to find or to name a group.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, literal, select, update

from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Form, Moved
from integrator.domain.states import State, advance
from integrator.queue.fair import BY_HAND
from integrator.queue.outbox import afresh
from integrator.store.tables import bildirim

RELATION = "relation"
ROSTER, CONTRACT = "212", "213"
WAITING = (State.HELD, State.QUARANTINED, State.AWAITING_SIGNATURE, State.REFUSED)


@dataclass(frozen=True, slots=True)
class Cause:
    """What keeps a group of one customer's messages. A part that does not tell groups apart is empty."""

    kurum: KurumNo
    state: State
    code: str
    reason: str
    form: Form | None = None
    isyeri_index: str = ""
    profesyonel_index: str = ""

    @property
    def cause_id(self) -> str:
        """A short name that a person can type: the code, or where there is none the reason, and eight signs."""
        told = json.dumps(asdict(self), sort_keys=True).encode()
        return f"{self.code or self.reason.partition(':')[0] or self.state}-{sha256(told).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Group:
    """A cause and the messages that wait for it: how many, since when, the first and the last number.

    `newest` is when the last of them came to stand there, `fresh` how many did after the moment that was asked about.
    """

    cause: Cause
    count: int
    since: datetime
    first: SorguNo
    last: SorguNo
    newest: datetime
    fresh: int = 0


def read_groups(tx: Connection, kurum: KurumNo, *, since: datetime | None = None) -> list[Group]:
    """Every cause for which a message waits, the largest group first; `since` tells which count as fresh."""
    rows = bildirim.c
    parted = select(
        rows.state,
        rows.last_code,
        rows.reason,
        rows.changed_at,
        rows.sorgu_no,
        *(case((rows.state == State.QUARANTINED.value, rows[name]), else_="").label(name) for name in _FORM),
        case((_by_workplace(), rows.isyeri_index), else_="").label("isyeri_index"),
        case((_by_professional(), rows.profesyonel_index), else_="").label("profesyonel_index"),
    ).where(rows.kurum_id == kurum, rows.state.in_([state.value for state in WAITING]))
    inner = parted.subquery()
    keys = [inner.c[name] for name in ("state", "last_code", "reason", *_FORM, "isyeri_index", "profesyonel_index")]
    counted = select(
        *keys,
        func.count().label("count"),
        func.min(inner.c.changed_at).label("since"),
        func.min(inner.c.sorgu_no).label("first"),
        func.max(inner.c.sorgu_no).label("last"),
        func.max(inner.c.changed_at).label("newest"),
        func.sum(case((inner.c.changed_at >= since, 1), else_=0) if since else literal(0)).label("fresh"),
    ).group_by(*keys)
    found = [_group(kurum, row) for row in tx.execute(counted).mappings()]
    return sorted(found, key=lambda each: (-each.count, each.first))


def read_kept_back(tx: Connection, kurum: KurumNo, why: str, *, since: datetime | None = None) -> list[Group]:
    """All that is queued of a customer for whom nothing may be sent (queue/standing.py), as one group; or none."""
    if not why:
        return []
    row, cause = bildirim.c, Cause(kurum, State.QUEUED, "", why)
    told = (func.count(), func.min(row.changed_at), func.min(row.sorgu_no), func.max(row.sorgu_no))
    fresh = func.sum(case((row.changed_at >= since, 1), else_=0)) if since else literal(0)
    query = select(*told, func.max(row.changed_at), fresh).where(*of_cause(cause))
    count, first_at, first, last, newest, new = tx.execute(query).one()
    return [Group(cause, count, first_at, SorguNo(first), SorguNo(last), newest, new)] if count else []


_FORM = ("veri_seti", "version", "metot")


def _by_workplace() -> ColumnElement[bool]:
    return and_(bildirim.c.state == State.HELD.value, bildirim.c.reason == RELATION)


def _by_professional() -> ColumnElement[bool]:
    return and_(_by_workplace(), bildirim.c.last_code == CONTRACT) | (
        bildirim.c.state == State.AWAITING_SIGNATURE.value
    )


def cause_of(kurum: KurumNo, row: Mapping[str, Any]) -> Cause | None:
    """The cause for which one message waits, by its row of `bildirim`; None for one that waits for nobody."""
    state, code, reason = State(row["state"]), row["last_code"], row["reason"]
    if state not in WAITING:
        return None
    form = Form(row["veri_seti"], row["version"], row["metot"]) if state is State.QUARANTINED else None
    by_workplace = state is State.HELD and reason == RELATION
    by_professional = state is State.AWAITING_SIGNATURE or (by_workplace and code == CONTRACT)
    workplace = row["isyeri_index"] if by_workplace else ""
    return Cause(kurum, state, code, reason, form, workplace, row["profesyonel_index"] if by_professional else "")


def _group(kurum: KurumNo, row: Any) -> Group:
    form = Form(row["veri_seti"], row["version"], row["metot"]) if row["veri_seti"] else None
    cause = Cause(
        kurum,
        State(row["state"]),
        row["last_code"],
        row["reason"],
        form,
        row["isyeri_index"],
        row["profesyonel_index"],
    )
    counted = (row["count"], row["since"], SorguNo(row["first"]), SorguNo(row["last"]))
    return Group(cause, *counted, row["newest"], int(row["fresh"]))


Conditions = Sequence[ColumnElement[bool]]


def of_cause(cause: Cause) -> Conditions:
    """The messages that wait for `cause` at the moment the query runs."""
    row = bildirim.c
    if cause.state is State.QUEUED:  # kept back: whatever came before
        return [row.kurum_id == cause.kurum, row.state == cause.state.value]
    found = [
        row.kurum_id == cause.kurum,
        row.state == cause.state.value,
        row.last_code == cause.code,
        row.reason == cause.reason,
    ]
    if cause.form:
        found += of_stopped(cause.form)
    if cause.state is State.HELD and cause.reason == RELATION:
        found.append(row.isyeri_index == cause.isyeri_index)
    if cause.state is State.AWAITING_SIGNATURE or (cause.reason == RELATION and cause.code == CONTRACT):
        found.append(row.profesyonel_index == cause.profesyonel_index)
    return found


def of_stopped(form: Form, *, but: str = "") -> Conditions:
    """Quarantined messages of one form, of every customer, but those with the reason `but`."""
    row = bildirim.c
    found = [
        row.state == State.QUARANTINED.value,
        row.veri_seti == form.veri_seti,
        row.version == form.version,
        row.metot == form.metot,
    ]
    return [*found, row.reason != but] if but else found


def of_workplace(
    kurum: KurumNo, isyeri_index: str, *, profesyonel_index: str = "", codes: Sequence[str] = ()
) -> Conditions:
    """Messages held because workplace, professional and worker do not belong together, of one workplace."""
    row = bildirim.c
    found = [row.kurum_id == kurum, row.state == State.HELD.value, row.reason == RELATION]
    found.append(row.isyeri_index == isyeri_index)
    if profesyonel_index:
        found.append(row.profesyonel_index == profesyonel_index)
    return [*found, row.last_code.in_(codes)] if codes else found


def take(tx: Connection, selected: Conditions, *, after: int, limit: int) -> list[tuple[KurumNo, SorguNo]]:
    """Lock up to `limit` messages above the number `after` which still are in the group, in the order of numbers."""
    mine = select(bildirim.c.kurum_id, bildirim.c.sorgu_no).where(*selected, bildirim.c.sorgu_no > after)
    rows = tx.execute(mine.order_by(bildirim.c.sorgu_no).limit(limit).with_for_update())
    return [(KurumNo(row.kurum_id), SorguNo(row.sorgu_no)) for row in rows]


def is_left(tx: Connection, selected: Conditions, *, after: int) -> bool:
    """Whether somebody above `after` is in the group. `take` may come back empty because another took the same rows."""
    return tx.execute(select(exists().where(*selected, bildirim.c.sorgu_no > after))).scalar_one()


def move(
    tx: Connection, taken: Sequence[tuple[KurumNo, SorguNo]], start: State, end: State, *, now: datetime
) -> list[Moved]:
    """Move messages that `take` holds from `start` to `end`, as a person's act."""
    advance(start, end)
    values: dict[str, Any] = {"state": end.value, "due_at": now, "changed_at": now, "reason": BY_HAND}
    if end in (State.QUEUED, State.UNCERTAIN):
        values |= afresh(end, now)
    numbers = [number for _, number in taken]
    tx.execute(update(bildirim).where(bildirim.c.sorgu_no.in_(numbers)).values(**values))
    return [Moved(number, kurum, start, end, {}) for kurum, number in taken]
