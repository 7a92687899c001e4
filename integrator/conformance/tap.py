"""A tap on the line between gateway and ministry: passes everything on, keeps every request, and can speak for the
ministry or hold a request back when a scenario says so. Loopback only.

What the gateway really sent is seen here and nowhere else; no scenario takes the gateway's word for it.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httptools

SAVE, QUERY, OTHER = "save", "query", "other"
_PIECE = 65536
_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the gateway: when (seconds on the monotonic clock), where to, what kind, and its body."""

    at: float
    path: str
    kind: str
    content_type: str
    body: bytes
    raw: bytes


@dataclass
class Rule:
    """What to do with the next `times` calls of a kind, instead of passing them on.

    `reply` makes the whole HTTP reply. Without it the call is held: `arrived` is set, and when `go` is set it is
    passed on (`passes`) or its connection reset.
    """

    kind: str
    times: int = 1
    reply: Callable[[Call], bytes] | None = None
    passes: bool = True
    arrived: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)


class Tap:
    """Listens on a port of its own. `calls` grows; `rules` are used up in order."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._rules: list[Rule] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def calls(self) -> list[Call]:
        """Everything since the last `forget`, in order of arrival."""
        with self._lock:
            return list(self._calls)

    def forget(self) -> None:
        """Begin anew: no calls, no rules; what is held is let go."""
        with self._lock:
            self._calls.clear()
            for rule in self._rules:
                rule.go.set()
            self._rules.clear()

    def add(self, rule: Rule) -> Rule:
        """Put a rule at the end of the line."""
        with self._lock:
            self._rules.append(rule)
        return rule

    def close(self) -> None:
        """Listen no more."""
        self.forget()
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        line = _Line(client, self._upstream)
        try:
            line.run(self._decide)
        except ConnectionError:
            line.reset()
        finally:
            line.close()

    def _decide(self, call: Call) -> bytes | bool:
        """Bytes to answer with, True to pass it on, False to reset."""
        with self._lock:
            self._calls.append(call)
            rule = next((each for each in self._rules if each.kind == call.kind and each.times > 0), None)
            if rule is None:
                return True
            rule.times -= 1
        if rule.reply is not None:
            return rule.reply(call)
        rule.arrived.set()
        rule.go.wait(60)
        return rule.passes


class _Line:
    """One connection of the gateway, and ours to the ministry behind it."""

    def __init__(self, client: socket.socket, upstream: tuple[str, int]) -> None:
        self._client = client
        self._address = upstream
        self._upstream: socket.socket | None = None
        self._reader = _Requests()

    def run(self, decide: Callable[[Call], bytes | bool]) -> None:
        """Until one side closes."""
        while True:
            open_ends = [each for each in (self._client, self._upstream) if each is not None]
            ready, _, _ = select.select(open_ends, [], [], 120)
            if not ready:
                return
            if self._upstream in ready:
                octets = self._upstream.recv(_PIECE)
                if not octets:
                    return
                self._client.sendall(octets)
            if self._client in ready:
                octets = self._client.recv(_PIECE)
                if not octets:
                    return
                for call in self._reader.feed(octets):
                    self._act(call, decide(call))

    def _act(self, call: Call, decided: bytes | bool) -> None:
        if isinstance(decided, bytes):
            self._client.sendall(decided)
            return
        if not decided:
            raise ConnectionResetError
        if self._upstream is None:
            self._upstream = socket.create_connection(self._address, timeout=60)
        self._upstream.sendall(call.raw)

    def reset(self) -> None:
        """End both connections with a RST, as the other side did."""
        for each in (self._client, self._upstream):
            if each is not None:
                with contextlib.suppress(OSError):  # it is gone already, which is what we want
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)

    def close(self) -> None:
        """Both sockets."""
        for each in (self._client, self._upstream):
            if each is not None:
                each.close()


class _Requests:
    """Cuts a stream of octets into whole HTTP requests; clients that pipeline are not met here."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._raw, self._body, self._path, self._type = bytearray(), bytearray(), "", ""
        self._done = False

    def feed(self, octets: bytes) -> list[Call]:
        """The requests that these octets complete: none or one."""
        self._raw += octets
        try:
            self._parser.feed_data(octets)
        except httptools.HttpParserError as error:
            raise ConnectionResetError("no HTTP") from error
        if not self._done:
            return []
        body = bytes(self._body)
        call = Call(time.monotonic(), self._path, _kind(self._path, body), self._type, body, bytes(self._raw))
        self._begin()
        return [call]

    def on_url(self, url: bytes) -> None:
        """Called by the parser."""
        self._path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        if name.lower() == b"content-type":
            self._type = value.decode("latin-1")

    def on_body(self, octets: bytes) -> None:
        """Called by the parser."""
        self._body += octets

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self._done = True


def _kind(path: str, body: bytes) -> str:
    """A save stores, a query asks what became of one, everything else is other."""
    if b"BildirimKaydet" in body or path.endswith("Bildir"):
        return SAVE
    return QUERY if b"BildirimSorgula" in body else OTHER


def http_reply(body: bytes, content_type: str, status: str = "200 OK") -> bytes:
    """A whole HTTP reply."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
