"""Inclusion proofs for the entries of one message, checked before they are handed out."""

from __future__ import annotations

import base64
from typing import Any

from sqlalchemy import Connection, select

from integrator.audit.trail import read_rows, stored_subtree
from integrator.audit.tree import Hash, inclusion_proof, leaf_hash, root_from_proof
from integrator.domain.errors import NotFound, Tampered
from integrator.domain.identifiers import SorguNo
from integrator.store.tables import audit_checkpoint, audit_entry, bildirim


def prove_bildirim(tx: Connection, sorgu_no: SorguNo) -> dict[str, Any]:
    """The newest checkpoint and, for each entry of the message below it, leaf, index and proof (hex).

    Raises NotFound when there is no such message or no checkpoint yet, Tampered when a proof does not lead to
    the checkpoint's root.
    """
    if tx.execute(select(bildirim.c.sorgu_no).where(bildirim.c.sorgu_no == sorgu_no)).first() is None:
        raise NotFound(f"no bildirim {sorgu_no}")
    newest = select(audit_checkpoint.c.size, audit_checkpoint.c.note).order_by(audit_checkpoint.c.size.desc()).limit(1)
    head = tx.execute(newest).one_or_none()
    if head is None:
        raise NotFound("no checkpoint was made yet: run `ibys audit checkpoint`")
    root = base64.b64decode(head.note.split("\n")[2])
    entries = []
    for row in _entries_of(tx, sorgu_no, head.size):
        proof = inclusion_proof(row.i, head.size, lambda level, index: _subtree(tx, level, index))
        fits = leaf_hash(row.leaf) == row.hash
        if not fits or root_from_proof(row.hash, row.i, head.size, proof) != root:
            raise Tampered(f"entry {row.i}: its proof does not lead to the checkpoint at {head.size}")
        entries.append({"index": row.i, "leaf": row.leaf.decode(), "proof": [each.hex() for each in proof]})
    return {"sorgu_no": sorgu_no, "checkpoint": head.note, "entries": entries}


def _entries_of(tx: Connection, sorgu_no: SorguNo, size: int) -> list[Any]:
    mine = (audit_entry.c.sorgu_no == sorgu_no, audit_entry.c.i < size)
    return list(tx.execute(select(audit_entry).where(*mine).order_by(audit_entry.c.i)))


def _subtree(tx: Connection, level: int, index: int) -> Hash:
    last = ((index + 1) << level) - 1
    return stored_subtree(read_rows(tx, [last])[last], level)
