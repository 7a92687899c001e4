"""HTTP/1.1 on a bare asyncio protocol, so that every byte and the socket itself are ours to spoil.

Steps run on even if the client has gone, because a ministry also stores after its client gave up. Nothing of a client
is unbounded: head, body, time for one request, time in idleness, requests ahead of their answers, answers not read.
"""

import asyncio
import socket
import struct
import sys
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qs

import httptools

from integrator.ministry.doors import RESET_AT_CONNECT, RESET_BEFORE_BODY, RESET_WITHIN_BODY
from integrator.ministry.wire import Close, Draft, Patience, Reply, Request, Reset, Respond, Send, Steps, Wait, plain

HEAD_LIMIT = 16 * 1024  # bytes of request line and header lines together
DRAIN_SECONDS = 5.0  # how long a refused upload is read and thrown away, so that its sender sees the reply
AHEAD = 16  # requests that may wait for their turn on one connection before it is read no further
CLIENTS = 512  # connections of one port at a time; the next one is dropped
Meet = Callable[[], str]
T = TypeVar("T")


def nothing_met() -> str:
    """A door at which nothing happens."""
    return ""


class Connection(asyncio.Protocol):
    """One client: reads requests, hands each to `respond`, carries out what comes back.

    A larger body is answered 413, a larger head 431, bytes that are not HTTP 400. `meet` names the fault of the door
    that this connection meets, if any.
    """

    def __init__(
        self,
        respond: Respond,
        patience: Patience,
        clients: set["Connection"],
        meet: Meet = nothing_met,
    ) -> None:
        self._respond = respond
        self._patience = patience
        self._clients = clients
        self._meet = meet
        self._parser = httptools.HttpRequestParser(self)
        self._draft = Draft()
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._steps: Steps | None = None
        self._fault = ""
        self._is_in_head = self._is_in_message = False
        self._open_head_size = 0
        self._began_at = self._stirred_at = 0.0
        self._keeps_alive = True
        self._deaf = False  # set once the connection is to end: what still arrives is thrown away
        self._is_stuffed = False  # the client does not read what it is sent
        self._is_resting = False  # a step waits for its time

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._peer = str(transport.get_extra_info("peername", ("",))[0]).removeprefix("::ffff:")
        self._loop = asyncio.get_running_loop()
        self._stirred_at = self._loop.time()
        self._watch = self._loop.call_later(self._patience.idle, self._look)
        self._clients.add(self)
        if len(self._clients) > CLIENTS:
            self.abort()
            return
        self._fault = self._meet()
        if self._fault == RESET_AT_CONNECT:
            self._reset()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deaf = True
        self._watch.cancel()
        self._clients.discard(self)
        self.resume_writing()  # there is nobody left to wait for
        del self._parser  # it knows us: only the garbage collector, which rests for long here, would free the two

    def pause_writing(self) -> None:
        self._is_stuffed = True
        self._mind_reading()

    def resume_writing(self) -> None:
        self._is_stuffed = False
        self._stirred_at = self._loop.time()
        self._mind_reading()
        self._loop.call_soon(self._go_on)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._stirred_at = self._loop.time()
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
        """Drop the client at once."""
        self._deaf = True
        self._transport.abort()

    def _look(self) -> None:
        """Once in a while: does the client still deserve to be waited for?"""
        now, is_at_work = self._loop.time(), self._steps is not None and not self._is_stuffed
        if self._is_in_message and now - self._began_at >= self._patience.request and not self._deaf:
            self._refuse(plain(408, f"a request takes at most {self._patience.request:g} seconds"))
        elif not is_at_work and now - self._stirred_at >= self._patience.idle:
            self.abort()
            return
        again = min(self._patience.idle, self._patience.request) / 4
        self._watch = self._loop.call_later(again, self._look)

    def _mind_reading(self) -> None:
        if self._is_stuffed or len(self._waiting) >= AHEAD:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # What httptools calls while it reads.

    def on_message_begin(self) -> None:
        self._draft = Draft()
        self._is_in_head = self._is_in_message = True
        self._open_head_size = 0
        self._began_at = self._loop.time()

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
        if len(announced) > 15 or int(announced or 0) > self._patience.body:
            self._refuse(plain(413, f"a body has at most {self._patience.body} bytes"))
            return
        self._draft.announced = int(announced or 0)
        if self._fault == RESET_BEFORE_BODY:
            self._reset()
        elif self._draft.headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._deaf:
            return
        self._draft.body.append(body)
        self._draft.body_size += len(body)
        if self._fault == RESET_WITHIN_BODY and self._draft.body_size * 2 >= self._draft.announced:
            self._reset()
        elif self._draft.body_size > self._patience.body:
            self._draft.body.clear()
            self._refuse(plain(413, f"a body has at most {self._patience.body} bytes"))

    def on_message_complete(self) -> None:
        self._is_in_message = False
        if self._deaf:
            return
        draft, self._draft = self._draft, Draft()
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
        if len(self._waiting) >= AHEAD:
            self._mind_reading()

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
        self._loop.call_later(DRAIN_SECONDS, self._transport.close)

    # What happens on the socket.

    def _take_next(self) -> None:
        while self._waiting and self._steps is None and not self._deaf and not self._is_stuffed:
            request, self._keeps_alive = self._waiting.popleft()
            answer = self._guard(partial(self._respond, request))
            if isinstance(answer, Reply):
                octets = answer.head(len(answer.body)) if request.method == "HEAD" else answer.encode()
                self._transport.write(octets)
                self._settle()
            else:
                self._steps = answer
                self._advance()
            if len(self._waiting) == AHEAD - 1:
                self._mind_reading()

    def _go_on(self) -> None:
        if not self._is_resting:
            self._advance()

    def _advance(self) -> None:
        """Carry out steps until one of them is a wait, the client reads no more, or the last is done."""
        self._is_resting = False
        while self._steps is not None and not self._is_stuffed:
            step = self._guard(partial(next, self._steps, None))
            if isinstance(step, Wait):
                self._is_resting = True
                self._loop.call_later(step.seconds, self._advance)
                return
            if step is None:
                self._steps = None
                self._settle()
            else:
                self._carry_out(step)
        if self._waiting:
            self._loop.call_soon(self._take_next)

    def _settle(self) -> None:
        self._stirred_at = self._loop.time()
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
