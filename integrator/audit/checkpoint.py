"""Signed checkpoints in the C2SP forms tlog-checkpoint and signed-note: origin, size, root, Ed25519 signature.

The checkpoint key is separate from every other key. A checkpoint held by a second party is what stops someone
with this machine and this key from rewriting all history; see docs/operations.md.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from sqlalchemy import Connection, Engine, func, insert, select, update

from integrator.audit.trail import read_edge
from integrator.audit.tree import Hash, root_of
from integrator.domain.errors import Misconfigured, Tampered
from integrator.protect.files import write_whole
from integrator.protect.seal import read_key_file
from integrator.store.dialect import AUDIT_HEAD, hold
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_checkpoint, audit_entry, meta

_ED25519 = b"\x01"  # signature type of signed notes
_NOTE = re.compile(
    r"(?P<text>(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]*)\n(?P<root>[A-Za-z0-9+/=]+)\n)"
    r"\n(?P<lines>(?:— [^\n ]+ [A-Za-z0-9+/=]+\n){1,2})"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says, once its signature was found good."""

    origin: str
    size: int
    root: Hash


class CheckpointKey:
    """Signs and verifies the notes of one gateway."""

    def __init__(self, origin: str, private: Ed25519PrivateKey, path: Path | None = None) -> None:
        self.origin = origin
        self._private = private
        self._before: dict[str, CheckpointKey] = {}
        self.path = path

    @property
    def public(self) -> Ed25519PublicKey:
        """What its signatures are checked with."""
        return self._private.public_key()

    @property
    def name(self) -> bytes:
        """The four bytes by which notes name it."""
        return key_id(self.origin, self.public)

    @property
    def title(self) -> str:
        """How the database names the key that signs its log."""
        return f"{self.origin}+{self.name.hex()}"

    def follow(self, known: str | None) -> CheckpointKey:
        """Be the key of that title: read the file anew, or the next one beside it, when another process replaced it.

        None is a database that names no key yet. What is returned stays that key, whatever this one has to follow
        next. Raises Misconfigured when neither file holds it.
        """
        now = CheckpointKey(self.origin, self._private, self.path)
        if known in (None, now.title):
            return now
        # The first once more: the next may have taken its place between the two looks.
        for path in (self.path, next_to(self.path), self.path) if self.path else ():
            other = _read_if_there(self.origin, path)
            if other is not None and other.title == known:
                self._before[now.title] = now
                self._private = other._private
                return CheckpointKey(self.origin, other._private, self.path)
        wanted = f"keys.checkpoint_key_file holds another key than the one that signs this log ({known})"
        raise Misconfigured(
            f"{wanted}: one log has one key and one key has one log; put this home's own key back"
            " (a backup from before a change of keys: checkpoint.key.until-DAY)"
        )

    def as_of(self, known: str | None) -> CheckpointKey:
        """The same for who only reads: the snapshot may be from before a change that another thread has followed."""
        return self._before.get(known or "") or self.follow(known)

    @property
    def secret(self) -> bytes:
        """For keyed digests of what is in use; nothing else is made from it."""
        return hmac.digest(self._private.private_bytes_raw(), b"ibys/log-secret/v1", "sha256")

    def sign(self, size: int, root: Hash) -> str:
        """The signed note over a tree."""
        text = f"{self.origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = self.name + self.sign_bytes(text.encode())
        return f"{text}\n— {self.origin} {base64.b64encode(signature).decode()}\n"

    def sign_bytes(self, text: bytes) -> bytes:
        """The bare signature."""
        return self._private.sign(text)


def next_to(path: Path) -> Path:
    """Where the key that shall follow lies, until it does."""
    return path.with_name(f"{path.name}.next")


def read_checkpoint_key(origin: str, path: Path) -> CheckpointKey:
    """The key in a file of 64 hex digits."""
    return CheckpointKey(origin, Ed25519PrivateKey.from_private_bytes(read_key_file(path)), path)


def _read_if_there(origin: str, path: Path) -> CheckpointKey | None:
    try:
        return read_checkpoint_key(origin, path)
    except Misconfigured as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise


def key_id(name: str, public: Ed25519PublicKey) -> bytes:
    """The four bytes by which a note names its key."""
    return sha256(name.encode() + b"\n" + _ED25519 + public.public_bytes_raw()).digest()[:4]


def open_note(note: str, public: Ed25519PublicKey) -> Checkpoint:
    """What the note says that this one key signed; raises Tampered when its form, key or signature is wrong."""
    return open_signed(note, (public,))


def announced_size(note: str) -> int:
    """The size that a note speaks of, not to be believed yet; raises Tampered when it has no such form."""
    return int(_matched(note)["size"])


