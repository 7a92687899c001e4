"""Bodies of calls: read with a cap, never whole in memory when they are files.

An upload is kept in a file without a name: nothing of it stays on the disk when the process ends, however it ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Request

from integrator.domain.limits import Counted
from integrator.web.problems import NotTaken, TooLarge
from integrator.web.spending import give_back, spend

JSON = "application/json"
PAID_AT_ONCE = 1 << 20


def require_kind(request: Request, *kinds: str) -> None:
    """Raises NotTaken when the body does not say that it is one of `kinds`."""
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told not in kinds:
        raise NotTaken(f"Content-Type: {', '.join(kinds)}")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise NotTaken("Content-Encoding: identity")


async def read_body(request: Request, cap: int) -> bytes:
    """The whole body; raises TooLarge beyond `cap` bytes, before it was read when its length is told."""
    return b"".join([piece async for piece in _pieces(request, cap)])


@asynccontextmanager
async def spooled(request: Request, cap: int) -> AsyncIterator[Path]:
    """The body as a file that has no name; raises TooLarge."""
    with tempfile.TemporaryFile() as file:
        async for piece in _pieces(request, cap):
            file.write(piece)
        file.flush()
        yield Path(f"/dev/fd/{file.fileno()}")


async def _pieces(request: Request, cap: int) -> AsyncIterator[bytes]:
    """The body as it comes, paid for from the customer's quota of bytes: a length that is told, before it is read."""
    size, paid = 0, _require_length(request, cap)
    await spend(request, Counted.BYTES, paid)
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > cap:
                raise TooLarge(f"<= {cap}")
            while size > paid:  # chunked: no length was told
                await spend(request, Counted.BYTES, step := min(PAID_AT_ONCE, cap))
                paid += step
            yield piece
    finally:
        give_back(request, Counted.BYTES, max(0, paid - size))


def _require_length(request: Request, cap: int) -> int:
    """The length that is told, 0 when none is."""
    told = request.headers.get("content-length", "")
    length = int(told[:20]) if told.isascii() and told.isdecimal() else 0
    if length > cap:
        raise TooLarge(f"<= {cap}")
    return length
