"""Walks the change feed and writes what each message says of its workers. Idempotent: a step done twice is one.

A message that does not open is passed by, told to the log and counted: `ibys audit fsck` says what is wrong with it.

Rows say which message is the newest and which accepted one is; where a message stands now is read from the message
itself, so a step is due only when one appears, is answered, or is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import and_, delete, select, tuple_, update

from integrator.coverage.messages import WITHDRAWN, read_messages, take_in, worker_index
from integrator.coverage.subjects import KINDS, Subject, subject_of
from integrator.domain.errors import Tampered
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import State
from integrator.feed import START, read_changes
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.metrics import count_passed_by
from integrator.parties.register import calisan_index
from integrator.protect.seal import Sealer, erased_of
from integrator.queue.bodies import open_canonical, open_refused
from integrator.store.coverage_tables import (
    coverage,
    coverage_count,
    coverage_cursor,
    coverage_depth,
    coverage_message,
    coverage_month,
    coverage_worker,
)
from integrator.store.dialect import insert_new
from integrator.store.engine import Tx, reading, writing
from integrator.store.rows import insert_rows
from integrator.store.tables import bildirim, bildirim_body, content_key, kayit, sonuc

CHANGES_AT_ONCE = 500
MADE = (
    coverage,
    coverage_count,
    coverage_cursor,
    coverage_message,
    coverage_worker,
    coverage_depth,
    coverage_month,
)
"""The tables that a walk over the whole feed makes."""
_NOTHING = {"latest_on": None, "latest_no": None, "accepted_on": None, "accepted_no": None, "accepted_until": None}
Key = tuple[str, str]
"""(calisan_index, veri_seti)."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One message as it stands: `workers` by identity number, whether the ministry accepted them."""

    sorgu_no: int
    veri_seti: str
    state: State
    event_date: date
    isyeri_index: str
    subject: Subject = field(repr=False)
    not_accepted: frozenset[str] = field(repr=False)

    def accepts(self, worker: str) -> bool:
        """Whether the ministry stored every training of `worker`."""
        return self.state in (State.ACCEPTED, State.PARTIAL) and worker not in self.not_accepted


def follow(gateway: Gateway, kurum: KurumNo, *, limit: int = CHANGES_AT_ONCE) -> int:
    """Take the next changes of a customer in; returns how many there were, 0 when it is at the end."""
    with reading(gateway.database) as tx:
        start = _followed(tx, kurum)
        changes = read_changes(tx, kurum, after=start, limit=limit)
        numbers = {each.sorgu_no for each in changes if each.sorgu_no}
        messages, seen = read_messages(tx, kurum, numbers), list(_read_seen(gateway, tx, kurum, numbers))
    if not changes:
        return 0
    sealer = gateway.keyring.sealer(kurum)
    workers = {
        each.sorgu_no: [worker_index(sealer, each.isyeri_index, worker) for worker in each.subject.workers]
        for each in seen
    }
    with writing(gateway.database) as tx:
        if not _advance(tx, kurum, start, changes[-1].cursor):
            return 0  # another process was there first
        _write(tx, kurum, sealer, seen)
        take_in(tx, kurum, messages, workers)
    return len(changes)


def follow_all(gateway: Gateway, kurum: KurumNo) -> int:
    """Until the end of the feed; returns how many changes there were."""
    total = 0
    while count := follow(gateway, kurum):
        total += count
    return total


def forget(tx: Tx, kurum: KurumNo) -> None:
    """Throw a customer's coverage away; the next steps make it anew."""
    for table in MADE:
        tx.execute(delete(table).where(table.c.kurum_id == kurum))


def _followed(tx: Tx, kurum: KurumNo) -> int:
    query = select(coverage_cursor.c.followed).where(coverage_cursor.c.kurum_id == kurum)
    return tx.execute(query).scalar_one_or_none() or START


def _advance(tx: Tx, kurum: KurumNo, start: int, end: int) -> bool:
    insert_new(tx, coverage_cursor, [{"kurum_id": kurum, "followed": START}])
    mine = (coverage_cursor.c.kurum_id == kurum, coverage_cursor.c.followed == start)
    return tx.execute(update(coverage_cursor).where(*mine).values(followed=end)).rowcount == 1


def _read_seen(gateway: Gateway, tx: Tx, kurum: KurumNo, numbers: Iterable[int]) -> Iterator[_Seen]:
    for row in tx.execute(_messages(kurum, sorted(numbers))):
        if erased_of(row.content_key):
            continue  # whoever it was about is not known any more
        try:
            yield _seen_of(gateway, kurum, row)
        except Tampered as error:  # told by fsck, too; one message must not end the coverage of all the others
            count_passed_by()
            logger().error("coverage.passed_by", kurum_id=kurum, sorgu_no=row.sorgu_no, error=error.code)


