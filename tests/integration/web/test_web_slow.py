import json
import resource
import shutil
import socket
import threading
import time
from dataclasses import replace

import pytest

from integrator.intake.read_json import Caps
from integrator.settings import WebSettings
from integrator.store.engine import reading, sqlite_url
from integrator.store.tables import kayit
from integrator.web import admission
from integrator.web.api import reference
from integrator.web.app import create_app
from integrator.web.bounds import Bounds
from tests.factories import record
from tests.integration.web.sockets import Served, head, read_all, read_answer, until

QUICK = Bounds(
    idle_seconds=0.5,
    head_seconds=0.5,
    head_bytes=8_192,
    headers_at_most=50,
    body_seconds=1.0,
    upload_seconds=1.0,
    stall_seconds=0.5,
    linger_seconds=0.3,
    answer_seconds=0.5,
)


@pytest.fixture
def database_url(tmp_path, migrated_file):
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def serve(gateway, tmp_path):
    def make(bounds=QUICK, **settings):
        app = create_app(gateway, Caps(record_bytes=20_000, file_bytes=2_000_000), tmp_path, bounds=bounds)
        return Served(app, bounds, WebSettings(**settings))

    return make


@pytest.fixture
def served(serve):
    with serve() as made:
        yield made


@pytest.fixture
def token(token_of):
    return token_of()


def stored(gateway):
    with reading(gateway.database) as tx:
        return len(tx.execute(kayit.select()).all())


JSON = "Content-Type: application/json"


def problem_of(answer):
    status, fields, body = answer
    assert fields["content-type"] == "application/problem+json"
    assert json.loads(body)["tr"]
    return status, json.loads(body)["code"]


def drip(connection, data, every=0.05):
    """Byte by byte, until the other side ends."""
    try:
        for place in range(len(data)):
            connection.sendall(data[place : place + 1])
            time.sleep(every)
    except OSError:
        pass


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nX: ", b"\r\n", b"POST /v1/kayit HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_drips_in_is_told_408_and_ended(served, start):
    with served.connect() as connection:
        connection.sendall(start)
        threading.Thread(target=drip, args=(connection, b"\r\n" * 100 if start == b"\r\n" else b"a" * 200)).start()

        assert problem_of(read_answer(connection)) == (408, "INT-API-032")
        assert read_all(connection) == b""


def test_a_connection_that_says_nothing_is_ended_after_its_time(served):
    with served.connect() as fresh, served.connect() as used:
        used.sendall(head("GET", "/health/live"))
        read_answer(used)

        assert (read_all(fresh), read_all(used)) == (b"", b"")


@pytest.mark.parametrize("path", ["/v1/kayit", "/v1/kayit/batch", "/v1/kayit/upload"])
def test_a_body_that_drips_in_is_told_408_and_nothing_is_stored(served, token, gateway, path, monkeypatch):
    monkeypatch.setattr(admission, "GRACE_SECONDS", 0.3)
    body = json.dumps(record("K-1")).encode()
    with served.connect() as connection:
        connection.sendall(head("POST", path, JSON, f"Content-Length: {len(body)}", token=token))
        threading.Thread(target=drip, args=(connection, body)).start()

        assert problem_of(read_answer(connection)) == (408, "INT-API-032")
        assert read_all(connection) == b""
    assert stored(gateway) == 0


def test_a_body_that_stays_above_the_rate_and_takes_too_long_in_all_is_told_408(serve, token, gateway):
    with serve() as served, served.connect() as connection:
        connection.sendall(head("POST", "/v1/kayit", JSON, "Content-Length: 19999", token=token))
        threading.Thread(target=drip, args=(connection, b" " * 19_999, 0.001)).start()

        assert problem_of(read_answer(connection))[0] == 408
    assert stored(gateway) == 0


def test_a_body_that_pauses_for_less_than_the_grace_is_taken(served, token, gateway):
    body = json.dumps(record("K-1")).encode()
    with served.connect() as connection:
        connection.sendall(head("POST", "/v1/kayit", JSON, f"Content-Length: {len(body)}", token=token))
        connection.sendall(body[:100])
        time.sleep(0.3)
        connection.sendall(body[100:])

        assert read_answer(connection)[0] == 201


@pytest.mark.parametrize(
    "fields",
    [["X: " + "a" * 9_000], [f"X-{n}: 1" for n in range(60)], ["X: " + "a" * 300_000], ["X" * 300_000]],
)
def test_a_head_that_is_too_large_is_told_431(served, fields):
    with served.connect() as connection:
        connection.sendall(head("GET", "/health/live", *fields))

        assert problem_of(read_answer(connection)) == (431, "INT-API-033")
        assert read_all(connection) == b""


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def is_taken(connection, data):
    try:
        connection.sendall(data)
    except OSError:  # reset or broken, as the kernel likes
        return False
    return True


def test_a_field_that_never_ends_is_ended_before_it_has_filled_the_memory(served):
    before = peak_bytes()
    with served.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        while is_taken(connection, b"a" * 65_536):
            pass

    assert peak_bytes() - before < 20_000_000


def test_a_body_that_is_too_large_is_told_413_though_the_client_goes_on_sending(served, token, gateway):
    with served.connect() as connection:
        connection.sendall(head("POST", "/v1/kayit", JSON, "Content-Length: 5000000", token=token))
        threading.Thread(target=lambda: drip(connection, b" " * 300, 0.001)).start()

        assert problem_of(read_answer(connection)) == (413, "INT-API-005")
        assert read_all(connection) == b""
    assert stored(gateway) == 0


