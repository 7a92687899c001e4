"""Checkpoints handed to a second party: the only thing that keeps whoever owns key and disk from rewriting the log.

A holder is a folder elsewhere, an address that takes a POST, or a command that gets the note on its standard input (a
mailer, a printer). Each is tried until it has the newest checkpoint, with growing gaps; what it has stands in
`checkpoint_holder`. One that already holds another truth about this log is never written over: it is told as a fork.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from sqlalchemy import select, update

from integrator.audit.checkpoint import Checkpoint, CheckpointKey
from integrator.audit.log_keys import keys_now
from integrator.audit.prove import Head, newest_head
from integrator.audit.trail import read_edge
from integrator.audit.tree import root_of
from integrator.domain.errors import NotFound, Tampered, Unavailable
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.protect.files import write_whole
from integrator.queue.backoff import Backoff
from integrator.sign.evidence import TimestampAuthority
from integrator.sign.fetch import HttpFetcher, NotFetched, Question
from integrator.store.dialect import insert_new
from integrator.store.engine import Tx, reading, writing
from integrator.store.tables import audit_checkpoint, checkpoint_holder

GAPS = Backoff(timedelta(seconds=30), timedelta(hours=1), 1_000_000)
COMMAND_SECONDS = 60.0
_LARGEST_NOTE = 65_536


class Holder(Protocol):
    """Somebody who keeps checkpoints."""

    @property
    def name(self) -> str:
        """Under which its progress is kept."""

    def hand(self, tx: Tx, head: Head) -> None:
        """Give it `head`. Raises Unavailable (tried again), or Tampered when it holds another truth."""


@dataclass(frozen=True, slots=True)
class FolderHolder:
    """A folder that another party can read and we cannot rewrite unseen: a mounted share, a synchronised directory."""

    folder: Path
    key: CheckpointKey
    name: str = "folder"

    def hand(self, tx: Tx, head: Head) -> None:
        """Write ``ORIGIN-SIZE.checkpoint``, after comparing the newest one there with our log."""
        try:
            kept = sorted(self.folder.glob(f"{self.key.origin}-*.checkpoint"))
            if kept:
                require_same_log(tx, self.key, kept[-1])
            path = self.folder / f"{self.key.origin}-{head.size:012}.checkpoint"
            if not path.exists():
                write_whole(path, head.note.encode(), mode=0o644)
        except OSError as error:
            raise Unavailable(f"{self.folder}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class PushHolder:
    """An address that takes the note as the body of a POST and answers 200."""

    address: str
    headers: dict[str, str]
    name: str = "push"

    def hand(self, tx: Tx, head: Head) -> None:  # noqa: ARG002 - the protocol's
        """One POST, bounded in time; redirects are not followed."""
        fetch = HttpFetcher([urlsplit(self.address).netloc], timeout=timedelta(seconds=20))
        try:
            fetch(Question(self.address, head.note.encode(), "text/plain; charset=utf-8", headers=self.headers))
        except NotFetched as error:
            raise Unavailable(f"push: {error}") from error


@dataclass(frozen=True, slots=True)
class CommandHolder:
    """A command of the operator's, without a shell: it gets the note, or a mail with it, and ends with 0."""

    command: str
    mail_to: str = ""
    name: str = "command"

    def hand(self, tx: Tx, head: Head) -> None:  # noqa: ARG002 - the protocol's
        """Run it once, for at most a minute."""
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own words, split without a shell
                shlex.split(self.command), input=self._text(head).encode(), timeout=COMMAND_SECONDS, check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"command: {type(error).__name__}") from error
        if done.returncode != 0:
            raise Unavailable(f"command: it ended with {done.returncode}")

    def _text(self, head: Head) -> str:
        if not self.mail_to:
            return head.note
        subject = f"Subject: checkpoint {head.size}\n"
        return f"To: {self.mail_to}\n{subject}Content-Type: text/plain; charset=utf-8\n\n{head.note}"


def require_same_log(tx: Tx, key: CheckpointKey, path: Path) -> None:
    """Raise Tampered unless the checkpoint in `path` is a beginning of the log as it stands here."""
    with path.open("rb") as file:
        note = file.read(_LARGEST_NOTE).decode("utf-8", "replace")
    before = keys_now(tx, key).open(note)
    if before.size and root_at(tx, before) != before.root:
        what = "another log has this key, or an older copy of this one was put back"
        raise Tampered(f"{path.name} is not a beginning of this log: {what}; nothing was overwritten")


def root_at(tx: Tx, before: Checkpoint) -> bytes | None:
    """The root that this log had at that size; None when it is shorter."""
    try:
        return root_of(read_edge(tx, before.size))
    except KeyError:
        return None


@dataclass(frozen=True, slots=True)
class Handed:
    """How far one holder has come: the size of the checkpoint it has, and why it has no newer one."""

    name: str
    size: int
    failures: int
    told: str


def hand_out(gateway: Gateway, holders: Sequence[Holder], *, at_once: bool = False) -> list[Handed]:
    """Give the newest checkpoint to every holder that is due (`at_once`: to each) and has not got it."""
    try:
        with reading(gateway.database) as tx:
            head = newest_head(tx)
    except NotFound:
        return []
    return [_hand(gateway, each, head, at_once=at_once) for each in holders]


def _hand(gateway: Gateway, holder: Holder, head: Head, *, at_once: bool) -> Handed:
    now = gateway.clock.now()
    before, due_at = _read(gateway, holder.name, now)
    if before.size >= head.size or (due_at > now and not at_once):
        return before
    try:
        with reading(gateway.database) as tx:
            holder.hand(tx, head)
        after = Handed(holder.name, head.size, 0, "")
        logger().info("audit.handed", holder=holder.name, size=head.size)
    except (Unavailable, Tampered) as error:
        after = Handed(holder.name, before.size, before.failures + 1, error.detail[:200])
        logger().error("audit.not_handed", holder=holder.name, size=head.size, code=error.code, why=error.detail[:200])
    _write(gateway, after, now)
    return after


def _read(gateway: Gateway, name: str, now: datetime) -> tuple[Handed, datetime]:
    fresh = {"name": name, "size": 0, "failures": 0, "due_at": now, "told": ""}
    with writing(gateway.database) as tx:
        insert_new(tx, checkpoint_holder, [fresh])
        row = tx.execute(select(checkpoint_holder).where(checkpoint_holder.c.name == name)).one()
    return Handed(row.name, row.size, row.failures, row.told), row.due_at


def _write(gateway: Gateway, after: Handed, now: datetime) -> None:
    wait = max(GAPS.base, GAPS.bound(after.failures) * gateway.jitter()) if after.failures else timedelta(0)
    values = {"size": after.size, "failures": after.failures, "told": after.told, "due_at": now + wait}
    with writing(gateway.database) as tx:
        tx.execute(update(checkpoint_holder).where(checkpoint_holder.c.name == after.name).values(**values))


def stamp_newest(gateway: Gateway, authority: TimestampAuthority) -> bool:
    """A time-stamp over the newest checkpoint, if it has none: it dates every entry below. Raises Unavailable."""
    query = select(audit_checkpoint).order_by(audit_checkpoint.c.size.desc()).limit(1)
    with reading(gateway.database) as tx:
        row = tx.execute(query).one_or_none()
    if row is None or row.token is not None:
        return False
    token = authority.stamp(row.note.encode()).token
    with writing(gateway.database) as tx:
        tx.execute(update(audit_checkpoint).where(audit_checkpoint.c.size == row.size).values(token=token))
    return True
