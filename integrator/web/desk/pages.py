"""Renders pages: one template each, the reader's language, times in Istanbul, headers that keep a page by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from integrator.access import Principal
from integrator.domain.clock import ISTANBUL
from integrator.domain.roles import Right
from integrator.domain.texts import LANGUAGES, Language
from integrator.web.desk.words import say
from integrator.web.guard import cookie_of

DESK = "/desk"
LANGUAGE_COOKIE = "ibys-language"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "X-Frame-Options": "DENY"}
NAV: tuple[tuple[str, str, Right], ...] = (
    ("/desk/morning", "layout.morning", Right.FOLLOW),
    ("/desk/bildirim", "layout.bildirim", Right.FOLLOW),
    ("/desk/coverage", "layout.coverage", Right.READ_PARTIES),
    ("/desk/isyeri", "layout.isyeri", Right.READ_PARTIES),
    ("/desk/profesyonel", "layout.profesyonel", Right.READ_PARTIES),
    ("/desk/paper", "layout.paper", Right.READ_EVIDENCE),
    ("/desk/duyuru", "layout.duyuru", Right.HEAR),
    ("/desk/registry", "layout.registry", Right.KEEP_REGISTRY),
)
"""Address, word, and the right without which it is not shown."""


def language_of(request: Request) -> Language:
    """The reader's language: their choice, else Turkish."""
    told = cookie_of(request, LANGUAGE_COOKIE)
    return next((each for each in LANGUAGES if each == told), "tr")


def render(
    request: Request, template: str, principal: Principal | None = None, *, status: int = 200, **facts: Any
) -> HTMLResponse:
    """The page. `principal` is whoever reads it, None before anybody came in."""
    context = {**surroundings(request, principal), **facts}
    return HTMLResponse(_environment().get_template(template).render(context), status, HEADERS)


def go(address: str) -> RedirectResponse:
    """Send the browser on, so that to load the page again does nothing twice. Only ever to a page of ours."""
    return RedirectResponse(own_address(address), 303, {"Cache-Control": "no-store"})


def own_address(address: str) -> str:
    """`address` when it is a page of ours; the first page instead of anything else."""
    is_ours = address == DESK or address.startswith((f"{DESK}/", f"{DESK}?"))
    return address if is_ours and address.isascii() and address.isprintable() and "\\" not in address else DESK


def surroundings(request: Request, principal: Principal | None) -> dict[str, Any]:
    """What every template has at hand."""
    language = language_of(request)
    return {
        "w": _speaker(language),
        "tr_en": lambda several: several[language],  # texts of the catalogue come in both
        "language": language,
        "when": lambda at: _when(at, language),
        "day": lambda on: shown_day(on, language),
        "number": lambda count: _number(count, language),
        "query": _query,
        "principal": principal,
        "may": lambda right: principal is not None and principal.may(Right(right)),
        "csrf": getattr(request.state, "csrf", ""),
        "here": request.url.path,
        "here_whole": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "nav": [each for each in NAV if principal is not None and principal.may(each[2])],
        "is_part": request.headers.get("hx-request") == "true",
    }


def _speaker(language: Language) -> Callable[..., str]:
    return lambda key, **facts: say(key, language, **facts)


@cache
def _environment() -> Environment:
    loader = PackageLoader("integrator.web.desk")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _when(at: datetime | None, language: Language) -> Markup:
    if at is None:
        return Markup("–")
    local = at.astimezone(ISTANBUL)
    shown = local.strftime("%d.%m.%Y %H:%M" if language == "tr" else "%Y-%m-%d %H:%M")
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), shown)


def shown_day(on: date | None, language: Language) -> Markup:
    """A day as people write it in their language; a dash for none."""
    if on is None:
        return Markup("–")
    shown = on.strftime("%d.%m.%Y" if language == "tr" else "%Y-%m-%d")
    return Markup('<time datetime="{}">{}</time>').format(on.isoformat(), shown)


def _number(count: int, language: Language) -> str:
    told = f"{count:,}"
    return told.replace(",", ".") if language == "tr" else told


def _query(told: Mapping[str, Any], **changed: Any) -> str:
    """The query of an address with some of it changed; empty ones are left out."""
    several = {name: value for name, value in {**told, **changed}.items() if value not in ("", None)}
    return f"?{urlencode(several)}" if several else ""
