from __future__ import annotations

import base64
import http.client
import json
import socket
import threading

import pytest

from integrator.agent.endpoint import MAX_BODY_BYTES, Declined, Endpoint
from integrator.domain.errors import Misconfigured, WrongPin
from tests.factories import SINGLE

ORIGIN = "https://desk.example"


class Person:
    """Stands for the terminal: remembers what was shown, and says yes, or no, or mistypes."""

    def __init__(self):
        self.shown = []
        self.trouble = None
        self.told = []
        self.gate = threading.Event()
        self.gate.set()

    def sign(self, messages, names):
        self.shown.append((list(messages), names))
        self.gate.wait(10)
        if self.trouble:
            raise self.trouble
        return [(each.sorgu_no, b"cms of " + each.content[-9:]) for each in messages]


class Page:
    """A page in the browser, or something that pretends to be one. A header of None is left out."""

    def __init__(self, endpoint):
        self.port = endpoint.server_address[1]
        self.host = endpoint.own_host

    def ask(self, verb, path, body=None, **changes):
        headers = {"Host": self.host, "Origin": ORIGIN}
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(verb, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            for each in value if isinstance(value, list) else [value]:
                if each is not None:
                    connection.putheader(name, each)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None, answer.headers


@pytest.fixture
def person():
    return Person()


@pytest.fixture
def endpoint(person):
    with Endpoint("127.0.0.1:0", ORIGIN, person.sign, person.told.append) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture
def page(endpoint):
    return Page(endpoint)


def items(count=1, content=SINGLE):
    encoded = base64.b64encode(content).decode()
    return [{"sorgu_no": 10_000_000_001 + each, "content_base64": encoded} for each in range(count)]


def asked(endpoint, count=1, **changes):
    return {"token": endpoint.token.value, "items": items(count), **changes}


def test_fifty_messages_come_back_as_cms_with_the_next_token(endpoint, page, person):
    before = endpoint.token.value

    status, body, headers = page.ask("POST", "/sign", asked(endpoint, 50))

    assert status == 200
    assert [each["sorgu_no"] for each in body["cms"]] == [each["sorgu_no"] for each in items(50)]
    assert base64.b64decode(body["cms"][0]["cms_base64"]) == b"cms of gitimDVO>"
    assert body["next_token"] == endpoint.token.value == person.told[-1] != before
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["Cache-Control"] == "no-store"


def test_the_names_of_codes_reach_the_person(endpoint, page, person):
    names = {"egitimKoduId": {"240": {"tr": "Konu", "en": "Topic"}}}

    page.ask("POST", "/sign", asked(endpoint, names=names))

    assert person.shown[0][1] == names


def test_the_status_tells_whether_a_person_is_being_asked(page):
    status, body, _ = page.ask("GET", "/status")

    assert (status, body) == (200, {"agent": "ibys", "at_once": 50, "asking": False})


@pytest.mark.parametrize(
    ("headers", "status", "word"),
    [
        ({"Origin": "https://evil.example"}, 403, "origin"),
        ({"Origin": "https://desk.example.evil.example"}, 403, "origin"),
        ({"Origin": "http://desk.example"}, 403, "origin"),
        ({"Origin": "null"}, 403, "origin"),
        ({"Origin": None}, 403, "origin"),
        ({"Origin": [ORIGIN, ORIGIN]}, 403, "origin"),
        ({"Host": "evil.example"}, 421, "host"),
        ({"Host": "localhost:1"}, 421, "host"),
        ({"Host": "127.0.0.1"}, 421, "host"),
        ({"Host": None}, 421, "host"),
        ({"Content-Type": "text/plain"}, 415, "content_type"),
        ({"Content-Type": None}, 415, "content_type"),
        ({"Content-Length": "-1"}, 411, "length"),
        ({"Content-Length": ["10", "20"]}, 411, "length"),
        ({"Transfer-Encoding": "chunked"}, 411, "length"),
    ],
)
def test_a_strangers_request_is_refused_and_costs_no_token(endpoint, page, person, headers, status, word):
    before = endpoint.token.value

    seen, body, answered = page.ask("POST", "/sign", asked(endpoint), **headers)

    assert (seen, body["error"]) == (status, word)
    assert person.shown == []
    assert endpoint.token.value == before
    if word in ("origin", "host"):
        assert answered["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": None}, {"Host": "evil.example"}])