def open_signed(note: str, publics: Sequence[Ed25519PublicKey]) -> Checkpoint:
    """The same for a note that all of `publics` signed, in this order, and nobody else."""
    match = _matched(note)
    try:
        root, lines = _decode(match["root"]), match["lines"].splitlines()
        if len(lines) != len(publics):
            raise Tampered(f"a checkpoint carries {len(lines)} signature(s), {len(publics)} are wanted at its size")
        for line, public in zip(lines, publics, strict=True):
            _, name, value = line.split(" ")
            signature = _decode(value)
            if name != match["origin"] or signature[:4] != key_id(name, public):
                raise Tampered("a checkpoint was signed by another key")
            public.verify(signature[4:], match["text"].encode())
    except InvalidSignature as error:
        raise Tampered("a checkpoint's signature does not verify") from error
    except ValueError as error:  # broken base64, or text that is no text
        raise Tampered("a checkpoint cannot be decoded") from error
    return Checkpoint(match["origin"], int(match["size"]), root)


def _matched(note: str) -> re.Match[str]:
    match = _NOTE.fullmatch(note)
    if match is None:
        raise Tampered("a checkpoint does not have the form of a signed note")
    return match


def _decode(text: str) -> bytes:
    """Strict base64: only the text that encoding would give."""
    value = base64.b64decode(text, validate=True)
    if base64.b64encode(value).decode() != text:
        raise Tampered("a checkpoint's base64 is not in its only form")
    return value


_LOG_KEY = "log_key"


def put_log_key(tx: Connection, key: CheckpointKey) -> None:
    """Write down which key signs this log: no other one will be taken."""
    tx.execute(insert(meta).values(name=_LOG_KEY, value=key.title))


def known_log_key(tx: Connection) -> str | None:
    """The title of the key that signs this log; None in a home of an older release that was not opened yet."""
    return tx.execute(select(meta.c.value).where(meta.c.name == _LOG_KEY)).scalar_one_or_none()


def move_log_key(tx: Connection, key: CheckpointKey) -> None:
    """From this transaction's commit on `key` signs this log."""
    tx.execute(update(meta).where(meta.c.name == _LOG_KEY).values(value=key.title))


def require_log_key(database: Engine, key: CheckpointKey) -> None:
    """Refuse the key of another gateway's log; raises Misconfigured. A home of an older release takes its key now."""
    with reading(database) as tx:
        known = known_log_key(tx)
    if known is None:
        with writing(database) as tx:
            hold(tx, _LOG_KEY)
            known = known_log_key(tx)
            if known is None:
                put_log_key(tx, key)
    key.follow(known)


def tree_size(tx: Connection) -> int:
    """How many entries the log has."""
    newest = tx.execute(select(func.max(audit_entry.c.i))).scalar_one()
    return 0 if newest is None else int(newest) + 1


def newest_checkpoint(tx: Connection) -> tuple[int, datetime | None]:
    """(size, when it was made) of the newest one; (0, None) when there is none."""
    newest = select(audit_checkpoint.c.size, audit_checkpoint.c.made_at).order_by(audit_checkpoint.c.size.desc())
    row = tx.execute(newest.limit(1)).one_or_none()
    return (row.size, row.made_at) if row else (0, None)


def make_checkpoint(tx: Connection, key: CheckpointKey, *, now: datetime) -> tuple[int, str] | None:
    """Sign the log as this transaction sees it; None when nothing was appended since the last one, or ever."""
    hold(tx, AUDIT_HEAD)
    key = key.follow(known_log_key(tx))  # another process may have replaced it since this one began
    size = tree_size(tx)
    if size == 0:
        return None
    known = select(audit_checkpoint.c.size).where(audit_checkpoint.c.size == size)
    if tx.execute(known).first() is not None:
        return None
    note = key.sign(size, root_of(read_edge(tx, size)))
    put_checkpoint(tx, size, note, now=now)
    return size, note


def put_checkpoint(tx: Connection, size: int, note: str, *, now: datetime) -> None:
    """Keep a checkpoint that was signed in this transaction."""
    tx.execute(insert(audit_checkpoint).values(size=size, note=note, made_at=now))


def read_note_at(tx: Connection, size: int) -> str:
    """The checkpoint of exactly this size."""
    note: str = tx.execute(select(audit_checkpoint.c.note).where(audit_checkpoint.c.size == size)).scalar_one()
    return note


def write_checkpoint_file(folder: Path, size: int, note: str) -> Path:
    """Put the note beside the database as a file, for whoever collects checkpoints.

    Raises Tampered when another one of the same size lies there: two gateways sign with one log key, or the database
    was rolled back under this home.
    """
    path = folder / f"{size:012}.checkpoint"
    if path.exists() and path.read_bytes() != note.encode():
        told = "another log of that size was signed with this key: two gateways share one log key, or the database was"
        raise Tampered(f"{path.name}: {told} rolled back. Stop both, keep both; nothing was overwritten")
    write_whole(path, note.encode(), mode=0o644)
    return path
