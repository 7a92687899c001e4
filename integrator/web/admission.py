"""What may be under way at once, and for how long. Past a bound a call is answered at once, before anything was read.

Idle connections are no calls and cost nothing here. `/health` is always let in.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrator.domain.errors import IntegratorError
from integrator.web.bounds import Bounds
from integrator.web.draining import Busy, Drain
from integrator.web.problems import TooSlow, problem

FREE_BYTES = 256 << 20
"""Below this nothing is promised any more: the answers of what is under way still need room."""
LOOKED_EVERY = 1.0
GRACE_SECONDS = 10.0
"""So long a body may be silent before its rate counts."""


class Kind(StrEnum):
    """What a call does to the process."""

    READ = "read"
    WRITE = "write"
    UPLOAD = "upload"
    WAIT = "wait"  # it waits for something to happen and works at nothing


KINDS: Sequence[tuple[re.Pattern[str], Kind]] = (
    (re.compile(r".*/upload(/.*)?"), Kind.UPLOAD),
    (re.compile(r"/v1/change"), Kind.WAIT),
)
"""Paths that are not what their method says."""


def kind_of(scope: Scope) -> Kind:
    """By the path where it is told in KINDS, else by the method."""
    told = next((kind for pattern, kind in KINDS if pattern.fullmatch(scope["path"])), None)
    return told or (Kind.READ if scope["method"] in ("GET", "HEAD", "OPTIONS") else Kind.WRITE)


@dataclass(slots=True)
class Room:
    """Whether the disks have room for what will be accepted; looked at once a second."""

    places: Sequence[Path]
    is_there: bool = True
    looked_at: float = field(default=float("-inf"))

    def look(self) -> bool:
        """Whether every place has room."""
        if time.monotonic() - self.looked_at >= LOOKED_EVERY:
            self.looked_at = time.monotonic()
            self.is_there = all(shutil.disk_usage(each).free > FREE_BYTES for each in self.places)
        return self.is_there


class Admission:
    """The middleware."""

    def __init__(self, app: ASGIApp, bounds: Bounds, drain: Drain, home: Path) -> None:
        self._app = app
        self._bounds = bounds
        self._drain = drain
        self._room = Room((home, Path(tempfile.gettempdir())))
        self._under_way: Counter[Kind] = Counter()
        self._left: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the call in, or answer it."""
        if scope["type"] != "http" or scope["path"].startswith("/health/"):
            await self._app(scope, receive, send)
            return
        kind = kind_of(scope)
        try:
            self._require_place(kind)
        except IntegratorError as error:
            await problem(error, Request(scope))(scope, receive, send)
            return
        if kind is Kind.READ:
            await self._read(scope, receive, send)
            return
        self._under_way[kind] += 1
        try:
            await self._app(scope, self._timed(kind, receive), send)
        finally:
            self._under_way[kind] -= 1

    def _timed(self, kind: Kind, receive: Receive) -> Receive:
        seconds = self._bounds.upload_seconds if kind is Kind.UPLOAD else self._bounds.body_seconds
        return TimedBody(receive, seconds=seconds, bytes_per_second=self._bounds.body_bytes_per_second).receive

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A call that only reads: past its time it is answered, and its thread ends by itself, counted until then."""
        answer = _Answer(send)

        async def run() -> None:
            await self._app(scope, receive, answer.send_on)

        task = asyncio.create_task(run())
        self._under_way[Kind.READ] += 1
        self._left.add(task)
        task.add_done_callback(self._end_reading)
        done, _ = await asyncio.wait({task}, timeout=self._bounds.answer_seconds)
        if not done and not answer.has_begun:
            answer.is_late = True
            error = Busy("answer", retry_after=timedelta(seconds=5))
            await problem(error, Request(scope))(scope, receive, send)
            return
        await task

    def _end_reading(self, task: asyncio.Task[None]) -> None:
        self._under_way[Kind.READ] -= 1
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; of one that was too late nobody wants it

    def _require_place(self, kind: Kind) -> None:
        self._drain.require_open()
        if kind is not Kind.WAIT and self._under_way.total() - self._under_way[Kind.WAIT] >= self._bounds.calls_at_most:
            raise Busy("calls", retry_after=timedelta(seconds=1))
        if kind is Kind.UPLOAD and self._under_way[kind] >= self._bounds.uploads_at_most:
            raise Busy("uploads", retry_after=timedelta(seconds=5))
        if kind in (Kind.WRITE, Kind.UPLOAD) and not self._room.look():
            raise Busy("disk", retry_after=timedelta(seconds=60))


@dataclass(slots=True)
class _Answer:
    """Passes an answer on, unless another was given in its place."""

    send: Send
    has_begun: bool = False
    is_late: bool = False

    async def send_on(self, message: Message) -> None:
        if not self.is_late:
            self.has_begun = True
            await self.send(message)


class TimedBody:
    """A body with a clock: all of it within `seconds`, and never below `bytes_per_second` while we wait for it.

    Only the time in which we waited counts; a body that we read slowly is not the client's fault.
    """

    def __init__(self, receive: Receive, *, seconds: float, bytes_per_second: int) -> None:
        self._receive = receive
        self._ends_at = time.monotonic() + seconds
        self._bytes_per_second = bytes_per_second
        self._waited = 0.0
        self._came = 0
        self._is_whole = False

    async def receive(self) -> Message:
        """The next piece; raises TooSlow. After the last piece it waits without a clock for the client to go."""
        if self._is_whole:
            return await self._receive()
        began = time.monotonic()
        spare = GRACE_SECONDS + self._came / self._bytes_per_second - self._waited
        try:
            async with asyncio.timeout(max(0.0, min(spare, self._ends_at - began))):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow("body") from None
        self._waited += time.monotonic() - began
        self._came += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        return message
