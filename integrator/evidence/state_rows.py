"""What fsck compares of rows that hold the gateway's own state: the line, the restored mark, what was last seen,
numbers, holders of checkpoints. Their entries say what they must be; where none can, a bound is checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, select, text

from integrator.audit.bound import EDITION, IN_USE, seen_digest
from integrator.audit.checkpoint import key_id
from integrator.audit.log_keys import CHANGES, REPLACED, read_log_keys
from integrator.audit.verify import Broken
from integrator.domain.states import State
from integrator.evidence.told_rows import Entries
from integrator.gateway import Gateway
from integrator.keeping.binding import NAME as ROWS_BOUND
from integrator.queue import restored
from integrator.queue.line import ACTIVE
from integrator.store.engine import Tx
from integrator.store.schema import newest_step
from integrator.store.tables import (
    audit_checkpoint,
    bildirim,
    checkpoint_holder,
    meta,
    ministry_line,
    sorgu_no_counter,
    state_depth,
)

_SEEN = ("settings.changed", "keys.changed", "versions.changed", REPLACED)
_FIXED = frozenset({"schema", "gateway", "log_key", CHANGES, ROWS_BOUND, IN_USE, restored.NAME})
_Check = Callable[[Tx, Gateway, Entries], None]


def check_state_rows(tx: Tx, gateway: Gateway, entries: Entries) -> None:
    """Raise Broken for the first row that is not what the log says, or cannot be."""
    for check in (
        _check_line,
        _check_facts,
        _check_seen,
        _check_restored,
        _check_counter,
        _check_depths,
        _check_holders,
    ):
        check(tx, gateway, entries)


def _check_line(tx: Tx, _gateway: Gateway, entries: Entries) -> None:
    told: dict[str, Mapping[str, Any]] = {
        fact.get("address", ""): fact for _, fact in entries if fact["event"] in ("line.stopped", "line.resumed")
    }
    for row in tx.execute(select(ministry_line)):
        fact = told.pop(row.address, {"to": ACTIVE})
        if fact.get("to", row.state) != row.state:
            raise Broken("row", f"ministry_line {row.address}: it is {row.state}, the log says {fact['to']}")
    for address, fact in told.items():
        if fact.get("to", ACTIVE) != ACTIVE:
            raise Broken("row", f"ministry_line {address}: the log says {fact['to']}, its row is gone")


def _check_facts(tx: Tx, gateway: Gateway, entries: Entries) -> None:
    """The fixed facts of a home, and nothing beside them."""
    stored = dict(tx.execute(select(meta.c.name, meta.c.value)).all())
    key = gateway.checkpoint_key
    wanted = {"gateway": key.origin, "schema": "2", "log_key": key.title, ROWS_BOUND: str(EDITION)}
    for name, value in stored.items():
        if name not in _FIXED or value != wanted.get(name, value):
            raise Broken("row", f"meta {name}: it is not one of this home's facts")
    for name in ("gateway", "schema"):
        if name not in stored:
            raise Broken("row", f"meta {name}: its row is gone")
    if ROWS_BOUND not in stored and any("edition" in fact for _, fact in entries):
        raise Broken("row", f"meta {ROWS_BOUND}: the log says that rows are bound, its row is gone")
    told = [fact["log_key"] for _, fact in entries if "log_key" in fact]
    if told and "log_key" not in stored:
        raise Broken("row", "meta log_key: the log speaks of it, its row is gone")
    first = read_log_keys(tx, key.origin, key.public).first
    if told and told[0] != key_id(key.origin, first).hex():
        raise Broken("leaf", f"the log began with the key {told[0]}, and not with the one that its checkpoints lead to")
    if tx.execute(text("SELECT version_num FROM alembic_version")).scalars().all() != [newest_step()]:
        raise Broken("row", "alembic_version: it is not the step that this program was opened with")


def _check_seen(tx: Tx, _gateway: Gateway, entries: Entries) -> None:
    told = [fact.get("seen") for _, fact in entries if fact["event"] in _SEEN]
    value = tx.execute(select(meta.c.value).where(meta.c.name == IN_USE)).scalar_one_or_none()
    said = told[-1] if told else None
    if (said and (value is None or seen_digest(value) != said)) or (value is not None and not told):
        raise Broken("row", f"meta {IN_USE}: it is not what was seen when the log says so")


def _check_restored(tx: Tx, _gateway: Gateway, entries: Entries) -> None:
    """A copy that came back is closed until an entry opens it: else it would send twice."""
    told = [fact["event"] for _, fact in entries if fact["event"] in ("gateway.restored", "gateway.opened")]
    value = tx.execute(select(meta.c.value).where(meta.c.name == restored.NAME)).scalar_one_or_none()
    is_open = json.loads(value)["is_open"] if value is not None else None
    if is_open != (told[-1] == "gateway.opened" if told else None):
        raise Broken("row", f"meta {restored.NAME}: it is not what the log says; a restored copy may send twice")


def _check_counter(tx: Tx, _gateway: Gateway, _entries: Entries) -> None:
    newest = tx.execute(select(func.max(bildirim.c.sorgu_no))).scalar_one()
    following = [tuple(row) for row in tx.execute(select(sorgu_no_counter.c.counter_id, sorgu_no_counter.c.next))]
    if [number for number, _ in following] != [1] or following[0][1] <= (newest or 0):
        raise Broken("row", "sorgu_no_counter: it would give a number that was given already")


def _check_depths(tx: Tx, _gateway: Gateway, _entries: Entries) -> None:
    """What metrics are told of the queue is what stands there."""
    kept = {row.state: row.depth for row in tx.execute(select(state_depth))}
    counted = tx.execute(select(bildirim.c.state, func.count().label("depth")).group_by(bildirim.c.state))
    real = {**{state.value: 0 for state in State}, **{row.state: row.depth for row in counted}}
    for state in sorted(kept.keys() | real.keys()):
        if kept.get(state, 0) != real.get(state):
            raise Broken("row", f"state_depth {state}: it says {kept.get(state)}, {real.get(state)} stand so")


def _check_holders(tx: Tx, _gateway: Gateway, _entries: Entries) -> None:
    sizes = {0, *tx.execute(select(audit_checkpoint.c.size)).scalars()}
    for row in tx.execute(select(checkpoint_holder)):
        if row.size not in sizes:
            raise Broken("row", f"checkpoint_holder {row.name}: it never got a checkpoint of that size")
