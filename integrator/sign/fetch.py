"""Fetches what an authority says - OCSP, CRL, time-stamps - from hosts that the operator listed, and from no other.

Addresses stand in certificates that strangers send, so nothing is asked of a host because a certificate names it. One
exchange is bounded in time and size; redirects are not followed.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from integrator.domain.haste import require_time

_CHUNK = 65_536


class NotFetched(Exception):
    """An authority gave no usable answer; the text says why and names no person. `status` is HTTP's, 0 for none."""

    def __init__(self, detail: str, *, status: int = 0) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True)
class Question:
    """One exchange: GET without a body, POST with one. `cap` is the most bytes an answer may have."""

    url: str
    body: bytes | None = None
    content_type: str = "application/octet-stream"
    cap: int = 65_536
    headers: Mapping[str, str] = field(default_factory=dict)


Fetch = Callable[[Question], bytes]


class HttpFetcher:
    """A Fetch over HTTP. `hosts` are ``name`` or ``name:port``; without a port the scheme's own one is meant.

    `context` says whose TLS certificates are believed; without it those of the system.
    """

    def __init__(
        self,
        hosts: Collection[str],
        *,
        timeout: timedelta = timedelta(seconds=5),
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._context = context
        self._hosts = frozenset(each.lower() for each in hosts)
        self._seconds = timeout.total_seconds()

    def __call__(self, question: Question) -> bytes:
        """The body of a 200 answer; raises NotFetched."""
        parts = self._allowed(question.url)
        require_time("an answer from the network")
        connection = self._connection(parts)
        ends = time.monotonic() + self._seconds
        watch = threading.Timer(self._seconds, _hang_up, [connection])  # ends drips that keep each wait short
        watch.daemon = True
        watch.start()
        try:
            return self._exchange(connection, parts, question, ends)
        except (OSError, HTTPException, ValueError) as error:
            raise NotFetched(f"{parts.hostname}: {type(error).__name__}") from error
        finally:
            watch.cancel()
            connection.close()

    def _connection(self, parts: SplitResult) -> HTTPConnection:
        if parts.scheme == "https":
            return HTTPSConnection(parts.hostname or "", parts.port, timeout=self._seconds, context=self._context)
        return HTTPConnection(parts.hostname or "", parts.port, timeout=self._seconds)

    def _allowed(self, url: str) -> SplitResult:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise NotFetched("not an address") from error
        name = (parts.hostname or "").lower()
        wanted = f"{name}:{port}" if port else name
        if parts.scheme not in ("http", "https") or parts.username is not None or wanted not in self._hosts:
            raise NotFetched("the address is not among the hosts that the operator listed")
        return parts

    @staticmethod
    def _exchange(connection: HTTPConnection, parts: SplitResult, question: Question, ends: float) -> bytes:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Connection": "close", **question.headers}
        if question.body is not None:
            headers["Content-Type"] = question.content_type
        connection.request("GET" if question.body is None else "POST", path, question.body, headers)
        response = connection.getresponse()
        if response.status != 200:
            raise NotFetched(f"{parts.hostname}: HTTP {response.status}", status=response.status)
        return _read(response, question.cap, ends)


def _read(response: HTTPResponse, cap: int, ends: float) -> bytes:
    pieces, size = [], 0
    while piece := response.read1(_CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > cap:
            raise NotFetched(f"an answer of more than {cap} bytes")
        if time.monotonic() > ends:
            raise NotFetched("the answer took too long")
    if response.length:
        raise NotFetched("the answer was cut off")
    return b"".join(pieces)


def _hang_up(connection: HTTPConnection) -> None:
    try:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:  # closed meanwhile
        return
