"""The claim beside the log's key: which log it signs, how far it has come, and in which file that log lies.

``checkpoint.key.claim`` is written after each checkpoint and compared at each start and before each signature. So a
key that came into another home with its folder, a database that was put back, and a home that was copied are refused
before anything is written. It guards against mistakes, not against whoever can write the folder: a copy that takes
key and database and leaves the claim, or a whole machine that is cloned, only an outside holder of checkpoints tells
(docs/decisions/0027).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from integrator.audit.checkpoint import CheckpointKey
from integrator.audit.trail import read_edge
from integrator.audit.tree import root_of
from integrator.domain.errors import Misconfigured, Tampered
from integrator.log import logger
from integrator.protect.files import write_whole
from integrator.store.dialect import place_of_storage
from integrator.store.tables import audit_entry

_AGAIN = "`ibys audit claim --reason ...` when you did that on purpose and no other gateway has this key"


@dataclass(frozen=True, slots=True)
class Claim:
    """`log` is the hash of the first entry (hex); `size` and `root` are of what was signed last; `place` the file's."""

    log: str
    size: int
    root: str
    place: str


def claim_path(key: CheckpointKey) -> Path | None:
    """Where the claim of a key lies; None for one that was not read from a file."""
    return key.path.with_name(f"{key.path.name}.claim") if key.path else None


def read_claim(key: CheckpointKey) -> Claim | None:
    """The claim as it stands; None when there is none yet. Raises Misconfigured for a file that is none."""
    path = claim_path(key)
    if path is None or not path.exists():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Claim(str(told["log"]), int(told["size"]), str(told["root"]), str(told["place"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misconfigured(f"{path}: is no claim ({type(error).__name__}); {_AGAIN}") from error


def require_claim(tx: Connection, key: CheckpointKey) -> None:
    """Refuse to go on with another log than the one this key has signed; raises Misconfigured or Tampered.

    Nothing is written, whatever is found.
    """
    claim, first = read_claim(key), _first(tx)
    if claim is None or first is None:
        return
    path = claim_path(key)
    if claim.log != first:
        told = f"{path}: this key signs another log than the one in this database ({claim.log[:16]}, {first[:16]})"
        raise Misconfigured(f"{told}: two gateways must not share one log key; give this home its own keys/ back")
    if _root(tx, claim.size) != claim.root:
        told = f"{path}: this key signed the log at {claim.size} entries, and the one here is not that log, or is older"
        raise Tampered(f"{told}: another gateway has a copy of this home, or its database was put back. Stop, {_AGAIN}")
    if claim.place != place_of_storage(tx):
        told = f"{path}: the database is another file than when this key signed last: this home is a copy"
        raise Misconfigured(f"{told}, or its database was put back. Make sure the original is gone; then {_AGAIN}")


def write_claim(tx: Connection, key: CheckpointKey, size: int) -> None:
    """Write down how far the key has signed; `tx` sees that log. A folder that cannot be written keeps no claim."""
    path, first = claim_path(key), _first(tx)
    if path is None or first is None:
        return
    claim = Claim(first, size, _root(tx, size) or "", place_of_storage(tx))
    try:
        write_whole(path, json.dumps(told_of(claim), sort_keys=True).encode() + b"\n")
    except OSError as error:
        logger().warning("audit.not_claimed", why=str(error.strerror))


def told_of(claim: Claim | None) -> Mapping[str, object]:
    """The claim as facts."""
    return asdict(claim) if claim else {}


def _first(tx: Connection) -> str | None:
    stored = tx.execute(select(audit_entry.c.hash).where(audit_entry.c.i == 0)).scalar_one_or_none()
    return None if stored is None else stored.hex()


def _root(tx: Connection, size: int) -> str | None:
    """The root at that size (hex); None when the log is shorter."""
    try:
        return root_of(read_edge(tx, size)).hex()
    except KeyError:
        return None
