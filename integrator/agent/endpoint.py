"""The agent's small HTTP endpoint for the desk's page, on 127.0.0.1 alone.

Any page in the same browser, and any program on the same computer, can knock. So each request passes, in this order:

1. one Host header that names this very address      a name that was re-bound to 127.0.0.1 does not (421)
2. one Origin header, equal to the configured one     other pages, and programs that are none, stop here (403)
3. a known verb and path, JSON, bytes within bounds   404, 405, 411, 413, 415, 400
4. the one-time token, compared in constant time      401; it is spent by its first use, whatever comes of it
5. 1 to 50 messages, each of which can be shown       422
6. nobody else is being asked                         409
7. the person at this computer says yes, types the PIN  403 declined

The PIN is asked on the agent's own terminal; no request can carry one. Only CMS goes back.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from integrator.agent.interchange import ToSign, are_names, to_sign
from integrator.agent.signing import AT_ONCE, Signatures
from integrator.agent.summary import Names
from integrator.domain.errors import IntegratorError, Malformed, Misconfigured
from integrator.domain.texts import text
from integrator.log import logger

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 4_194_304
MAX_CONNECTIONS = 16
SILENCE_SECONDS = 10.0
LINGER_SECONDS = 1.0
_ORIGIN = re.compile(r"https://[a-z0-9.-]+(?::[0-9]{1,5})?|http://(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?")
_VERBS: Mapping[str, str] = {"/status": "GET", "/sign": "POST"}
_PREFLIGHT = {"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "content-type"}


class Declined(Exception):
    """The person at the computer said no."""


class _NotTaken(Exception):
    """A request that stops at one of the steps: status, and the word that tells which."""

    def __init__(self, status: int, word: str, **more: str) -> None:
        super().__init__(word)
        self.status = status
        self.body = {"error": word, **more}


@dataclass
class OneTimeToken:
    """Lets one request in. After each use there is another, which only the answer and the terminal tell."""

    tell: Callable[[str], None]
    value: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._renew()

    def spend(self, given: str) -> str | None:
        """The next token when `given` was the present one, else None."""
        with self._lock:
            if not hmac.compare_digest(given.encode("utf-8", "backslashreplace"), self.value.encode()):
                return None
            self._renew()
            return self.value

    def _renew(self) -> None:
        self.value = secrets.token_urlsafe(32)
        self.tell(self.value)


class Endpoint(ThreadingHTTPServer):
    """Listens when built. `sign` shows the messages to a person, takes the PIN and signs, or raises Declined."""

    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # there it would let another program take the port over
    request_queue_size = 16

    def __init__(
        self,
        address: str,
        origin: str,
        sign: Callable[[Sequence[ToSign], Names], Signatures],
        tell: Callable[[str], None],
    ) -> None:
        host, _, port = address.rpartition(":")
        if host != LOOPBACK or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
            raise Misconfigured(f"agent.address: {LOOPBACK}:PORT is wanted, the agent listens nowhere else")
        if not _ORIGIN.fullmatch(origin):
            raise Misconfigured("agent.origin: https://HOST[:PORT] of the desk is wanted, without a path")
        self.origin = origin
        self.sign = sign
        self.asking = threading.Lock()
        self._room = threading.BoundedSemaphore(MAX_CONNECTIONS)
        try:
            super().__init__((LOOPBACK, int(port)), _Knock)
        except OSError as error:
            raise Misconfigured(f"{address}: cannot listen there ({error.strerror})") from error
        self.own_host = f"{LOOPBACK}:{self.server_address[1]}"
        self.token = OneTimeToken(tell)

    def process_request(self, request: Any, client_address: Any) -> None:
        """One thread each, and no more than MAX_CONNECTIONS of them."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Frees the place when the request is over."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        """A bug, or a caller that hung up: its kind is logged, nothing of the request is ever printed."""
        logger().error("agent.failed", outcome=type(sys.exception()).__name__)


