"""Recomputes the whole log and names the first broken place: entry, node, checkpoint, or a row that disagrees.

Streams; holds one state per message. Never writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from integrator.audit.checkpoint import Checkpoint, open_note, tree_size
from integrator.audit.trail import feed_of, read_edge
from integrator.audit.tree import EMPTY_ROOT, Hash, extend, leaf_hash, root_of
from integrator.domain.errors import Tampered
from integrator.store.tables import audit_checkpoint, audit_entry, bildirim, kayit

_MOVES = frozenset({"bildirim.moved", "bildirim.asked"})
_ENTRY = audit_entry.c
_COLUMNS = (_ENTRY.i, _ENTRY.leaf, _ENTRY.hash, _ENTRY.nodes, _ENTRY.sorgu_no, _ENTRY.kurum_id)
_parse = json.JSONDecoder().decode


@dataclass(frozen=True, slots=True)
class Break:
    """The first broken place: `what` is storage, entry, leaf, hash, node, checkpoint or row; `index` the entry's."""

    what: str
    words: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`found` is None when everything verifies; else the first broken place."""

    entries: int
    checkpoints: int
    bildirim: int
    root: Hash
    found: Break | None

    @property
    def broken(self) -> str | None:
        """The first broken place in words."""
        return self.found.words if self.found else None


class Broken(Exception):
    """Carries the first broken place up."""

    def __init__(self, what: str, words: str, index: int | None = None) -> None:
        super().__init__(words)
        self.place = Break(what, words, index)


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

    def begin_at(self, tx: Connection, since: Checkpoint) -> int:
        """Start above a checkpoint that somebody kept; returns its size. The log must hold what it speaks of."""
        if tree_size(tx) < since.size:
            words = f"entry {tree_size(tx)}: the log ends, but a checkpoint speaks of {since.size} entries"
            raise Broken("checkpoint", words, tree_size(tx))
        try:
            self.edge = read_edge(tx, since.size)
        except KeyError as error:
            raise Broken("entry", f"entry {error.args[0]}: missing", int(error.args[0])) from error
        if root_of(self.edge) != since.root:
            raise Broken("node", f"entries below {since.size}: the stored nodes do not lead to the checkpoint's root")
        self.size = since.size
        self.notes = {size: note for size, note in self.notes.items() if size > since.size}
        return since.size

    def take(self, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of the log (`_COLUMNS`), in order. A million pass this loop: nothing is looked up twice."""
        edge, notes, follow, size = self.edge, self.notes, self._follow, self.size
        for index, leaf, stored, nodes, *about in rows:
            self.size = size
            if index != size:
                raise Broken("entry", f"entry {size}: missing, the next row is entry {index}", size)
            if not (type(leaf) is type(stored) is type(nodes) is bytes):
                raise Broken("entry", f"entry {size}: a column holds another type than the log writes", size)
            if leaf_hash(leaf) != stored:
                raise Broken("hash", f"entry {size}: its text does not give its hash", size)
            if b"".join(extend(edge, size, stored)) != nodes:
                words = f"entry {size}: its stored tree nodes are not those of the entries before it"
                raise Broken("node", words, size)
            follow(size, leaf, about)
            size += 1
            if size in notes:
                self.size = size
                self.check_note(notes.pop(size))
        self.size = size

    def _follow(self, index: int, leaf: bytes, about: list[Any]) -> None:
        try:
            fact = _parse(leaf.decode())
            event = fact["event"]
            if [fact.get("sorgu_no"), feed_of(event, fact)] != about:
                raise Broken("leaf", f"entry {index}: its row names another message or customer than its text", index)
            if event in _MOVES:
                self._follow_move(index, fact)
            elif event == "kayit.accepted":
                self.records.add((fact["kurum"], fact["kayit_no"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            words = f"entry {index}: it is not an entry of this log ({type(error).__name__})"
            raise Broken("leaf", words, index) from error

    def _follow_move(self, index: int, fact: dict[str, Any]) -> None:
        key = (fact["kurum"], fact["sorgu_no"])
        before = self.states.get(key)
        if before is not None and fact.get("from", before) != before:
            words = f"entry {index}: bildirim {key[1]} moves from {fact['from']}, but it stood at {before}"
            raise Broken("leaf", words, index)
        self.states[key] = fact["to"]

    def check_note(self, note: str) -> None:
        """A checkpoint at the present size."""
        at, index = f"checkpoint at {self.size}", self.size - 1
        try:
            checkpoint = open_note(note, self._public)
        except Tampered as error:
            raise Broken("checkpoint", f"{at}: {error.detail}", index) from error
        if checkpoint.origin != self._origin or checkpoint.size != self.size:
            words = f"{at}: it speaks of {checkpoint.origin!r}, size {checkpoint.size}"
            raise Broken("checkpoint", words, index)
        if checkpoint.root != root_of(self.edge):
            raise Broken("checkpoint", f"{at}: its root is not the root of the entries", index)


def verify(
    tx: Connection,
    public: Ed25519PublicKey,
    origin: str,
    outside: list[tuple[Path, str]] | None = None,
    *,
    since: Checkpoint | None = None,
) -> Report:
    """Check entries, nodes, checkpoints (stored and `outside` ones) and the rows they speak of.

    With `since`, entries below that checkpoint are not read again: the stored nodes must lead to its root, and only
    the rows of messages that moved later are compared.
    """
    stored = {row.size: row.note for row in tx.execute(select(audit_checkpoint.c.size, audit_checkpoint.c.note))}
    recount = _Recount(dict(stored), public, origin)
    try:
        held = _outside_notes(outside or [], public, stored)
        recount.notes.update({size: note for size, note in held.items() if size not in stored})
        start = recount.begin_at(tx, since) if since else 0
        query = select(*_COLUMNS).where(audit_entry.c.i >= start).order_by(audit_entry.c.i)
        recount.take(tx.execute(query.execution_options(yield_per=5000)))
        for size in sorted(recount.notes):
            words = f"entry {recount.size}: the log ends, but a checkpoint speaks of {size} entries"
            raise Broken("checkpoint", words, recount.size)
        messages = len(recount.states)
        _compare_rows(tx, recount, some=since is not None)
    except Broken as broken:
        return Report(recount.size, len(stored), len(recount.states), root_of(recount.edge), broken.place)
    root = root_of(recount.edge) if recount.size else EMPTY_ROOT
    return Report(recount.size, len(stored), messages, root, None)


def _outside_notes(outside: list[tuple[Path, str]], public: Ed25519PublicKey, stored: dict[int, str]) -> dict[int, str]:
    """Checkpoints kept elsewhere, by size; one that contradicts the stored one is a break by itself."""
    held: dict[int, str] = {}
    for path, note in outside:
        try:
            checkpoint = open_note(note, public)
        except Tampered as error:
            raise Broken("checkpoint", f"{path.name}: {error.detail}") from error
        mine = stored.get(checkpoint.size)
        if mine is not None and mine != note:
            words = f"{path.name}: differs from the stored checkpoint at {checkpoint.size}"
            raise Broken("checkpoint", words, checkpoint.size - 1)
        held[checkpoint.size] = note
    return held


def _compare_rows(tx: Connection, recount: _Recount, *, some: bool) -> None:
    for key, state in _rows(tx):
        if some and key not in recount.states:
            continue
        told = recount.states.pop(key, None)
        if told != state:
            raise Broken("row", f"bildirim {key[1]}: its row says {state}, the log says {told or 'nothing'}")
    for _, number in sorted(recount.states):
        raise Broken("row", f"bildirim {number}: the log speaks of it, its row is gone")
    if some:
        return
    stored = {(row.kurum_id, row.kayit_no) for row in tx.execute(select(kayit.c.kurum_id, kayit.c.kayit_no))}
    if stored != recount.records:
        odd = len(stored ^ recount.records)
        raise Broken("row", f"kayit: {odd} record(s) stand in the table or in the log, not in both")


def _rows(tx: Connection) -> Iterator[tuple[tuple[str, int], str]]:
    columns = select(bildirim.c.kurum_id, bildirim.c.sorgu_no, bildirim.c.state).order_by(bildirim.c.sorgu_no)
    for row in tx.execute(columns.execution_options(yield_per=5000)):
        yield (row.kurum_id, row.sorgu_no), row.state
