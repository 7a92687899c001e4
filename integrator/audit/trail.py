"""Appends entries to the audit log, inside the transaction of the act they record.

An entry is canonical JSON (sorted keys, no spaces): readable by a stranger without our code. One row holds the
leaf, its hash and the subtrees it completes, so an append is one row and a proof is a handful of key look-ups
(docs/decisions/0007). Whoever appends holds the head until commit, and takes it last, after every row lock.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from integrator.audit.tree import HASH_BYTES, Hash, edge_places, extend, leaf_hash
from integrator.domain.records import Moved
from integrator.domain.states import State, advance
from integrator.store.dialect import AUDIT_HEAD, hold
from integrator.store.prepared import Prepared
from integrator.store.rows import insert_rows
from integrator.store.tables import audit_entry, state_depth

EVENTS = frozenset(
    {
        "api_key.made",
        "api_key.rotated",
        "api_key.revoked",
        "person.made",
        "person.set_up",
        "person.entered",
        "person.rehashed",
        "person.totp_begun",
        "person.totp_taken",
        "person.code_used",
        "person.codes_renewed",
        "person.password_changed",
        "person.locked",
        "person.unlocked",
        "person.reset",
        "person.role_changed",
        "person.linked",
        "glass.broken",
        "glass.looked",
        "glass.ended",
        "gateway.created",
        "kayit.accepted",
        "bildirim.moved",
        "bildirim.asking",
        "bildirim.asked",
        "bildirim.hastened",
        "kayit.corrected",
        "quarantine.began",
        "quarantine.lifted",
        "bytes.exporting",
        "bytes.exported",
        "bytes.export_failed",
        "limits.changed",
        "line.stopped",
        "line.resumed",
        "line.opened",
        "line.closed",
        "settings.changed",
        "keys.changed",
        "versions.changed",
        "schema.migrated",
        "key.made",
        "content.opening",
        "content.opened",
        "content.open_failed",
        "content.withheld",
        "pack.making",
        "pack.sealed",
        "pack.made",
        "pack.failed",
        "announcement.made",
        "announcement.shown",
        "announcement.acknowledged",
        "codes.refreshed",
        "party.looked_up",
        "party.imported",
        "party.changed",
        "evidence.added",
        "data_key.replaced",
        "data_key.retired",
        "master_key.replaced",
        "backup.made",
        "retention.told",
        "gateway.claimed",
        "log_key.replaced",
        "rows.bound",
        "registry.recorded",
        "usage.issued",
        "usage.revoked",
        "hold.placed",
        "hold.lifted",
        "content.erased",
        "content.erased_again",
        "gateway.restored",
        "gateway.opened",
        "webhook.made",
        "webhook.changed",
        "webhook.rotated",
        "webhook.disabled",
        "webhook.enabled",
        "webhook.replayed",
        "webhook.deleted",
    }
)

LOOKS = frozenset(
    {
        "bildirim.asking",
        "bildirim.asked",
        "bytes.exporting",
        "bytes.exported",
        "bytes.export_failed",
        "content.opening",
        "content.opened",
        "content.open_failed",
        "content.withheld",
        "pack.making",
        "pack.made",
        "pack.failed",
        "glass.looked",
        "party.looked_up",
    }
)
"""What may happen twice without harm: nothing changed but this log."""

FEED = frozenset({"bildirim.moved", "kayit.corrected", "webhook.disabled", "glass.broken"})
"""What a customer's change feed tells (docs/decisions/0029); each has the fact `kurum`."""

