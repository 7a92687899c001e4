"""Where `schemas/` and `datasets/` lie, and the digests of what is in them: the only thing shared with the gateway."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def published_folder() -> Path:
    """IBYS_PUBLISHED_DIR, else the checkout, else the copy in the wheel."""
    told = os.environ.get("IBYS_PUBLISHED_DIR")
    if told:
        return Path(told)
    checkout = _HERE.parent.parent
    return checkout if (checkout / "schemas").is_dir() else _HERE.parent / "published"


def wsdl_of(generation: str) -> bytes:
    """The published WSDL of a SOAP generation."""
    return (published_folder() / "schemas" / generation / "ibys.wsdl").read_bytes()


def digest_of(folder: Path) -> str:
    """SHA-256 over names and contents of every file below `folder`."""
    total = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and "__pycache__" not in each.parts):
        total.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()
