"""Rows of packs that were asked for: put, claimed by one maker for a while, finished, dropped when their time is over.

A job is `waiting`, `making`, `ready`, `failed`, `stopped` or `expired`. Whoever makes one and goes silent loses it: the
next one takes it up again, and what the first one brings late is not taken, because the row counts its tries. While it
is made the row tells how far it is; its maker learns there, too, that nobody wants it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo
from integrator.parties.mirror import place_of
from integrator.protect.seal import Sealer
from integrator.store.tables_of_doors import pack_job

MAKER_SILENT = timedelta(minutes=15)
MOST_TRIES = 3
STEPS = ("reading", "writing", "proving")
"""What a maker does with each message, one after another."""
_MINE = pack_job.c


@dataclass(frozen=True, slots=True)
class Job:
    """One row. `body` is sealed: what is wanted, or the finished pack."""

    kurum: KurumNo
    pack_no: str
    state: str
    asked_at: datetime
    asked_by: str
    until_at: datetime | None
    tries: int
    code: str
    messages: int
    left_out: int
    size: int
    sha256: str
    body: bytes = field(default=b"", repr=False)
    step: str = ""
    done: int = 0  # messages of this step

    @property
    def fraction(self) -> float:
        """How much of it is made, 0 to 1."""
        if self.state == "ready":
            return 1.0
        if self.step not in STEPS or self.state != "making":
            return 0.0
        return (STEPS.index(self.step) + min(1.0, self.done / max(1, self.messages))) / len(STEPS)

    def open(self, sealer: Sealer) -> bytes:
        """What `body` holds; raises Tampered."""
        return sealer.open(self.body, place_of(pack_job, self.kurum, self.pack_no))


def sealed_body(sealer: Sealer, kurum: KurumNo, pack_no: str, content: bytes) -> bytes:
    """`content` bound to its row."""
    return sealer.seal(content, place_of(pack_job, kurum, pack_no))


def put(tx: Connection, job: Job) -> None:
    """A new job."""
    tx.execute(insert(pack_job).values(**_row(job)))


def count_open(tx: Connection, kurum: KurumNo) -> int:
    """How many of a customer's are waiting or being made."""
    mine = (_MINE.kurum_id == kurum, _MINE.state.in_(("waiting", "making")))
    return tx.execute(select(func.count()).select_from(pack_job).where(*mine)).scalar_one()


def read(tx: Connection, kurum: KurumNo, pack_no: str, *, whole: bool = False) -> Job:
    """One job, with its body when `whole`; raises NotFound."""
    columns = [each for each in pack_job.c if whole or each.name != "body"]
    row = tx.execute(select(*columns).where(_MINE.kurum_id == kurum, _MINE.pack_no == pack_no)).mappings()
    found = row.one_or_none()
    if found is None:
        raise NotFound("no pack of this customer has that number")
    return _job(found)


def newest(tx: Connection, kurum: KurumNo, *, limit: int) -> list[Job]:
    """A customer's jobs, those asked for last first, without their bodies."""
    columns = [each for each in pack_job.c if each.name != "body"]
    query = select(*columns).where(_MINE.kurum_id == kurum).order_by(_MINE.asked_at.desc(), _MINE.pack_no)
    return [_job(row) for row in tx.execute(query.limit(limit)).mappings()]


def claim(tx: Connection, *, now: datetime) -> Job | None:
    """The job that has waited longest, or whose maker went silent; it is the caller's until `MAKER_SILENT` is over."""
    silent = and_(_MINE.state == "making", _MINE.until_at < now)
    due = select(pack_job).where(or_(_MINE.state == "waiting", silent)).order_by(_MINE.asked_at).limit(1)
    row = tx.execute(due.with_for_update(skip_locked=True)).mappings().one_or_none()
    if row is None:
        return None
    job = replace(_job(row), state="making", tries=row["tries"] + 1, until_at=now + MAKER_SILENT, step="", done=0)
    taken = {name: getattr(job, name) for name in ("state", "tries", "until_at", "step", "done")}
    tx.execute(update(pack_job).where(*_this(job)).values(taken))
    return job


def tell_progress(tx: Connection, job: Job, step: str, done: int, *, now: datetime) -> bool:
    """Write how far a claimed job is, and hold it longer; False when it is not the caller's any more."""
    values = {"step": step, "done": done, "until_at": now + MAKER_SILENT}
    return tx.execute(update(pack_job).where(*_making(job)).values(values)).rowcount == 1


def stop(tx: Connection, kurum: KurumNo, pack_no: str) -> None:
    """Nobody wants it any more: it is not made, or what was made goes. One that ended otherwise stays as it is."""
    mine = (_MINE.kurum_id == kurum, _MINE.pack_no == pack_no)
    unfinished = (*mine, _MINE.state.in_(("waiting", "making")))
    if not tx.execute(update(pack_job).where(*unfinished).values(state="stopped", body=b"", until_at=None)).rowcount:
        tx.execute(update(pack_job).where(*mine, _MINE.state == "ready").values(state="expired", body=b""))


def finish(tx: Connection, job: Job) -> bool:
    """Write what came of a claimed job; False when it is not the caller's any more."""
    values = {name: value for name, value in _row(job).items() if name not in ("kurum_id", "pack_no")}
    return tx.execute(update(pack_job).where(*_making(job)).values(**values)).rowcount == 1


def expire(tx: Connection, *, now: datetime) -> int:
    """Drop the content of every finished pack whose time is over; returns how many."""
    over = (_MINE.state == "ready", _MINE.until_at < now)
    return tx.execute(update(pack_job).where(*over).values(state="expired", body=b"")).rowcount


def drop_all(tx: Connection, kurum: KurumNo) -> None:
    """Nothing of any of this customer's packs is left."""
    mine = (_MINE.kurum_id == kurum, _MINE.state.not_in(("expired", "stopped")))
    tx.execute(update(pack_job).where(*mine).values(state="expired", body=b""))


def _this(job: Job) -> Sequence[Any]:
    return (_MINE.kurum_id == job.kurum, _MINE.pack_no == job.pack_no)


def _making(job: Job) -> Sequence[Any]:
    """The caller's claim of it: nobody else's, and not stopped."""
    return (*_this(job), _MINE.state == "making", _MINE.tries == job.tries)


def _row(job: Job) -> dict[str, Any]:
    row = {name: getattr(job, name) for name in Job.__dataclass_fields__}
    return {"kurum_id": row.pop("kurum"), **row}


def _job(row: Any) -> Job:
    facts = dict(row)
    return Job(kurum=KurumNo(facts.pop("kurum_id")), **facts)
