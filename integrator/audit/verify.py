"""Recomputes the whole log and names the first broken place: entry, node, checkpoint, or a row that disagrees.

Streams; holds one state per message. Never writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from integrator.audit.checkpoint import open_note
from integrator.audit.tree import EMPTY_ROOT, Hash, extend, leaf_hash, root_of
from integrator.domain.errors import Tampered
from integrator.store.tables import audit_checkpoint, audit_entry, bildirim, kayit

_MOVES = ("bildirim.moved", "bildirim.asked")


@dataclass(frozen=True, slots=True)
class Report:
    """`broken` is None when everything verifies; else the first broken place, in words."""

    entries: int
    checkpoints: int
    bildirim: int
    root: Hash
    broken: str | None


class _Broken(Exception):
    """The first broken place."""


class _Recount:
    """Walks the log once: the tree, the checkpoints on its way, and the state each message should have."""

    def __init__(self, notes: dict[int, str], public: Ed25519PublicKey, origin: str) -> None:
        self.size = 0
        self.edge: list[Hash] = []
        self.states: dict[tuple[str, int], str] = {}
        self.records: set[tuple[str, str]] = set()
        self.notes = notes
        self._public = public
        self._origin = origin

    def take(self, row: Any) -> None:
        """One row of the log, in order."""
        if row.i != self.size:
            raise _Broken(f"entry {self.size}: missing, the next row is entry {row.i}")
        if not all(isinstance(value, bytes) for value in (row.leaf, row.hash, row.nodes)):
            raise _Broken(f"entry {row.i}: a column holds another type than the log writes")
        if leaf_hash(row.leaf) != row.hash:
            raise _Broken(f"entry {row.i}: its text does not give its hash")
        if b"".join(extend(self.edge, self.size, row.hash)) != row.nodes:
            raise _Broken(f"entry {row.i}: its stored tree nodes are not those of the entries before it")
        self.size += 1
        self._follow(row)
        if self.size in self.notes:
            self.check_note(self.notes.pop(self.size))

    def _follow(self, row: Any) -> None:
        try:
            fact = json.loads(row.leaf)
            if fact.get("sorgu_no") != row.sorgu_no:
                raise _Broken(f"entry {row.i}: its row names another message than its text")
            self._follow_fact(row.i, fact)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _Broken(f"entry {row.i}: it is not an entry of this log ({type(error).__name__})") from error

    def _follow_fact(self, index: int, fact: dict[str, Any]) -> None:
        if fact["event"] == "kayit.accepted":
            self.records.add((fact["kurum"], fact["kayit_no"]))
        elif fact["event"] in _MOVES:
            key = (fact["kurum"], fact["sorgu_no"])
            before = self.states.get(key)
            if before is not None and fact.get("from", before) != before:
                raise _Broken(f"entry {index}: bildirim {key[1]} moves from {fact['from']}, but it stood at {before}")
            self.states[key] = fact["to"]

    def check_note(self, note: str) -> None:
        """A checkpoint at the present size."""
        try:
            checkpoint = open_note(note, self._public)
        except Tampered as error:
            raise _Broken(f"checkpoint at {self.size}: {error.detail}") from error
        if checkpoint.origin != self._origin or checkpoint.size != self.size:
            raise _Broken(f"checkpoint at {self.size}: it speaks of {checkpoint.origin!r}, size {checkpoint.size}")
        if checkpoint.root != root_of(self.edge):
            raise _Broken(f"checkpoint at {self.size}: its root is not the root of the entries")


def verify(
    tx: Connection, public: Ed25519PublicKey, origin: str, outside: list[tuple[Path, str]] | None = None
) -> Report:
    """Check entries, nodes, checkpoints (stored and `outside` ones) and the rows they speak of."""
    stored = {row.size: row.note for row in tx.execute(select(audit_checkpoint.c.size, audit_checkpoint.c.note))}
    recount = _Recount(dict(stored), public, origin)
    try:
        held = _outside_notes(outside or [], public, stored)
        recount.notes.update({size: note for size, note in held.items() if size not in stored})
        for row in tx.execute(select(audit_entry).order_by(audit_entry.c.i).execution_options(yield_per=5000)):
            recount.take(row)
        for size in sorted(recount.notes):
            raise _Broken(f"entry {recount.size}: the log ends, but a checkpoint speaks of {size} entries")
        messages = len(recount.states)
        _compare_rows(tx, recount)
    except _Broken as broken:
        return Report(recount.size, len(stored), len(recount.states), root_of(recount.edge), str(broken))
    root = root_of(recount.edge) if recount.size else EMPTY_ROOT
    return Report(recount.size, len(stored), messages, root, None)


def _outside_notes(outside: list[tuple[Path, str]], public: Ed25519PublicKey, stored: dict[int, str]) -> dict[int, str]:
    """Checkpoints kept elsewhere, by size; one that contradicts the stored one is a break by itself."""
    held: dict[int, str] = {}
    for path, note in outside:
        try:
            checkpoint = open_note(note, public)
        except Tampered as error:
            raise _Broken(f"{path.name}: {error.detail}") from error
        mine = stored.get(checkpoint.size)
        if mine is not None and mine != note:
            raise _Broken(f"{path.name}: differs from the stored checkpoint at {checkpoint.size}")
        held[checkpoint.size] = note
    return held


def _compare_rows(tx: Connection, recount: _Recount) -> None:
    for key, state in _rows(tx):
        told = recount.states.pop(key, None)
        if told != state:
            raise _Broken(f"bildirim {key[1]}: its row says {state}, the log says {told or 'nothing'}")
    for _, number in sorted(recount.states):
        raise _Broken(f"bildirim {number}: the log speaks of it, its row is gone")
    stored = {(row.kurum_id, row.kayit_no) for row in tx.execute(select(kayit.c.kurum_id, kayit.c.kayit_no))}
    if stored != recount.records:
        raise _Broken(f"kayit: {len(stored ^ recount.records)} record(s) stand in the table or in the log, not in both")


def _rows(tx: Connection) -> Iterator[tuple[tuple[str, int], str]]:
    columns = select(bildirim.c.kurum_id, bildirim.c.sorgu_no, bildirim.c.state).order_by(bildirim.c.sorgu_no)
    for row in tx.execute(columns.execution_options(yield_per=5000)):
        yield (row.kurum_id, row.sorgu_no), row.state
