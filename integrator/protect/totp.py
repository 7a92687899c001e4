"""Time-based one-time codes: RFC 6238 over RFC 4226, SHA-1, six digits, steps of thirty seconds. Pure."""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS = 30
SECRET_BYTES = 20
WINDOW = 1  # steps before and after: clocks of telephones differ


def new_secret() -> bytes:
    """As many random bytes as SHA-1 has (RFC 4226 4, R6)."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The six digits of `step` (RFC 4226 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def matching_step(secret: bytes, code: str, *, now: datetime, after: int) -> int | None:
    """The step that `code` belongs to, within the window and behind step `after`; None for every other code."""
    current = int(now.timestamp()) // STEP_SECONDS
    told = code.encode("utf-8", "replace")
    found = None
    for step in range(current - WINDOW, current + WINDOW + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), told) and step > after:
            found = step
    return found


def otpauth_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What an authenticator scans."""
    label = quote(f"{issuer}:{account}", safe="")
    return f"otpauth://totp/{label}?secret={written(secret)}&issuer={quote(issuer, safe='')}"


def written(secret: bytes) -> str:
    """A secret as people type it: base32 without padding."""
    return b32encode(secret).decode().rstrip("=")
