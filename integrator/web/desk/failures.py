"""What went wrong, as a page for whoever reads pages; programs get problem+json from the same place (problems.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response

from integrator.domain.errors import IntegratorError
from integrator.domain.texts import text
from integrator.web.desk.pages import DESK, HEADERS, go, language_of, render

NOBODY, HALF_WAY = "INT-API-001", "INT-PPL-005"
_HALF = {"password": "/desk/login/second-step", "enrol": "/desk/login/enrol"}


def _is_for_a_page(request: Request) -> bool:
    """Whether somebody with a browser waits for the answer."""
    is_desk = request.url.path == DESK or request.url.path.startswith(f"{DESK}/")
    wants = "text/html" in request.headers.get("accept", "") or request.headers.get("hx-request") == "true"
    return is_desk and wants


def show_problem(request: Request, told: Mapping[str, Any], headers: Mapping[str, str]) -> Response | None:
    """The problem as a page, None where a program called; who is not in yet is shown the way in."""
    if not _is_for_a_page(request):
        return None
    way = {NOBODY: f"/desk/login?next={quote(_asked(request))}", HALF_WAY: _HALF.get(str(told["detail"]), "")}
    if way.get(told["code"]):
        return _sent(request, way[told["code"]])
    problem = {name: told[name] for name in ("status", "code", "detail", "request_id")}
    answer = render(
        request, "problem.html", status=told["status"], problem=problem, sentence=told[language_of(request)]
    )
    answer.headers.update(headers)
    return answer


def _sent(request: Request, address: str) -> Response:
    if (
        request.headers.get("hx-request") == "true"
    ):  # a part of a page cannot show the way in: the whole page goes there
        return Response(status_code=204, headers={**HEADERS, "HX-Redirect": address})
    return go(address)


def _asked(request: Request) -> str:
    """Where somebody wanted to go; what a form sent is lost, so its page is shown again instead."""
    if request.method != "GET":
        return DESK
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def sentence_of(request: Request, error: IntegratorError) -> str:
    """What an error tells a person, for a form that is shown again."""
    return text(error.code, language_of(request), path="", seen=error.detail, wanted="")
