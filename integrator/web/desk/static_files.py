"""Style, script and icon, out of the package. What is not in this list is not there."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from integrator.domain.errors import NotKnown
from integrator.web.guard import open_to_all

router = APIRouter()
KINDS = {"desk.css": "text/css", "htmx.min.js": "text/javascript", "icon.svg": "image/svg+xml"}


@router.get("/static/{name}", dependencies=[open_to_all()])
def read_static(name: str, request: Request) -> Response:
    """One of them; it is asked about again each time, and mostly answered 304."""
    if name not in KINDS:
        raise NotKnown("no such file of the desk")
    content, tag = _read(name)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=f"{KINDS[name]}; charset=utf-8", headers=headers)


@cache
def _read(name: str) -> tuple[bytes, str]:
    content = files(__package__).joinpath("static", name).read_bytes()
    return content, f'"{sha256(content).hexdigest()[:16]}"'
