"""Bodies of calls: read with a cap, never whole in memory when they are files.

An upload is kept in a file without a name: nothing of it stays on the disk when the process ends, however it ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Request

from integrator.web.problems import NotTaken, TooLarge

JSON = "application/json"


def require_kind(request: Request, *kinds: str) -> None:
    """Raises NotTaken when the body does not say that it is one of `kinds`."""
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told not in kinds:
        raise NotTaken(f"Content-Type: {', '.join(kinds)}")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise NotTaken("Content-Encoding: identity")


async def read_body(request: Request, cap: int) -> bytes:
    """The whole body; raises TooLarge beyond `cap` bytes, before it was read when its length is told."""
    _require_length(request, cap)
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > cap:
            raise TooLarge(f"<= {cap}")
        pieces.append(piece)
    return b"".join(pieces)


@asynccontextmanager
async def spooled(request: Request, cap: int) -> AsyncIterator[Path]:
    """The body as a file that has no name; raises TooLarge."""
    _require_length(request, cap)
    with tempfile.TemporaryFile() as file:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > cap:
                raise TooLarge(f"<= {cap}")
            file.write(piece)
        file.flush()
        yield Path(f"/dev/fd/{file.fileno()}")


def _require_length(request: Request, cap: int) -> None:
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdecimal() and int(told[:20]) > cap:
        raise TooLarge(f"<= {cap}")
