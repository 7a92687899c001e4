"""Bodies of calls: read with a cap, inflated when they come as gzip, never whole in memory when they are files.

An upload is kept in a file without a name: nothing of it stays on the disk when the process ends, however it ends.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Request
from starlette.requests import ClientDisconnect

from integrator.domain.limits import Counted
from integrator.web.problems import BadCall, NotTaken, TooLarge
from integrator.web.spending import give_back, spend

JSON = "application/json"
NDJSON = "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES = (NDJSON, JSON, "text/csv", "application/xml", "text/xml", XLSX, "application/octet-stream")
"""What a file may say that it is, or nothing; the reader looks into it in any case."""

_GZIP = 16 + zlib.MAX_WBITS
_AT_ONCE = 1 << 20
PAID_AT_ONCE = 1 << 20


def require_kind(request: Request, *kinds: str) -> None:
    """Raises NotTaken when the body does not say that it is one of `kinds`, or is packed in a way we do not know."""
    if kind_told(request) not in kinds:
        raise NotTaken(f"Content-Type: {', '.join(filter(None, kinds))}")
    if _packing(request) not in ("identity", "gzip"):
        raise NotTaken("Content-Encoding: gzip, identity")


def kind_told(request: Request) -> str:
    """What the body says that it is; empty when it says nothing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _packing(request: Request) -> str:
    return request.headers.get("content-encoding", "identity").strip().lower()


async def read_body(request: Request, cap: int) -> bytes:
    """The whole body, unpacked; raises TooLarge beyond `cap` bytes, before it was read when its length is told."""
    return b"".join([piece async for piece in _pieces(request, cap, is_packed=_packing(request) == "gzip")])


async def read_packed(request: Request, cap: int) -> bytes:
    """The whole body as it came; raises TooLarge."""
    return b"".join([piece async for piece in _pieces(request, cap, is_packed=False)])


@asynccontextmanager
async def spooled(request: Request, cap: int) -> AsyncIterator[Path]:
    """The body, unpacked, as a file that has no name; raises TooLarge."""
    with tempfile.TemporaryFile() as file:
        async for piece in _pieces(request, cap, is_packed=_packing(request) == "gzip"):
            file.write(piece)
        file.flush()
        yield Path(f"/dev/fd/{file.fileno()}")


async def _pieces(request: Request, cap: int, *, is_packed: bool) -> AsyncIterator[bytes]:
    """The body piece by piece; neither what comes nor what it unpacks to is more than `cap` bytes.

    What comes is paid for from the customer's quota of bytes: a length that is told, before it is read.
    """
    paid = _require_length(request, cap)
    await spend(request, Counted.BYTES, paid)
    unpack = _Gzip() if is_packed else None
    came = size = 0
    try:
        async for raw in _stream(request):
            came += len(raw)
            while came > paid:  # chunked: no length was told
                await spend(request, Counted.BYTES, step := min(PAID_AT_ONCE, cap))
                paid += step
            for piece in unpack.take(raw) if unpack else (raw,):
                size += len(piece)
                if max(came, size) > cap:
                    raise TooLarge(f"<= {cap}")
                yield piece
        if unpack:
            unpack.require_end()
    finally:
        await give_back(request, Counted.BYTES, max(0, paid - came))


async def _stream(request: Request) -> AsyncIterator[bytes]:
    try:
        async for raw in request.stream():
            yield raw
    except ClientDisconnect as error:  # nobody hears it, but the log
        raise BadCall("Content-Length, Transfer-Encoding") from error


class _Gzip:
    """Unpacks gzip, a bounded piece at a time: a bomb ends at the cap of whoever takes the pieces."""

    def __init__(self) -> None:
        self._open: zlib._Decompress | None = None
        self._came = False

    def take(self, raw: bytes) -> Iterator[bytes]:
        """What `raw` unpacks to; one member may follow another. Raises BadCall for what is no gzip."""
        while raw:
            self._came = True
            self._open = self._open or zlib.decompressobj(_GZIP)
            try:
                yield self._open.decompress(raw, _AT_ONCE)
            except zlib.error as error:
                raise BadCall("Content-Encoding: gzip") from error
            raw = self._open.unconsumed_tail
            if self._open.eof:
                raw, self._open = self._open.unused_data, None

    def require_end(self) -> None:
        """Raises BadCall when it was cut short."""
        if self._open is not None or not self._came:
            raise BadCall("Content-Encoding: gzip")


def _require_length(request: Request, cap: int) -> int:
    """The length that is told, 0 when none is."""
    told = request.headers.get("content-length", "")
    length = int(told[:20]) if told.isascii() and told.isdecimal() else 0
    if length > cap:
        raise TooLarge(f"<= {cap}")
    return length
