"""The application: routes, request ids, problems. Made once by `ibys serve`; all it holds is the gateway."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrator import tracing
from integrator.gateway import Gateway
from integrator.intake.read_json import Caps
from integrator.limiting import Limiter, Standing, policy_header, rate_header
from integrator.log import about, logger
from integrator.metrics import count_call
from integrator.people.house import House, PeopleRules
from integrator.sign.evidence import TimestampAuthority
from integrator.store.engine import Glances
from integrator.web import health
from integrator.web.admission import Admission
from integrator.web.answers import DEPRECATED, Answers
from integrator.web.api import (
    announcements,
    api_keys,
    causes,
    changes,
    corrections,
    findings,
    glass,
    lookups,
    messages,
    own_people,
    paper,
    parties,
    receipts,
    records,
    reference,
    sessions,
    signatures,
    veri_seti,
    webhooks,
)
from integrator.web.bounds import Bounds
from integrator.web.clock_watch import ClockWatch
from integrator.web.description import Described
from integrator.web.desk.failures import show_problem
from integrator.web.desk.router import router as desk_router
from integrator.web.draining import Drain
from integrator.web.gathering import Gathering
from integrator.web.once import Keeps, Once
from integrator.web.packing import Packing
from integrator.web.problems import set_up_problems
from integrator.web.small_bodies import SmallBodies
from integrator.web.strangers import Strangers
from integrator.web.tide import Tide
from integrator.webhooks.carrying import Terms

_NAMES = Random()  # noqa: S311 - of calls: they guard nothing, and the system's own costs a system call
_AT_THE_DOOR = 16
"""Calls whose key is looked up at once."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
ABOUT = """Hand over records, learn what became of them. A program sends `Authorization: Bearer ibys_...`, a person
the cookie of a session (`POST /v1/oturum`); `x-right` and `x-roles` of a call say who may make it.

Errors are problem+json (RFC 9457) with a stable `code` and a Turkish and an English text. A record's own id makes a
call repeatable: when an answer was lost, send the same record again.
"""


def openapi_of(app: FastAPI) -> str:
    """The description of the API as it is checked in (docs/api/openapi.json) and served."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


_PARTS = (
    receipts, findings, signatures, parties, lookups, veri_seti, announcements, records, corrections, messages, causes,
    changes, reference, sessions, glass, webhooks, paper, api_keys, own_people,
)  # fmt: skip


def create_app(
    gateway: Gateway,
    caps: Caps,
    home: Path,
    people: PeopleRules | None = None,
    *,
    bounds: Bounds | None = None,
    authority: TimestampAuthority | None = None,
    keeps: Keeps | None = None,
    webhook_terms: Terms | None = None,
) -> FastAPI:
    """The application over one gateway. Without `webhook_terms` webhooks lead to public https addresses only."""
    bounds = bounds or Bounds()
    app = Described(
        title="İBYS integrator gateway",
        version="1",
        description=ABOUT,
        lifespan=_lifespan,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # pages that load scripts from elsewhere (circular 7d)
        redoc_url=None,
    )
    app.state.gateway, app.state.caps, app.state.home = gateway, caps, home
    app.state.webhook_terms = webhook_terms or Terms()
    app.state.drain = Drain()
    app.state.tide, app.state.authority = Tide(gateway, app.state.drain), authority
    app.state.house = House(gateway, people or PeopleRules())
    app.state.limiter = Limiter(gateway.database, gateway.clock, bounds.limits)
    app.state.glances = Glances(gateway.database)
    app.state.strangers = Strangers(gateway.clock, bounds.failures_per_minute)
    app.state.visitors = Strangers(gateway.clock, bounds.failures_per_minute)
    app.state.clock_watch = ClockWatch(gateway.database, gateway.clock)
    # Most calls hand over a record, and a call is held against every route that stands before its own.
    for router in (records.handing_over, *(part.router for part in _PARTS)):
        app.include_router(router, prefix="/v1")
    app.include_router(health.router)
    app.include_router(desk_router)
    app.state.show_problem = show_problem
    set_up_problems(app)
    app.add_middleware(Once, gateway=gateway, keeps=keeps or Keeps(body_bytes=16 * caps.record_bytes))
    app.add_middleware(Answers, deprecated=DEPRECATED)
    app.add_middleware(GZipMiddleware, minimum_size=2048)
    app.add_middleware(SmallBodies)
    app.add_middleware(Admission, bounds=bounds, drain=app.state.drain, home=home)
    app.add_middleware(Numbered)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.gathering = Gathering(app.state.gateway)
    app.state.packing = Packing(app.state.gateway, app.state.authority)
    with ThreadPoolExecutor(_AT_THE_DOOR, "door") as app.state.door:
        yield
    app.state.packing.close()
    await app.state.gathering.close()
    app.state.limiter.close()
    app.state.glances.close()


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
                told = [(b"x-request-id", request_id.encode()), *_rates(scope["state"].get("standings"))]
                message["headers"] = [*message["headers"], *_HEADERS, *told]
            await send(message)

        try:
            with about(request_id=request_id), tracing.span("call", _field(scope, b"traceparent")):
                await self._app(scope, receive, send_on)
        finally:
            route: Any = scope.get("route")
            count_call(scope["method"], getattr(route, "path", ""), status, time.monotonic() - began)
            logger().info(
                "web.answered",
                method=scope["method"],
                route=getattr(route, "path", ""),  # the pattern, never the path: ids stand in that
                status=status,
                request_id=request_id,
                elapsed_ms=round((time.monotonic() - began) * 1000),
            )


# NOTE: under "no-referrer" a browser sends its own forms with "Origin: null", which the guard refuses.
_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]


def _rates(standings: Sequence[Standing] | None) -> list[tuple[bytes, bytes]]:
    if not standings:
        return []
    return [
        (b"ratelimit-policy", policy_header(standings).encode()),
        (b"ratelimit", rate_header(standings).encode()),
    ]


def _request_id(scope: Scope) -> str:
    told = _field(scope, b"x-request-id")
    return told if _REQUEST_ID.fullmatch(told) else f"{_NAMES.getrandbits(64):016x}"


def _field(scope: Scope, wanted: bytes) -> str:
    return next((value for name, value in scope["headers"] if name == wanted), b"").decode("latin-1")
