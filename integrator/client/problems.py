"""What can go wrong with a call, as types: who must act is in the type, the server's code and both texts in the fields.

Only `Unreachable` and `Busy` were tried again before they were raised; the others would end the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in one place of a record. `severity` is error or warning."""

    code: str
    path: str
    seen: str
    wanted: str
    tr: str
    en: str
    severity: str = "error"

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Finding:
        """The finding of an answer."""
        return cls(**{name: str(told.get(name, "")) for name in cls.__slots__})


class GatewayError(Exception):
    """A call did not do what was asked; `code` is the server's, stable, and empty when no server spoke.

    `retry_after`: seconds to wait before it is worth trying again, 0 when the server did not say.
    """

    def __init__(self, detail: str, *, status: int = 0, told: Mapping[str, Any] | None = None) -> None:
        told = told or {}
        self.status = status
        self.code = str(told.get("code", ""))
        self.tr, self.en = str(told.get("tr", "")), str(told.get("en", ""))
        self.retry_after = float(told.get("retry_after", 0.0))
        self.request_id = str(told.get("request_id", ""))
        self.findings: Sequence[Finding] = [Finding.of(each) for each in told.get("findings", ())]
        super().__init__(" ".join(filter(None, [self.code, self.en or detail, *(each.en for each in self.findings)])))


class Unreachable(GatewayError):
    """No whole answer came, as often as it was tried: whether it was done is unknown. The same call again is safe."""


class Busy(GatewayError):
    """The server asked to come later (429, 502, 503, 504), as often as it was tried; nothing was done."""


class Faulty(GatewayError):
    """The record has faults (422): `findings` tells each. Nothing was stored; mend it and submit it again."""


class Conflict(GatewayError):
    """409: the id is known with other content, or the message does not stand where this act is open."""


class NotAllowed(GatewayError):
    """The key does not open (401), or its role may not do this (403)."""


class NotFound(GatewayError):
    """Nothing of this customer has that id or number (404)."""


class Broken(GatewayError):
    """The server has a fault of its own (500), or answered what is no answer of this API."""


_TYPES = {
    401: NotAllowed, 403: NotAllowed, 404: NotFound, 409: Conflict, 422: Faulty,
    429: Busy, 500: Broken, 502: Busy, 503: Busy, 504: Busy,
}  # fmt: skip


def problem_of(status: int, told: Mapping[str, Any]) -> GatewayError:
    """The error that an answer of 4xx or 5xx means."""
    return _TYPES.get(status, GatewayError)(f"HTTP {status}", status=status, told=told)
