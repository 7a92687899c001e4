"""The change feed: every move of a customer's messages, in the order in which they were committed.

It is no list of its own but a view of the audit log (docs/decisions/0029): the log's head is held until commit, so its
indexes have no gap and none appears below one that was seen, however many processes write. Nothing here was sealed; an
erased record's changes stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from integrator.audit.trail import feed_end, read_feed
from integrator.domain.errors import Rejected
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.queue.groups import cause_of
from integrator.queue.readings import read_rows
from integrator.store.engine import Tx

START = 0
"""The cursor before the first change."""
_MARK = 8


class NoSuchCursor(Rejected):
    """The cursor lies behind the end of this feed, or in another history: the database was put back from a backup."""

    code = "INT-API-070"


@dataclass(frozen=True, slots=True)
class Change:
    """One move of a message (`bildirim.moved`), or the link between a record and its correction (`kayit.corrected`).

    Or a webhook that was disabled (`webhook.disabled`; `code` says why), for those who listen at another door.
    Or staff of the integrator that broke the glass (`glass.broken`): `GET /v1/glass` tells who and why.
    `cursor` is what to ask on from. `cause` is the cause for which the message waits now, when this change put it where
    it stands; `mark` is a piece of the entry's hash, by which a cursor of another history is noticed.
    """

    cursor: int
    at: datetime
    event: str
    kayit_no: str
    sorgu_no: SorguNo | None
    was: str
    state: str
    code: str
    cause: str
    corrected_by: str
    mark: str

    @property
    def told_cursor(self) -> str:
        """The cursor as those outside keep it."""
        return tell_cursor(self.cursor, self.mark)


def read_changes(tx: Tx, kurum: KurumNo, *, after: int = START, limit: int) -> list[Change]:
    """Up to `limit` changes of a customer behind the cursor `after`, oldest first."""
    found = read_feed(tx, kurum, after=after, limit=limit)
    rows = read_rows(tx, kurum, {fact["sorgu_no"] for _, _, fact in found if "sorgu_no" in fact})
    return [
        _change(kurum, index, digest.hex()[:_MARK], fact, rows.get(fact.get("sorgu_no", 0), {}))
        for index, digest, fact in found
    ]


def _change(kurum: KurumNo, index: int, mark: str, fact: Mapping[str, Any], row: Mapping[str, Any]) -> Change:
    state = fact.get("to", "")
    cause = cause_of(kurum, row) if row and row["state"] == state else None
    return Change(
        cursor=index + 1,
        at=datetime.fromisoformat(fact["at"]),
        event=fact["event"],
        kayit_no=fact.get("kayit_no") or row.get("kayit_no", ""),
        sorgu_no=SorguNo(fact["sorgu_no"]) if "sorgu_no" in fact else None,
        was=fact.get("from", ""),
        state=state,
        code=fact.get("code", ""),
        cause=cause.cause_id if cause else "",
        corrected_by=fact.get("corrected_by", ""),
        mark=mark,
    )


def tell_change(change: Change) -> dict[str, Any]:
    """A change as plain values, as every door tells it."""
    facts = {name: value for name, value in asdict(change).items() if name not in ("mark", "was")}
    return {**facts, "cursor": change.told_cursor, "at": change.at.isoformat(), "from": change.was}


def end_of(tx: Tx, kurum: KurumNo) -> str:
    """The told cursor behind a customer's newest change."""
    cursor, digest = feed_end(tx, kurum)
    return tell_cursor(cursor, digest.hex()[:_MARK])


def tell_cursor(cursor: int, mark: str) -> str:
    """A cursor for those outside: opaque to them."""
    return f"{cursor}-{mark}" if cursor else str(START)


def find_cursor(tx: Tx, kurum: KurumNo, told: str) -> int:
    """The cursor that was told as `told`; raises NoSuchCursor when this feed has no such place."""
    number, _, mark = told.partition("-")
    cursor = int(number) if number.isascii() and number.isdecimal() and len(number) <= 18 else -1
    if cursor == START:
        return START
    at = read_feed(tx, kurum, after=cursor - 1, limit=1) if cursor > START else []
    if not at or at[0][0] != cursor - 1 or at[0][1].hex()[:_MARK] != mark:
        raise NoSuchCursor(end_of(tx, kurum))
    return cursor
