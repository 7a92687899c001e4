"""Rows of erasure: legal holds, what was told of workers, certificates, and content keys that were destroyed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from integrator.domain.identifiers import KurumNo
from integrator.domain.states import SETTLED
from integrator.protect.seal import Sealer, gone
from integrator.queue import packs
from integrator.store.coverage_tables import coverage, coverage_message, coverage_worker
from integrator.store.dialect import hold, insert_new
from integrator.store.tables import (
    bildirim,
    content_key,
    destruction,
    kayit,
    legal_hold,
    retention_event,
)

ALL = ""
"""In a hold: every record of the customer."""


def tell(tx: Connection, kurum: KurumNo, person: str, event: str, on: date) -> None:
    """Write down an event of a worker (by blind index); one told before is replaced."""
    mine = (retention_event.c.kurum_id == kurum, retention_event.c.person == person, retention_event.c.event == event)
    tx.execute(delete(retention_event).where(*mine))
    tx.execute(insert(retention_event).values(kurum_id=kurum, person=person, event=event, happened_on=on))


def told(tx: Connection, kurum: KurumNo) -> dict[str, dict[str, date]]:
    """Everything told of the customer's workers."""
    found: dict[str, dict[str, date]] = {}
    for row in tx.execute(select(retention_event).where(retention_event.c.kurum_id == kurum)):
        found.setdefault(row.person, {})[row.event] = row.happened_on
    return found


def place_hold(tx: Connection, kurum: KurumNo, records: Iterable[str], *, reason: str, now: datetime) -> None:
    """Keep these records whatever their time; ALL keeps the customer's every one."""
    rows = [{"kurum_id": kurum, "kayit_no": each, "reason": reason, "placed_at": now} for each in records]
    insert_new(tx, legal_hold, rows)


def lift_hold(tx: Connection, kurum: KurumNo, records: Sequence[str]) -> int:
    """End holds; returns how many there were."""
    mine = (legal_hold.c.kurum_id == kurum, legal_hold.c.kayit_no.in_(list(records)))
    return tx.execute(delete(legal_hold).where(*mine)).rowcount


def read_holds(tx: Connection, kurum: KurumNo) -> list[Any]:
    """(kayit_no, reason, placed_at) of the customer's holds, oldest first."""
    rows = select(legal_hold).where(legal_hold.c.kurum_id == kurum).order_by(legal_hold.c.placed_at)
    return list(tx.execute(rows))


def unknown(tx: Connection, kurum: KurumNo, records: Sequence[str]) -> list[str]:
    """Those that are no records of the customer, or whose content is erased."""
    mine = (content_key.c.kurum_id == kurum, content_key.c.kayit_no.in_(list(records)))
    alive = tx.execute(select(content_key.c.kayit_no, content_key.c.sealed).where(*mine)).all()
    older = select(kayit.c.kayit_no).where(kayit.c.kurum_id == kurum, kayit.c.kayit_no.in_(list(records)))
    keyed = {row.kayit_no: row.sealed[:1] != b"\0" for row in alive}
    there = {each for each in tx.execute(older).scalars() if keyed.get(each, True)}
    return [each for each in records if each not in there]


def held(tx: Connection, kurum: KurumNo) -> dict[str, str]:
    """Record, or ALL -> why it is kept; locked, so that no hold comes in between."""
    rows = tx.execute(select(legal_hold).where(legal_hold.c.kurum_id == kurum).with_for_update())
    return {row.kayit_no: row.reason for row in rows}


def candidates(tx: Connection, kurum: KurumNo, veri_seti: Sequence[str], after: str, limit: int) -> Sequence[Any]:
    """(kayit_no, veri_seti, event_date, body, content_key) of records not erased, by id behind `after`."""
    same = (content_key.c.kurum_id == kayit.c.kurum_id) & (content_key.c.kayit_no == kayit.c.kayit_no)
    names = (kayit.c.kayit_no, kayit.c.veri_seti, kayit.c.event_date, kayit.c.body)
    query = select(*names, content_key.c.sealed.label("content_key")).outerjoin_from(kayit, content_key, same)
    mine = query.where(kayit.c.kurum_id == kurum, kayit.c.veri_seti.in_(list(veri_seti)), kayit.c.kayit_no > after)
    alive = or_(content_key.c.sealed.is_(None), func.substr(content_key.c.sealed, 1, 1) != b"\0")
    return tx.execute(mine.where(alive).order_by(kayit.c.kayit_no).limit(limit)).all()


