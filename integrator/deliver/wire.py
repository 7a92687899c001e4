"""HTTP to the ministry with everything bounded: connect, silence, total time, reply size; no redirects, no retries.

The one question it answers beyond the bytes: when there is no answer, may the request have arrived? Before the
connection stands (`NotSent`) it cannot have; after that nobody knows (`NoAnswer`).
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    SSLError,
)


class NotSent(Exception):
    """No connection came to stand, so nothing of the request can have arrived."""


class NoAnswer(Exception):
    """The request left, or may have left, and no whole answer came back."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. `total` bounds one whole exchange."""

    connect: float = 5.0
    silence: float = 20.0
    total: float = 30.0
    reply_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Wire:
    """A pool of connections to one address. Safe to share between threads."""

    def __init__(self, address: str, limits: Limits, *, connections: int, ca_file: Path | None = None) -> None:
        self._address = address
        self._limits = limits
        self._pool = urllib3.PoolManager(
            num_pools=2,
            maxsize=connections,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=limits.connect, read=limits.silence),
            ca_certs=str(ca_file) if ca_file else None,
            cert_reqs="CERT_REQUIRED",
            ssl_minimum_version=ssl.TLSVersion.TLSv1_2,
        )

    def post(self, body: bytes, headers: Mapping[str, str]) -> HttpReply:
        """Send one request and read its whole answer; raises NotSent or NoAnswer."""
        ends = time.monotonic() + self._limits.total
        try:
            response = self._pool.request(
                "POST",
                self._address,
                body=body,
                headers={"Accept-Encoding": "identity", **headers},
                preload_content=False,
                decode_content=False,
                redirect=False,
            )
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise NotSent("connect") from error
        except SSLError as error:
            raise NotSent("tls") from error
        except HTTPError as error:
            raise NoAnswer(_cause(error)) from error
        try:
            content = self._read(response, ends)
            return HttpReply(response.status, response.headers, content)
        except HTTPError as error:
            raise NoAnswer(_cause(error)) from error
        finally:
            self._end(response)

    def _read(self, response: urllib3.BaseHTTPResponse, ends: float) -> bytes:
        """The body in pieces, so that neither a flood nor a trickle outlasts its bound."""
        held = bytearray()
        while piece := response.read1(65_536):
            held += piece
            if len(held) > self._limits.reply_bytes:
                raise NoAnswer("reply_too_large")
            if time.monotonic() > ends:
                raise NoAnswer("timeout")
        promised = response.headers.get("Content-Length", "")
        if promised.isdecimal() and int(promised) != len(held):  # read1 takes an early end for the end
            raise NoAnswer("connection_lost")
        return bytes(held)

    @staticmethod
    def _end(response: urllib3.BaseHTTPResponse) -> None:
        """A half-read connection is closed, a drained one goes back to the pool."""
        if response.connection is not None and not response.closed:
            response.close()
        response.release_conn()

    def close(self) -> None:
        """Close idle connections."""
        self._pool.clear()


def _cause(error: HTTPError) -> str:
    return "timeout" if isinstance(error, urllib3.exceptions.TimeoutError) else "connection_lost"
