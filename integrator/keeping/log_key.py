"""A new key for the log's checkpoints, while everything runs; and the claim taken over (docs/decisions/0027).

1. The next key is made beside the old one (``checkpoint.key.next``), unless an earlier run that ended did so.
2. One transaction, which holds the log's head: the entry that both keys signed, the checkpoint right above it that
   both keys signed, and the row that says whose turn it is. From its commit on nobody signs with the old key: whoever
   makes a checkpoint reads that row first, and the file anew when it names another key.
3. The next file takes the place of the old one, which stays as ``checkpoint.key.until-DAY``: a backup from before
   comes back under it. A run that ended before this step is finished by the same command.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert

from integrator.audit.bound import IN_USE, seen_digest
from integrator.audit.checkpoint import (
    CheckpointKey,
    known_log_key,
    make_checkpoint,
    move_log_key,
    next_to,
    put_checkpoint,
    read_checkpoint_key,
    read_note_at,
    tree_size,
)
from integrator.audit.claim import Claim, read_claim, require_claim, told_of, write_claim
from integrator.audit.log_keys import CHANGES, REPLACED, change_facts, change_indexes, sign_both
from integrator.audit.trail import Entry, read_edge
from integrator.audit.tree import root_of
from integrator.domain.errors import Misconfigured
from integrator.domain.hands import Hand
from integrator.gateway import Gateway
from integrator.protect.files import sync_folder, write_secret
from integrator.protect.seal import new_key
from integrator.store.dialect import AUDIT_HEAD, hold
from integrator.store.engine import Tx, reading, writing
from integrator.store.tables import meta

InUse = Callable[[bytes], Mapping[str, Any]]
"""What is in use (``noticing.in_use``), under the keyed digest of a log key: it changes with the key."""


def replace_log_key(gateway: Gateway, path: Path, in_use: InUse, *, reason: str, by: str = "") -> tuple[int, str]:
    """Let a new key sign from now on; returns (size, note) of the checkpoint that both signed.

    `path` is keys.checkpoint_key_file. Raises Misconfigured when neither file holds the key that signs the log now.
    """
    hand, beside = Hand(by or gateway.actor, reason), next_to(path)
    if not beside.exists():
        write_secret(beside, new_key().hex().encode())  # 1.
    new = read_checkpoint_key(gateway.checkpoint_key.origin, beside)
    with writing(gateway.database) as tx:
        hold(tx, AUDIT_HEAD)
        require_claim(tx, gateway.checkpoint_key)
        signed = (
            _signed_by_both(tx) if known_log_key(tx) == new.title else _change(gateway, tx, new, in_use, hand)
        )  # 2.
    _enthrone(path, f"{gateway.clock.now():%Y-%m-%d}")  # 3.
    with reading(gateway.database) as tx:
        write_claim(tx, gateway.checkpoint_key.follow(known_log_key(tx)), signed[0])
    return signed


def claim_key(gateway: Gateway, *, reason: str, by: str = "") -> Claim:
    """A person says that this home goes on with its key, although the claim tells of another log or file.

    The log keeps what the claim said before. Raises BadReason, and Misconfigured when no claim can be written.
    """
    hand, key, now = Hand(by or gateway.actor, reason), gateway.checkpoint_key, gateway.clock.now()
    facts = {"before": told_of(read_claim(key)), **hand.facts}
    with writing(gateway.database) as tx:
        gateway.record(tx, [Entry("gateway.claimed", gateway.actor, facts)], now)
        made = make_checkpoint(tx, key, now=now)
    assert made is not None  # there is the entry
    with reading(gateway.database) as tx:
        write_claim(tx, key, made[0])
    found = read_claim(key)
    if found is None:
        raise Misconfigured("the claim could not be written beside keys.checkpoint_key_file")
    return found


def _change(gateway: Gateway, tx: Tx, new: CheckpointKey, in_use: InUse, hand: Hand) -> tuple[int, str]:
    now, index = gateway.clock.now(), tree_size(tx)
    old = gateway.checkpoint_key.follow(known_log_key(tx))
    seen = json.dumps(in_use(new.secret), sort_keys=True)
    facts = {**change_facts(index, old, new), "seen": seen_digest(seen), **hand.facts}
    gateway.record(tx, [Entry(REPLACED, gateway.actor, facts)], now)
    size = index + 1
    note = sign_both(old, new, size, root_of(read_edge(tx, size)))
    put_checkpoint(tx, size, note, now=now)
    _put(tx, CHANGES, json.dumps([*change_indexes(tx), index]))
    _put(tx, IN_USE, seen)
    move_log_key(tx, new)
    return size, note


def _put(tx: Tx, name: str, value: str) -> None:
    tx.execute(delete(meta).where(meta.c.name == name))
    tx.execute(insert(meta).values(name=name, value=value))


def _signed_by_both(tx: Tx) -> tuple[int, str]:
    """Of the run before, which ended between its commit and the last step."""
    size = change_indexes(tx)[-1] + 1
    return size, read_note_at(tx, size)


def _enthrone(path: Path, day: str) -> None:
    """Both names are there at every moment: the old file gets a second name before the next takes its first."""
    old, number = path.with_name(f"{path.name}.until-{day}"), 1
    while old.exists():
        if old.samefile(path):
            break  # an earlier run came so far
        number += 1
        old = path.with_name(f"{path.name}.until-{day}.{number}")
    if not path.exists():
        raise Misconfigured(f"{path}: the file went away; put it back, and say the same again")
    if not old.exists():
        old.hardlink_to(path)
    next_to(path).replace(path)
    sync_folder(path.parent)
