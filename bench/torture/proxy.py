"""A TCP proxy that misbehaves on order, in a process of its own: toxiproxy's seven toxics, written anew.

`latency` (with jitter) waits; `bandwidth` lets so many bytes a second through; `slow_close` delays the end;
`timeout` swallows everything and hangs up later; `slicer` cuts into small pieces; `limit_data` ends the connection
after so many bytes; `reset_peer` ends it with RST. `toxicity` is the share of connections that are hit, by a seed.

Commands are lines of JSON on stdin, each answered by a line on stdout: ``{"toxics": [...]}``, ``{"cut": true}``
(every open connection is reset now), ``{"count": true}``. It ends when stdin ends.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

PIECE = 16_384
KINDS = ("latency", "bandwidth", "slow_close", "timeout", "slicer", "limit_data", "reset_peer")
UP, DOWN = "up", "down"


@dataclass(frozen=True)
class Toxic:
    """One misbehaviour of one direction (up: towards the server). Seconds and bytes, as the kind needs them."""

    kind: str
    direction: str = DOWN
    toxicity: float = 1.0
    seconds: float = 0.0
    jitter: float = 0.0
    size: int = 0


class _Ended(Exception):
    """This connection is over; `reset` says whether with RST."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset


class _Proxy:
    def __init__(self, host: str, port: int, seed: int) -> None:
        self._upstream = (host, port)
        self._dice = random.Random(seed)
        self.toxics: list[Toxic] = []
        self.open: set[asyncio.StreamWriter] = set()
        self.count: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both directions, until one of them ends it."""
        self.count["connections"] += 1
        hit = [toxic for toxic in self.toxics if self._dice.random() < toxic.toxicity]
        self.count.update(toxic.kind for toxic in hit)
        try:
            there, back = await asyncio.open_connection(*self._upstream)
        except OSError:
            _reset(writer)
            return
        self.open |= {writer, back}
        pumps = [
            asyncio.ensure_future(self._pump(reader, back, [each for each in hit if each.direction == UP])),
            asyncio.ensure_future(self._pump(there, writer, [each for each in hit if each.direction == DOWN])),
        ]
        try:
            done, waiting = await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:  # the proxy is being ended
            done, waiting = set(), set(pumps)
        errors = [each.exception() for each in done]
        for each in waiting:
            each.cancel()
        resets = any(isinstance(error, (_Ended, OSError)) and getattr(error, "reset", True) for error in errors)
        for each in (writer, back):
            _reset(each) if resets else each.close()
            self.open.discard(each)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, toxics: list[Toxic]) -> None:
        passed = 0
        while piece := await reader.read(PIECE):
            for toxic in toxics:
                piece = await self._spoil(toxic, piece, passed)
            for cut in self._slices(toxics, piece):
                writer.write(cut)
                await writer.drain()
                if cut is not piece:
                    await asyncio.sleep(0.001)
            passed += len(piece)
            for toxic in toxics:
                if toxic.kind == "limit_data" and passed >= toxic.size:
                    raise _Ended(reset=False)
        for toxic in toxics:
            if toxic.kind == "slow_close":
                await asyncio.sleep(toxic.seconds)
        with suppress(OSError):
            writer.write_eof()

    async def _spoil(self, toxic: Toxic, piece: bytes, passed: int) -> bytes:
        """What one toxic lets through of a piece."""
        if toxic.kind == "latency":
            await asyncio.sleep(toxic.seconds + toxic.jitter * self._dice.random())
        elif toxic.kind == "bandwidth":
            await asyncio.sleep(len(piece) / toxic.size)
        elif toxic.kind == "timeout":
            await asyncio.sleep(toxic.seconds)
            raise _Ended(reset=False)
        elif toxic.kind == "limit_data":
            return piece[: max(0, toxic.size - passed)]
        elif toxic.kind == "reset_peer":
            await asyncio.sleep(toxic.seconds)
            raise _Ended(reset=True)
        return piece

    @staticmethod
    def _slices(toxics: list[Toxic], piece: bytes) -> list[bytes]:
        size = min((toxic.size for toxic in toxics if toxic.kind == "slicer"), default=0)
        return [piece[at : at + size] for at in range(0, len(piece), size)] if size else [piece]

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """One command."""
        if "toxics" in order:
            self.toxics = [Toxic(**each) for each in order["toxics"]]
        if order.get("cut"):
            for writer in list(self.open):
                _reset(writer)
        return dict(self.count)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.is_closing():
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _main(host: str, port: int, seed: int) -> None:
    proxy = _Proxy(host, port, seed)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        print(json.dumps(proxy.obey(json.loads(line))), flush=True)


class ProxyProcess:
    """A running proxy before `host`:`port`; leaving the block ends it."""

    def __init__(self, host: str, port: int, *, seed: int = 1) -> None:
        command = [sys.executable, "-m", "bench.torture.proxy", host, str(port), str(seed)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port: int = self._answer()["port"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def order(self, **order: Any) -> dict[str, Any]:
        """One command; gives how many connections there were and how many each toxic has hit."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def use(self, *toxics: Toxic) -> None:
        """From now on these, and no others, for new connections."""
        self.order(toxics=[vars(toxic) for toxic in toxics])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
