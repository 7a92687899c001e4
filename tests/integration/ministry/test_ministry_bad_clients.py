"""Clients that are slow, deaf, greedy or many, over real sockets: none costs memory or time without bound."""

import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

IDLE = 1.0
GET = b"GET /soap-g2?wsdl HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def hasty(toy):
    stub = toy.Stub("--seed", "7", "--idle-seconds", str(IDLE))
    yield stub
    stub.stop()
    assert stub.process.stderr.read() == ""


@pytest.fixture
def connect(hasty):
    with ExitStack() as opened:
        yield lambda seconds=5.0: opened.enter_context(socket.create_connection(("127.0.0.1", hasty.port), seconds))


def all_of(connection):
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def resident_mib(stub):
    (line,) = (one for one in Path(f"/proc/{stub.process.pid}/status").read_text().splitlines() if "VmRSS" in one)
    return int(line.split()[1]) / 1024


def test_a_silent_client_is_thrown_out(connect):
    began = time.monotonic()

    assert all_of(connect()) == b""
    assert IDLE * 0.9 < time.monotonic() - began < IDLE * 3


def test_a_client_that_falls_silent_after_an_answer_is_thrown_out(connect):
    connection = connect()
    connection.sendall(GET)

    assert all_of(connection).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_asks_now_and_then_is_kept(connect):
    connection = connect()
    for _ in range(5):
        connection.sendall(GET.replace(b"GET", b"HEAD"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 405 ")
        time.sleep(IDLE * 0.6)


@pytest.mark.parametrize(
    "first", [b"POST /soap-g2 HTTP/1.1\r\n", b"POST /soap-g2 HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"]
)
def test_a_request_that_drips_in_is_408(connect, first):
    connection = connect(0.05)
    connection.sendall(first)
    received, ends = b"", time.monotonic() + 5
    while not received and time.monotonic() < ends:
        connection.sendall(b"X")
        try:
            received = connection.recv(65536)
        except TimeoutError:
            continue

    assert received.startswith(b"HTTP/1.1 408 ")


def test_a_slow_answer_is_no_idleness(connect, hasty, toy):
    hasty.reset()
    hasty.control("PUT", "/faults", {"latency": IDLE * 2})
    connection = connect(10)
    connection.sendall(toy.http_post(toy.envelope(f'<n:EgitimKoduBilgisi xmlns:n="{toy.NAMESPACE}"/>'), "text/xml"))

    assert b"<status>200</status>" in all_of(connection)
    hasty.reset()


def test_pipelined_requests_are_answered_one_after_the_other(connect):
    connection = connect()
    connection.sendall(GET * 300)

    received = all_of(connection)

    assert received.count(b"HTTP/1.1 200 OK") == 300


def test_a_client_that_asks_and_never_reads_costs_no_memory(connect, hasty):
    before = resident_mib(hasty)
    connection, sent = connect(0.3), 0
    try:
        for _ in range(2000):
            connection.sendall(GET * 50)
            sent += 50
    except (TimeoutError, ConnectionError):
        pass

    assert sent < 100_000  # it was read no further, or thrown out
    assert resident_mib(hasty) - before < 40
    assert all_of_another(connect).startswith(b"HTTP/1.1 200 OK")


def all_of_another(connect):
    connection = connect()
    connection.sendall(GET)
    return connection.recv(65536)


def test_many_bodies_that_never_end_cost_little_and_go_away(connect, hasty):
    before = resident_mib(hasty)
    head = b"POST /soap-g2 HTTP/1.1\r\nContent-Type: text/xml\r\nContent-Length: 2000000\r\n\r\n"
    several = [connect() for _ in range(20)]
    for connection in several:
        connection.sendall(head + b" " * 1_000_000)

    assert {all_of(connection)[:13] for connection in several} == {b"HTTP/1.1 408 "}
    assert resident_mib(hasty) - before < 60


def test_of_too_many_clients_the_last_are_dropped_and_the_first_served(hasty):
    with ExitStack() as opened:
        clients = [opened.enter_context(socket.create_connection(("127.0.0.1", hasty.port), 3)) for _ in range(600)]
        clients[0].sendall(GET)

        assert clients[0].recv(15) == b"HTTP/1.1 200 OK"
        assert clients[-1].recv(1) == b""


CHUNKED = b"POST /soap-g2 HTTP/1.1\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


CHUNKS = [
    (b"zz\r\n", b"400"),
    (b"-1\r\n\r\n", b"400"),
    (b"fffffffffffffffff\r\n", b"400"),
    (b"5\r\nabc", b"408"),
    (b"3\r\nabcd\r\n", b"400"),
    (b"3;name=value\r\n<a>\r\n0\r\n\r\n", b"500"),
    (b"0\r\n\r\n", b"500"),
    (b"0\r\nX-Trailer: " + b"a" * 40_000 + b"\r\n\r\n", b"431"),
    (b"1\r\na\r\n" * 3000 + b"0\r\n\r\n", b"500"),
    (b"40000000\r\n" + b"a" * 3_000_000, b"413"),
]


def sent(connection, content):
    """The connection, on which the server need not have let us say all."""
    with suppress(ConnectionError):
        connection.sendall(content)
    return connection


def test_each_odd_chunk_is_answered(connect):
    opened = [sent(sent(connect(), CHUNKED), tail) for tail, _ in CHUNKS]  # at once: each is left when it was idle

    assert [all_of(each)[9:12] for each in opened] == [status for _, status in CHUNKS]


HEADS = [
    (b"".join(b"X-%d: a\r\n" % at for at in range(5000)), b"431"),
    (b"X: " + b"a" * 100_000 + b"\r\n", b"431"),
    (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"400"),
    (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"400"),
    (b"Content-Length: -5\r\n", b"400"),
    (b"Content-Length: 99999999999999999999999999\r\n", b"400"),
    (b"Content-Length: 1_0\r\n", b"400"),
    (b"Transfer-Encoding: chunked, identity\r\n", b"400"),
    (b"Content-Type: \xff\xfe\xfd\r\nContent-Length: 0\r\n", b"415"),
    (b"Expect: 100-continue\r\nContent-Length: 50000000\r\n", b"413"),
    (b"No colon\r\n", b"400"),
    (b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"415"),
]


def test_each_odd_head_is_answered(connect):
    post = b"POST /soap-g2 HTTP/1.1\r\nHost: x\r\n"
    opened = [sent(connect(), post + head + b"\r\n") for head, _ in HEADS]

    assert [all_of(each)[9:12] for each in opened] == [status for _, status in HEADS]


def test_smuggled_requests_are_not_read(connect):
    connection = connect()
    connection.sendall(
        b"POST /soap-g2 HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET
    )

    assert all_of(connection).count(b"HTTP/1.1 ") == 1


def test_fifty_megabytes_leave_the_memory_as_it_was(connect, hasty):
    before = resident_mib(hasty)
    connection = connect()
    connection.sendall(b"POST /soap-g2 HTTP/1.1\r\nContent-Type: text/xml\r\nContent-Length: 50000000\r\n\r\n")
    try:
        for _ in range(50):
            connection.sendall(b" " * 1_000_000)
    except ConnectionError:
        pass

    assert all_of(connection)[9:12] == b"413"
    assert resident_mib(hasty) - before < 20


BILLION = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "' + b"a" * 50_000 + b'">]><x>' + b"&a;" * 50_000 + b"</x>"
DEEP = b"<a>" * 200_000
WIDE = b"<a>" + b"<b/>" * 400_000 + b"</a>"
ATTRIBUTES = b"<a " + b" ".join(b'x%d="1"' % at for at in range(100_000)) + b"/>"


@pytest.mark.parametrize("body", [BILLION, DEEP, WIDE, ATTRIBUTES], ids=["entities", "deep", "wide", "attributes"])
def test_a_bomb_is_a_fault_and_soon(hasty, toy, body):
    before, began = resident_mib(hasty), time.monotonic()

    reply = hasty.raw(toy.http_post(body, "text/xml"), 10)

    assert reply[9:12] == b"500"
    assert b"faultcode" in reply
    assert time.monotonic() - began < 5
    assert resident_mib(hasty) - before < 300


def test_the_json_face_takes_no_bombs_either(hasty, toy):
    hasty.reset()
    for body in (b"[" * 500_000, b'{"a":' * 100_000, b'{"egitimSuresi": 1e999999}', b'{"a": ' + b"9" * 100_000 + b"}"):
        status, told = hasty.notify(body)

        assert (status, told["sonuc"]) in {(400, "210"), (200, "210")}