def _seen_of(gateway: Gateway, kurum: KurumNo, row: Any) -> _Seen:
    """Raises Tampered for what does not open."""
    key, number = gateway.content(kurum, row.kayit_no, row.content_key), SorguNo(row.sorgu_no)
    _, canonical = open_canonical(key, kurum, number, row.canonical)
    parts = open_refused(key, kurum, number, row.refused_parts) if row.refused_parts else ()
    refused = frozenset(part.pair[0] for part in parts)
    facts = (row.sorgu_no, row.veri_seti, State(row.state), row.event_date, row.isyeri_index)
    return _Seen(*facts, subject_of(canonical), refused)


def _messages(kurum: KurumNo, numbers: Sequence[int]) -> Any:
    same = [each.c.sorgu_no == bildirim.c.sorgu_no for each in (bildirim_body, sonuc)]
    record = [
        and_(each.c.kurum_id == bildirim.c.kurum_id, each.c.kayit_no == bildirim.c.kayit_no)
        for each in (kayit, content_key)
    ]
    of_message = (bildirim.c[name] for name in ("sorgu_no", "kayit_no", "veri_seti", "state", "isyeri_index"))
    beside = (kayit.c.event_date, bildirim_body.c.canonical, sonuc.c.refused_parts)
    return (
        select(*of_message, *beside, content_key.c.sealed.label("content_key"))
        .join(kayit, record[0])
        .join(bildirim_body, same[0])
        .outerjoin(content_key, record[1])
        .outerjoin(sonuc, same[1])
        .where(bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no.in_(numbers), bildirim.c.veri_seti.in_(KINDS))
        .order_by(bildirim.c.sorgu_no)
    )


def _write(tx: Tx, kurum: KurumNo, sealer: Sealer, seen: Sequence[_Seen]) -> None:
    told = [
        ((calisan_index(sealer, each.subject.sgk_tescil_no, worker), each.veri_seti), worker, each)
        for each in seen
        for worker in each.subject.workers
    ]
    rows = _read_rows(tx, kurum, sorted({key for key, _, _ in told}))
    before = {key: dict(row) for key, row in rows.items()}
    for key, worker, each in told:
        new = {"kurum_id": kurum, "calisan_index": key[0], "veri_seti": key[1], "isyeri_index": each.isyeri_index}
        _take(rows.setdefault(key, {**new, **_NOTHING}), worker, each)
    changed = [key for key, row in rows.items() if row != before.get(key)]
    _delete_rows(tx, kurum, [key for key in changed if key in before])
    insert_rows(tx, coverage, [rows[key] for key in changed])
    mark_stale(tx, kurum, {each.isyeri_index for each in seen})


def _take(row: dict[str, Any], worker: str, each: _Seen) -> None:
    """One message into one worker's row. Of two on one day the later number counts."""
    rank = (each.event_date, each.sorgu_no)
    if each.state in WITHDRAWN:
        if row["latest_no"] == each.sorgu_no:
            row.update(latest_on=None, latest_no=None)
        return
    if row["latest_on"] is None or rank >= (row["latest_on"], row["latest_no"]):
        row.update(latest_on=each.event_date, latest_no=each.sorgu_no)
    if each.accepts(worker) and (row["accepted_on"] is None or rank >= (row["accepted_on"], row["accepted_no"])):
        row.update(accepted_on=each.event_date, accepted_no=each.sorgu_no, accepted_until=each.subject.until)


def _read_rows(tx: Tx, kurum: KurumNo, keys: Sequence[Key]) -> dict[Key, dict[str, Any]]:
    found: dict[Key, dict[str, Any]] = {}
    for some in _portions(keys):
        query = select(coverage).where(coverage.c.kurum_id == kurum, _PAIR.in_(some))
        found |= {(row["calisan_index"], row["veri_seti"]): dict(row) for row in tx.execute(query).mappings()}
    return found


def _delete_rows(tx: Tx, kurum: KurumNo, keys: Sequence[Key]) -> None:
    for some in _portions(keys):
        tx.execute(delete(coverage).where(coverage.c.kurum_id == kurum, _PAIR.in_(some)))


def mark_stale(tx: Tx, kurum: KurumNo, places: Iterable[str]) -> None:
    """These workplaces are to be counted anew."""
    wanted = sorted(places)
    new = {"kurum_id": kurum, "counts": "{}", "counted_on": date.min, "is_stale": 1}
    insert_new(tx, coverage_count, [{**new, "isyeri_index": each} for each in wanted])
    for some in _portions(wanted):
        mine = (coverage_count.c.kurum_id == kurum, coverage_count.c.isyeri_index.in_(some))
        tx.execute(update(coverage_count).where(*mine).values(is_stale=1))


_PAIR = tuple_(coverage.c.calisan_index, coverage.c.veri_seti)
AT_ONCE = 400  # keys in one query


def _portions(several: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(several), AT_ONCE):
        yield several[start : start + AT_ONCE]
