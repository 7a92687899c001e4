"""A cap on bodies that are a few lines of JSON, before anything reads them: nobody has shown a name yet."""

from __future__ import annotations

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrator.web.bodies import read_body
from integrator.web.problems import TooLarge, problem

PREFIXES = ("/v1/oturum", "/v1/glass", "/desk")
SMALL_BYTES = 16_384


class SmallBodies:
    """Reads the whole body first; one beyond the cap is answered here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on with its body at hand."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIXES):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            left = [await read_body(request, SMALL_BYTES)]
        except TooLarge as error:
            await problem(error, request)(scope, receive, send)
            return
        except ClientDisconnect:
            return

        async def again() -> Message:
            if left:
                return {"type": "http.request", "body": left.pop(), "more_body": False}
            return await receive()

        await self._app(scope, again, send)
