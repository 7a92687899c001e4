import gzip
import re
import shutil

import pytest
from fastapi.routing import iter_route_contexts

from integrator.domain.limits import Limits
from integrator.store.engine import sqlite_url
from integrator.web.bounds import Bounds
from integrator.web.small_bodies import LARGER, SMALL_BYTES, cap_of
from tests.factories import SGK

IDS = {"sorgu_no": "10000000001", "sgk_tescil_no": SGK, "provider": "x", "kayit_no": "K-1"}
JSON = {"Content-Type": "application/json"}
QUERY = {"reason": "test", "kind": "contracts"}


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only, for the sake of time."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def bounds():
    """None of calls: every route is called."""
    return Bounds(Limits(key_calls_per_second=0, kurum_calls_per_second=0))


@pytest.fixture
def send(door, token_of):
    """Calls any address of ours, the desk's too, as a program."""
    key = {"Authorization": f"Bearer {token_of()}"}
    return lambda method, path, headers, **facts: door.request(method, path, headers={**key, **headers}, **facts)


def writing_routes(app):
    """(method, an address of it, the kind of body it takes) of every route that may be sent a body."""
    described = app.openapi()["paths"]
    for route in iter_route_contexts(app.routes):
        for method in (route.methods or set()) - {"GET", "HEAD"}:
            told = described.get(route.path.replace(":path}", "}"), {}).get(method.lower(), {}).get("requestBody", {})
            address = re.sub(r"\{(\w+)(:path)?\}", lambda name: IDS.get(name[1], "x" * 8), route.path)
            yield method, address, next(iter(told.get("content", JSON)), "application/json")


def test_no_route_takes_a_body_without_a_bound(app, send):
    huge, told = {"Content-Length": str(10**12)}, {}
    for method, path, kind in writing_routes(app):
        answer = send(method, path, {**huge, "Content-Type": kind}, params=QUERY, content=b"")
        told[method, path] = answer.status_code

    assert {each: status for each, status in told.items() if status != 413} == {}
    assert len(told) > 40


def test_what_comes_in_pieces_is_bound_too(app, send):
    def pieces(cap):
        yield b" " * cap
        yield b" "

    bound = [(method, path, cap_of(method, path)) for method, path, _ in writing_routes(app)]
    told = {
        (method, path): send(method, path, JSON, content=pieces(cap)).status_code for method, path, cap in bound if cap
    }

    assert {each: status for each, status in told.items() if status != 413} == {}
    assert len(told) > 30


def test_every_larger_cap_is_some_routes(app):
    calls = [f"{method} {path}" for method, path, _ in writing_routes(app)]

    assert [pattern.pattern for pattern, _ in LARGER if not any(map(pattern.fullmatch, calls))] == []


def test_a_small_body_may_come_packed_and_a_bomb_ends_at_the_cap(call):
    packed = {**JSON, "Content-Encoding": "gzip"}
    small, bomb = gzip.compress(b'{"sgk_tescil_no": "1"}'), gzip.compress(b" " * (SMALL_BYTES + 1))
    answers = [
        call("POST", "/lookup/workplace", content=body, headers=packed)
        for body in (small, bomb, b"no gzip", small[:-3])
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (400, "INT-API-004"), (413, "INT-API-005"), (400, "INT-API-004"), (400, "INT-API-004"),
    ]  # fmt: skip
    assert [each.json()["detail"] for each in answers][::2] == ["body.sgk_tescil_no", "Content-Encoding: gzip"]


def test_json_that_says_it_is_something_else_is_told_what_is_wanted(call):
    answer = call("POST", "/lookup/workplace", content=b"{}", headers={"Content-Type": "text/plain"})

    assert (answer.status_code, answer.json()["detail"]) == (415, "Content-Type: application/json")
