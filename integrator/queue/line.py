"""The state of the line to the ministry: ACTIVE, or PASSIVE after a 401. PASSIVE stops all sending, not accepting.

While passive, one probe at a time goes out; the first answer that is not 401, or an operator, ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from integrator.domain.records import Claimed
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


def read_line(tx: Connection) -> Line:
    """The line as it stands; ACTIVE when nothing was ever written."""
    row = tx.execute(select(ministry_line).where(ministry_line.c.line_id == _ONE)).one_or_none()
    return Line(row.state, row.reason, row.probe_at) if row else Line(ACTIVE, "", None)


def set_line(tx: Connection, state: str, *, reason: str, probe_at: datetime | None, now: datetime) -> bool:
    """Write the line's state; True when the state is another than before."""
    before = read_line(tx)
    values = {"state": state, "reason": reason, "probe_at": probe_at, "changed_at": now}
    changed = tx.execute(update(ministry_line).where(ministry_line.c.line_id == _ONE).values(**values))
    if changed.rowcount == 0:
        tx.execute(insert(ministry_line).values(line_id=_ONE, **values))
    return before.state != state


def room_on_line(tx: Connection, room: int, *, now: datetime) -> int:
    """How many messages may be claimed now: `room`, or one probe at a time while passive."""
    line = read_line(tx)
    if line.state == ACTIVE:
        return room
    return 0 if line.probe_at and line.probe_at > now else 1


def note_probe(tx: Connection, claimed: Sequence[Claimed], *, now: datetime, probe_gap: timedelta) -> None:
    """When a claim was a probe, the next one waits for `probe_gap`."""
    line = read_line(tx) if claimed else None
    if line and line.state == PASSIVE:
        set_line(tx, PASSIVE, reason=line.reason, probe_at=now + probe_gap, now=now)
