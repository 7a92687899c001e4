"""A record that corrects another: one row links the two, and the refused messages of the old one are superseded.

A record is corrected at most once; what goes wrong with the correction is corrected in its turn, so there is a chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from integrator.domain.errors import NotFound, NothingToCorrect
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Moved
from integrator.domain.states import State, advance
from integrator.queue.fair import BY_HAND
from integrator.queue.records import content_key_of
from integrator.store.tables import bildirim, bildirim_body, correction, kayit, sonuc

_OPEN = (State.REFUSED, State.PARTIAL)


@dataclass(frozen=True, slots=True)
class Relative:
    """A message of the corrected record, or of one that it corrects in its turn. The bodies are sealed."""

    kayit_no: str
    sorgu_no: SorguNo
    state: State
    code: str
    canonical: bytes = field(repr=False)
    refused_parts: bytes | None = field(repr=False)
    content_key: bytes | None = field(repr=False)


def links_of(tx: Connection, kurum: KurumNo, kayit_no: str) -> tuple[str, str]:
    """(the record that this one corrects, the record that corrects it); empty where there is none."""
    mine = select(correction.c.kayit_no, correction.c.corrects).where(correction.c.kurum_id == kurum)
    corrects = tx.execute(mine.where(correction.c.kayit_no == kayit_no)).one_or_none()
    corrected_by = tx.execute(mine.where(correction.c.corrects == kayit_no)).one_or_none()
    return corrects.corrects if corrects else "", corrected_by.kayit_no if corrected_by else ""


def stored_correction(
    tx: Connection, kurum: KurumNo, sorgu_no: SorguNo, kayit_no: str, fingerprint: bytes
) -> tuple[str, list[SorguNo]] | None:
    """(corrected record, numbers) when this content is stored already as the correction of that message's record."""
    row, record = bildirim.c, kayit.c
    old = tx.execute(select(row.kayit_no).where(row.kurum_id == kurum, row.sorgu_no == sorgu_no)).scalar_one_or_none()
    known = select(record.fingerprint).where(record.kurum_id == kurum, record.kayit_no == kayit_no)
    if old is None or tx.execute(known).scalar_one_or_none() != fingerprint:
        return None
    if links_of(tx, kurum, kayit_no)[0] != old:
        return None
    numbers = select(row.sorgu_no).where(row.kurum_id == kurum, row.kayit_no == kayit_no).order_by(row.part)
    return old, [SorguNo(each) for each in tx.execute(numbers).scalars()]


def read_family(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo) -> list[Relative]:
    """Every message of the record of `sorgu_no`, then of those it corrects; raises NotFound, NothingToCorrect."""
    mine = select(bildirim.c.kayit_no, bildirim.c.state).where(bildirim.c.kurum_id == kurum)
    row = tx.execute(mine.where(bildirim.c.sorgu_no == sorgu_no)).one_or_none()
    if row is None:
        raise NotFound(f"no bildirim {sorgu_no} of this customer")
    if State(row.state) not in _OPEN:
        raise NothingToCorrect(f"{sorgu_no} is {row.state}; only what the ministry refused is corrected")
    found: list[Relative] = []
    kayit_no = row.kayit_no
    while kayit_no:
        found += _messages(tx, kurum, kayit_no)
        kayit_no, _ = links_of(tx, kurum, kayit_no)
    return found


def _messages(tx: Connection, kurum: KurumNo, kayit_no: str) -> list[Relative]:
    row, body = bildirim.c, bildirim_body.c
    columns = select(row.sorgu_no, row.state, row.last_code, body.canonical, sonuc.c.refused_parts)
    joined = columns.join_from(
        bildirim, bildirim_body, (body.kurum_id == row.kurum_id) & (body.sorgu_no == row.sorgu_no)
    ).outerjoin(sonuc, (sonuc.c.kurum_id == row.kurum_id) & (sonuc.c.sorgu_no == row.sorgu_no))
    rows = tx.execute(joined.where(row.kurum_id == kurum, row.kayit_no == kayit_no).order_by(row.part))
    key = content_key_of(tx, kurum, kayit_no)
    return [
        Relative(kayit_no, SorguNo(r.sorgu_no), State(r.state), r.last_code, r.canonical, r.refused_parts, key)
        for r in rows
    ]


def supersede(tx: Connection, kurum: KurumNo, old: str, new: str, *, now: datetime) -> list[Moved]:
    """Link `new` to `old` and move the refused messages of `old`; raises NothingToCorrect when another was first."""
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.kayit_no == old)
    rows = tx.execute(
        select(bildirim.c.sorgu_no, bildirim.c.state).where(*mine).order_by(bildirim.c.sorgu_no).with_for_update()
    ).all()
    _, corrected_by = links_of(tx, kurum, old)
    if corrected_by or not any(State(row.state) in _OPEN for row in rows):
        raise NothingToCorrect(f"{old} was corrected by {corrected_by or '-'} already")
    tx.execute(insert(correction).values(kurum_id=kurum, kayit_no=new, corrects=old, made_at=now))
    refused = [SorguNo(row.sorgu_no) for row in rows if row.state == State.REFUSED]
    return _move(tx, kurum, refused, new, now)


def _move(tx: Connection, kurum: KurumNo, refused: Sequence[SorguNo], new: str, now: datetime) -> list[Moved]:
    advance(State.REFUSED, State.SUPERSEDED)
    if refused:
        values = {"state": State.SUPERSEDED.value, "reason": BY_HAND, "due_at": now, "changed_at": now}
        tx.execute(update(bildirim).where(bildirim.c.sorgu_no.in_(refused)).values(**values))
    return [Moved(number, kurum, State.REFUSED, State.SUPERSEDED, {"corrected_by": new}) for number in refused]
