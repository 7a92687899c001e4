"""A client that costs little, so that the server is measured and not it: asyncio, raw HTTP/1.1, kept connections."""

from __future__ import annotations

import asyncio
import gc
import random
import re
import time
from collections.abc import Iterator, Sequence

from bench.figures import Void

_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n", re.IGNORECASE)


class Line:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, request: bytes) -> int:
        """Send one request, read its whole answer, give its status."""
        if self._ends is None:
            self._ends = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._ends
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        await reader.readexactly(int(length[1]) if length else 0)
        return int(head[9:12])

    def close(self) -> None:
        """Let it go."""
        if self._ends:
            self._ends[1].close()


def post(path: str, token: str, body: bytes, kind: str = "application/json") -> bytes:
    """The bytes of one request."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def at_once(port: int, requests: Iterator[bytes], clients: int, seconds: float) -> float:
    """Closed loop: answers a second while each of `clients` sends its next request when its last was answered."""
    ends, count = time.perf_counter() + seconds, 0

    async def client() -> None:
        nonlocal count
        line = Line(port)
        while time.perf_counter() < ends:
            _require(await line.exchange(next(requests)))
            count += 1
        line.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return count / (time.perf_counter() - began)


async def at_rate(port: int, requests: Sequence[bytes], rate: float, *, seed: int = 1) -> list[float]:
    """Open loop: requests leave when a clock says so (Poisson), answered or not; seconds from then to each answer.

    So a stall is paid by all who came meanwhile, as people would pay it.
    """
    dice, idle, taken = random.Random(seed), list[Line](), list[float]()
    gc.collect()
    gc.disable()  # a collection over all that a bench holds takes 150 ms, which would be told as the server's

    async def one(request: bytes, due: float) -> None:
        line = idle.pop() if idle else Line(port)
        _require(await line.exchange(request))
        taken.append(time.perf_counter() - due)
        idle.append(line)

    due, under_way = time.perf_counter(), list[asyncio.Task[None]]()
    try:
        for request in requests:
            due += dice.expovariate(rate)
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            under_way.append(asyncio.create_task(one(request, due)))
        await asyncio.gather(*under_way)
    finally:
        gc.enable()
    for line in idle:
        line.close()
    return sorted(taken)


async def rest(port: int, count: int) -> list[Line]:
    """`count` kept connections that were used once and rest."""
    request, lines = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", [Line(port) for _ in range(count)]
    for start in range(0, count, 200):
        await asyncio.gather(*(each.exchange(request) for each in lines[start : start + 200]))
    return lines


def _require(status: int) -> None:
    if status != 201:
        raise Void(f"a record was answered with {status}")
