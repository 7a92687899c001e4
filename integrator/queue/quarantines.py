"""Forms that are stopped because our own fault is suspected: the row of a form decides, for as long as it is open.

Whoever puts messages into the queue holds their form's row in share until commit; whoever stops or lifts a form
holds it alone. So on either database no message of a stopped form slips in between (docs/decisions/0016).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select, update

from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Form, Moved
from integrator.domain.states import State, advance
from integrator.queue import outbox
from integrator.store.dialect import insert_new
from integrator.store.prepared import Prepared
from integrator.store.tables import bildirim, quarantine

FORM_BY_HAND = "stopped_form"
"""Reason beside a message whose form a person stopped."""

ONE_BY_HAND = "stopped_one"
"""Reason beside a message that a person stopped by itself; lifting its form leaves it where it is."""

_KEY = (quarantine.c.veri_seti, quarantine.c.version, quarantine.c.metot)
_ROW = select(quarantine).where(*(column == bindparam(column.name) for column in _KEY))
_LOCKS = {share: Prepared(_ROW.with_for_update(read=share)) for share in (True, False)}


@dataclass(frozen=True, slots=True)
class Stop:
    """A form in quarantine: the ministry's code that caused it, the reason its messages carry, and since when."""

    form: Form
    code: str
    reason: str
    since: datetime


def read_open(tx: Connection) -> list[Stop]:
    """Every form in quarantine."""
    rows = tx.execute(select(quarantine).where(*_open()).order_by(*_KEY))
    return [_stop(row) for row in rows]


def hold(tx: Connection, forms: Iterable[Form], *, alone: Iterable[Form] = ()) -> dict[Form, Stop]:
    """Hold the rows of `forms` in share, and those of `alone` alone, until commit; returns those in quarantine."""
    exclusive = frozenset(alone)
    found: dict[Form, Stop] = {}
    for form in sorted({*forms, *exclusive}, key=_key):
        row = _lock(tx, form, share=form not in exclusive) or _make(tx, form, share=form not in exclusive)
        if row.since is not None and row.lifted_at is None:
            found[form] = _stop(row)
    return found


def begin(tx: Connection, form: Form, *, code: str, reason: str, now: datetime) -> bool:
    """Stop a form; False when it is stopped already, which keeps its first cause."""
    if form in hold(tx, (), alone=(form,)):
        return False
    values = {"code": code, "reason": reason, "since": now, "lifted_at": None}
    tx.execute(update(quarantine).where(*_is(form)).values(**values))
    return True


def lift(tx: Connection, form: Form, *, now: datetime) -> bool:
    """End a form's quarantine; its messages are released beside this. False when it was not stopped."""
    if form not in hold(tx, (), alone=(form,)):
        return False
    tx.execute(update(quarantine).where(*_is(form)).values(lifted_at=now))
    return True


def catch(tx: Connection, moved: Sequence[Moved], *, now: datetime, forms: Iterable[Form] | None = None) -> list[Moved]:
    """Stop those of `moved` that were just put into the queue although their form is in quarantine.

    `forms` are those of the messages, where the caller knows them.
    """
    numbers = [each.sorgu_no for each in moved if each.end is State.QUEUED and each.start is not State.QUEUED]
    if not numbers:
        return []
    stops = hold(tx, _forms_of(tx, numbers) if forms is None else forms)
    return [each for stop in stops.values() for each in _stop_queued(tx, stop, numbers, now)]


def sweep(tx: Connection, *, now: datetime, limit: int) -> list[Moved]:
    """Stop what still stands in the queue under a stopped form: the rest of a large one. Claims pass it over."""
    return [
        each
        for stop in read_open(tx)
        for each in outbox.quarantine(
            tx, stop.form, code=stop.code, reason=stop.reason, now=now, limit=limit, spare_released=True
        )
    ]


def _stop_queued(tx: Connection, stop: Stop, numbers: Sequence[SorguNo], now: datetime) -> list[Moved]:
    advance(State.QUEUED, State.QUARANTINED)
    mine = (bildirim.c.sorgu_no.in_(list(numbers)), bildirim.c.state == State.QUEUED.value)
    stopped = update(bildirim).where(*mine, *outbox.of_form(stop.form))
    stopped = stopped.values(state=State.QUARANTINED.value, reason=stop.reason, last_code=stop.code, changed_at=now)
    rows = tx.execute(stopped.returning(bildirim.c.kurum_id, bildirim.c.sorgu_no)).all()
    facts: Mapping[str, Any] = {"code": stop.code, "why": stop.reason}
    return [
        Moved(SorguNo(r.sorgu_no), KurumNo(r.kurum_id), State.QUEUED, State.QUARANTINED, facts) for r in sorted(rows)
    ]


def _forms_of(tx: Connection, numbers: Sequence[SorguNo]) -> list[Form]:
    columns = select(bildirim.c.veri_seti, bildirim.c.version, bildirim.c.metot).distinct()
    rows = tx.execute(columns.where(bildirim.c.sorgu_no.in_(list(numbers))))
    return [Form(row.veri_seti, row.version, row.metot) for row in rows]


def _lock(tx: Connection, form: Form, *, share: bool) -> Row[Any] | None:
    return next(iter(_LOCKS[share].all(tx, **_named(form))), None)


def _make(tx: Connection, form: Form, *, share: bool) -> Row[Any]:
    """The row of a form that was never seen; another process may be making it at this moment."""
    insert_new(tx, quarantine, [{**_named(form), "code": "", "reason": ""}])
    made = _lock(tx, form, share=share)
    assert made is not None
    return made


def _named(form: Form) -> dict[str, str]:
    return {"veri_seti": form.veri_seti, "version": form.version, "metot": form.metot}


def _is(form: Form) -> list[ColumnElement[bool]]:
    return [column == value for column, value in zip(_KEY, _key(form), strict=True)]


def _open() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return quarantine.c.since.is_not(None), quarantine.c.lifted_at.is_(None)


def _stop(row: Row[Any]) -> Stop:
    return Stop(Form(row.veri_seti, row.version, row.metot), row.code, row.reason, row.since)


def _key(form: Form) -> tuple[str, str, str]:
    return form.veri_seti, form.version, form.metot
