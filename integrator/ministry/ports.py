"""The listening sockets: one can be closed for a spell and opened again under the same number; one speaks TLS."""

import asyncio
import ssl
from collections.abc import Callable

from integrator.ministry.connection import Connection

AGAIN_SECONDS = 0.1  # between two attempts to open a port that somebody took meanwhile
HANDSHAKE_SECONDS = 10.0


class Port:
    """One listening socket and its clients. `make` builds what serves a connection."""

    def __init__(self, host: str, port: int, make: Callable[[set[Connection]], asyncio.BaseProtocol]) -> None:
        self._host, self.number = host, port
        self._make = make
        self._clients: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen; port 0 takes a free one and keeps its number. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: self._make(self._clients), self._host, self.number, backlog=1024
        )
        self.number = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Let nobody in, and drop who is there."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.abort()

    def close_for(self, seconds: float) -> None:
        """The same, and open again after `seconds`."""
        self.close()
        if self._reopening is not None:
            self._reopening.cancel()
        self._reopening = asyncio.get_running_loop().create_task(self._reopen(seconds))

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while True:
            try:
                await self.open()
                return
            except OSError:  # a short-lived client of somebody else may have been given this number
                await asyncio.sleep(AGAIN_SECONDS)

    def origin(self, scheme: str = "http") -> str:
        """Scheme, host and port."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self.number}"


class TlsGuest(asyncio.Protocol):
    """A connection on its way in: shakes hands under `context`, then hands the socket over to `connection`."""

    def __init__(self, context: ssl.SSLContext, connection: Connection) -> None:
        self._context, self._connection = context, connection
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()  # the first bytes belong to the handshake
        self._task = asyncio.get_running_loop().create_task(self._shake_hands(transport))

    def data_received(self, data: bytes) -> None:
        self._early.append(data)  # the end of the handshake and the first request may come in one piece

    async def _shake_hands(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        try:
            secure = await loop.start_tls(
                transport, self, self._context, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        except OSError:  # refused by the client, or by us: both are what the fault is for
            transport.abort()
            return
        if secure is None:
            return
        secure.set_protocol(self._connection)
        self._connection.connection_made(secure)
        for data in self._early:
            self._connection.data_received(data)
