"""uvicorn's HTTP/1.1 protocol with a clock on everything a client may be slow at, and caps on what it may pile up.

Bodies are timed where they are read (``admission.py``). An answer given before the body had come is given a moment to
be read: to close at once would reset the connection and lose it. Leans on names of uvicorn's httptools protocol; the
tests on real sockets notice when those change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from integrator.domain.errors import IntegratorError
from integrator.web.bounds import Bounds
from integrator.web.draining import Busy
from integrator.web.problems import BadCall, HeadTooLarge, TooSlow, raw_problem
from integrator.web.upgrades import DeafToUpgrades

PIPELINED = 16
"""Calls one connection may send ahead of their answers; those after them are not read."""


class _Transport:
    """uvicorn's transport, whose end is certain: what the client does not read is thrown away after a while.

    The head of an answer leaves with the first piece of its body, or when the event loop comes round.
    """

    def __init__(self, inner: asyncio.Transport, bounds: Bounds) -> None:
        self._inner = inner
        self._bounds = bounds
        self._ends: asyncio.TimerHandle | None = None
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def is_closing(self) -> bool:
        return self._ends is not None or self._inner.is_closing()

    def write(self, piece: bytes) -> None:
        if self._ends:  # it was said that nothing more comes
            return
        if self._held:
            self._let_go(piece)
        elif piece:
            self._held = piece
            asyncio.get_running_loop().call_soon(self._let_go)

    def close(self) -> None:
        self._let_go()
        self._end(self._bounds.stall_seconds)
        self._inner.close()

    def linger(self) -> None:
        """Say that nothing more comes from here, and read on for a moment."""
        if not self.is_closing():
            self._let_go()
            self._end(self._bounds.linger_seconds)
            self._inner.write_eof()
            self._inner.resume_reading()

    def lost(self) -> None:
        if self._ends:
            self._ends.cancel()

    def _let_go(self, piece: bytes = b"") -> None:
        held, self._held = self._held, b""
        if held:
            self._inner.write(held + piece)

    def _end(self, seconds: float) -> None:
        if self._ends is None:
            self._ends = asyncio.get_running_loop().call_later(seconds, self._inner.abort)


class CarefulProtocol(DeafToUpgrades):
    """One connection. `bounds` are those of the process."""

    bounds = Bounds()
    transport: Any

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._is_done = False
        self._await_head()
        super().connection_made(_Transport(transport, self.bounds))  # type: ignore[arg-type]  # all of it, and an end
        if len(self.connections) > self.bounds.connections_at_most:
            self._refuse(503, Busy("connections"))
        else:
            self._wait(self.bounds.idle_seconds, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_done = True
        super().connection_lost(exc)
        self.transport.lost()  # it closes there once more
        for timer in (self._timer, self._stall):
            if timer:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._is_done:  # an answer is on its way out, or the connection is ending: nothing is taken any more
            return
        timed_before = self._is_head and self._is_timed
        if self._is_head:
            self._time_head()
        super().data_received(data)
        if self._is_head and timed_before:  # a field without an end is told to nobody: its bytes are counted here
            self._raw_bytes += len(data)
            self._check_head(self._raw_bytes)
        elif self._is_begun:  # the next call, sent ahead
            self._time_head()

    def on_message_begin(self) -> None:
        self._is_begun = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        self._check_head(self._head_bytes)
        if not self._is_done:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        self._head_bytes += len(name) + len(value) + 4
        self._check_head(self._head_bytes)
        if not self._is_done:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_done:
            return
        self._stop_waiting()
        self._is_head = self._is_begun = False
        if len(self.pipeline) >= PIPELINED:  # those that wait are answered; the client sends the others again
            self.cycle.keep_alive = False
            self._is_done = True
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_done:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_done:
            return
        self._await_head()
        super().on_message_complete()
        if self.cycle.response_complete:
            self._wait(self.bounds.idle_seconds, self.transport.close)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_head and not self.transport.is_closing():  # the rest of the body may come, but not for ever
            self._wait(self.bounds.linger_seconds, self._leave)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(self.bounds.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall:
            self._stall.cancel()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are for nobody
        self._refuse(400, BadCall("HTTP/1.1"))

    def _await_head(self) -> None:
        self._is_head, self._is_begun, self._is_timed = True, False, False
        self._head_bytes = self._raw_bytes = self._headers = 0

    def _time_head(self) -> None:
        if not self._is_timed and not self._is_done:
            self._is_timed = True
            self._wait(self.bounds.head_seconds, lambda: self._refuse(408, TooSlow("head")))

    def _check_head(self, size: int) -> None:
        if size > self.bounds.head_bytes or self._headers > self.bounds.headers_at_most:
            self._refuse(431, HeadTooLarge(f"<= {self.bounds.head_bytes}, <= {self.bounds.headers_at_most}"))

    def _refuse(self, status: int, error: IntegratorError) -> None:
        """The last answer on this connection; none where a call before this one is being answered: that answer is."""
        if self._is_done:
            return
        self._is_done = True
        self._stop_waiting()
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering and not self.cycle.more_body:
            self.cycle.keep_alive = False
            return
        if not is_answering and not self.transport.is_closing():
            self.transport.write(raw_problem(status, error))
        self.transport.linger()

    def _leave(self) -> None:
        self._is_done = True
        self.transport.linger()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def careful(bounds: Bounds) -> type[CarefulProtocol]:
    """The protocol of a process with these bounds."""
    return type("Careful", (CarefulProtocol,), {"bounds": bounds})
