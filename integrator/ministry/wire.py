"""HTTP/1.1 on a bare asyncio protocol, so that every byte and the socket itself are ours to spoil.

A face or the control port is a function from Request to either a Reply (written at once, head and body in
one write: a split write costs 40 ms of Nagle and delayed ACK) or Steps, a generator of what happens on the
socket. Steps run on even if the client has gone, because a ministry also stores after its client gave up.
"""

import asyncio
import socket
import struct
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qs

import httptools

BANNER = "integrator.ministry test stub; this is not the ministry"
HEAD_LIMIT = 16 * 1024  # bytes of request line and header lines together
DRAIN_SECONDS = 5.0  # how long a refused upload is read and thrown away, so that its sender sees the reply
REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read to its end; header names are lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    peer: str = ""  # the address it came from


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply; `encode` gives its bytes, in which Content-Length is always true."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def head(self, content_length: int) -> bytes:
        """Status line and header lines, announcing `content_length` bytes (a fault may announce wrongly)."""
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return (
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Unknown')}\r\n"
            f"Content-Type: {self.content_type}\r\nContent-Length: {content_length}\r\n"
            f"X-Not-The-Ministry: {BANNER}\r\n{extra}\r\n"
        ).encode("latin-1")

    def encode(self) -> bytes:
        """Head and body in one piece."""
        return self.head(len(self.body)) + self.body


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Let this many seconds pass; other connections are served meanwhile."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection with a TCP RST."""


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection in order, after what was written has left."""


Step = Send | Wait | Reset | Close
Steps = Iterator[Step]
Respond = Callable[[Request], Reply | Steps]
T = TypeVar("T")


def plain(status: int, text: str, *headers: tuple[str, str]) -> Reply:
    """A reply of one line of text."""
    return Reply(status, "text/plain; charset=utf-8", text.encode() + b"\n", headers)


@dataclass(slots=True)
class Draft:
    """A request while its bytes arrive."""

    url: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    head_size: int = 0
    body: list[bytes] = field(default_factory=list)
    body_size: int = 0


class Connection(asyncio.Protocol):
    """One client: reads requests, hands each to `respond`, carries out what comes back.

    `body_limit` is in bytes; a larger body is answered 413, a larger head 431, bytes that are not HTTP 400.
    """

    def __init__(self, respond: Respond, body_limit: int, open_connections: set["Connection"]) -> None:
        self._respond = respond
        self._body_limit = body_limit
        self._open = open_connections
        self._parser = httptools.HttpRequestParser(self)
        self._draft = Draft()
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._steps: Steps | None = None
        self._is_in_head = False
        self._open_head_size = 0
        self._keeps_alive = True
        self._deaf = False  # set once the connection is to end: what still arrives is thrown away

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._peer = str(transport.get_extra_info("peername", ("",))[0]).removeprefix("::ffff:")
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deaf = True
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        try:
            was_in_head = self._is_in_head
            self._parser.feed_data(data)
            if was_in_head and self._is_in_head:
                self._weigh_open_head(len(data))
        except httptools.HttpParserUpgrade:
            self._refuse(plain(400, "upgrade is not offered"))
        except httptools.HttpParserError as error:
            self._refuse(plain(400, f"not HTTP: {error}"))

    def abort(self) -> None:
        """Drop the client at once (the server is going down)."""
        self._transport.abort()

    # What httptools calls while it reads.

    def on_message_begin(self) -> None:
        self._draft = Draft()
        self._is_in_head = True
        self._open_head_size = 0

    def on_url(self, url: bytes) -> None:
        self._draft.url += url
        self._weigh_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._draft.headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        self._weigh_head(len(name) + len(value))

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        if self._deaf:
            return
        announced = self._draft.headers.get("content-length", "0")
        if len(announced) > 15 or int(announced or 0) > self._body_limit:
            self._refuse(plain(413, f"a body has at most {self._body_limit} bytes"))
        elif self._draft.headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._deaf:
            return
        self._draft.body.append(body)
        self._draft.body_size += len(body)
        if self._draft.body_size > self._body_limit:
            self._draft.body.clear()
            self._refuse(plain(413, f"a body has at most {self._body_limit} bytes"))

    def on_message_complete(self) -> None:
        if self._deaf:
            return
        draft = self._draft
        url = httptools.parse_url(draft.url)
        request = Request(
            method=self._parser.get_method().decode("ascii"),
            path=(url.path or b"/").decode("latin-1"),
            query=parse_qs(url.query.decode("latin-1"), keep_blank_values=True) if url.query else {},
            headers=draft.headers,
            body=draft.body[0] if len(draft.body) == 1 else b"".join(draft.body),
            peer=self._peer,
        )
        self._waiting.append((request, self._parser.should_keep_alive()))
        if self._steps is None:
            self._take_next()

    def _weigh_open_head(self, size: int) -> None:
        """NOTE: the parser keeps an unfinished header line to itself, so an endless one is only seen here."""
        self._open_head_size += size
        if self._open_head_size > HEAD_LIMIT and not self._deaf:
            self._refuse(plain(431, f"a head has at most {HEAD_LIMIT} bytes"))

    def _weigh_head(self, size: int) -> None:
        self._draft.head_size += size
        if self._draft.head_size > HEAD_LIMIT and not self._deaf:
            self._refuse(plain(431, f"a head has at most {HEAD_LIMIT} bytes"))

    def _refuse(self, reply: Reply) -> None:
        """Answer and end; the rest of the upload is read and dropped so that no RST overtakes the answer."""
        self._deaf = True
        self._transport.write(Reply(reply.status, reply.content_type, reply.body, (("Connection", "close"),)).encode())
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._transport.close)

    # What happens on the socket.

    def _take_next(self) -> None:
        while self._waiting and self._steps is None and not self._deaf:
            request, self._keeps_alive = self._waiting.popleft()
            answer = self._guard(partial(self._respond, request))
            if isinstance(answer, Reply):
                octets = answer.head(len(answer.body)) if request.method == "HEAD" else answer.encode()
                self._transport.write(octets)
                self._settle()
            else:
                self._steps = answer
                self._advance()

    def _advance(self) -> None:
        """Carry out steps until one of them is a wait or the last is done."""
        while self._steps is not None:
            step = self._guard(partial(next, self._steps, None))
            if isinstance(step, Wait):
                asyncio.get_running_loop().call_later(step.seconds, self._advance)
                return
            if step is None:
                self._steps = None
                self._settle()
            else:
                self._carry_out(step)
        asyncio.get_running_loop().call_soon(self._take_next)

    def _settle(self) -> None:
        if not self._keeps_alive:
            self._end()

    def _carry_out(self, step: Send | Reset | Close | Reply) -> None:
        if isinstance(step, Reply):
            step = Send(step.encode())
        if isinstance(step, Send):
            if not self._transport.is_closing():
                self._transport.write(step.octets)
        elif isinstance(step, Reset):
            self._reset()
        else:
            self._end()

    def _end(self) -> None:
        self._deaf = True
        self._transport.close()

    def _reset(self) -> None:
        """A zero linger makes the kernel send RST instead of FIN."""
        self._deaf = True
        sock = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _guard(self, move: Callable[[], T]) -> T | Reply:
        """The outermost edge: a bug in a face becomes an HTTP 500 and a traceback; the server lives on."""
        try:
            return move()
        except Exception:  # noqa: BLE001 - the outermost edge: a bug must not end the run
            traceback.print_exc(file=sys.stderr)
            return plain(500, "the stub failed; its stderr says where")
