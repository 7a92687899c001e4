"""Every way one call can end, from a real socket: one row of docs/errors.md, one outcome, words for people, no loss."""

import socket
import struct

import pytest

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.published import published
from integrator.deliver.dvo import cut_dvo
from integrator.deliver.generation import Credentials
from integrator.deliver.soap_g2 import SAVE, SoapG2
from integrator.deliver.wire import Limits, Wire
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcome_texts import outcome_text
from integrator.domain.outcomes import Kind, Outcome, Word
from integrator.receipt.judge import judge_reply
from integrator.sign.canonical import split
from tests.factories import WORKER, definition, kayit

NUMBER = SorguNo(10_000_000_001)
DVO = cut_dvo(next(iter(split(kayit(), definition()))).canonical)
LIMITS = Limits(connect=1.0, silence=0.4, total=1.0, reply_bytes=1 << 20)
WSDL = published("schemas", "soap-g2", "ibys.wsdl")
NAMESPACE = ZeepDoor(WSDL, Wire("http://127.0.0.1:9", LIMITS)).namespace
PAIR = f"<basariliKayitBilgisi><calisanTckNo>{WORKER}</calisanTckNo><egitimKoduId>240</egitimKoduId>"


def http(body=b"", status="200 OK", *more):
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more])
    return f"{head}\r\n\r\n".encode() + body


def soap(inside, namespace=NAMESPACE, operation=SAVE):
    return (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<n:{operation}Response xmlns:n="{namespace}">{inside}</n:{operation}Response></s:Body></s:Envelope>'
    ).encode()


def answer(code="200", number=NUMBER, parts=f"{PAIR}<status>200</status></basariliKayitBilgisi>"):
    told = f"<sorguNo>{number}</sorguNo>" if number else ""
    return f"<return>{parts}<message>x</message>{told}<status>{code}</status></return>"


def read_then(act):
    """A server that takes the whole request and then does something else than answer."""

    def serve(server, sock, _number):
        server.take(sock)
        act(sock)

    return serve


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def fifty_megabytes(sock):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n")
    for _ in range(800):
        sock.sendall(b"x" * 65_536)


def silence(sock):
    sock.settimeout(3)
    sock.recv(1)


CASES = [
    ("good", http(soap(answer())), Kind.ACCEPTED, "200"),
    ("redirect", http(b"", "302 Found", "Location: http://127.0.0.1:9/"), Kind.NOT_ARRIVED, "http_302"),
    ("permanent redirect", http(b"", "308 Permanent Redirect", "Location: /"), Kind.NOT_ARRIVED, "http_308"),
    ("bad request", http(b"", "400 Bad Request"), Kind.NOT_ARRIVED, "http_400"),
    ("http 401", http(b"", "401 Unauthorized"), Kind.NOT_ARRIVED, "http_401"),
    ("not found", http(b"", "404 Not Found"), Kind.NOT_ARRIVED, "http_404"),
    ("too large", http(b"", "413 Content Too Large"), Kind.NOT_ARRIVED, "http_413"),
    ("too many", http(b"", "429 Too Many Requests", "Retry-After: 7"), Kind.BUSY, "http_429"),
    ("server error", http(b"<html/>", "500 Internal Server Error"), Kind.UNCERTAIN, "http_500"),
    ("bad gateway", http(b"", "502 Bad Gateway"), Kind.UNCERTAIN, "http_502"),
    ("not served", http(b"", "503 Service Unavailable", "Retry-After: 7"), Kind.BUSY, "http_503"),
    ("gateway time-out", http(b"", "504 Gateway Timeout"), Kind.UNCERTAIN, "http_504"),
    ("created", http(b"", "201 Created"), Kind.UNCERTAIN, "http_201"),
    ("no content", http(b"", "204 No Content"), Kind.UNCERTAIN, "http_204"),
    ("fault inside 200", http(b"<s:Fault/>"), Kind.UNCERTAIN, "unreadable_reply"),
    ("empty", http(b""), Kind.UNCERTAIN, "unreadable_reply"),
    ("a page", http(b"<!DOCTYPE html><html><body>bakim</body></html>"), Kind.UNCERTAIN, "unreadable_reply"),
    ("cut XML", http(soap(answer())[:-20]), Kind.UNCERTAIN, "unreadable_reply"),
    ("another namespace", http(soap(answer(), "http://other/")), Kind.UNCERTAIN, "unreadable_reply"),
    ("another operation", http(soap(answer(), operation="x")), Kind.UNCERTAIN, "unreadable_reply"),
    ("another message", http(soap(answer(number=NUMBER + 1))), Kind.UNCERTAIN, "foreign_number"),
    ("no number", http(soap(answer(number=None))), Kind.UNCERTAIN, "foreign_number"),
    ("pairs missing", http(soap(answer(parts=""))), Kind.UNCERTAIN, "pairs_differ"),
    ("unknown code", http(soap(answer("777"))), Kind.UNKNOWN_CODE, "777"),
    ("passive", http(soap(answer("401", number=None))), Kind.PASSIVE, "401"),
    ("not HTTP", b"220 mail.example ESMTP\r\n", Kind.UNCERTAIN, "not_http"),
    ("early end", http(soap(answer()))[:-9], Kind.UNCERTAIN, "connection_lost"),
    ("reset", read_then(reset), Kind.UNCERTAIN, "connection_lost"),
    ("closed", read_then(lambda sock: sock.close()), Kind.UNCERTAIN, "connection_lost"),
    ("silence", read_then(silence), Kind.UNCERTAIN, "timeout"),
    ("50 MB", read_then(fifty_megabytes), Kind.UNCERTAIN, "reply_too_large"),
]


