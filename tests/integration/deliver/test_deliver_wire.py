import socket
import ssl
import struct
import threading
import time
from dataclasses import replace

import pytest

from integrator.deliver.wire import PIECE, Limits, NoAnswer, NotSent, Wire
from tests.integration.deliver.conftest import QUICK

BODY = b"<answer/>"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + BODY
RESET = struct.pack("ii", 1, 0)


def post(wire, body=b"<question/>"):
    return wire.post(body, {"Content-Type": "text/xml"})


def after_request(*pieces, gap=0.0, hold=0.0):
    """An act that takes one request, sends the pieces with a gap between them, and goes away."""

    def act(server, sock, number):
        if server.take(sock) is None:
            return
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(gap)
        time.sleep(hold)

    return act


def test_an_answer_is_read_whole(serve, wire_to):
    reply = post(wire_to(serve(GOOD)))

    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, BODY, "9")


def test_a_request_names_its_target_host_and_length(serve, wire_to):
    server = serve(GOOD)
    post(wire_to(server), b"x" * 300_000)
    head, body = server.requests[0]

    assert head.startswith(b"POST /soap-g2?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Content-Length: 300000" in head and b"Accept-Encoding: identity" in head
    assert len(body) == 300_000


def test_a_refused_port_means_that_nothing_was_sent(wire_to):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(NotSent, match="connect"):
        post(wire_to(f"http://127.0.0.1:{port}/x"))


def test_a_host_that_does_not_exist_means_that_nothing_was_sent(wire_to):
    with pytest.raises(NotSent, match="connect"):
        post(wire_to("http://no-such-host.invalid/x"))


def test_a_reset_after_the_request_leaves_the_outcome_unknown(serve, wire_to):
    def act(server, sock, number):
        server.take(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    with pytest.raises(NoAnswer, match="connection_lost"):
        post(wire_to(serve(act)))


def test_a_reset_before_the_request_was_read_leaves_the_outcome_unknown(serve, wire_to):
    def act(server, sock, number):
        sock.recv(1)  # a reset before any byte left could be met while still connecting, and is another matter
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    with pytest.raises(NoAnswer):
        post(wire_to(serve(act)), b"x" * 5_000_000)


@pytest.mark.parametrize(
    "piece",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        GOOD[:-1],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    ],
    ids=["nothing", "half a head", "no body", "one byte short", "chunks without an end"],
)
def test_an_early_end_leaves_the_outcome_unknown(serve, wire_to, piece):
    with pytest.raises(NoAnswer, match="connection_lost"):
        post(wire_to(serve(after_request(piece))))


def test_silence_ends_after_its_limit(serve, wire_to):
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="timeout"):
        post(wire_to(serve(after_request(hold=3))))

    assert 0.3 < time.monotonic() - began < 1.0


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\n", *([b"X: y\r\n"] * 200)],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", *([b"x"] * 200)],
        [b"H", *([b"T"] * 200)],
        [b"HTTP/1.1 200 OK\r\n\r\n", *([b"x"] * 200)],
    ],
    ids=["head", "body", "status line", "endless body"],
)
def test_a_trickle_does_not_outlast_the_whole_deadline(serve, wire_to, pieces):
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        post(wire_to(serve(after_request(*pieces, gap=0.1))))

    assert time.monotonic() - began < 1.6


def test_an_interim_answer_does_not_reset_the_deadline(serve, wire_to):
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        post(wire_to(serve(after_request(*([b"HTTP/1.1 100 Continue\r\n\r\n"] * 60), gap=0.1))))

    assert time.monotonic() - began < 1.6


FLOOD = 10_000_000


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % FLOOD,
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % FLOOD,
        b"HTTP/1.1 200 OK\r\nX: ",
        b"",
    ],
    ids=["length", "endless", "chunk", "header", "no http"],
)
def test_a_flood_is_cut_off(serve, wire_to, head):
    with pytest.raises(NoAnswer, match=r"reply_too_large|not_http"):
        post(wire_to(serve(after_request(head + b"x" * FLOOD))))


