"""Evidence beside sent signatures: copies owed and made, and the answers about revocation. What was sent stays.

A message that the ministry stored owes a copy from the moment it is settled; the rows without one are the debt that
everybody can see. Levels: ``""`` owed, ``T`` time-stamped, ``LT`` completed with validation data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, func, or_, select, update

from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Moved
from integrator.domain.states import State
from integrator.store.dialect import insert_new
from integrator.store.rows import insert_rows
from integrator.store.tables import bildirim, bildirim_body, content_key, evidence_copy, revocation_answer

OWED, STAMPED, COMPLETE = "", "T", "LT"
_STORED = frozenset({State.ACCEPTED, State.PARTIAL})


@dataclass(frozen=True, slots=True)
class Copy:
    """One message's evidence copy as it stands: the sent signature and, from level T on, the copy, both sealed."""

    kurum: KurumNo
    sorgu_no: SorguNo
    cms: bytes = field(repr=False)
    evidence: bytes | None = field(repr=False)
    kayit_no: str = ""
    content_key: bytes | None = field(default=None, repr=False)


def owe(tx: Connection, moved: Sequence[Moved], *, now: datetime) -> None:
    """Write down that messages which were just stored at the ministry owe an evidence copy."""
    rows = [
        {"kurum_id": each.kurum, "sorgu_no": each.sorgu_no, "level": OWED, "changed_at": now}
        for each in moved
        if each.end in _STORED and each.start is not each.end
    ]
    insert_rows(tx, evidence_copy, rows)


def at_level(tx: Connection, level: str, *, before: datetime, after: tuple[str, int], limit: int) -> list[Copy]:
    """Copies that have stood at `level` since `before`, in key order from `after` (exclusive): one page of the work."""
    key = (evidence_copy.c.kurum_id, evidence_copy.c.sorgu_no)
    body = bildirim_body.c
    row, of = bildirim.c, content_key.c
    query = (
        select(*key, evidence_copy.c.body, body.cms, row.kayit_no, of.sealed)
        .join(bildirim_body, (body.kurum_id == key[0]) & (body.sorgu_no == key[1]))
        .join(bildirim, (row.kurum_id == key[0]) & (row.sorgu_no == key[1]))
        .outerjoin(content_key, (of.kurum_id == key[0]) & (of.kayit_no == row.kayit_no))
    )
    beyond = (key[0] > after[0]) | ((key[0] == after[0]) & (key[1] > after[1]))
    alive = or_(of.sealed.is_(None), func.substr(of.sealed, 1, 1) != b"\0")  # an erased record gets no copy any more
    page = query.where(alive, evidence_copy.c.level == level, evidence_copy.c.changed_at <= before, beyond)
    rows = tx.execute(page.order_by(*key).limit(limit))
    return [Copy(KurumNo(r.kurum_id), SorguNo(r.sorgu_no), r.cms, r.body, r.kayit_no, r.sealed) for r in rows]


def put_copy(tx: Connection, copy: Copy, level: str, sealed: bytes, *, now: datetime) -> bool:
    """Store a copy that reached `level` from the one before; False when another process brought it there first."""
    mine = (evidence_copy.c.kurum_id == copy.kurum, evidence_copy.c.sorgu_no == copy.sorgu_no)
    before = evidence_copy.c.level == (OWED if level == STAMPED else STAMPED)
    stored = tx.execute(update(evidence_copy).where(*mine, before).values(level=level, body=sealed, changed_at=now))
    return stored.rowcount == 1


def read_copy(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo) -> tuple[str, bytes]:
    """(level, sealed copy); raises NotFound while none was made."""
    mine = (evidence_copy.c.kurum_id == kurum, evidence_copy.c.sorgu_no == sorgu_no)
    row = tx.execute(select(evidence_copy.c.level, evidence_copy.c.body).where(*mine)).one_or_none()
    if row is None or row.body is None:
        raise NotFound(f"bildirim {sorgu_no} has no evidence copy yet")
    return row.level, row.body


def keep_answers(tx: Connection, answers: Iterable[tuple[str, bytes]], *, now: datetime) -> list[str]:
    """Keep the (source, response) pairs a judgement relied on; returns their SHA-256 digests for its audit entry."""
    by_digest = {sha256(response).hexdigest(): (source, response) for source, response in answers}
    if not by_digest:
        return []
    known = select(revocation_answer.c.digest).where(revocation_answer.c.digest.in_(list(by_digest)))
    fresh = set(by_digest) - set(tx.execute(known).scalars())
    rows = [
        {"digest": digest, "source": by_digest[digest][0], "response": by_digest[digest][1], "seen_at": now}
        for digest in sorted(fresh)
    ]
    insert_new(tx, revocation_answer, rows)
    return sorted(by_digest)


def count_debt(tx: Connection) -> dict[str, int]:
    """How many stored messages have no time-stamp yet, and how many no validation data."""
    rows = tx.execute(select(evidence_copy.c.level, func.count()).group_by(evidence_copy.c.level))
    counts = {row[0]: row[1] for row in rows}
    return {"without_time_stamp": counts.get(OWED, 0), "without_validation_data": counts.get(STAMPED, 0)}