RUBBISH = {
    "no size": b"zz\r\nabc\r\n0\r\n\r\n",
    "negative": b"-1\r\nabc\r\n0\r\n\r\n",
    "too long": b"ffffffffffffffffff\r\nabc",
    "no end": b"3\r\nabcdef\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("chunks", RUBBISH.values(), ids=RUBBISH)
def test_chunked_rubbish_ends_the_connection_and_stores_nothing(served, token, gateway, chunks):
    with served.connect() as connection:
        connection.sendall(head("POST", "/v1/kayit", JSON, "Transfer-Encoding: chunked", token=token) + chunks)
        told = read_all(connection)

    assert b"201" not in told[:20]
    assert stored(gateway) == 0


FORGED = {
    "two lengths": ["Content-Length: 5", "Content-Length: 6"],
    "length and chunks": ["Content-Length: 5", "Transfer-Encoding: chunked"],
    "space before the colon": ["Content-Length : 5"],
    "a folded field": ["X: 1\r\n folded"],
    "a bare carriage return": ["X: a\rb"],
}


@pytest.mark.parametrize("fields", FORGED.values(), ids=FORGED)
def test_a_head_that_two_servers_could_read_differently_is_refused(served, fields):
    with served.connect() as connection:
        connection.sendall(head("POST", "/v1/kayit", *fields) + b"0\r\n\r\n")

        assert problem_of(read_answer(connection)) == (400, "INT-API-004")
        assert read_all(connection) == b""


def test_http_2_is_not_spoken(served):
    with served.connect() as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

        assert problem_of(read_answer(connection))[0] == 400


def test_calls_sent_ahead_are_answered_in_order_up_to_a_bound(served):
    with served.connect() as connection:
        connection.sendall(head("GET", "/health/live") * 5)
        few = b""
        while few.count(b'{"ok":true}') < 5:
            few += connection.recv(65_536)
        connection.sendall(head("GET", "/health/live") * 500)
        told = read_all(connection)

    assert few.count(b"HTTP/1.1 200") == 5
    assert 1 <= told.count(b"HTTP/1.1 200") <= 20


@pytest.mark.parametrize("behind", [b"\x00 \x01\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000, b"GET / HT"])
def test_rubbish_behind_a_call_takes_its_answer_from_nobody(serve, token, behind, monkeypatch):
    goes_on, true_line = threading.Event(), reference._line
    monkeypatch.setattr(reference, "_line", lambda gateway: goes_on.wait(30) and true_line(gateway))
    with serve(replace(QUICK, answer_seconds=30)) as served, served.connect() as connection:
        connection.sendall(head("GET", "/v1/line", token=token) + behind)
        [each] = served_connections(served)
        until(lambda: each._is_done)
        goes_on.set()

        told = read_all(connection)

    assert told.startswith(b"HTTP/1.1 200")
    assert told.count(b"HTTP/1.1") == 1
    assert b"\r\n\r\n{" in told


def test_a_connection_that_has_ended_is_waited_for_no_more(serve):
    with serve(Bounds()) as served:
        with served.connect() as connection:
            connection.sendall(head("GET", "/health/live"))
            assert read_answer(connection)[0] == 200
            [each] = served_connections(served)
        until(lambda: not served.server.server_state.connections)

        until(lambda: each.transport._ends is None or each.transport._ends.cancelled(), seconds=5)


def served_connections(served):
    until(lambda: served.server.server_state.connections)
    return list(served.server.server_state.connections)


def test_who_does_not_read_a_streamed_answer_is_left(served, token, gateway):
    body = b"".join(json.dumps(record(f"K-{n:05}", egitimYer=7)).encode() + b"\n" for n in range(4_000))
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.connect(("127.0.0.1", served.port))
    with connection:
        connection.sendall(head("POST", "/v1/kayit/upload", f"Content-Length: {len(body)}", token=token) + body)
        until(lambda: served.server.server_state.connections)

        until(lambda: not served.server.server_state.connections)
        until(lambda: not served.server.server_state.tasks)


def test_reading_that_takes_too_long_is_told_503_and_counts_until_it_ends(served, token, monkeypatch):
    goes_on = threading.Event()
    true_line = reference._line
    monkeypatch.setattr(reference, "_line", lambda gateway: goes_on.wait(30) and true_line(gateway))
    with served.connect() as connection:
        connection.sendall(head("GET", "/v1/line", token=token))
        status, fields, body = read_answer(connection)
        goes_on.set()

        assert (status, json.loads(body)["code"], fields["retry-after"]) == (503, "INT-API-034", "5")
        connection.sendall(head("GET", "/v1/line", token=token))
        assert read_answer(connection)[0] == 200


def test_connections_past_the_bound_are_told_503_and_idle_ones_take_no_call_away(serve, token):
    bounds = Bounds(connections_at_most=30, calls_at_most=2)
    with serve(bounds) as served:
        idle = [served.connect() for _ in range(29)]
        until(lambda: len(served.server.server_state.connections) == 29)
        with served.connect() as last, served.connect() as beyond:
            until(lambda: len(served.server.server_state.connections) >= 30)
            last.sendall(head("GET", "/v1/line", token=token))
            assert read_answer(last)[0] == 200
            assert problem_of(read_answer(beyond)) == (503, "INT-API-034")
        [each.close() for each in idle]


def test_a_large_body_in_several_pieces_is_no_large_head(served, token, gateway):
    body = b"".join(json.dumps(record(f"K-{n:05}")).encode() + b"\n" for n in range(200))
    with served.connect() as connection:
        about = ("Connection: close", f"Content-Length: {len(body)}")
        connection.sendall(head("POST", "/v1/kayit/upload", *about, token=token))
        for start in range(0, len(body), 20_000):
            connection.sendall(body[start : start + 20_000])
            time.sleep(0.02)

        assert b'"done": true, "accepted": 200,' in read_all(connection)
