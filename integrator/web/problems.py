"""The only place where an error becomes an HTTP answer: problem+json (RFC 9457) with a stable code and both languages.

What we do not know stays inside: a bug is a 500 without its text, told to the log.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from math import ceil
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from integrator.domain import errors
from integrator.domain.errors import IntegratorError, Rejected, Unavailable
from integrator.domain.findings import Finding, seen
from integrator.domain.texts import LANGUAGES, text
from integrator.limiting import QuotaSpent, TooManyCalls
from integrator.log import logger

BUG = "INT-000"
ShowProblem = Callable[[Request, Mapping[str, Any], Mapping[str, str]], Response | None]
"""Shows a problem and its headers to somebody at a page; None where a program called (app.state.show_problem)."""


class Unknown(Rejected):
    """No key came with the call, or one that does not open: unknown, expired, revoked, from another address."""

    code = "INT-API-001"


class Forbidden(Rejected):
    """The key's role may not do this."""

    code = "INT-API-002"


class NoSuchAddress(Rejected):
    """Nothing answers under this path, or not to this method."""

    code = "INT-API-003"


class BadCall(Rejected):
    """A parameter or a body does not have the form that this address takes."""

    code = "INT-API-004"


class TooLarge(Rejected):
    """The body is larger than the cap."""

    code = "INT-API-005"


class NotFromHere(Rejected):
    """A call with a cookie that no page of ours made, or one without the token of its session."""

    code = "INT-PPL-004"


class SecondStepWanted(Rejected):
    """The session has not come so far: its second step is wanted, or one must be taken first."""

    code = "INT-PPL-005"


class NotTaken(Rejected):
    """The body is of a kind that this address does not take."""

    code = "INT-API-006"


class UnderWay(Rejected):
    """A call with this Idempotency-Key is being worked on."""

    code = "INT-API-071"


class OtherCall(Rejected):
    """This Idempotency-Key was used for another call, or for another body."""

    code = "INT-API-072"


class AlreadyDone(Rejected):
    """The call with this Idempotency-Key was carried out, and its answer is not kept: lost, erased, or a secret."""

    code = "INT-API-073"


class TooSlow(Rejected):
    """The call came too slowly: its head, or its body."""

    code = "INT-API-032"


class HeadTooLarge(Rejected):
    """The head of the call is larger, or has more fields, than is taken."""

    code = "INT-API-033"


STATUS: Sequence[tuple[type[IntegratorError], int]] = (
    (Unknown, 401),
    (Forbidden, 403),
    (errors.ContentWithheld, 403),
    (NoSuchAddress, 404),
    (TooLarge, 413),
    (NotTaken, 415),
    (UnderWay, 409),
    (AlreadyDone, 409),
    (OtherCall, 422),
    (NotFromHere, 403),
    (SecondStepWanted, 403),
    (errors.BeyondOwn, 403),
    (errors.NotAdmitted, 401),
    (errors.Paused, 429),
    (errors.BadPassword, 422),
    (errors.LoginTaken, 409),
    (TooSlow, 408),
    (HeadTooLarge, 431),
    (TooManyCalls, 429),
    (QuotaSpent, 429),
    (errors.TooManyPacks, 429),
    (errors.NotFound, 404),
    (errors.UnknownVeriSeti, 404),
    (errors.Duplicate, 409),
    (errors.IllegalMove, 409),
    (errors.Changed, 412),
    (errors.Invalid, 422),
    (errors.BadSignature, 422),
    (errors.BadReason, 422),
    (Rejected, 400),
    (Unavailable, 503),
    (IntegratorError, 500),  # Misconfigured, Tampered: the operator's to mend
)


def status_of(error: IntegratorError) -> int:
    """The HTTP status of one of our errors."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def problem(error: IntegratorError, request: Request, findings: Sequence[Finding] = ()) -> Response:
    """The answer to a call that could not be done."""
    status = status_of(error)
    shown = error.detail if status < 500 or isinstance(error, Unavailable) else ""
    headers: dict[str, str] = {}
    if isinstance(error, (Unavailable, errors.Paused)):
        wait = error.retry_after.total_seconds() if error.retry_after else 1.0
        headers["Retry-After"] = str(max(1, ceil(wait)))
    if isinstance(error, TooSlow):
        headers["Connection"] = "close"
    if isinstance(error, Unknown):
        headers["WWW-Authenticate"] = 'Bearer realm="ibys"'
    return _answer(request, status, error.code, shown, findings, headers=headers)


def _answer(
    request: Request,
    status: int,
    code: str,
    detail: str,
    findings: Sequence[Finding] = (),
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    body = _body(status, code, detail, request.state.request_id)
    if findings:
        body["findings"] = [each.as_json() for each in findings]
    show: ShowProblem | None = getattr(request.app.state, "show_problem", None)
    page = show(request, body, headers) if show else None
    return page or JSONResponse(body, status, dict(headers), media_type="application/problem+json")


def _body(status: int, code: str, detail: str, request_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {each: text(code, each, path="", seen=detail, wanted="") for each in LANGUAGES}
    about = {"status": status, "code": code, "detail": detail, "request_id": request_id}
    return {"type": f"urn:ibys:problem:{code}", "title": told["en"], **about, **told}


def raw_problem(status: int, error: IntegratorError) -> bytes:
    """The bytes of an answer to what never became a call; the connection ends with it."""
    body = json.dumps(_body(status, error.code, error.detail, secrets.token_hex(8)), ensure_ascii=False).encode()
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    wait = "Retry-After: 1\r\n" if isinstance(error, Unavailable) else ""
    rest = f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + wait + rest).encode() + body


def _allow(request: Request) -> dict[str, str]:
    """Every method that the address takes: of two routes of one address the router names the first one's alone."""
    routes = [each for each in iter_route_contexts(request.app.routes) if each.matches(request.scope)[0] != Match.NONE]
    methods = {method for each in routes if each.path == routes[0].path for method in each.methods or ()}
    return {"Allow": ", ".join(sorted(methods))}


def set_up_problems(app: FastAPI) -> None:
    """Let every error of `app` end here."""

    @app.exception_handler(IntegratorError)
    def ours(request: Request, error: IntegratorError) -> Response:
        if status_of(error) >= 500:
            logger().error("web.failed", error=error.code, request_id=request.state.request_id)
        return problem(error, request, getattr(error, "findings", ()))

    @app.exception_handler(RequestValidationError)
    def form(request: Request, error: RequestValidationError) -> Response:
        places = [each["loc"] for each in error.errors()]
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        is_json = kind.endswith("json") or not kind or not request.url.path.startswith("/v1/")
        if not is_json and any(each[0] == "body" for each in places):
            return problem(NotTaken("Content-Type: application/json"), request)
        return problem(BadCall(seen(", ".join(".".join(map(str, each)) for each in places))), request)

    @app.exception_handler(HTTPException)
    def address(request: Request, error: HTTPException) -> Response:
        if error.status_code in (404, 405):
            allow = _allow(request) if error.status_code == 405 else {}
            return _answer(request, error.status_code, NoSuchAddress.code, request.method, headers=allow)
        return problem(BadCall(seen(error.detail)), request)

    @app.exception_handler(Exception)
    def bug(request: Request, error: Exception) -> Response:
        logger().error("web.failed", error=type(error).__name__, request_id=request.state.request_id)
        return _answer(request, 500, BUG, "")
