"""Whatever is thrown at it, it answers or closes, and is well afterwards."""

import re
import socket

import pytest
import requests

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + at)} "{f"&{chr(97 + at)};" * 10}">' for at in range(9))
    + "]><x>&j;</x>"
)
XXE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


def fault_of(reply):
    head, _, body = reply.partition(b"\r\n\r\n")
    found = re.search(rb"<(?:faultcode|S:Value)>S:(\w+)<", body)
    return head.split(b" ")[1].decode(), found.group(1).decode() if found else None


@pytest.mark.parametrize(("version", "sender"), [("1.1", "Client"), ("1.2", "Sender")])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"\x00\xff\xfe",
        BOMB.encode(),
        XXE.encode(),
        XXE.encode("utf-16"),
        b"<unclosed>",
        b"<a>" * 20000,
    ],
)
def test_what_is_not_a_message_gets_a_soap_fault(stub, version, sender, body):
    status, code = fault_of(stub.post(body, version))

    assert (status, code) in {("500", sender), ("500", "VersionMismatch")}


def test_a_file_named_by_an_entity_is_not_read(stub):
    assert b"root:" not in stub.post(XXE.encode())


def test_a_doctype_inside_a_good_message_is_refused(stub, toy):
    body = b'<!DOCTYPE x [<!ENTITY a "1">]>' + toy.envelope(f'<n:EgitimKoduBilgisi xmlns:n="{toy.NAMESPACE}"/>')

    assert fault_of(stub.post(body)) == ("500", "Client")


@pytest.mark.parametrize(
    "operation",
    ['<n:EgitimKoduBilgisi xmlns:n="urn:other"/>', "<EgitimKoduBilgisi/>", "", "<a/><b/>", "text"],
)
def test_an_operation_in_another_namespace_gets_a_fault(stub, toy, operation):
    assert fault_of(stub.post(toy.envelope(operation))) == ("500", "Client")


def test_an_unknown_operation_gets_a_fault(stub, toy):
    body = toy.envelope(f'<n:egitimSil xmlns:n="{toy.NAMESPACE}"/>')

    assert fault_of(stub.post(body)) == ("500", "Client")


def test_an_envelope_of_the_other_version_gets_a_fault(stub, toy):
    body = toy.envelope(f'<n:EgitimKoduBilgisi xmlns:n="{toy.NAMESPACE}"/>', "1.2")

    assert fault_of(stub.post(body, "1.1")) == ("500", "Sender")


def test_an_envelope_of_no_known_version_is_a_version_mismatch(stub):
    assert fault_of(stub.post(b'<E:Envelope xmlns:E="urn:soap-9"/>')) == ("500", "VersionMismatch")


def test_a_header_that_must_be_understood_is_not(stub, toy):
    body = toy.envelope(f'<n:EgitimKoduBilgisi xmlns:n="{toy.NAMESPACE}"/>')
    header = b'<S:Header><a:b xmlns:a="urn:a" S:mustUnderstand="1"/></S:Header><S:Body>'

    assert fault_of(stub.post(body.replace(b"<S:Body>", header))) == ("500", "MustUnderstand")


def test_another_media_type_is_415(stub):
    assert requests.post(stub.url, data=b"{}", headers={"Content-Type": "application/json"}).status_code == 415


def test_a_body_of_50_megabytes_is_413(stub):
    reply = requests.post(stub.url, data=b"x" * 50_000_000, headers={"Content-Type": "text/xml"}, timeout=20)

    assert reply.status_code == 413


def test_a_chunked_body_beyond_the_limit_is_413(stub):
    reply = requests.post(
        stub.url, data=(b"x" * 1_000_000 for _ in range(5)), headers={"Content-Type": "text/xml"}, timeout=20
    )

    assert reply.status_code == 413


def test_a_chunked_message_is_read(stub, toy):
    body = toy.envelope(f'<n:EgitimKoduBilgisi xmlns:n="{toy.NAMESPACE}"/>')

    reply = requests.post(stub.url, data=iter([body[:50], body[50:]]), headers={"Content-Type": "text/xml"})

    assert b"<status>200</status>" in reply.content


def test_a_head_without_end_is_431(stub):
    assert b" 431 " in stub.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 400_000, seconds=0.5)[:40]


@pytest.mark.parametrize("octets", [b"\x16\x03\x01\x02\x00", b"GARBAGE\r\n\r\n", b"GET\r\n\r\n"])
def test_what_is_not_http_is_400(stub, octets):
    assert b" 400 " in stub.raw(octets, seconds=0.5)[:40]


@pytest.mark.parametrize("tail", ["-g9", "/moved", "/"])
def test_an_unknown_path_is_404(stub, tail):
    assert requests.get(stub.url + tail, timeout=5).status_code == 404


@pytest.mark.parametrize("target", [b"*", b"//", b"/../..", b"http://elsewhere/", b"/%00", b"/?"])
def test_an_odd_target_is_answered(stub, target):
    assert stub.raw(b"GET " + target + b" HTTP/1.1\r\nConnection: close\r\n\r\n")[:12] in (
        b"HTTP/1.1 404",
        b"HTTP/1.1 400",
    )


def test_a_client_that_leaves_in_the_middle_harms_nobody(stub, toy):
    for size in (1, 40, 200):
        with socket.create_connection(("127.0.0.1", stub.port)) as connection:
            connection.sendall(toy.http_post(b"x" * 1000, "text/xml")[:size])

    assert stub.control("GET", "/health")["ok"]


def test_nothing_of_all_this_was_a_bug(own_stub, toy):
    stub = own_stub("--seed", "1")
    for body in (b"", BOMB.encode(), XXE.encode(), b"\x00", toy.envelope("<a/>")):
        stub.post(body)

    stub.stop()

    assert stub.process.stderr.read() == ""


def test_many_requests_on_one_connection_are_no_long_head(stub, toy):
    body = toy.envelope(f'<n:EgitimKoduBilgisi xmlns:n="{toy.NAMESPACE}"/>')
    with requests.Session() as session:
        replies = [session.post(stub.url, data=body, headers={"Content-Type": "text/xml"}) for _ in range(100)]

    assert {reply.status_code for reply in replies} == {200}


def test_an_answer_to_head_has_no_body(stub):
    reply = stub.raw(b"HEAD /soap-g2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert reply.endswith(b"\r\n\r\n")