def test_even_the_status_is_told_to_the_desk_only(page, headers):
    status, _, answered = page.ask("GET", "/status", **headers)

    assert status in (403, 421)
    assert answered["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("token", ["", "guess", "ğ" * 43, "\ud800", "x" * 100_000])
def test_a_wrong_token_is_refused_and_the_right_one_stays(endpoint, page, person, token):
    before = endpoint.token.value

    status, body, _ = page.ask("POST", "/sign", asked(endpoint, token=token))

    assert (status, body) == (401, {"error": "token"})
    assert endpoint.token.value == before
    assert person.shown == []


def test_a_token_is_good_once(endpoint, page, person):
    request = asked(endpoint)
    page.ask("POST", "/sign", request)

    status, body, _ = page.ask("POST", "/sign", request)

    assert (status, body) == (401, {"error": "token"})
    assert len(person.shown) == 1


@pytest.mark.parametrize(
    ("entries", "word"),
    [
        (items(51), "count"),
        ([], "count"),
        (items(1, b"<not>ours</not>"), "content"),
        (items(1, SINGLE + b"<!-- and this -->"), "content"),
        (items(1) * 2, "twice"),
        ([{"sorgu_no": 1}], "content"),
        ([{**items(1)[0], "pin": "1234"}], "content"),
        ([{**items(1)[0], "content_base64": "?"}], "content"),
        ([{**items(1)[0], "content_base64": "ü"}], "content"),
        ([{**items(1)[0], "sorgu_no": True}], "content"),
        ([{**items(1)[0], "sorgu_no": 10**11}], "content"),
        (["text"], "content"),
    ],
)
def test_what_cannot_be_shown_is_not_signed_and_the_token_is_spent(endpoint, page, person, entries, word):
    before = endpoint.token.value

    status, body, _ = page.ask("POST", "/sign", asked(endpoint, items=entries))

    assert (status, body["error"]) == (422, word)
    assert body["next_token"] == endpoint.token.value != before
    assert person.shown == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"token": 1, "items": []}',
        b'{"token": "x"}',
        b'{"token": "x", "items": [], "pin": "1234"}',
        b'{"token": "x", "items": [], "names": {"a": 1}}',
        b"\xff\xfe",
    ],
)
def test_a_body_of_another_shape_is_refused(page, person, body):
    status, told, _ = page.ask("POST", "/sign", body)

    assert (status, told["error"]) in ((400, "json"), (400, "shape"))
    assert person.shown == []


def test_a_huge_body_is_refused_by_its_length_before_it_is_read(endpoint, page):
    status, body, _ = page.ask("POST", "/sign", b"", Content_Length=str(MAX_BODY_BYTES + 1))

    assert (status, body) == (413, {"error": "body"})


def test_a_huge_body_that_does_come_gets_its_answer_too(endpoint, page, person):
    status, body, _ = page.ask("POST", "/sign", b"x" * (MAX_BODY_BYTES + 1))

    assert (status, body) == (413, {"error": "body"})
    assert person.shown == []


