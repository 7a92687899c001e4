"""Runs the application under uvicorn until SIGTERM: calls under way end first, then the process.

Several processes on one PostgreSQL, or one on SQLite, behind any proxy. Nothing of a call but its pattern is logged.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from integrator.domain.errors import Unavailable
from integrator.settings import WebSettings
from integrator.web.upgrades import DeafToUpgrades


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


def serve_app(app: FastAPI, settings: WebSettings, door: socket.socket, *, ready: Callable[[], None]) -> None:
    """Serve `app` on `door`; `ready` is called once calls are taken."""
    config = uvicorn.Config(
        app,
        http=DeafToUpgrades,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies.split(),
        timeout_keep_alive=round(settings.idle_seconds),
        timeout_graceful_shutdown=round(settings.drain_seconds),
        limit_concurrency=settings.calls_at_most,
        h11_max_incomplete_event_size=64 << 10,
    )
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _obeyed)
    _Server(config, ready).run(sockets=[door])


def _obeyed(_number: int, _frame: object) -> None:
    """Uvicorn raises the signal once more after it has drained; by then all is done."""


class _Server(uvicorn.Server):
    """Tells when it takes calls."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            self._ready()
