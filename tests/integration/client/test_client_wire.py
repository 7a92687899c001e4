from __future__ import annotations

import json
import re
import socket
import struct
import threading
from dataclasses import replace

import pytest

from integrator.client import Broken, Busy, Gateway, Patience, Unreachable

OK = json.dumps({"causes": []}).encode()


CUT = "X-Cut: here"


def answer(status=200, body=OK, *headers, kind="application/json", length=None):
    lines = [f"HTTP/1.1 {status} x", f"Content-Type: {kind}", f"Content-Length: {length or len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Scripted:
    """A server that says what it is told to, call after call, and remembers what it heard; b"" resets."""

    def __init__(self, *script):
        self.script, self.heard = list(script), []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while self.script:
            line, _ = self._door.accept()
            with line:
                self._speak(line)
        self._door.close()

    def _speak(self, line):
        reader = line.makefile("rb")
        while self.script:
            heard = b"".join(iter(reader.readline, b"\r\n"))
            if not heard:
                return
            reader.read(int((re.findall(rb"Content-Length: (\d+)", heard) or [0])[0]))
            self.heard.append(heard)
            said = self.script.pop(0)
            if not said:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            line.sendall(said)
            if b"Content-Length: 999" in said or not said.endswith(b"}"):
                return


class Waits:
    """A clock that is asked to sleep and does not."""

    def __init__(self):
        self.taken = []

    def __call__(self, seconds):
        self.taken.append(seconds)


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def client_to(waits):
    def make(server, **changes):
        patience = Patience(tries=4, first=1.0, ceiling=3.0, silence=5.0, sleep=waits, jitter=lambda: 0.5)
        return Gateway(server.address, "ibys_x", patience=replace(patience, **changes))

    return make


def keys_of(server):
    lines = [line for heard in server.heard for line in heard.split(b"\r\n")]
    return [line for line in lines if line.lower().startswith(b"idempotency-key")]


def test_a_reset_a_cut_answer_and_busy_are_tried_again_with_growing_waits(client_to, waits):
    server = Scripted(b"", answer(length=999), answer(503, b"{}", "Retry-After: 7"), answer())

    assert client_to(server).causes() == []
    assert waits.taken == [0.5, 1.0, 7 + 1.5]


@pytest.mark.parametrize("cut", [5, 20, 40, 60, 70])
def test_an_answer_that_is_cut_in_its_head_is_no_answer(client_to, waits, cut):
    server = Scripted(answer(200, OK, CUT)[:cut], answer())

    assert client_to(server).causes() == []
    assert len(waits.taken) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422, 500])
def test_what_would_end_the_same_way_is_never_tried_again(client_to, waits, status):
    server = Scripted(answer(status, b'{"code": "INT-X"}', kind="application/problem+json"), answer())

    with pytest.raises(Exception, match="INT-X"):
        client_to(server).causes()
    assert (len(server.heard), waits.taken) == (1, [])


def test_patience_ends(client_to):
    with pytest.raises(Unreachable, match=r"RemoteDisconnected|ConnectionReset"):
        client_to(Scripted(b"", b"", b"", b"")).causes()
    with pytest.raises(Busy):
        client_to(Scripted(*[answer(429, b"{}")] * 4)).causes()


def test_an_act_keeps_its_key_over_its_tries_and_the_next_act_has_another(client_to):
    done = answer(200, b'{"state": "queued"}')
    server = Scripted(b"", answer(409, b"{}", "Retry-After: 1"), done, done)
    client = client_to(server)
    client.release(1, "once")
    client.release(1, "twice")
    first, second, third, fourth = keys_of(server)

    assert first == second == third != fourth


def test_a_page_of_a_proxy_is_no_answer(client_to):
    with pytest.raises(Broken):
        client_to(Scripted(answer(200, b"<html>", kind="text/html"))).causes()
    with pytest.raises(Unreachable):
        client_to(Scripted(*[answer(200, b"<html>", kind="text/html", length=999)] * 4)).causes()


def test_a_silent_server_is_left(client_to):
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = type("Silent", (), {"address": f"http://127.0.0.1:{door.getsockname()[1]}"})
        with pytest.raises(Unreachable, match="timed out"):
            client_to(server, silence=0.05).causes()


def change(number, state="accepted"):
    return {
        "cursor": f"{number}-00000000", "at": "2026-11-22T06:00:00+00:00", "event": "bildirim.moved",
        "kayit_no": f"K-{number}", "sorgu_no": number, "state": state, "code": "200", "cause": "", "from": "sending",
    }  # fmt: skip


def page(*changes, until="0"):
    told = {"changes": list(changes), "next": changes[-1]["cursor"] if changes else until}
    return answer(200, json.dumps(told).encode())


def test_a_follower_saves_a_cursor_only_after_its_change_was_dealt_with(client_to):
    saved = []
    following = client_to(Scripted(page(change(1), change(2)))).changes(save=saved.append)

    assert next(following).cursor == "1-00000000"
    assert saved == []
    assert next(following).sorgu_no == 2
    assert saved == ["1-00000000"]


def test_a_follower_goes_on_from_its_cursor_through_silence_and_resets(client_to):
    server = Scripted(page(change(1)), page(until="1-00000000"), *[b""] * 5, page(change(2)))
    following = client_to(server).changes("now")
    found = [next(following).sorgu_no, next(following).sorgu_no]

    assert found == [1, 2]
    assert b"after=now" in server.heard[0]
    assert {b"after=1-00000000" in each for each in server.heard[1:]} == {True}


def test_a_follower_that_does_not_wait_ends_at_the_end(client_to):
    server = Scripted(page(change(1)), page(until="1-00000000"))

    assert [each.sorgu_no for each in client_to(server).changes(forever=False)] == [1]
