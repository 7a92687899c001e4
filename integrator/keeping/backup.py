"""A consistent, encrypted copy of everything the database holds (docs/decisions/0025).

1. One snapshot is written, sealed with the backup key, to a file in the home: it is made anew or not at all.
2. That file is copied to where it shall lie; a copy that was interrupted goes on where it ended.
What was sealed under data keys stays so: a backup alone, even with the backup key, shows no identity number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from integrator.audit.trail import Entry
from integrator.domain.errors import Malformed, Tampered
from integrator.gateway import Gateway
from integrator.protect.chunks import CHUNK_BYTES, ChunkWriter, read_chunks
from integrator.protect.files import sync_folder
from integrator.store.dump import dump
from integrator.store.engine import reading, writing
from integrator.store.schema import newest_step

SUFFIX = ".ibysbackup"


@dataclass(frozen=True, slots=True)
class Backup:
    """What was made: where it lies, when its snapshot was taken, how large it is, and its SHA-256."""

    path: Path
    made_at: datetime
    size: int
    sha256: str


def make_backup(gateway: Gateway, key: bytes, out: Path, staging: Path) -> Backup:
    """Back up into the file `out`, which must not exist; an interrupted copy to it is continued."""
    if out.exists():
        raise Malformed(f"{out}: there is a file already; nothing was changed")
    staged = staging / f"{out.name}.staged"
    if not staged.exists():
        _snapshot(gateway, key, staged)
    digest = _copy(staged, out)
    made_at = datetime.fromisoformat(read_head(out, key)["made_at"])
    with writing(gateway.database) as tx:
        facts = {"sha256": digest, "made_at": made_at.isoformat()}
        gateway.record(tx, [Entry("backup.made", gateway.actor, facts)], gateway.clock.now())
    staged.unlink()
    return Backup(out, made_at, out.stat().st_size, digest)


def _snapshot(gateway: Gateway, key: bytes, staged: Path) -> None:
    """Step 1. Whatever ends it leaves a ``.partial`` that the next try replaces."""
    staged.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = staged.with_name(f"{staged.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    with partial.open("wb") as file, reading(gateway.database) as tx:
        sealed = ChunkWriter(file, key)
        head = {"made_at": gateway.clock.now().isoformat(), "step": newest_step()}
        sealed.write(json.dumps(head).encode() + b"\n")
        for line in dump(tx):
            sealed.write(line)
        sealed.close()
    partial.replace(staged)
    sync_folder(staged.parent)


def _copy(staged: Path, out: Path) -> str:
    """Step 2; returns the SHA-256 of the whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial, digest = out.with_name(f"{out.name}.partial"), sha256()
    partial.touch(mode=0o600)
    with staged.open("rb") as source, partial.open("r+b") as target:
        while block := source.read(CHUNK_BYTES):
            digest.update(block)
            there = target.read(len(block))
            if there != block:  # not copied yet, or only in part
                target.seek(-len(there), 1)
                target.write(block)
        target.truncate()
    partial.replace(out)
    sync_folder(out.parent)
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
        raise Tampered("the backup ends inside a line")


def _head(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
        return {"made_at": str(told["made_at"]), "step": str(told["step"])}
    except (ValueError, KeyError, TypeError) as error:
        raise Tampered("the backup does not begin as a backup does") from error