def test_a_body_that_never_comes_holds_nobody_else_up(endpoint, page):
    with socket.create_connection(("127.0.0.1", page.port)) as silent:
        head = f"POST /sign HTTP/1.1\r\nHost: {page.host}\r\nOrigin: {ORIGIN}\r\nContent-Type: application/json\r\n"
        silent.sendall(f"{head}Content-Length: 100\r\n\r\n".encode())

        assert page.ask("GET", "/status")[0] == 200


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "PATCH", "HEAD", "TRACE", "CONNECT", "BREW"])
@pytest.mark.parametrize("path", ["/sign", "/status"])
def test_other_verbs_are_refused(page, person, verb, path):
    status, _, answered = page.ask(verb, path)

    assert status in (400, 501)
    assert answered["Access-Control-Allow-Origin"] is None
    assert person.shown == []


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [("GET", "/sign", 405), ("POST", "/status", 405), ("GET", "/", 404), ("POST", "/sign?x=1", 404)],
)
def test_other_paths_are_refused(endpoint, page, verb, path, status):
    assert page.ask(verb, path, asked(endpoint) if verb == "POST" else None)[0] == status


@pytest.mark.parametrize(("path", "verb"), [("/sign", "POST"), ("/status", "GET")])
def test_a_preflight_of_the_desk_is_answered(page, path, verb):
    asked_for = {"Access-Control-Request-Method": verb, "Access-Control-Request-Private-Network": "true"}

    status, _, headers = page.ask("OPTIONS", path, **asked_for)

    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    assert headers["Access-Control-Allow-Private-Network"] == "true"
    assert headers["Vary"] == "Origin"
    assert headers["Access-Control-Allow-Credentials"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"Origin": "https://evil.example"},
        {"Origin": None},
        {"Host": "evil.example"},
        {"Access-Control-Request-Method": "DELETE"},
        {"Access-Control-Request-Method": None},
    ],
)
def test_any_other_preflight_is_not(page, changes):
    status, _, headers = page.ask("OPTIONS", "/sign", **{"Access-Control-Request-Method": "POST", **changes})

    assert status in (403, 421)
    assert headers["Access-Control-Allow-Methods"] is None


def test_a_no_at_the_terminal_signs_nothing(endpoint, page, person):
    person.trouble = Declined()

    status, body, _ = page.ask("POST", "/sign", asked(endpoint))

    assert (status, body) == (403, {"error": "declined", "next_token": endpoint.token.value})


def test_a_wrong_pin_is_told_by_its_code_in_both_languages(endpoint, page, person):
    person.trouble = WrongPin("the card did not take it")

    status, body, _ = page.ask("POST", "/sign", asked(endpoint))

    assert (status, body["error"], body["code"]) == (422, "not_signed", "INT-AGT-001")
    assert "PIN" in body["tr"]
    assert "PIN" in body["en"]


def test_a_bug_closes_one_connection_and_the_next_request_is_answered(endpoint, page, person):
    person.trouble = RuntimeError("bug")
    with pytest.raises(http.client.RemoteDisconnected):
        page.ask("POST", "/sign", asked(endpoint))
    person.trouble = None

    status, _, _ = page.ask("POST", "/sign", asked(endpoint))

    assert status == 200
    assert person.told[-1] == endpoint.token.value


def test_a_second_batch_is_refused_while_a_person_is_asked(endpoint, page, person):
    person.gate.clear()
    first = threading.Thread(target=page.ask, args=("POST", "/sign", asked(endpoint)))
    first.start()
    while not person.shown:
        pass

    status, body, _ = page.ask("POST", "/sign", asked(endpoint))
    person.gate.set()
    first.join(10)

    assert (status, body["error"]) == (409, "busy")
    assert len(person.shown) == 1


@pytest.mark.parametrize(
    "address", ["0.0.0.0:0", "[::1]:0", "localhost:0", "192.168.1.5:80", ":0", "127.0.0.1", "127.0.0.2:0"]
)
def test_no_other_address_is_listened_on(person, address):
    with pytest.raises(Misconfigured, match=r"127\.0\.0\.1:PORT"):
        Endpoint(address, ORIGIN, person.sign, person.told.append)


@pytest.mark.parametrize("origin", ["", "*", "null", "http://desk.example", "https://desk.example/", "https://a b"])
def test_an_origin_that_is_none_is_refused_at_the_start(person, origin):
    with pytest.raises(Misconfigured, match="origin"):
        Endpoint("127.0.0.1:0", origin, person.sign, person.told.append)
