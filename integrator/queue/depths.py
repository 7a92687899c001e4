"""How many messages stand in each state, and how long the longest waits: from kept rows and the ends of indexes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from integrator.domain.states import State
from integrator.store.tables import bildirim, state_depth


def read_depths(tx: Connection) -> dict[State, int]:
    """Messages in each state; kept in the transaction of every move (audit/trail.py)."""
    kept = {row.state: row.depth for row in tx.execute(select(state_depth))}
    return {state: kept.get(state.value, 0) for state in State}


def read_longest_due(tx: Connection, state: State) -> datetime | None:
    """Since when the message of `state` has been due that has been due the longest; None when there is none."""
    due: datetime | None = tx.execute(
        select(bildirim.c.due_at).where(bildirim.c.state == state.value).order_by(bildirim.c.due_at).limit(1)
    ).scalar_one_or_none()
    return due
