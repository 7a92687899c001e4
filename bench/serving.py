"""`ibys serve` under load, one process on SQLite: single records, uploads, and ten thousand connections that rest."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count, islice
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from bench.accepting import WARM, accept_all
from bench.figures import Row, Scale, Void, compared, in_turn, percentile
from bench.machine import cpu_seconds, resident_bytes
from bench.web_client import at_once, at_rate, post, rest
from bench.world import World, a_gateway, kurum_of, uniform_records
from integrator import access
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.intake.read_json import Caps, read_file
from integrator.settings import Settings

CLIENTS = 32
CUSTOMERS = 20
"""Of one gateway at once: what each of them costs apart from the others' records shows."""


@dataclass(frozen=True)
class Server:
    """A running `ibys serve`."""

    port: int
    pid: int
    tokens: Sequence[str]

    @property
    def token(self) -> str:
        """Of the home's own customer."""
        return self.tokens[0]


def measure(scale: Scale, world: World) -> Iterator[Row]:
    """Every row on servers of their own."""
    yield from _interactive(scale, world)
    yield _upload(scale, world)


@contextmanager
def a_server(settings: Settings, customers: int = 1) -> Iterator[Server]:
    """`ibys serve` on this home, on a free port, open when the block begins; a key for each of its customers."""
    others = [KurumNo(f"{kurum_of(settings)}-{number}") for number in range(2, customers + 1)]
    with a_gateway(settings) as gateway:
        life = timedelta(days=1)
        tokens = [
            access.make_api_key(gateway, each, Role.SYSTEM, "bench", lives=life)[1]
            for each in (kurum_of(settings), *others)
        ]
    command = [sys.executable, "-c", "from integrator.cli import main; main()", "serve", "--json"]
    unbound = {"IBYS_LIMITS_KEY_CALLS_PER_SECOND": "0", "IBYS_LIMITS_KURUM_CALLS_PER_SECOND": "0"}
    about = {"IBYS_HOME": str(settings.home), "IBYS_WEB_PORT": "0", "IBYS_WEB_IDLE_SECONDS": "600", **unbound}
    with (settings.home / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **about}, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    try:
        told = b"".join(iter(process.stdout.readline, b"}\n")) + b"}"
        yield Server(int(json.loads(told)["address"].rpartition(":")[2]), process.pid, tokens)
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _interactive(scale: Scale, world: World) -> Iterator[Row]:
    """Capacity, then half of it in an open loop: alone, beside those who rest, of many customers; each in turn."""
    settings = world.home()
    with a_server(settings, CUSTOMERS) as server:
        records = (json.dumps(each).encode() for each in uniform_records(world.town, 10_000_000, "WEB"))
        dice = Random(1)
        requests = (post("/v1/kayit", server.token, each) for each in records)
        of_many = (post("/v1/kayit", dice.choice(server.tokens), each) for each in records)
        for each in (requests, of_many):
            asyncio.run(at_once(server.port, each, CLIENTS, 1.0))
        idle = min(scale.idle, _room())
        rounds = [_round(server, requests, of_many, scale.api_seconds, idle) for _ in range(scale.rounds)]
    yield Row(
        "API: one record, capacity", median(each.capacity for each in rounds), "/s",
        note=f"{CLIENTS} clients; {', '.join(f'{each.capacity:.0f}' for each in rounds)}",
    )  # fmt: skip
    alone, beside = [each.alone for each in rounds], [each.beside for each in rounds]
    yield _delay("API: one record at half capacity, p99", alone)
    row = _delay(f"API: the same beside {idle:,} idle connections, p99", beside)
    yield replace(
        row, against="without them", against_value=_p99(alone),
        note=f"{row.note}; {rounds[0].gained / 1e6:.0f} MB more in the server",
    )  # fmt: skip
    yield compared(
        f"API: one record, capacity, {CUSTOMERS} customers", [each.capacity_of_many for each in rounds],
        "one customer", [each.capacity for each in rounds],
    )  # fmt: skip
    yield _delay(f"API: one record at half of that, {CUSTOMERS} customers, p99", [each.many for each in rounds])


