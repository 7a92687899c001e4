"""A cap on every body, before a route sees any of it: small for whatever is not named here as larger.

So a new route has a cap without asking for one. Nobody has shown a name yet when a body is read here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrator.domain.errors import IntegratorError
from integrator.web.bodies import read_body
from integrator.web.problems import problem

SMALL_BYTES = 16_384
LARGER: Sequence[tuple[re.Pattern[str], int | None]] = (
    (re.compile(r"POST /v1/kayit(/(batch|check|upload))?|PUT /v1/kayit/.+"), None),
    (re.compile(r"PUT /v1/bildirim/[^/]+/signature|POST /v1/imza|POST /v1/parties/import"), None),
    (re.compile(r"POST /v1/imza/bytes"), 32_768),  # a thousand numbers
    (re.compile(r"POST /v1/pack"), 32_768),  # a physician's certificate
    (re.compile(r"POST /v1/duyuru"), 524_288),  # its text, and whom it concerns
)
"""`METHOD path` -> bytes at most; None: the route reads its body itself, under a cap of its own."""

_WITHOUT = frozenset({"GET", "HEAD", "OPTIONS"})


def cap_of(method: str, path: str) -> int | None:
    """How many bytes a body of this call may have, packed or unpacked; None where the route sees to it."""
    call = f"{method} {path}"
    return next((cap for pattern, cap in LARGER if pattern.fullmatch(call)), SMALL_BYTES)


class SmallBodies:
    """Reads the whole body first; what is wrong with it is answered here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on with its body at hand; of a call that only reads nobody takes a body."""
        is_http = scope["type"] == "http" and scope["method"] not in _WITHOUT
        cap = cap_of(scope["method"], scope["path"]) if is_http else None
        if cap is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            left = [await read_body(request, cap)]
        except IntegratorError as error:
            await problem(error, request)(scope, receive, send)
            return

        async def again() -> Message:
            if left:
                return {"type": "http.request", "body": left.pop(), "more_body": False}
            return await receive()

        await self._app(scope, again, send)
