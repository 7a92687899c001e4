"""Runs the application under uvicorn until SIGTERM: calls under way end first, then the process.

Several processes on one PostgreSQL, or one on SQLite, behind any proxy. Nothing of a call but its pattern is logged.
"""

from __future__ import annotations

import gc
import resource
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from types import FrameType

import uvicorn
from fastapi import FastAPI

from integrator.domain.errors import Unavailable
from integrator.settings import WebSettings
from integrator.web.bounds import Bounds
from integrator.web.draining import Drain
from integrator.web.protocol import careful

OWN_FILES = 200
"""Of the files a process may open, these are left for the database, uploads and the log."""
FILES_AT_MOST = 65_536
COLLECTED = (2_000, 10, 3_000)
"""Small steps, and a whole one seldom: over ten thousand connections it stops every call for 240 to 500 ms.

asyncio leaves 1 KB of each closed connection to a whole one: by count, not measured, some 150 MB at this pace.
"""


def listen(settings: WebSettings) -> socket.socket:
    """The socket that is served; port 0 takes a free one. Raises Unavailable when the address cannot be had."""
    try:
        door = socket.create_server((settings.host, settings.port), backlog=2048, reuse_port=settings.port != 0)
    except (OSError, OverflowError) as error:
        raise Unavailable(f"web.host, web.port: {settings.host}:{settings.port} cannot be listened on") from error
    # Calls inherit it. asyncio sets it only where a socket names its protocol, which create_server does not: without it
    # each answer waits 40 ms, its body for the acknowledgement of its head.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


def serve_app(
    app: FastAPI, settings: WebSettings, bounds: Bounds, door: socket.socket, *, ready: Callable[[], None]
) -> None:
    """Serve `app` on `door`; `ready` is called once calls are taken."""
    bounds = replace(bounds, connections_at_most=min(bounds.connections_at_most, raise_files() - OWN_FILES))
    config = make_config(app, settings, bounds)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _obeyed)
    _Server(config, app.state.drain, settings.notice_seconds, ready).run(sockets=[door])


def make_config(app: FastAPI, settings: WebSettings, bounds: Bounds) -> uvicorn.Config:
    """Uvicorn's own settings: HTTP/1.1 only, nothing logged of a call, the bounds kept by our protocol."""
    return uvicorn.Config(
        app,
        http=careful(bounds),
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies.split(),
        timeout_keep_alive=ceil(bounds.idle_seconds),
        timeout_graceful_shutdown=ceil(settings.drain_seconds),
    )


def raise_files() -> int:
    """Let this process open as many files as it may; returns how many. Every connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES_AT_MOST if hard == resource.RLIM_INFINITY else min(hard, FILES_AT_MOST)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most if soft == resource.RLIM_INFINITY else max(soft, most)


def _obeyed(_number: int, _frame: object) -> None:
    """Uvicorn raises the signal once more after it has drained; by then all is done."""


class _Server(uvicorn.Server):
    """Tells when it takes calls, and that it is about to end before it stops listening."""

    def __init__(self, config: uvicorn.Config, drain: Drain, notice_seconds: float, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain = drain
        self._notice_seconds = notice_seconds
        self._ends_at = float("inf")
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            gc.set_threshold(*COLLECTED)
            gc.collect()
            gc.freeze()  # else every full collection walks all that was imported: some 100 ms in which every call waits
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal begins the end, a second one hurries it."""
        if self._drain.is_begun:
            super().handle_exit(sig, frame)
            return
        self._drain.begin()
        self._captured_signals.append(sig)
        self._ends_at = time.monotonic() + self._notice_seconds

    async def on_tick(self, counter: int) -> bool:
        """Whether listening ends now."""
        return await super().on_tick(counter) or time.monotonic() >= self._ends_at