class _Knock(BaseHTTPRequestHandler):
    """One request. Its own words only: neither path nor header nor body of a caller is logged or repeated."""

    server: Endpoint
    protocol_version = "HTTP/1.1"
    timeout = SILENCE_SECONDS

    def do_GET(self) -> None:
        """``/status``: that the agent is there, and whether a person is being asked."""
        self._answer(self._status)

    def do_POST(self) -> None:
        """``/sign``."""
        self._answer(self._sign)

    def do_OPTIONS(self) -> None:
        """A browser's preflight, for the configured origin only."""
        self._answer(self._preflight)

    def _answer(self, act: Callable[[], tuple[int, dict[str, Any] | None]]) -> None:
        trusted = False
        try:
            self._check_host()
            self._check_origin()
            trusted = True
            status, body = act()
        except _NotTaken as refusal:
            status, body = refusal.status, refusal.body
        except OSError:  # silence, or a caller that left
            self.close_connection = True
            return
        self._send(status, body, trusted=trusted)

    def _check_host(self) -> None:
        """1. DNS rebinding: a foreign name that leads here still stands in the Host header."""
        if self.headers.get_all("Host") != [self.server.own_host]:
            raise _NotTaken(421, "host")

    def _check_origin(self) -> None:
        """2. A browser says truly which page asks."""
        if self.headers.get_all("Origin") != [self.server.origin]:
            raise _NotTaken(403, "origin")

    def _check_path(self, verb: str) -> None:
        wanted = _VERBS.get(self.path)
        if wanted is None:
            raise _NotTaken(404, "path")
        if wanted != verb:
            raise _NotTaken(405, "verb")

    def _preflight(self) -> tuple[int, None]:
        asked = self.headers.get_all("Access-Control-Request-Method") or []
        if asked != [_VERBS.get(self.path)]:
            raise _NotTaken(403, "preflight")
        return 204, None

    def _status(self) -> tuple[int, dict[str, Any]]:
        self._check_path("GET")
        return 200, {"agent": "ibys", "at_once": AT_ONCE, "asking": self.server.asking.locked()}

    def _sign(self) -> tuple[int, dict[str, Any]]:
        # 3. form
        self._check_path("POST")
        asked = self._read_json()
        # 4. token
        following = self.server.token.spend(asked["token"])
        if following is None:
            raise _NotTaken(401, "token")
        # 5. messages
        messages = _messages(asked["items"], following)
        # 6. one at a time
        if not self.server.asking.acquire(blocking=False):
            raise _NotTaken(409, "busy", next_token=following)
        try:
            return 200, {"cms": self._signed(messages, asked["names"], following), "next_token": following}
        finally:
            self.server.asking.release()

    def _signed(self, messages: Sequence[ToSign], names: Names, following: str) -> list[dict[str, Any]]:
        """7. the person."""
        try:
            signed = self.server.sign(messages, names)
        except Declined:
            raise _NotTaken(403, "declined", next_token=following) from None
        except IntegratorError as error:
            told = {
                "code": error.code,
                "detail": error.detail,
                "tr": _sentence(error, "tr"),
                "en": _sentence(error, "en"),
            }
            raise _NotTaken(422, "not_signed", next_token=following, **told) from None
        return [{"sorgu_no": number, "cms_base64": base64.b64encode(cms).decode()} for number, cms in signed]

    def _read_json(self) -> dict[str, Any]:
        if self.headers.get_all("Content-Type") != ["application/json"]:
            raise _NotTaken(415, "content_type")
        lengths = self.headers.get_all("Content-Length") or []
        if "Transfer-Encoding" in self.headers or len(lengths) != 1 or not re.fullmatch(r"[0-9]{1,12}", lengths[0]):
            raise _NotTaken(411, "length")
        if int(lengths[0]) > MAX_BODY_BYTES:
            raise _NotTaken(413, "body")
        try:
            asked = json.loads(self.rfile.read(int(lengths[0])))
        except (ValueError, RecursionError):
            raise _NotTaken(400, "json") from None
        if not isinstance(asked, dict) or not are_names(asked.setdefault("names", {})):
            raise _NotTaken(400, "shape")
        if {name: type(value) for name, value in asked.items()} != {"token": str, "items": list, "names": dict}:
            raise _NotTaken(400, "shape")
        return asked

    def _linger(self) -> None:
        """Read a little of what was too much: a connection closed on unread bytes may take our answer with it."""
        left = 2 * MAX_BODY_BYTES
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            while left > 0 and (chunk := self.connection.recv(65_536)):
                left -= len(chunk)

    def _send(self, status: int, body: dict[str, Any] | None, *, trusted: bool) -> None:
        content = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        self.close_connection = True
        self.send_response_only(status)
        for name, value in self._headers(len(content), trusted=trusted, preflight=status == 204).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        if status >= 400:
            self._linger()
        logger().info("agent.answered", status=status, outcome=(body or {}).get("error", "ok"))

    def _headers(self, length: int, *, trusted: bool, preflight: bool) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(length),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
        if trusted:
            headers |= {"Access-Control-Allow-Origin": self.server.origin, "Vary": "Origin"}
        if preflight:
            headers |= _PREFLIGHT
            if "Access-Control-Request-Private-Network" in self.headers:
                headers["Access-Control-Allow-Private-Network"] = "true"
        return headers

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Other verbs and bytes that are no HTTP: one word, nothing of theirs repeated."""
        del message, explain
        self.close_connection = True
        self._send(code, {"error": "http"}, trusted=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name the standard library calls
        """Silent: a request line is a stranger's text."""


def _messages(entries: list[Any], following: str) -> list[ToSign]:
    """5. What may be shown to a person and signed; raises _NotTaken."""
    if not 0 < len(entries) <= AT_ONCE:
        raise _NotTaken(422, "count", next_token=following)
    try:
        messages = [_message(entry) for entry in entries]
    except (Malformed, ValueError):
        raise _NotTaken(422, "content", next_token=following) from None
    if len({each.sorgu_no for each in messages}) != len(messages):
        raise _NotTaken(422, "twice", next_token=following)
    return messages


def _message(entry: Any) -> ToSign:
    if not isinstance(entry, dict) or set(entry) != {"sorgu_no", "content_base64"}:
        raise ValueError("shape")
    number, encoded = entry["sorgu_no"], entry["content_base64"]
    if type(number) is not int or not 0 < number < 10**11 or not isinstance(encoded, str):
        raise ValueError("shape")
    try:
        return to_sign(number, base64.b64decode(encoded, validate=True))
    except binascii.Error as error:
        raise ValueError("base64") from error


def _sentence(error: IntegratorError, language: Any) -> str:
    return text(error.code, language, path="", seen=error.detail, wanted="")
