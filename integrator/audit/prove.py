"""Proofs of inclusion and of consistency, checked before they are handed out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from integrator.audit.checkpoint import Checkpoint
from integrator.audit.trail import read_rows, stored_subtree
from integrator.audit.tree import (
    HASH_BYTES,
    Hash,
    Subtree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_from_proof,
    roots_from_consistency,
)
from integrator.domain.errors import NotFound, Tampered
from integrator.domain.identifiers import SorguNo
from integrator.store.tables import audit_checkpoint, audit_entry, bildirim


@dataclass(frozen=True, slots=True)
class Head:
    """A stored checkpoint: its size, its root and the note."""

    size: int
    root: Hash
    note: str


def newest_head(tx: Connection) -> Head:
    """The newest stored checkpoint; raises NotFound when none was made yet."""
    newest = select(audit_checkpoint.c.size, audit_checkpoint.c.note).order_by(audit_checkpoint.c.size.desc()).limit(1)
    row = tx.execute(newest).one_or_none()
    if row is None:
        raise NotFound("no checkpoint was made yet: run `ibys audit checkpoint`")
    return Head(row.size, base64.b64decode(row.note.split("\n")[2]), row.note)


def prove_bildirim(tx: Connection, sorgu_no: SorguNo, head: Head | None = None) -> dict[str, Any]:
    """A checkpoint (the newest) and, for each entry of the message below it, leaf, index and proof (hex).

    Raises NotFound when there is no such message or no checkpoint yet, Tampered when a proof does not lead to
    the checkpoint's root.
    """
    if tx.execute(select(bildirim.c.sorgu_no).where(bildirim.c.sorgu_no == sorgu_no)).first() is None:
        raise NotFound(f"no bildirim {sorgu_no}")
    head = head or newest_head(tx)
    mine = (audit_entry.c.sorgu_no == sorgu_no, audit_entry.c.i < head.size)
    rows = tx.execute(select(audit_entry).where(*mine).order_by(audit_entry.c.i))
    entries = [prove_row(tx, row, head) for row in rows]
    return {"sorgu_no": sorgu_no, "checkpoint": head.note, "entries": entries}


def prove_row(tx: Connection, row: Any, head: Head) -> dict[str, Any]:
    """One entry with its proof, checked; raises Tampered."""
    proof = with_subtrees(tx, partial(inclusion_proof, row.i, head.size))
    fits = leaf_hash(row.leaf) == row.hash
    if not fits or root_from_proof(row.hash, row.i, head.size, proof) != head.root:
        raise Tampered(f"entry {row.i}: its proof does not lead to the checkpoint at {head.size}")
    return {"index": row.i, "leaf": row.leaf.decode(), "proof": [each.hex() for each in proof]}


def prove_consistency(tx: Connection, earlier: Checkpoint) -> dict[str, Any]:
    """That the log below the newest checkpoint only grew since `earlier`: both sizes, roots and the proof (hex).

    Raises Tampered when it did not: the log is not the one `earlier` was made over, or it is shorter now.
    """
    head = newest_head(tx)
    if earlier.size > head.size:
        raise Tampered(f"the newest checkpoint speaks of {head.size} entries, the one given of {earlier.size}")
    proof = with_subtrees(tx, partial(consistency_proof, earlier.size, head.size)) if earlier.size else []
    if earlier.size and roots_from_consistency(earlier.size, head.size, earlier.root, proof) != (
        earlier.root,
        head.root,
    ):
        raise Tampered(f"the log is not the one that the checkpoint at {earlier.size} speaks of")
    sizes = {"first": earlier.size, "second": head.size}
    return {**sizes, "checkpoint": head.note, "proof": [each.hex() for each in proof]}


def with_subtrees(tx: Connection, plan: Callable[[Subtree], list[Hash]]) -> list[Hash]:
    """What `plan` makes of stored subtrees, read in one query: it is run twice, first to learn which it wants."""
    wanted: dict[tuple[int, int], int] = {}

    def note(level: int, index: int) -> Hash:
        wanted[level, index] = ((index + 1) << level) - 1
        return bytes(HASH_BYTES)

    plan(note)
    rows = read_rows(tx, sorted(set(wanted.values())))
    return plan(lambda level, index: stored_subtree(rows[wanted[level, index]], level))