@dataclass(frozen=True)
class Load:
    """What each call of one load took, in milliseconds; the server's processor for one."""

    taken: Sequence[float]
    processor: float


@dataclass(frozen=True)
class Round:
    """One turn: answers a second, the loads at half of that, bytes that idle connections cost; of many customers."""

    capacity: float
    alone: Load
    beside: Load
    gained: int
    capacity_of_many: float
    many: Load


def _round(server: Server, requests: Iterator[bytes], of_many: Iterator[bytes], seconds: float, idle: int) -> Round:
    capacity = asyncio.run(at_once(server.port, requests, CLIENTS, seconds / 2))
    rate, several = capacity / 2, int(capacity / 2 * seconds)
    alone = _loaded(server, at_rate(server.port, list(islice(requests, several)), rate))
    before = resident_bytes(server.pid)
    beside = _loaded(server, _beside(server.port, list(islice(requests, several)), rate, idle))
    gained = resident_bytes(server.pid) - before
    carried = asyncio.run(at_once(server.port, of_many, CLIENTS, seconds / 2))
    many = _loaded(server, at_rate(server.port, list(islice(of_many, int(carried / 2 * seconds))), carried / 2))
    return Round(capacity, alone, beside, gained, carried, many)


def _p99(loads: Sequence[Load]) -> float:
    return percentile(sorted(taken for load in loads for taken in load.taken), 0.99)


def _delay(name: str, loads: Sequence[Load]) -> Row:
    """The p99 of all calls of these loads; that of each load in the note."""
    each = ", ".join(f"{_p99([load]):.0f}" for load in loads)
    middle = median(taken for load in loads for taken in load.taken)
    processor = median(load.processor for load in loads)
    note = f"all calls; by load {each}; p50 {middle:.1f} ms; {processor:.1f} ms of processor each"
    return Row(
        name, _p99(loads), "ms", target=50.0, at_most=True, note=f"{note}; load average {os.getloadavg()[0]:.1f}"
    )


async def _beside(port: int, requests: list[bytes], rate: float, idle: int) -> list[float]:
    lines = await rest(port, idle)
    taken = await at_rate(port, requests, rate)
    for each in lines:
        each.close()
    return taken


def _loaded(server: Server, load: Coroutine[Any, Any, list[float]]) -> Load:
    used = cpu_seconds(server.pid)
    taken = asyncio.run(load)
    used = (cpu_seconds(server.pid) - used) / len(taken)
    return Load([seconds * 1000 for seconds in taken], used * 1000)


def _room() -> int:
    """How many connections this process may hold; its child inherits it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return max(0, most - 1_000)


def _upload(scale: Scale, world: World) -> Row:
    """NDJSON through the API, beside the same walk without it; each on a home of its own, in turn."""
    settings, numbers = world.home(), count()
    with a_gateway(settings) as gateway, a_server(world.home()) as server:

        def by_hand(records: int = scale.accepted) -> float:
            path = world.file_of(records, f"HAND{next(numbers)}")
            began = time.perf_counter()
            accept_all(gateway, settings, read_file(path, Caps()), records)
            return records / (time.perf_counter() - began)

        def by_api(records: int = scale.accepted) -> float:
            path = world.file_of(records, f"API{next(numbers)}")
            began = time.perf_counter()
            _send_file(server, path, records)
            return records / (time.perf_counter() - began)

        by_hand(WARM), by_api(WARM)
        ours, theirs = in_turn(scale.rounds, by_api, by_hand)
    return compared(
        "API: bulk upload of NDJSON", ours, "bulk accept", theirs, unit="records/s", target=0.80,
        note="spool, walk, an answer for each line",
    )  # fmt: skip


def _send_file(server: Server, path: Path, wanted: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 120) as line:
        line.sendall(post("/v1/kayit/upload", server.token, path.read_bytes(), "application/x-ndjson"))
        heard = b""
        while not heard.endswith(b"0\r\n\r\n") and (piece := line.recv(1 << 16)):
            heard += piece
    if f'"done": true, "accepted": {wanted}'.encode() not in heard:
        raise Void(f"the upload ended with {heard[-200:]!r}")