_NEWEST = Prepared(select(audit_entry.c.i, audit_entry.c.hash).order_by(audit_entry.c.i.desc()).limit(1))
_DEEPER = Prepared(
    update(state_depth)
    .where(state_depth.c.state == bindparam("of"))
    .values(depth=state_depth.c.depth + bindparam("change"))
)
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: what happened, to what, by whom. `facts` hold commitments and codes, never identity numbers."""

    event: str
    actor: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    moved: tuple[State | None, State] | None = None  # from where a message went where; the kept depths follow it

    def leaf(self, stamp: str) -> bytes:
        """The bytes that are hashed into the tree. `stamp` is the time in its written form."""
        assert self.event in EVENTS, self.event
        return _encode({**self.facts, "at": stamp, "actor": self.actor, "event": self.event, "v": 1}).encode()

    def with_facts(self, more: Mapping[str, Any]) -> Entry:
        """The same entry with `more` facts."""
        return replace(self, facts={**self.facts, **more})

    @property
    def feed(self) -> str | None:
        """The customer in whose change feed it stands."""
        return feed_of(self.event, self.facts)


def feed_of(event: str, facts: Mapping[str, Any]) -> str | None:
    """The customer in whose change feed an entry stands; None for those that are no change."""
    return facts["kurum"] if event in FEED else None


def moved_entry(moved: Moved, actor: str) -> Entry:
    """The entry of one move; a question without an answer moves nothing and is recorded as such."""
    facts = {**moved.facts, "kurum": moved.kurum, "sorgu_no": moved.sorgu_no, "to": str(moved.end)}
    if moved.start is moved.end:
        return Entry("bildirim.asked", actor, facts)
    told = (moved.start, moved.end)
    if moved.start:
        facts |= {"from": str(moved.start), "move": advance(moved.start, moved.end)}
    elif moved.end is State.QUEUED:  # signed in the same breath: the signature's move is part of its birth
        facts |= {"from": str(State.AWAITING_SIGNATURE), "move": advance(State.AWAITING_SIGNATURE, moved.end)}
    return Entry("bildirim.moved", actor, facts, told)


@dataclass(slots=True)
class _Head:
    size: int
    last: Hash
    edge: list[Hash]


class Trail:
    """The log's writer. Remembers the right edge between appends and reads it anew when another wrote meanwhile."""

    def __init__(self) -> None:
        self._head = _Head(0, b"", [])

    def append(self, tx: Connection, entries: Iterable[Entry], *, now: datetime) -> range:
        """Write `entries` in order; returns their indexes."""
        stamp = stamp_of(now)
        leaves, depths = list[tuple[bytes, Any, Any]](), Counter[State]()
        for entry in entries:
            leaves.append((entry.leaf(stamp), entry.facts.get("sorgu_no"), entry.feed))
            if entry.moved:
                before, after = entry.moved
                depths[after] += 1
                if before:
                    depths[before] -= 1
        if not leaves:
            return range(0)
        hold(tx, AUDIT_HEAD)  # from here to the commit nobody else appends: nothing slow may come after it
        head = self._current(tx)
        start, rows = head.size, []
        for leaf, about, feed in leaves:
            head.last = leaf_hash(leaf)
            nodes = b"".join(extend(head.edge, head.size, head.last))
            told = {"leaf": leaf, "hash": head.last, "nodes": nodes, "sorgu_no": about, "kurum_id": feed}
            rows.append({"i": head.size, **told})
            head.size += 1
        insert_rows(tx, audit_entry, rows)
        move_depths(tx, depths)
        self._head = head
        return range(start, head.size)

    def _current(self, tx: Connection) -> _Head:
        """The head as this transaction sees it. A remembered head that was rolled back is noticed here."""
        row = next(iter(_NEWEST.all(tx)), None)
        size, last = (row.i + 1, row.hash) if row else (0, b"")
        if (size, last) == (self._head.size, self._head.last):
            return _Head(size, last, list(self._head.edge))
        return _Head(size, last, read_edge(tx, size))


def move_depths(tx: Connection, changes: Mapping[State, int]) -> None:
    """Keep how many messages stand in each state; nobody else writes these rows while the head is held."""
    for state, change in changes.items():
        if change and not _DEEPER.run(tx, of=state.value, change=change):
            tx.execute(insert(state_depth).values(state=state.value, depth=change))


def read_about(tx: Connection, sorgu_no: int) -> list[dict[str, Any]]:
    """The entries about one message, oldest first, as they were written."""
    mine = select(audit_entry.c.leaf).where(audit_entry.c.sorgu_no == sorgu_no).order_by(audit_entry.c.i)
    return [json.loads(leaf) for leaf in tx.execute(mine).scalars()]


def read_feed(tx: Connection, kurum: str, *, after: int, limit: int) -> list[tuple[int, Hash, dict[str, Any]]]:
    """(index, hash, facts) of a customer's changes from index `after` on, oldest first."""
    columns = select(audit_entry.c.i, audit_entry.c.hash, audit_entry.c.leaf)
    mine = columns.where(audit_entry.c.kurum_id == kurum, audit_entry.c.i >= after)
    rows = tx.execute(mine.order_by(audit_entry.c.i).limit(limit))
    return [(row.i, row.hash, json.loads(row.leaf)) for row in rows]


def feed_end(tx: Connection, kurum: str) -> tuple[int, Hash]:
    """(size of the log behind a customer's newest change, that change's hash); (0, empty) before the first."""
    mine = select(audit_entry.c.i, audit_entry.c.hash).where(audit_entry.c.kurum_id == kurum)
    row = tx.execute(mine.order_by(audit_entry.c.i.desc()).limit(1)).one_or_none()
    return (row.i + 1, row.hash) if row else (0, b"")


def feeds_grown(tx: Connection, since: int) -> dict[str, int]:
    """Customer -> size of the log behind its newest change, of those with a change behind the first `since` entries."""
    newest = select(audit_entry.c.kurum_id, func.max(audit_entry.c.i).label("i"))
    rows = newest.where(audit_entry.c.i >= since, audit_entry.c.kurum_id.is_not(None)).group_by(audit_entry.c.kurum_id)
    return {row.kurum_id: row.i + 1 for row in tx.execute(rows)}


def read_edge(tx: Connection, size: int) -> list[Hash]:
    """The right edge of the tree of `size` leaves, read from the rows that completed its subtrees."""
    places = edge_places(size)
    rows = read_rows(tx, [index for _, index in places])
    return [stored_subtree(rows[index], level) for level, index in places]


def read_rows(tx: Connection, indexes: Sequence[int]) -> dict[int, Any]:
    """Index -> row (hash, nodes) for the given entries."""
    columns = select(audit_entry.c.i, audit_entry.c.hash, audit_entry.c.nodes)
    return {row.i: row for row in tx.execute(columns.where(audit_entry.c.i.in_(list(indexes))))}


def stored_subtree(row: Any, level: int) -> Hash:
    """The subtree of `level` that this row's leaf completed; level 0 is the leaf itself."""
    return bytes(row.nodes[(level - 1) * HASH_BYTES : level * HASH_BYTES]) if level else bytes(row.hash)


def stamp_of(at: datetime) -> str:
    """A moment as entries write it: UTC, whole milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