def messages_of(tx: Connection, kurum: KurumNo, kayit_no: str) -> dict[int, str]:
    """sorgu_no -> state of a record's messages, locked."""
    query = select(bildirim.c.sorgu_no, bildirim.c.state).where(bildirim.c.kurum_id == kurum)
    rows = tx.execute(query.where(bildirim.c.kayit_no == kayit_no).order_by(bildirim.c.sorgu_no).with_for_update())
    return {row.sorgu_no: row.state for row in rows}


def places_of(tx: Connection, sealer: Sealer, kurum: KurumNo, kayit_no: str) -> dict[str, str]:
    """sorgu_no -> keyed digest of its workplace: the salt that bound the two goes with the content."""
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.kayit_no == kayit_no)
    rows = tx.execute(select(bildirim.c.sorgu_no, bildirim.c.isyeri_index).where(*mine))
    return {str(row.sorgu_no): place_mark(sealer, row.sorgu_no, row.isyeri_index) for row in rows}


def place_mark(sealer: Sealer, sorgu_no: int, isyeri_index: str) -> str:
    """What an erasure's entry says of a message's workplace."""
    return sealer.fingerprint(f"ibys/place/v1/{sorgu_no}/{isyeri_index}".encode())[:16].hex()


def has_ended(states: Iterable[str]) -> bool:
    """Whether the gateway has nothing left to do with messages that stand so."""
    return all(each in {state.value for state in SETTLED} for each in states)


def destroy(tx: Connection, kurum: KurumNo, kayit_no: str, *, day: str, named: str) -> bool:
    """Put the tombstone where the content key stood, and take away what recognises the content; False if it is there.

    The sealed bytes stay: nobody can open them. The id stays taken, so the record does not come in a second time.
    """
    mine = (content_key.c.kurum_id == kurum, content_key.c.kayit_no == kayit_no)
    stored = tx.execute(select(content_key.c.sealed).where(*mine).with_for_update()).scalar_one_or_none()
    if stored is None or stored[:1] == b"\0":
        return False
    tx.execute(update(content_key).where(*mine).values(sealed=gone(day, named)))
    tx.execute(update(kayit).where(kayit.c.kurum_id == kurum, kayit.c.kayit_no == kayit_no).values(fingerprint=b""))
    of = (bildirim.c.kurum_id == kurum, bildirim.c.kayit_no == kayit_no)
    tx.execute(update(bildirim).where(*of).values(profesyonel_index=""))
    _uncover(tx, kurum, list(tx.execute(select(bildirim.c.sorgu_no).where(*of)).scalars()))
    packs.drop_all(tx, kurum)  # the record may be in any of them
    return True


def _uncover(tx: Connection, kurum: KurumNo, numbers: Sequence[int]) -> None:
    """Take out of coverage what it keeps of these messages."""
    ours, row = coverage.c.kurum_id == kurum, coverage.c
    latest, accepted = row.latest_no.in_(numbers), row.accepted_no.in_(numbers)
    tx.execute(update(coverage).where(ours, latest).values(latest_on=None, latest_no=None))
    nothing = {"accepted_on": None, "accepted_no": None, "accepted_until": None}
    tx.execute(update(coverage).where(ours, accepted).values(nothing))
    tx.execute(delete(coverage).where(ours, row.latest_no.is_(None), row.accepted_no.is_(None)))
    about, message = coverage_worker.c, coverage_message.c
    tx.execute(delete(coverage_worker).where(about.kurum_id == kurum, about.sorgu_no.in_(numbers)))
    mine = (message.kurum_id == kurum, message.sorgu_no.in_(numbers))
    tx.execute(update(coverage_message).where(*mine).values(profesyonel_index=""))


def next_certificate(tx: Connection) -> int:
    """The number of the certificate that this transaction writes."""
    hold(tx, "destruction")
    return (tx.execute(select(func.max(destruction.c.certificate_no))).scalar_one() or 0) + 1


def put_certificate(tx: Connection, number: int, kurum: KurumNo, document: str, *, now: datetime) -> None:
    """Keep the certificate beside what it speaks of."""
    tx.execute(insert(destruction).values(certificate_no=number, kurum_id=kurum, made_at=now, document=document))
