"""The state of the line to the ministry: ACTIVE, or PASSIVE after a 401. PASSIVE stops all sending, not accepting.

While passive, one probe at a time goes out; the first answer that is not 401, or an operator, ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from integrator.domain.records import Claimed
from integrator.store.dialect import insert_new
from integrator.store.tables import ministry_line

ACTIVE = "ACTIVE"
PASSIVE = "PASSIVE"
_ONE = 1


@dataclass(frozen=True, slots=True)
class Line:
    """`probe_at` is when a single message may try again while passive."""

    state: str
    reason: str
    probe_at: datetime | None


def read_line(tx: Connection, *, lock: bool = False) -> Line:
    """The line as it stands; ACTIVE when nothing was ever written. With `lock`, nobody else changes it meanwhile."""
    query = select(ministry_line).where(ministry_line.c.line_id == _ONE)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return Line(row.state, row.reason, row.probe_at) if row else Line(ACTIVE, "", None)


def set_line(tx: Connection, state: str, *, reason: str, probe_at: datetime | None, now: datetime) -> bool:
    """Write the line's state; True when the state is another than before, for one of those who write it at once."""
    before = _lock_line(tx, now=now)
    values = {"state": state, "reason": reason, "probe_at": probe_at, "changed_at": now}
    tx.execute(update(ministry_line).where(ministry_line.c.line_id == _ONE).values(**values))
    return before.state != state


def _lock_line(tx: Connection, *, now: datetime) -> Line:
    """The line as it stands, held until the transaction ends; written down as ACTIVE when it never was."""
    row = {"line_id": _ONE, "state": ACTIVE, "reason": "", "probe_at": None, "changed_at": now}
    insert_new(tx, ministry_line, [row])
    return read_line(tx, lock=True)


def room_on_line(tx: Connection, room: int, *, now: datetime) -> int:
    """How many messages may be claimed now: `room`, or one probe at a time while passive."""
    if read_line(tx).state == ACTIVE:
        return room
    line = read_line(tx, lock=True)  # two workers that see the probe's time come must not both send one
    if line.state == ACTIVE:
        return room
    return 0 if line.probe_at and line.probe_at > now else 1


def note_probe(tx: Connection, claimed: Sequence[Claimed], *, now: datetime, probe_gap: timedelta) -> None:
    """When a claim was a probe, the next one waits for `probe_gap`."""
    line = read_line(tx) if claimed else None
    if line and line.state == PASSIVE:
        set_line(tx, PASSIVE, reason=line.reason, probe_at=now + probe_gap, now=now)
