import json
import shutil
import threading
from datetime import timedelta

import pytest

from integrator.domain.clock import SystemClock
from integrator.store.engine import open_engine, reading, sqlite_url, writing
from integrator.store.tables import kayit
from integrator.web import admission, clock_watch
from integrator.web.api import reference
from integrator.web.bounds import Bounds
from integrator.web.clock_watch import ClockWatch
from tests.factories import record


@pytest.fixture
def bounds():
    return Bounds(calls_at_most=3)


@pytest.fixture
def database_url(tmp_path, migrated_file, monkeypatch):
    monkeypatch.setattr("integrator.store.dialect.BUSY_SECONDS", 0.2)
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


def stored(gateway):
    with reading(gateway.database) as tx:
        return len(tx.execute(kayit.select()).all())


def busy(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"], int(answer.headers["retry-after"]) > 0


def test_a_server_that_is_ending_says_so_and_takes_nothing_new(app, door, call, gateway):
    call("GET", "/line")
    app.state.drain.begin()
    ready = door.get("/health/ready")

    assert (ready.status_code, ready.json()["ready"], ready.json()["ending"]) == (503, False, True)
    assert door.get("/health/live").status_code == 200
    assert busy(call("POST", "/kayit", json=record("K-1"))) == (503, "INT-API-034", True)
    assert busy(call("GET", "/line")) == (503, "INT-API-034", True)
    assert stored(gateway) == 0


def test_an_upload_under_way_ends_between_two_records_and_is_taken_up_from_there(app, call, gateway, monkeypatch):
    from integrator.web import spending

    real, taken = spending.PaidRecords.__iter__, []

    def counted(self):
        for each in real(self):
            taken.append(each)
            if len(taken) == 200:
                app.state.drain.begin()
            yield each

    monkeypatch.setattr(spending.PaidRecords, "__iter__", counted)
    body = b"".join(json.dumps(record(f"K-{n:03}")).encode() + b"\n" for n in range(300))
    lines = [json.loads(each) for each in call("POST", "/kayit/upload", content=body).text.splitlines()]

    assert (lines[-1]["done"], lines[-1]["code"], lines[-1]["skip"]) == (False, "INT-API-034", 200)
    assert len(lines) - 1 == stored(gateway) == 200
    app.state.drain.is_begun = False
    rest = call("POST", "/kayit/upload?skip=200", content=body).text.splitlines()
    assert json.loads(rest[-1]) == {"done": True, "accepted": 100, "known": 0, "rejected": 0}


def test_calls_past_the_bound_are_told_503_at_once(app, call, monkeypatch):
    goes_on, begun = threading.Event(), threading.Semaphore(0)

    true_line = reference._line

    def waits(gateway):
        begun.release()
        return goes_on.wait(30) and true_line(gateway)

    monkeypatch.setattr(reference, "_line", waits)
    call("GET", "/veri-seti")
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(call("GET", "/line").status_code)) for _ in range(3)]
    [each.start() for each in threads]
    for _ in threads:
        assert begun.acquire(timeout=30)
    refused = call("GET", "/line")
    goes_on.set()
    [each.join() for each in threads]

    assert busy(refused) == (503, "INT-API-034", True)
    assert statuses == [200] * 3
    assert call("GET", "/line").status_code == 200


def test_a_disk_that_is_nearly_full_takes_nothing_and_reading_goes_on(door, call, gateway, monkeypatch):
    monkeypatch.setattr(admission, "FREE_BYTES", 1 << 62)

    for path in ("/kayit", "/kayit/batch", "/kayit/upload"):
        assert busy(call("POST", path, json=record("K-1"))) == (503, "INT-API-034", True)
    assert call("GET", "/line").status_code == 200
    assert door.get("/health/ready").json()["disk"] is False
    assert stored(gateway) == 0


def test_a_locked_database_is_503_and_what_was_refused_is_not_stored(call, gateway, door, token_of):
    call("POST", "/kayit", json=record("K-0"))
    headers = {"Authorization": f"Bearer {token_of()}"}
    other = open_engine(str(gateway.database.url))
    with writing(other):
        answers = [
            call("POST", "/kayit", json=record("K-1")),
            call("POST", "/kayit/batch", json=[record("K-2")]),
            door.get("/v1/line", headers=headers),  # its first use: the rate and the time of use are rows
        ]
        ready = door.get("/health/ready")
    other.dispose()

    assert [busy(each) for each in answers] == [(503, "INT-DLV-001", True)] * 3
    assert ready.status_code == 200
    assert stored(gateway) == 1
    assert call("POST", "/kayit", json=record("K-1")).status_code == 201


def test_a_database_that_is_away_is_503_and_not_ready(call, door, gateway, tmp_path):
    call("GET", "/line")
    gateway.database.dispose()
    (tmp_path / "ibys.sqlite3").rename(tmp_path / "away")
    (tmp_path / "ibys.sqlite3").mkdir()
    answers = [call("GET", "/line"), call("POST", "/kayit", json=record("K-1"))]
    ready = door.get("/health/ready")
    (tmp_path / "ibys.sqlite3").rmdir()
    (tmp_path / "away").rename(tmp_path / "ibys.sqlite3")

    assert [each.status_code for each in answers] == [503, 503]
    assert (ready.status_code, ready.json()["database"]) == (503, False)
    assert call("POST", "/kayit", json=record("K-1")).status_code == 201


def test_a_clock_that_jumps_is_told_for_a_minute(gateway, clock):
    steady = [0.0]
    watch = ClockWatch(gateway.database, clock, lambda: steady[0])

    def after(seconds, wall):
        steady[0] += seconds
        clock.advance(seconds=wall)
        return watch.is_well()

    assert [after(10, 10), after(10, 11), after(10, -3600), after(30, 30), after(31, 31)] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_a_clock_that_differs_from_the_databases_is_not_well(gateway, monkeypatch):
    clock = SystemClock()
    watch = ClockWatch(gateway.database, clock)
    verdicts = []
    for apart in (0, 4, 6, -6):
        monkeypatch.setattr(clock_watch, "database_time", lambda _, by=apart: clock.now() + timedelta(seconds=by))
        verdicts.append(watch.is_well())

    assert verdicts == [True, True, False, False]
