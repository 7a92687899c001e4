"""Calls over HTTP/1.1 with the standard library alone: kept connections, deadlines, caps, and patience.

A call is tried again when its connection breaks, its answer is cut, or the server says 429, 502, 503 or 504. Every call
made here may be: reading changes nothing, a record carries its own id, and an act carries one Idempotency-Key, made
once and the same on every try. What the server refused is never tried again.
"""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import count
from random import SystemRandom
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

from integrator.client.problems import Broken, GatewayError, Unreachable, problem_of

ANSWER_BYTES = 64 << 20
LINE_BYTES = 4 << 20
AGAIN = frozenset({429, 502, 503, 504})
KEPT_SECONDS = 15.0
JSON, NDJSON, OCTETS = "application/json", "application/x-ndjson", "application/octet-stream"
Body = bytes | BinaryIO | Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried, how long it waits between (full jitter, doubling), and for how long for a byte.

    Seconds. A server's Retry-After counts as the least to wait; one that is `longest` or more is not waited for.
    """

    tries: int = 10
    first: float = 0.2
    ceiling: float = 20.0
    silence: float = 60.0
    longest: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = SystemRandom().random

    def wait(self, tried: int, error: GatewayError) -> None:
        """Sleep after failed try number `tried`; raises `error` when that was the last."""
        if tried >= self.tries or error.retry_after >= self.longest:
            raise error
        self.sleep(error.retry_after + self.jitter() * min(self.ceiling, self.first * 2 ** (tried - 1)))


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of 2xx."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> dict[str, Any]:
        """The object that it is; raises Broken."""
        return _object(self.content)


class Wire:
    """Calls to one server with one token; may be used by many threads, each has a connection of its own."""

    def __init__(
        self,
        address: str,
        token: str,
        *,
        patience: Patience | None = None,
        context: ssl.SSLContext | None = None,
        plain: bool = False,
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address like https://host:port is wanted")
        if parts.scheme == "http" and not plain and not _is_loopback(parts.hostname):
            raise ValueError("the token would travel unprotected: https is wanted, or plain=True")
        self.patience = patience or Patience()
        self._secure = (context or ssl.create_default_context()) if parts.scheme == "https" else None
        self._host, self._port, self._root = parts.hostname, parts.port, parts.path.rstrip("/")
        self._token = token
        self._mine = threading.local()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        kind: str = JSON,
        headers: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> Reply:
        """The answer to one call, tried again with patience. Raises the error its status means, or Unreachable."""
        told = self._headers(kind if body is not None else "", headers)
        for tried in count(1):
            error: GatewayError
            try:
                reply = self._once(method, self._target(path, query), body, told, silence)
            except (OSError, http.client.HTTPException) as broken:
                self.close()
                error = _unreachable(broken)
            else:
                if reply.status < 400:
                    return reply
                error = _refusal(reply)
            self.patience.wait(tried, error)
        raise AssertionError

    def stream(self, path: str, *, query: Mapping[str, Any], body: Body, kind: str) -> Iterator[bytes]:
        """The lines of one answer as they come; one try, on a connection of its own.

        Raises OSError, HTTPException when it breaks; the error its status means otherwise.
        """
        connection = self._connect()
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # a server that refuses a body may answer before it
                connection.request("POST", self._target(path, query), body, self._headers(kind))
            answer = connection.getresponse()
            if answer.status >= 400:
                raise _refusal(_reply(answer))
            while line := answer.readline(LINE_BYTES):
                if not line.endswith(b"\n"):
                    raise http.client.IncompleteRead(line)
                yield line
        finally:
            connection.close()

    def close(self) -> None:
        """Let this thread's connection go."""
        kept = getattr(self._mine, "kept", None)
        if kept:
            kept[0].close()
            self._mine.kept = None

    def _once(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], silence: float | None
    ) -> Reply:
        connection = self._kept()
        connection.timeout = silence or self.patience.silence
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)
        connection.request(method, target, body, dict(headers))
        reply = _reply(connection.getresponse())
        self._mine.kept = (connection, time.monotonic())
        return reply

    def _kept(self) -> http.client.HTTPConnection:
        """This thread's connection; one that rested long may have been closed at the other end, so it is not risked."""
        kept = getattr(self._mine, "kept", None)
        if kept and time.monotonic() - kept[1] < KEPT_SECONDS:
            connection: http.client.HTTPConnection = kept[0]
            return connection
        self.close()
        connection = self._connect()
        self._mine.kept = (connection, time.monotonic())
        return connection

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self.patience.silence, context=self._secure
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self.patience.silence)

    def _target(self, path: str, query: Mapping[str, Any] | None) -> str:
        asked = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        return f"{self._root}/v1{path}" + (f"?{urlencode(asked)}" if asked else "")

    def _headers(self, kind: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
        kinds = {"Content-Type": kind} if kind else {}
        return {"Authorization": f"Bearer {self._token}", "Accept": "*/*", **kinds, **(more or {})}


def new_key() -> str:
    """An Idempotency-Key: one for each act, kept over all of its tries."""
    return secrets.token_urlsafe(18)


def _reply(answer: http.client.HTTPResponse) -> Reply:
    if answer.length is None and not answer.chunked:  # cut in its head, which the library takes for a whole one
        raise http.client.IncompleteRead(b"")
    content = answer.read(ANSWER_BYTES + 1)
    if len(content) > ANSWER_BYTES:
        raise Broken(f"an answer of more than {ANSWER_BYTES} bytes")
    if answer.length:  # read() with a size does not say that it was cut
        raise http.client.IncompleteRead(content, answer.length)
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)


def _refusal(reply: Reply) -> GatewayError:
    """What it means; raises it when trying again would end the same way."""
    try:
        told = _object(reply.content)
    except Broken:
        told = {}  # a proxy's page
    error = problem_of(reply.status, told)
    after = reply.headers.get("retry-after", "")
    if reply.status not in AGAIN and not (reply.status == 409 and after):  # an earlier try of this act is under way
        raise error
    error.retry_after = float(after[:9]) if after.isascii() and after.isdecimal() else 0.0
    return error


def _unreachable(broken: Exception) -> Unreachable:
    error = Unreachable(f"{type(broken).__name__}: {broken}")
    if isinstance(broken, ssl.SSLCertVerificationError):
        raise error from broken  # whoever that is, it is not the server: nothing more is told to it
    error.__cause__ = broken
    return error


def _object(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except ValueError as error:
        raise Broken("the answer is no JSON") from error
    if not isinstance(told, dict):
        raise Broken("the answer is no JSON object")
    return told


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
