"""A consistent, encrypted copy of everything the database holds (docs/decisions/0025).

1. One snapshot is written, sealed with the backup key, to a file in the home: it is made anew or not at all.
2. That file is copied to where it shall lie; a copy that was interrupted goes on behind its last whole block.
3. The copy gets its name when all of it is on the disk, and the audit log its entry; the snapshot goes.
Whatever ends it, no file of that name is a half, and the same command goes on or begins anew, and says which. What was
sealed under data keys stays so: a backup alone, even with the backup key, shows no identity number.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from integrator.audit.trail import Entry
from integrator.domain.errors import BrokenBackup, IntegratorError, Malformed, Unavailable
from integrator.domain.fault_points import passing
from integrator.gateway import Gateway
from integrator.protect.chunks import CHUNK_BYTES, ChunkWriter, read_chunks
from integrator.protect.files import sync_folder
from integrator.store.dump import dump
from integrator.store.engine import reading, writing
from integrator.store.schema import newest_step

SUFFIX = ".ibysbackup"
GOES_ON_FOR = timedelta(hours=24)
"""A snapshot older than this is not gone on with: whoever asks for a backup wants one of now."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was made: where it lies, when its snapshot was taken, how large it is, its SHA-256, and whether a backup
    that was interrupted was gone on with.
    """

    path: Path
    made_at: datetime
    size: int
    sha256: str
    went_on: bool


def make_backup(gateway: Gateway, key: bytes, out: Path, staging: Path) -> Backup:
    """Back up into the file `out`, or into a file of its own in the folder `out`.

    Raises Malformed when the file is there, Unavailable when it cannot be written or another backup is under way.
    """
    with _told_of(out), _alone(staging):
        staged, went_on = _left_by_another(staging, out, key, now=gateway.clock.now()), True
        if staged is None:
            staged, went_on = staging / f"{_name(gateway, out)}.staged", False
            _require_free(_target(staged, out))
            _snapshot(gateway, key, staged)
        target = _target(staged, out)
        digest = _copy(staged, target)
        made_at = datetime.fromisoformat(read_head(target, key)["made_at"])
        with writing(gateway.database) as tx:
            facts = {"sha256": digest, "made_at": made_at.isoformat()}
            gateway.record(tx, [Entry("backup.made", gateway.actor, facts)], gateway.clock.now())
        staged.unlink()
        return Backup(target, made_at, target.stat().st_size, digest, went_on)


@contextmanager
def _told_of(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or out
        told = f"{where}: {error.strerror}; no backup was made: make room or name another place, and say it once more"
        raise Unavailable(told) from error


@contextmanager
def _alone(staging: Path) -> Iterator[None]:
    """One backup of a home at a time; the lock ends with the process."""
    staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (staging / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unavailable(f"{staging}: another backup of this home is under way; nothing was changed") from error
        yield


def _name(gateway: Gateway, out: Path) -> str:
    return f"{gateway.checkpoint_key.origin}-{gateway.clock.now():%Y%m%dT%H%M%SZ}{SUFFIX}" if out.is_dir() else out.name


def _target(staged: Path, out: Path) -> Path:
    return out / staged.name.removesuffix(".staged") if out.is_dir() else out


def _require_free(target: Path) -> None:
    if target.exists():
        raise Malformed(f"{target}: there is a file already: name another; nothing was changed")


def _left_by_another(staging: Path, out: Path, key: bytes, *, now: datetime) -> Path | None:
    """The snapshot of an interrupted backup to the same place. Anything else that one left is removed."""
    for half in staging.glob("*.partial"):
        half.unlink()
    found = None
    for staged in sorted(staging.glob("*.staged")):
        if found is None and _goes_on(staged, _target(staged, out), key, now=now):
            found = staged
        else:
            _partial(_target(staged, out)).unlink(missing_ok=True)
            staged.unlink()
    return found


def _goes_on(staged: Path, target: Path, key: bytes, *, now: datetime) -> bool:
    """Whether its copy had begun there (or ended, and only the entry in the log is missing), not too long ago."""
    try:
        is_young = now - datetime.fromisoformat(read_head(staged, key)["made_at"]) < GOES_ON_FOR
    except IntegratorError:
        return False  # sealed with another key, or no longer whole
    if target.exists():
        return is_young and _digest(target) == _digest(staged)
    return is_young and _partial(target).exists()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")


def _snapshot(gateway: Gateway, key: bytes, staged: Path) -> None:
    """Step 1. Whatever ends it leaves a ``.partial`` that the next try removes."""
    partial = _partial(staged)
    partial.touch(mode=0o600)
    with partial.open("wb") as file, reading(gateway.database) as tx:
        sealed = ChunkWriter(file, key)
        head = {"made_at": gateway.clock.now().isoformat(), "step": newest_step()}
        sealed.write(json.dumps(head).encode() + b"\n")
        for line in dump(tx):
            sealed.write(line)
        passing("backup.dumped")
        sealed.close()
        file.flush()
        os.fsync(file.fileno())
    partial.replace(staged)
    sync_folder(staged.parent)
    passing("backup.staged")


def _copy(staged: Path, target: Path) -> str:
    """Step 2 and the name of step 3; returns the SHA-256 of the whole."""
    if target.exists():  # nothing but the entry was missing
        return _digest(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial, digest = _partial(target), sha256()
    partial.touch(mode=0o600)
    with staged.open("rb") as source, partial.open("r+b") as copy:
        while block := source.read(CHUNK_BYTES):
            passing("backup.block")
            digest.update(block)
            there = copy.read(len(block))
            if there != block:  # not copied yet, or only in part
                copy.seek(-len(there), os.SEEK_CUR)
                copy.write(block)
        copy.truncate()
        copy.flush()
        os.fsync(copy.fileno())
    passing("backup.copied")
    _require_free(target)
    partial.replace(target)
    sync_folder(target.parent)
    passing("backup.named")
    return digest.hexdigest()


def read_head(path: Path, key: bytes) -> dict[str, Any]:
    """When and from which schema the backup was made; raises as `read_chunks` does."""
    with path.open("rb") as file:
        return _head(next(read_chunks(file, key)).partition(b"\n")[0])


def read_lines(path: Path, key: bytes) -> Iterator[bytes]:
    """Every line behind the first; not to be believed before the end was reached."""
    with path.open("rb") as file:
        left = b""
        for chunk in read_chunks(file, key):
            *lines, left = (left + chunk).split(b"\n")
            yield from lines
    if left:
        raise BrokenBackup("the backup ends inside a line")


def _head(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
        return {"made_at": str(told["made_at"]), "step": str(told["step"])}
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenBackup("the backup does not begin as a backup does") from error
