"""What a client meets before its message is read: resets, closed ports, certificates, outages, and our patience."""

import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

HEADERS = {"Content-Type": "text/xml"}


@pytest.fixture
def octets(toy, uzman):
    message = toy.Notification()
    return toy.envelope(message.operation(uzman.sign(message.xml())))


@pytest.fixture(scope="module")
def tls_stub(toy):
    stub = toy.Stub("--seed", "7", "--tls-port", "0")
    yield stub
    stub.stop()


@pytest.fixture
def tls(tls_stub, tmp_path):
    tls_stub.reset()
    authority = tmp_path / "authority.pem"
    authority.write_text(tls_stub.control("GET", "/tls")["authority"])
    return lambda octets: requests.post(
        tls_stub.ready["tls"]["soap_g2"], data=octets, headers=HEADERS, verify=str(authority), timeout=5
    )


@pytest.mark.parametrize("fault", ["reset_at_connect", "reset_before_body", "reset_within_body"])
def test_a_reset_at_the_door_stores_nothing_and_strikes_one_connection(stub, octets, fault):
    stub.script(fault)

    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        stub.post(octets)

    assert stub.effects() == []
    assert b"<status>200</status>" in stub.post(octets)
    assert stub.control("GET", "/ledger/summary")["faults"] == {fault: 1}


def test_a_reset_before_the_body_comes_when_no_byte_of_it_was_sent(stub, toy, octets):
    stub.script("reset_before_body")
    head, _, _ = toy.http_post(octets, "text/xml").partition(b"\r\n\r\n")

    with socket.create_connection(("127.0.0.1", stub.port), timeout=3) as connection:
        connection.sendall(head + b"\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_reset_within_the_body_comes_at_its_half(stub, toy, octets):
    stub.script("reset_within_body")
    request = toy.http_post(octets, "text/xml")
    half = request.index(b"\r\n\r\n") + 4 + len(octets) // 2

    with socket.create_connection(("127.0.0.1", stub.port), timeout=0.3) as connection:
        connection.sendall(request[: half - 20])
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(request[half - 20 : half + 20])
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_the_same_seed_resets_the_same_connections(stub):
    def met():
        stub.control("PUT", "/faults", {"seed": 5, "connection_rates": {"reset_at_connect": 0.5}})
        return [answers_on(stub) for _ in range(12)]

    first = met()
    stub.reset()

    assert met() == first
    assert set(first) == {True, False}


def answers_on(stub):
    try:
        return b"200 OK" in stub.raw(b"GET /soap-g2?wsdl HTTP/1.1\r\nConnection: close\r\n\r\n")
    except (ConnectionResetError, BrokenPipeError):
        return False


def test_a_closed_port_refuses_everybody_and_opens_again(stub, octets):
    stub.control("PUT", "/faults", {"spell_seconds": 0.5})
    stub.script("connection_refused")
    kept = socket.create_connection(("127.0.0.1", stub.port), timeout=3)

    with pytest.raises((ConnectionResetError, AssertionError)):
        assert stub.post(octets)
    with pytest.raises(ConnectionRefusedError):
        stub.post(octets)

    assert kept.recv(1) == b""
    assert stub.effects() == []
    await_port(stub)
    assert b"<status>200</status>" in stub.post(octets)


def await_port(stub, seconds=5):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", stub.port), timeout=1).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError("the port stayed closed")


def test_the_port_can_be_closed_by_hand(stub):
    stub.control("PUT", "/faults", {"close_port": 0.3})

    with pytest.raises(ConnectionRefusedError):
        stub.query(1)

    await_port(stub)


def test_an_outage_serves_nobody_until_its_hours_have_passed(stub, octets):
    stub.control("PUT", "/faults", {"outage_hours": 6})
    stub.script("outage")

    replies = [stub.post(octets)[:13] for _ in range(3)]
    outage = stub.control("GET", "/faults")["outage"]

    assert replies == [b"HTTP/1.1 503 "] * 3
    lasts = datetime.fromisoformat(outage["until"]) - datetime.fromisoformat(outage["from"])
    assert (lasts, stub.effects()) == (timedelta(hours=6), [])


def test_an_outage_is_a_window_on_the_stubs_clock(stub, octets):
    now = datetime.now(UTC)
    passed = {"from": (now - timedelta(hours=6)).isoformat(), "until": (now - timedelta(hours=1)).isoformat()}
    lasting = passed | {"until": (now + timedelta(hours=1)).isoformat()}

    stub.control("PUT", "/faults", {"outage": lasting})
    during = stub.post(octets)
    stub.control("PUT", "/faults", {"outage": passed})

    assert b"HTTP/1.1 503 " in during
    assert b"<status>200</status>" in stub.post(octets)


@pytest.mark.parametrize("outage", [{"from": "2026-01-01T00:00:00+00:00"}, "now", {"from": "x", "until": "y"}, [1, 2]])
def test_an_outage_that_is_no_window_is_refused(stub, outage):
    reply = requests.put(f"{stub.control_url}/faults", json={"outage": outage}, timeout=5)

    assert (reply.status_code, stub.control("GET", "/faults")["outage"]) == (400, None)


def test_over_tls_the_same_ministry_answers(tls, tls_stub, octets):
    assert b"<status>200</status>" in tls(octets).content
    assert len(tls_stub.effects()) == 1


def test_over_tls_the_wsdl_tells_its_https_address(tls, tls_stub, octets, tmp_path):
    url = tls_stub.ready["tls"]["soap_g2"]

    wsdl = requests.get(f"{url}?wsdl", verify=str(tmp_path / "authority.pem"), timeout=5).text

    assert wsdl.count(f'location="{url}"') == 2


@pytest.mark.parametrize(
    ("fault", "told"), [("tls_expired", "certificate has expired"), ("tls_wrong_name", "IP address mismatch")]
)
def test_a_bad_certificate_is_shown_once(tls, tls_stub, octets, fault, told):
    tls_stub.script(fault)

    with pytest.raises(requests.exceptions.SSLError, match=told):
        tls(octets)

    assert tls_stub.effects() == []
    assert b"<status>200</status>" in tls(octets).content


def test_a_client_certificate_may_be_demanded(tls, tls_stub, octets):
    tls_stub.script("tls_client_certificate")

    with pytest.raises((requests.exceptions.SSLError, requests.exceptions.ConnectionError)):
        tls(octets)

    assert tls_stub.effects() == []


def test_a_tls_fault_cannot_strike_the_plain_port(tls_stub, tls, octets):
    tls_stub.control("PUT", "/faults", {"connection_rates": {"tls_expired": 1.0}})

    assert b"<status>200</status>" in tls_stub.post(octets)


def test_what_is_not_tls_harms_nobody(tls_stub, tls, octets):
    port = int(tls_stub.ready["tls"]["soap_g2"].split(":")[2].split("/")[0])
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 70_000, b""):
        with socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
            connection.sendall(garbage)

    assert b"<status>200</status>" in tls(octets).content


def test_old_versions_of_tls_are_not_spoken(tls_stub):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    port = int(tls_stub.ready["tls"]["soap_g2"].split(":")[2].split("/")[0])

    with socket.create_connection(("127.0.0.1", port), timeout=3) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="localhost")