def test_too_many_headers_are_refused(serve, wire_to):
    head = b"".join(b"X-%d: y\r\n" % n for n in range(500))

    with pytest.raises(NoAnswer, match="reply_too_large"):
        post(wire_to(serve(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 0\r\n\r\n")))


def test_an_answer_up_to_the_cap_is_taken(serve, wire_to):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"

    assert len(post(wire_to(serve(head + b"x" * 100_000))).body) == 100_000


def test_a_head_in_two_pieces_before_a_large_body_is_taken(serve, wire_to):
    head = b"TTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"

    def act(server, sock, number):
        server.take(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(b"H")
        time.sleep(0.1)
        sock.sendall(head + b"x" * 90_000)
        time.sleep(0.5)

    assert len(post(wire_to(serve(act))).body) == 90_000


def test_an_answer_without_a_length_goes_on_to_the_end(serve, wire_to):
    assert post(wire_to(serve(after_request(b"HTTP/1.1 200 OK\r\n\r\n<ans", b"wer/>")))).body == BODY


def test_a_chunked_answer_is_put_together(serve, wire_to):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<ans\r\n5\r\nwer/>\r\n0\r\nX: y\r\n\r\n"

    assert post(wire_to(serve(chunked))).body == BODY


def test_an_answer_in_single_bytes_is_put_together(serve, wire_to):
    def act(server, sock, number):
        server.take(sock)
        for byte in GOOD:
            sock.sendall(bytes([byte]))

    assert post(wire_to(serve(act))).body == BODY


def test_an_interim_answer_is_passed_over(serve, wire_to):
    server = serve(after_request(b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n", GOOD, gap=0.05))

    reply = post(wire_to(server))
    assert (reply.status, reply.body) == (200, BODY)
    assert "x" not in reply.headers


def test_an_interim_answer_alone_is_no_answer(serve, wire_to):
    with pytest.raises(NoAnswer):
        post(wire_to(serve(after_request(b"HTTP/1.1 100 Continue\r\n\r\n"))))


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 100,
        b"SSH-2.0-x\r\n",
        b"<html>",
        b"HTTP/9.9 abc\r\n\r\n",
        b"\x16\x03\x01\x02",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
    ],
)
def test_what_is_no_http_leaves_the_outcome_unknown(serve, wire_to, garbage):
    with pytest.raises(NoAnswer):
        post(wire_to(serve(after_request(garbage))))


def test_a_connection_that_switched_its_protocol_is_not_used_again(serve, wire_to):
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"

    def act(server, sock, number):
        server.take(sock)
        sock.sendall(switch if number == 1 else GOOD)
        time.sleep(0.3)

    server = serve(act)
    wire = wire_to(server)
    with pytest.raises(NoAnswer):
        post(wire)

    assert (post(wire).body, server.connections) == (BODY, 2)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_told_and_not_followed(serve, wire_to, status):
    elsewhere = serve(GOOD)
    moved = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.address}\r\nContent-Length: 0\r\n\r\n"

    assert post(wire_to(serve(moved.encode()))).status == status
    assert elsewhere.connections == 0


def test_a_connection_is_kept_for_the_next_request(serve, wire_to):
    server = serve(GOOD)
    wire = wire_to(server)
    replies = [post(wire).body for _ in range(5)]

    assert (replies, server.connections) == ([BODY] * 5, 1)


def test_each_thread_has_a_connection_of_its_own(serve, wire_to):
    server = serve(GOOD)
    wire, bodies = wire_to(server), []
    threads = [threading.Thread(target=lambda: bodies.extend(post(wire).body for _ in range(5))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert (bodies, server.connections) == ([BODY] * 20, 4)


@pytest.mark.parametrize(
    "answer",
    [
        GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"),
        GOOD + GOOD,
        GOOD + b"x",
    ],
    ids=["said close", "http 1.0", "second answer behind", "bytes behind"],
)
def test_a_connection_that_cannot_be_trusted_is_not_used_again(serve, wire_to, answer):
    server = serve(answer)
    wire = wire_to(server)
    replies = [post(wire).body for _ in range(3)]

    assert (replies, server.connections) == ([BODY] * 3, 3)


def test_an_answer_that_comes_late_for_nobody_is_not_taken_for_the_next_one(serve, wire_to):
    def act(server, sock, number):
        while server.take(sock) is not None:
            sock.sendall(GOOD)
            time.sleep(0.1)
            sock.sendall(GOOD.replace(b"answer", b"poison"))

    server = serve(act)
    wire = wire_to(server)
    post(wire)
    time.sleep(0.3)

    assert post(wire).body == BODY
    assert server.connections == 2


def test_a_kept_connection_that_was_closed_is_replaced_before_use(serve, wire_to):
    server = serve(after_request(GOOD))
    wire = wire_to(server)
    for _ in range(3):
        assert post(wire).body == BODY
        time.sleep(0.1)

    assert server.connections == 3


def test_a_connection_that_failed_is_not_used_again(serve, wire_to):
    def act(server, sock, number):
        server.take(sock)
        sock.sendall(GOOD if number > 1 else b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<ans")
        time.sleep(2)

    server = serve(act)
    wire = wire_to(server)
    with pytest.raises(NoAnswer):
        post(wire)

    assert post(wire).body == BODY


def test_a_large_request_that_nobody_reads_ends(serve, wire_to):
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="timeout"):
        post(wire_to(serve(lambda server, sock, number: time.sleep(3))), b"x" * 30_000_000)

    assert time.monotonic() - began < 2.0


def test_tls_with_a_known_root_works_and_keeps_its_connection(serve, wire_to, tls):
    server = serve(GOOD, tls.context())
    wire = wire_to(server, ca_file=tls.ca_file)

    assert [post(wire).body for _ in range(3)] == [BODY] * 3
    assert server.connections <= 2  # a session ticket may have spoiled the first one


@pytest.mark.parametrize(
    ("host", "options", "known", "code"),
    [
        ("127.0.0.2", {}, True, "tls_name"),
        ("ibys.example", {}, True, "tls_name"),
        ("127.0.0.1", {"valid": (-9, -1)}, True, "tls_expired"),
        ("127.0.0.1", {"valid": (1, 9)}, True, "tls_expired"),
        ("127.0.0.1", {}, False, "tls_authority"),
    ],
    ids=["another address", "another name", "expired", "not yet valid", "unknown root"],
)
def test_tls_that_does_not_verify_means_that_nothing_was_sent(serve, wire_to, tls, host, options, known, code):
    server = serve(GOOD, tls.context(host, **options))

    with pytest.raises(NotSent, match=f"^{code}$"):
        post(wire_to(server, **({"ca_file": tls.ca_file} if known else {})))
    assert server.requests == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(serve, wire_to, tls):
    context = tls.context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(NotSent):
        post(wire_to(serve(GOOD, context), ca_file=tls.ca_file))


def test_a_plain_server_behind_an_https_address_gets_nothing(serve, wire_to, tls):
    server = serve(GOOD)

    with pytest.raises(NotSent):
        post(wire_to(f"https://127.0.0.1:{server.port}/x", Limits(connect=0.5), ca_file=tls.ca_file))
    assert server.requests == []


def test_a_handshake_that_never_ends_means_that_nothing_was_sent(serve, wire_to, tls):
    began = time.monotonic()
    server = serve(lambda server, sock, number: time.sleep(3))

    with pytest.raises(NotSent):
        post(wire_to(f"https://127.0.0.1:{server.port}/x", Limits(connect=0.3), ca_file=tls.ca_file))
    assert time.monotonic() - began < 1.0


def test_a_pinned_place_is_connected_to_whatever_the_name_says_and_the_name_stays_in_the_request(serve):
    server = serve(GOOD)
    wire = Wire(f"http://no-such-host.invalid:{server.port}/x", QUICK, pinned=["127.0.0.1"])

    assert post(wire).status == 200
    assert f"Host: no-such-host.invalid:{server.port}".encode() in server.requests[0][0]


def test_a_pinned_place_must_show_the_certificate_of_the_name(serve, tls):
    right, wrong = serve(GOOD, tls.context("hook.example")), serve(GOOD, tls.context("other.example"))

    def to(server):
        address = f"https://hook.example:{server.port}/x"
        return Wire(address, QUICK, ca_file=tls.ca_file, pinned=["127.0.0.1"])

    assert post(to(right)).status == 200
    with pytest.raises(NotSent, match="tls_name"):
        post(to(wrong))


def test_of_several_pinned_places_the_next_is_tried_when_one_takes_nothing(serve):
    server = serve(GOOD)

    assert post(Wire(server.address, QUICK, pinned=["127.0.0.2", "127.0.0.1"])).status == 200


def test_a_longer_reply_is_cut_where_that_is_asked_for(serve):
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000)
    reply = post(Wire(server.address, replace(QUICK, cuts=True, reply_bytes=1_000)))

    assert (reply.status, len(reply.body) <= 1_000 + PIECE) == (200, True)
