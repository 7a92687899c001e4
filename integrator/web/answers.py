"""What every answer to a question gets, by one layer: an ETag (and 304), the next page's address, and its farewell.

A list that has another page has `next` in its body; here it becomes a Link too. A route that will go away stands in
DEPRECATED (docs/api/README.md says by which rule).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TAGGED_BYTES = 8 << 20
"""A larger answer is passed on as it comes."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """A route that will go: told since when, gone when, and the address of what takes its place."""

    since: date
    gone_on: date
    instead: str


DEPRECATED: dict[tuple[str, str], Farewell] = {
    ("GET", "/v1/changes"): Farewell(date(2026, 11, 22), date(2027, 6, 1), "/v1/change-register"),
}
"""(method, route as the description writes it) -> its farewell."""


class Answers:
    """The layer. It stands inside what compresses, so that a tag is of the content."""

    def __init__(self, app: ASGIApp, deprecated: Mapping[tuple[str, str], Farewell]) -> None:
        self._app = app
        self._deprecated = deprecated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and complete its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send, self._deprecated)
        await self._app(scope, receive, answer.take)


class _Answer:
    """One answer on its way out. JSON for a GET is held until it is whole, as long as it is not too large."""

    def __init__(self, scope: Scope, send: Send, deprecated: Mapping[tuple[str, str], Farewell]) -> None:
        self._scope = scope
        self._send = send
        self._deprecated = deprecated
        self._start: Message | None = None
        self._pieces: list[bytes] = []

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._say_farewell(message)
            if not self._is_tagged(message):
                await self._send(message)
                return
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            await self._hold(self._start, message)

    async def _hold(self, start: Message, message: Message) -> None:
        self._pieces.append(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if not is_whole and sum(map(len, self._pieces)) <= TAGGED_BYTES:
            return
        self._start, body = None, b"".join(self._pieces)
        if is_whole:
            start, body = self._completed(start, body)
        await self._send(start)
        await self._send({**message, "body": body})

    def _is_tagged(self, message: Message) -> bool:
        headers = Headers(raw=message["headers"])
        is_json = headers.get("content-type", "").partition(";")[0] == "application/json"
        return self._scope["method"] == "GET" and message["status"] == 200 and is_json

    def _completed(self, start: Message, body: bytes) -> tuple[Message, bytes]:
        headers = MutableHeaders(raw=list(start["headers"]))
        tag = _tag(headers.get("etag", ""), body)
        headers["ETag"] = tag
        headers.setdefault("Cache-Control", "private, no-cache")
        following = _following(self._scope, body)
        if following:
            headers.append("Link", f'<{following}>; rel="next"')
        status = 200
        if _is_known(Headers(scope=self._scope).get("if-none-match", ""), tag):
            status, body = 304, b""
            del headers["content-length"], headers["content-type"]
        return {**start, "status": status, "headers": headers.raw}, body

    def _say_farewell(self, message: Message) -> None:
        farewell = self._deprecated.get((self._scope["method"], _route_of(self._scope)))
        if farewell is not None:
            headers = MutableHeaders(raw=message["headers"])
            headers["Deprecation"] = f"@{round(_midnight(farewell.since).timestamp())}"  # RFC 9745
            headers["Sunset"] = format_datetime(_midnight(farewell.gone_on), usegmt=True)  # RFC 8594
            headers.append("Link", f'<{farewell.instead}>; rel="successor-version"')
            message["headers"] = headers.raw


def _tag(version: str, body: bytes) -> str:
    """Weak, of the content; where the route told a version, strong, and `If-Match` reads it back."""
    digest = sha256(body).hexdigest()[:24]
    return f'"{version.strip(chr(34))}.{digest}"' if version else f'W/"{digest}"'


def _is_known(told: str, tag: str) -> bool:
    """RFC 9110 13.1.2: the weak comparison."""
    known = [each.strip().removeprefix("W/") for each in told.split(",")]
    return told.strip() == "*" or tag.removeprefix("W/") in known


def _following(scope: Scope, body: bytes) -> str:
    """The address of the page behind this one; empty on the last."""
    if b'"next"' not in body:
        return ""
    told = json.loads(body)
    if not isinstance(told, dict) or told.get("next") is None:
        return ""
    query = {**dict(parse_qsl(scope["query_string"].decode("latin-1"))), "after": str(told["next"])}
    return f"{quote(scope['path'])}?{urlencode(query)}"


def _route_of(scope: Scope) -> str:
    """The route as the description writes it; the framework tells it without the version before it."""
    route: Any = scope.get("route")
    return f"/{scope['path'].split('/')[1]}{getattr(route, 'path', '')}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
