"""Which key signs the log when: the log itself tells it (docs/decisions/0027).

A change of keys is one entry, signed by the old key and by the new one, and a checkpoint right above it, signed by
both. Checkpoints up to the entry are the old key's, those above that checkpoint the new one's; nothing else is taken.
Who knows the present key learns the older ones backwards from these entries, who knows an old key the newer ones.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from integrator.audit.checkpoint import (
    Checkpoint,
    CheckpointKey,
    announced_size,
    key_id,
    known_log_key,
    open_signed,
)
from integrator.audit.tree import Hash
from integrator.domain.errors import Tampered
from integrator.store.tables import audit_entry, meta

REPLACED = "log_key.replaced"
CHANGES = "log_key_changes"
"""The row of `meta` that tells where these entries stand: a JSON list of indexes. `verify` compares it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the index of its entry, the key before it and the key after it."""

    index: int
    old: Ed25519PublicKey
    new: Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys of one log. `last` is the one that signs now."""

    origin: str
    last: Ed25519PublicKey
    changes: Sequence[Change] = ()

    @property
    def first(self) -> Ed25519PublicKey:
        """The key the log began with."""
        return self.changes[0].old if self.changes else self.last

    def of(self, size: int) -> tuple[Ed25519PublicKey, ...]:
        """Who must have signed a checkpoint of `size` entries: one key, or both right above a change."""
        keys: tuple[Ed25519PublicKey, ...] = (self.first,)
        for each in self.changes:
            if size > each.index:
                keys = (each.old, each.new) if size == each.index + 1 else (each.new,)
        return keys

    def open(self, note: str) -> Checkpoint:
        """What a note says; raises Tampered when it does not carry the signatures wanted of its size, and no others."""
        return open_signed(note, self.of(announced_size(note)))


def keys_now(tx: Connection, key: CheckpointKey) -> LogKeys:
    """The keys of the log, once `key` is the one that signs it now; raises Misconfigured for one that never does."""
    key = key.as_of(known_log_key(tx))
    return read_log_keys(tx, key.origin, key.public)


def read_log_keys(tx: Connection, origin: str, last: Ed25519PublicKey) -> LogKeys:
    """The keys that lead to `last`, as the log's entries tell them; raises Tampered when they do not lead there."""
    changes: list[Change] = []
    for index in reversed(change_indexes(tx)):
        change = read_change(tx, origin, index)
        wanted = changes[-1].old if changes else last
        if change.new != wanted:
            raise Tampered(f"entry {index}: the log key changed there, and not to the one that came after it")
        changes.append(change)
    return LogKeys(origin, last, changes[::-1])


def change_indexes(tx: Connection) -> list[int]:
    """Where the changes stand, in order; raises Tampered for a row that is no such list."""
    value = tx.execute(select(meta.c.value).where(meta.c.name == CHANGES)).scalar_one_or_none()
    try:
        indexes = json.loads(value or "[]")
    except ValueError as error:
        raise Tampered(f"meta {CHANGES}: it is no list of entries") from error
    if not isinstance(indexes, list) or any(type(each) is not int for each in indexes) or indexes != sorted(indexes):
        raise Tampered(f"meta {CHANGES}: it is no list of entries")
    return indexes


def read_change(tx: Connection, origin: str, index: int) -> Change:
    """The change in the entry at `index`, both signatures checked; raises Tampered."""
    leaf = tx.execute(select(audit_entry.c.leaf).where(audit_entry.c.i == index)).scalar_one_or_none()
    try:
        fact = json.loads(leaf or b"{}")
        if fact.get("event") != REPLACED:
            raise Tampered(f"entry {index}: it is no change of the log key, though meta {CHANGES} says so")
        old, new = (Ed25519PublicKey.from_public_bytes(bytes.fromhex(fact[name])) for name in ("old", "new"))
        text = statement(origin, index, old, new)
        for public, name in ((old, "signed_by_old"), (new, "signed_by_new")):
            public.verify(base64.b64decode(fact[name], validate=True), text)
    except InvalidSignature as error:
        raise Tampered(f"entry {index}: a change of the log key that one of the two keys did not sign") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Tampered(f"entry {index}: no change of the log key can be read there") from error
    return Change(index, old, new)


def statement(origin: str, index: int, old: Ed25519PublicKey, new: Ed25519PublicKey) -> bytes:
    """What both keys sign: the log, the place in it, and the two keys."""
    keys = (each.public_bytes_raw().hex() for each in (old, new))
    return "\n".join(["ibys/log-key/v1", origin, str(index), *keys, ""]).encode()


def change_facts(index: int, old: CheckpointKey, new: CheckpointKey) -> Mapping[str, Any]:
    """The facts of the entry at `index` that lets `new` follow `old`."""
    text = statement(old.origin, index, old.public, new.public)
    return {
        "old": old.public.public_bytes_raw().hex(),
        "new": new.public.public_bytes_raw().hex(),
        "log_key_id": key_id(new.origin, new.public).hex(),
        "signed_by_old": base64.b64encode(old.sign_bytes(text)).decode(),
        "signed_by_new": base64.b64encode(new.sign_bytes(text)).decode(),
    }


def sign_both(old: CheckpointKey, new: CheckpointKey, size: int, root: Hash) -> str:
    """The checkpoint right above a change: one text, two signature lines, the old key's first."""
    return old.sign(size, root) + new.sign(size, root).rpartition("\n\n")[2]
