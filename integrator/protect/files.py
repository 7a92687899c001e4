"""Writing files: whole or not at all, whatever ends the process meanwhile; secrets readable by their owner only."""

from __future__ import annotations

import os
from pathlib import Path

from integrator.domain.fault_points import passing


def write_secret(path: Path, content: bytes) -> None:
    """Create `path` with mode 0600; raises FileExistsError rather than overwrite a secret."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = _written(path, content, 0o600)
    try:
        os.link(partial, path)  # unlike a rename, this never replaces
    finally:
        partial.unlink()
    sync_folder(path.parent)
    passing("file.after")


def write_whole(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write or replace `path` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _written(path, content, mode).replace(path)
    sync_folder(path.parent)
    passing("file.after")


def _written(path: Path, content: bytes, mode: int) -> Path:
    """The content on disk under a name that nobody reads; a killed process may leave it lying there."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    passing("file.before")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        passing("file.written")
        file.flush()
        os.fsync(file.fileno())
    passing("file.synced")
    return partial


def sync_folder(folder: Path) -> None:
    """What was linked, renamed or removed in `folder` survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
