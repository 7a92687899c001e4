"""The application: routes, request ids, problems. Made once by `ibys serve`; all it holds is the gateway."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrator.gateway import Gateway
from integrator.intake.read_json import Caps
from integrator.log import logger
from integrator.web import health
from integrator.web.api import causes, changes, messages, records, reference
from integrator.web.gathering import Gathering
from integrator.web.problems import set_up_problems
from integrator.web.tide import Tide

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
ABOUT = """Hand over records, learn what became of them. Every call carries `Authorization: Bearer ibys_...`.

Errors are problem+json (RFC 9457) with a stable `code` and a Turkish and an English text. A record's own id makes a
call repeatable: when an answer was lost, send the same record again.
"""


def openapi_of(app: FastAPI) -> str:
    """The description of the API as it is checked in (docs/api/openapi.json) and served."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def create_app(gateway: Gateway, caps: Caps, home: Path) -> FastAPI:
    """The application over one gateway."""
    app = FastAPI(
        title="İBYS integrator gateway",
        version="1",
        description=ABOUT,
        lifespan=_lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # pages that load scripts from elsewhere (circular 7d)
        redoc_url=None,
    )
    app.state.gateway, app.state.caps, app.state.home = gateway, caps, home
    app.state.tide = Tide(gateway)
    v1 = APIRouter(prefix="/v1")
    for part in (records, messages, causes, changes, reference):
        v1.include_router(part.router)
    app.include_router(v1)
    app.include_router(health.router)
    set_up_problems(app)
    app.add_middleware(GZipMiddleware, minimum_size=2048)
    app.add_middleware(Numbered)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.gathering = Gathering(app.state.gateway)
    yield
    app.state.gathering.close()


class Numbered:
    """Gives every request an id (the caller's own when it is well formed), and one line in the log at its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; headers that keep answers where they belong go with it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_HEADERS, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            route: Any = scope.get("route")
            logger().info(
                "web.answered",
                method=scope["method"],
                route=getattr(route, "path", ""),  # the pattern, never the path: ids stand in that
                status=status,
                request_id=request_id,
                elapsed_ms=round((time.monotonic() - began) * 1000),
            )


_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]


def _request_id(scope: Scope) -> str:
    told = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return told if _REQUEST_ID.fullmatch(told) else secrets.token_hex(8)
