"""The only place where an error becomes an HTTP answer: problem+json (RFC 9457) with a stable code and both languages.

What we do not know stays inside: a bug is a 500 without its text, told to the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from integrator.domain import errors
from integrator.domain.errors import IntegratorError, Rejected, Unavailable
from integrator.domain.findings import Finding, seen
from integrator.domain.texts import LANGUAGES, text
from integrator.log import logger

BUG = "INT-000"


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


class NotTaken(Rejected):
    """The body is of a kind that this address does not take."""

    code = "INT-API-006"


STATUS: Sequence[tuple[type[IntegratorError], int]] = (
    (Unknown, 401),
    (Forbidden, 403),
    (NoSuchAddress, 404),
    (TooLarge, 413),
    (NotTaken, 415),
    (errors.NotFound, 404),
    (errors.UnknownVeriSeti, 404),
    (errors.Duplicate, 409),
    (errors.IllegalMove, 409),
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


def problem(error: IntegratorError, request: Request, findings: Sequence[Finding] = ()) -> JSONResponse:
    """The answer to a call that could not be done."""
    status = status_of(error)
    shown = error.detail if status < 500 or isinstance(error, Unavailable) else ""
    headers: dict[str, str] = {}
    if isinstance(error, Unavailable):
        wait = error.retry_after.total_seconds() if error.retry_after else 1.0
        headers["Retry-After"] = str(max(1, round(wait)))
    if isinstance(error, Unknown):
        headers["WWW-Authenticate"] = 'Bearer realm="ibys"'
    answer = _answer(request, status, error.code, shown, findings)
    answer.headers.update(headers)
    return answer


def _answer(request: Request, status: int, code: str, detail: str, findings: Sequence[Finding] = ()) -> JSONResponse:
    told: dict[str, Any] = {each: text(code, each, path="", seen=detail, wanted="") for each in LANGUAGES}
    body: dict[str, Any] = {
        "type": f"urn:ibys:problem:{code}",
        "title": told["en"],
        "status": status,
        "code": code,
        "detail": detail,
        **told,
        "request_id": request.state.request_id,
    }
    if findings:
        body["findings"] = [each.as_json() for each in findings]
    return JSONResponse(body, status, media_type="application/problem+json")


def _allow(request: Request) -> dict[str, str]:
    """Every method that the address takes: of two routes of one address the router names the first one's alone."""
    routes = [each for each in iter_route_contexts(request.app.routes) if each.matches(request.scope)[0] != Match.NONE]
    methods = {method for each in routes if each.path == routes[0].path for method in each.methods or ()}
    return {"Allow": ", ".join(sorted(methods))}


def set_up_problems(app: FastAPI) -> None:
    """Let every error of `app` end here."""

    @app.exception_handler(IntegratorError)
    def ours(request: Request, error: IntegratorError) -> JSONResponse:
        if status_of(error) >= 500:
            logger().error("web.failed", error=error.code, request_id=request.state.request_id)
        return problem(error, request, getattr(error, "findings", ()))

    @app.exception_handler(RequestValidationError)
    def form(request: Request, error: RequestValidationError) -> JSONResponse:
        places = [".".join(map(str, each["loc"])) for each in error.errors()]
        return problem(BadCall(seen(", ".join(places))), request)

    @app.exception_handler(HTTPException)
    def address(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code in (404, 405):
            answer = _answer(request, error.status_code, NoSuchAddress.code, request.method)
            answer.headers.update(_allow(request) if error.status_code == 405 else {})
            return answer
        return problem(BadCall(seen(error.detail)), request)

    @app.exception_handler(Exception)
    def bug(request: Request, error: Exception) -> JSONResponse:
        logger().error("web.failed", error=type(error).__name__, request_id=request.state.request_id)
        return _answer(request, 500, BUG, "")