def called(address, **options):
    wire = Wire(address, LIMITS, **options)
    exchange = SoapG2(wire, ZeepDoor(WSDL, wire), Credentials("F-1", "parola")).send(NUMBER, DVO, b"cms")
    said = exchange.said
    return said if isinstance(said, Outcome) else judge_reply(said, NUMBER, DVO.pairs, read_catalogue().result_codes)


def answered(act):
    """What a raw server does: these bytes and the end of the connection, or the act itself."""
    return act if callable(act) else read_then(lambda sock: sock.sendall(act))


@pytest.mark.parametrize(("act", "kind", "code"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_answer_and_each_silence_has_its_outcome(serve, act, kind, code):
    outcome = called(serve(answered(act)).address)

    assert (outcome.kind, outcome.code) == (kind, code)


def test_the_wait_that_was_asked_for_is_kept(serve):
    outcome = called(serve(answered(http(b"", "503 Service Unavailable", "Retry-After: 7"))).address)

    assert outcome.retry_after is not None
    assert outcome.retry_after.total_seconds() == 7


def test_a_redirect_is_never_followed(serve):
    target = serve(http(soap(answer())))
    called(serve(answered(http(b"", "307 Temporary Redirect", f"Location: {target.address}"))).address)

    assert target.connections == 0


def test_no_connection_means_not_arrived():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert called(f"http://127.0.0.1:{port}/").code == "connect"
    assert called("http://no-such-host.invalid/").code == "connect"


@pytest.mark.parametrize(
    ("host", "options", "is_known", "code"),
    [
        ("127.0.0.1", {"valid": (-9, -1)}, True, "tls_expired"),
        ("ibys.example", {}, True, "tls_name"),
        ("127.0.0.1", {}, False, "tls_authority"),
    ],
)
def test_each_fault_of_the_servers_certificate_has_its_outcome_and_nothing_is_sent(
    serve, tls, host, options, is_known, code
):
    server = serve(http(soap(answer())), tls.context(host, **options))
    outcome = called(server.address, **({"ca_file": tls.ca_file} if is_known else {}))

    assert (outcome.kind, outcome.code, server.requests) == (Kind.NOT_ARRIVED, code, [])


def test_a_server_that_speaks_no_tls_is_told_apart(serve, tls):
    server = serve(read_then(lambda sock: None))

    assert called(server.address.replace("http:", "https:"), ca_file=tls.ca_file).code in ("tls", "connect")


@pytest.mark.parametrize("language", ["tr", "en"])
def test_every_code_of_ours_has_words_for_people(language):
    ours = {code for _, _, kind, code in CASES if not code.isdigit()}

    assert {code for code in ours if outcome_text(code, language) == code} == set()


def test_what_is_readable_is_an_answer_of_the_address_and_what_is_not_is_a_failure():
    words = {code: Outcome(kind, code).word for _, _, kind, code in CASES}

    assert {code for code, word in words.items() if word is Word.ANSWERED} == {
        "200", "777", "foreign_number", "pairs_differ"
    }  # fmt: skip
    assert words["401"] is Word.PASSIVE
