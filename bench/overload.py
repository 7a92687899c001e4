"""`python -m bench.overload [--idle N] [--seconds S]`: one `ibys serve` on SQLite, as programs meet it.

Measures what it carries, the delay at half of that beside N idle connections, and what becomes of four times as much.
Everything is one process of ours and one of the server's on the same cores. Exit 1 when an accepted record is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integrator.web.server import raise_files
from tests.factories import record

IBYS = [sys.executable, "-c", "from integrator.cli import main; main()"]
CONNECTIONS = 64


class Server:
    """The process, and its home."""

    def __init__(self, home: Path) -> None:
        bounds = {"IBYS_LIMITS_KEY_CALLS_PER_SECOND": "0", "IBYS_LIMITS_KURUM_CALLS_PER_SECOND": "0"}
        self.environment = {**os.environ, **bounds, "IBYS_HOME": str(home), "IBYS_LANG": "en", "IBYS_WEB_PORT": "0"}
        self.environment["IBYS_LOG_LEVEL"] = "ERROR"
        self.run("init")
        self.token = json.loads(self.run("api-key", "make", "--name", "bench", "--json"))["token"]
        self.process = subprocess.Popen([*IBYS, "serve", "--json"], env=self.environment, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        told = b"".join(iter(self.process.stdout.readline, b"}\n")) + b"}"
        self.port = int(json.loads(told)["address"].rpartition(":")[2])

    def run(self, *arguments: str) -> bytes:
        """What a command prints."""
        return subprocess.run([*IBYS, *arguments], env=self.environment, check=True, capture_output=True).stdout

    def resident(self) -> int:
        """Its memory in MiB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20


@contextmanager
def served() -> Iterator[Server]:
    """A server in a home that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "home")
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait(60)


class Client:
    """One kept connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def submit(self, name: str) -> int:
        """The status of handing over one record."""
        if self._pair is None:
            self._pair = await asyncio.open_connection("127.0.0.1", self._server.port)
        reader, writer = self._pair
        body = json.dumps(record(name)).encode()
        lines = ["POST /v1/kayit HTTP/1.1", "Host: x", f"Authorization: Bearer {self._server.token}"]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        top = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(top.partition("content-length: ")[2].partition("\r\n")[0])
        await reader.readexactly(length)
        return int(top.split()[1])


async def closed_loop(server: Server, seconds: float, mark: str) -> float:
    """Records a second that CONNECTIONS callers get accepted who wait for each answer."""
    ends, accepted = time.monotonic() + seconds, 0

    async def call(place: int) -> None:
        nonlocal accepted
        client, count = Client(server), 0
        while time.monotonic() < ends:
            status = await client.submit(f"{mark}-{place}-{count}")
            accepted += status == 201
            count += 1

    await asyncio.gather(*(call(place) for place in range(CONNECTIONS)))
    return accepted / seconds


async def open_loop(server: Server, rate: float, seconds: float, mark: str) -> list[tuple[str, int, float]]:
    """(name, status, seconds since it was due) of calls that come at `rate` whatever becomes of those before."""
    idle, answers, tasks = [Client(server) for _ in range(CONNECTIONS)], [], set()

    async def call(name: str, due: float) -> None:
        client = idle.pop() if idle else Client(server)
        status = await client.submit(name)
        answers.append((name, status, time.monotonic() - due))
        idle.append(client)

    began = time.monotonic()
    for count in range(int(rate * seconds)):
        due = began + count / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        tasks.add(asyncio.create_task(call(f"{mark}-{count}", due)))
    await asyncio.gather(*tasks)
    return answers


async def stay_idle(server: Server, count: int) -> list[asyncio.StreamWriter]:
    """Connections that say nothing."""
    several = []
    for _ in range(count):
        several.append((await asyncio.open_connection("127.0.0.1", server.port))[1])
    return several


def delays(answers: list[tuple[str, int, float]]) -> dict[str, float]:
    """The median and the 99th percentile."""
    several = sorted(seconds for _, _, seconds in answers)
    return {f"p{share}_ms": round(1000 * several[int(len(several) * share / 100)], 1) for share in (50, 99)}


async def measure(server: Server, idle: int, seconds: float) -> dict[str, object]:
    """All of it in order; `accepted` are the names that the flood got accepted."""
    gc.disable()  # a collection over all that this process holds would be told as the server's
    await closed_loop(server, 2, "W")
    carries = await closed_loop(server, seconds, "C")
    alone = await open_loop(server, carries / 2, seconds, "H")
    kept = await stay_idle(server, idle)
    crowded = await open_loop(server, carries / 2, seconds, "I")
    before = server.resident()
    flood = await open_loop(server, carries * 4, seconds, "F")
    after = server.resident()
    told = {"carries_per_second": round(carries), "half": delays(alone), "half_beside_idle": delays(crowded)}
    told |= {"idle": len(kept), "flood": dict(Counter(status for _, status, _ in flood)), "flood_delay": delays(flood)}
    told |= {"resident_mb": [before, after], "accepted": sorted(name for name, status, _ in flood if status == 201)}
    [each.close() for each in kept]
    return told


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    raise_files()
    with served() as server:
        told = asyncio.run(measure(server, given.idle, given.seconds))
        accepted = told.pop("accepted")
        lost = asyncio.run(missing(server, accepted))  # type: ignore[arg-type]  # the names
    print(json.dumps({**told, "lost": lost}, indent=1))
    return 1 if lost else 0


async def missing(server: Server, names: list[str]) -> int:
    """How many of these are not known when they are handed over once more."""
    client = Client(server)
    return sum([await client.submit(name) != 200 for name in names])


if __name__ == "__main__":
    sys.exit(main())
