"""HTTP with everything bounded: connect, silence, total time, reply size; no redirects, no retries.

The one question it answers beyond the bytes: when there is no answer, may the request have arrived? Before the
connection stands (`NotSent`) it cannot have; after that nobody knows (`NoAnswer`). That line, and a deadline that
holds against a trickle of header bytes too, is why the socket is ours and only the parsing is a library's
(docs/decisions/0010).
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httptools

from integrator.domain.fault_points import passing

PIECE = 65_536
MAX_HEADERS = 100
MAX_HEADER_BYTES = 65_536


_EXPIRED, _NAME = "tls_expired", "tls_name"
_VERDICTS = {9: _EXPIRED, 10: _EXPIRED, 62: _NAME, 64: _NAME}
"""OpenSSL's X509_V_ERR numbers: not yet valid, expired; host name, address. Any other is about the authority."""


class NotSent(Exception):
    """No connection came to stand, so nothing of the request can have arrived."""


class NoAnswer(Exception):
    """The request left, or may have left, and no whole answer came back."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. `total` bounds one whole exchange; with `cuts` a longer reply is cut, not an error."""

    connect: float = 5.0
    silence: float = 20.0
    total: float = 30.0
    reply_bytes: int = 4 << 20
    cuts: bool = False


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A whole HTTP answer. Header names are in lower case; of repeated ones the last counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Wire:
    """Connections to one address, one for each thread that asks.

    With `pinned`, these places are connected to, in turn, and nothing is resolved; name and certificate stay the
    address's.
    """

    def __init__(
        self, address: str, limits: Limits, *, ca_file: Path | None = None, pinned: Sequence[str] = ()
    ) -> None:
        parts = urlsplit(address)
        self._limits = limits
        self._tls = _tls_context(ca_file) if parts.scheme == "https" else None
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._tls else 80)
        self._places = tuple(pinned) or (self._host,)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._head = f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept-Encoding: identity\r\n"
        self._of_thread = threading.local()

    def post(self, body: bytes, headers: Mapping[str, str]) -> HttpReply:
        """Send one request and read its whole answer; raises NotSent or NoAnswer."""
        ends = time.monotonic() + self._limits.total
        sock = self._connected()
        try:
            sock.settimeout(self._limits.silence)
            passing("send.before")
            sock.sendall(self._request(body, headers))
            passing("send.after")
            reading = _Reading(self._limits)
            while not reading.is_complete:
                sock.settimeout(min(self._limits.silence, ends - time.monotonic()))  # ValueError below zero
                reading.feed(sock.recv(PIECE))
        except (TimeoutError, ValueError) as error:
            self._drop()
            raise NoAnswer("timeout") from error
        except OSError as error:
            self._drop()
            raise NoAnswer("connection_lost") from error
        except BaseException:  # whatever happened, half an exchange must not be met by the next request
            self._drop()
            raise
        passing("receive.after")
        if not reading.may_keep:
            self._drop()
        return HttpReply(reading.status, reading.headers, bytes(reading.body))

    def _request(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self._head}{lines}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body

    def _connected(self) -> socket.socket:
        """This thread's connection; a kept one that the other side has closed is replaced before use."""
        kept: socket.socket | None = getattr(self._of_thread, "sock", None)
        if kept is not None and not _has_news(kept):
            return kept
        self._drop()
        try:
            sock = self._dialled()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._of_thread.sock = sock
            if self._tls:
                self._of_thread.sock = self._tls.wrap_socket(sock, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise NotSent(_VERDICTS.get(error.verify_code, "tls_authority")) from error
        except ssl.SSLError as error:
            self._drop()
            raise NotSent("tls") from error
        except OSError as error:
            self._drop()
            raise NotSent("connect") from error
        opened: socket.socket = self._of_thread.sock
        return opened

    def _dialled(self) -> socket.socket:
        """A connection to the first place that takes one; all of them together have the time of one."""
        ends = time.monotonic() + self._limits.connect
        for place in self._places[:-1]:
            try:
                return socket.create_connection((place, self._port), self._limits.connect / len(self._places))
            except OSError:
                continue  # the last one's error is told
        return socket.create_connection((self._places[-1], self._port), max(0.1, ends - time.monotonic()))

    def close(self) -> None:
        """Let go of this thread's connection."""
        self._drop()

    def _drop(self) -> None:
        kept: socket.socket | None = getattr(self._of_thread, "sock", None)
        if kept is not None:
            kept.close()
            self._of_thread.sock = None


class _Reading:
    """One HTTP answer as it comes in, with its caps."""

    def __init__(self, limits: Limits) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.is_complete = False
        self.may_keep = False
        self._limits = limits
        self._head_bytes = 0
        self._until_end = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; raises NoAnswer for an early end, a flood, or bytes that are no HTTP."""
        if not piece:
            if not self._until_end:
                raise NoAnswer("connection_lost")
            self.is_complete = True
            return
        try:
            self._parser.feed_data(piece)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self.is_complete:  # bytes after a whole answer: believe the answer, not the connection
                self.may_keep = False
                return
            raise NoAnswer("not_http") from error
        self._head_bytes += 0 if self.status else len(piece)
        is_long = len(self.body) > self._limits.reply_bytes
        if self._head_bytes > MAX_HEADER_BYTES or len(self.headers) > MAX_HEADERS:
            raise NoAnswer("reply_too_large")
        if is_long and not self._limits.cuts:
            raise NoAnswer("reply_too_large")
        if is_long:
            self.is_complete, self.may_keep = True, False

    # what the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if not self.is_complete:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The head is there; without a length the body goes on to the end of the connection."""
        if not self.is_complete:
            self.status = self._parser.get_status_code()
            self._until_end = "content-length" not in self.headers and "transfer-encoding" not in self.headers

    def on_body(self, piece: bytes) -> None:
        """Some of the body."""
        if not self.is_complete:
            self.body += piece

    def on_message_complete(self) -> None:
        """The whole answer; a second one behind it, which nobody asked for, spoils the connection."""
        if self.is_complete:
            self.may_keep = False
        elif 100 <= self.status < 200:
            self.status, self.headers, self._until_end = 0, {}, False
        else:
            self.is_complete = True
            self.may_keep = bool(self._parser.should_keep_alive())


def _has_news(sock: socket.socket) -> bool:
    """Whether an idle connection has something to say: it was closed, or bytes came that nobody asked for."""
    try:
        return bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, host name checked; only the named authorities are believed when a file names them."""
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
