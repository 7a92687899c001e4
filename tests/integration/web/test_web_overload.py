import asyncio
import json
import resource
import shutil
import time
from collections import Counter

import pytest

from integrator.domain.limits import Limits
from integrator.intake.read_json import Caps
from integrator.settings import WebSettings
from integrator.store.engine import reading, sqlite_url
from integrator.store.tables import kayit
from integrator.web.app import create_app
from integrator.web.bounds import Bounds
from integrator.web.server import raise_files
from tests.factories import record
from tests.integration.web.sockets import Served, head, until

CALLS = 600
BOUNDS = Bounds(Limits(key_calls_per_second=0, kurum_calls_per_second=0), calls_at_most=32)


@pytest.fixture
def database_url(tmp_path, migrated_file):
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def served(gateway, tmp_path):
    raise_files()
    app = create_app(gateway, Caps(record_bytes=20_000, file_bytes=2_000_000), tmp_path, bounds=BOUNDS)
    with Served(app, BOUNDS, WebSettings()) as made:
        yield made


async def submit(port, token, name):
    """(status, retry-after, seconds) of one call on a connection of its own."""
    body = json.dumps(record(name)).encode()
    about = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close")
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head("POST", "/v1/kayit", *about, token=token) + body)
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1]), b"\r\nretry-after: " in answer.lower(), time.monotonic() - began


async def all_at_once(port, token, names):
    return await asyncio.gather(*(submit(port, token, each) for each in names))


def stored(gateway):
    with reading(gateway.database) as tx:
        return {row.kayit_no for row in tx.execute(kayit.select())}


def test_far_more_than_it_carries_is_answered_at_once_and_what_was_accepted_is_there(served, gateway, token_of):
    names = [f"K-{n}" for n in range(CALLS)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = asyncio.run(all_at_once(served.port, token_of(), names))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    counted = Counter(status for status, _, _ in answers)
    accepted = {name for name, (status, _, _) in zip(names, answers, strict=True) if status == 201}
    assert set(counted) == {201, 503}
    assert all(has_wait for status, has_wait, _ in answers if status == 503)
    assert stored(gateway) == accepted
    assert grown < 200_000  # kilobytes
    again = asyncio.run(all_at_once(served.port, token_of(), sorted(set(names) - accepted)[:20]))
    assert {status for status, _, _ in again} == {201}


async def hold_idle(port, count, then):
    """`count` connections that called once and stay; what `then` gives."""
    several = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        several.append(writer)
        if len(several) % 10 == 0:
            writer.write(head("GET", "/health/live"))
            await reader.readuntil(b"}")
    told = await then()
    for each in several:
        each.close()
    return told


def test_idle_connections_do_no_harm(served, gateway, token_of):
    token = token_of()

    async def call():
        until(lambda: len(served.server.server_state.connections) >= 600)
        return [await submit(served.port, token, f"K-{n}") for n in range(20)]

    answers = asyncio.run(hold_idle(served.port, 600, call))

    assert [status for status, _, _ in answers] == [201] * 20
