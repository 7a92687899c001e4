"""The suite's own HTTP client: one request, one connection, caps on time and size, no redirect followed."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS, MAX_REPLY = 20.0, 8_388_608


class NoReply(OSError):
    """No whole HTTP reply came; the text says what happened instead."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, media type and body."""

    status: int
    content_type: str
    location: str
    body: bytes


def ask(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Reply:
    """One request; raises NoReply."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(parts.hostname), parts.port, timeout=SECONDS)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path, body, dict(headers or {}) | {"Connection": "close"})
        answer = connection.getresponse()
        content = answer.read(MAX_REPLY + 1)
    except (OSError, http.client.HTTPException) as error:
        raise NoReply(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if len(content) > MAX_REPLY:
        raise NoReply(f"more than {MAX_REPLY} bytes")
    return Reply(answer.status, answer.getheader("Content-Type", ""), answer.getheader("Location", ""), content)
