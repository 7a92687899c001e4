"""Announcements as the integrator's staff put them in: to whom, whether they must be acknowledged, and who did."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from integrator.access import Principal
from integrator.announcing import LONGEST_NO, Duyuru, Target, announce, read_announcements, read_receipts
from integrator.coverage.reading import today_of
from integrator.domain.errors import Malformed, Rejected
from integrator.domain.identifiers import holds_tckn
from integrator.domain.roles import Right, Role
from integrator.gateway import Gateway
from integrator.web.desk.failures import sentence_of
from integrator.web.desk.forms import Form, form_of, read_form
from integrator.web.desk.pages import DESK, go, render
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import status_of

router = APIRouter(prefix="/registry/duyuru", dependencies=[Depends(read_form)])
Announces = Annotated[Principal, needs(Right.ANNOUNCE)]
PageNo = Annotated[int, Query(ge=1, le=100_000)]
SHOWN = 50
TEXTS = {"no": 64, "title": 200, "text": 10_000, "kurumlar": 2_000, "iller": 400}
"""Fields of the form and how much is read of each."""


@router.get("")
def show_list(
    request: Request,
    gateway: GatewayHere,
    principal: Announces,
    page: PageNo = 1,
    saved: Annotated[bool, Query()] = False,
) -> Response:
    """All of them, newest first, and the form for another."""
    return _shown(request, gateway, principal, page=page, saved=saved)


@router.post("")
def put_in(request: Request, gateway: GatewayHere, principal: Announces) -> Response:
    """Announce it; the same again changes nothing, and no announcement is ever written over."""
    form = form_of(request)
    try:
        announce(gateway, _told(gateway, form), by=principal.name)
    except Rejected as error:
        several = {name: form.one(name, longest=100_000) for name in TEXTS}
        typed = {name: "" if holds_tckn(value) else value for name, value in several.items()}
        fault = f"{sentence_of(request, error)} ({error.detail})"
        return _shown(request, gateway, principal, status=status_of(error), fault=fault, typed=typed)
    return go(f"{DESK}/registry/duyuru?saved=1")


@router.get("/{duyuru_no}")
def show_receipts(
    duyuru_no: Annotated[str, Path(max_length=LONGEST_NO)], request: Request, gateway: GatewayHere, principal: Announces
) -> Response:
    """One in full, and who saw and acknowledged it."""
    receipts = read_receipts(gateway, duyuru_no)
    [told] = [each for each in read_announcements(gateway) if each.no == duyuru_no]
    return render(request, "registry_receipts.html", principal, told=told, receipts=receipts)


def _told(gateway: Gateway, form: Form) -> Duyuru:
    """What the form says; raises Malformed."""
    no, title, body, kurumlar, iller = (form.one(name, longest=longest) for name, longest in TEXTS.items())
    roles = form.several("role")
    if any(each not in list(Role) for each in roles):
        raise Malformed("role: not one of the roles")
    provinces = [each for each in iller.replace(",", " ").split() if each]
    if any(not (each.isascii() and each.isdigit() and len(each) < 3) for each in provinces):
        raise Malformed("iller: 1 - 81")
    customers = tuple(kurumlar.replace(",", " ").split())
    target = Target(tuple(map(Role, roles)), customers, tuple(map(int, provinces)))
    return Duyuru(no, title, body, today_of(gateway), target, form.one("must_acknowledge") == "yes")


def _shown(
    request: Request, gateway: Gateway, principal: Principal, *, page: int = 1, status: int = 200, **facts: Any
) -> Response:
    several = read_announcements(gateway)
    told = {"fault": "", "typed": {}, "saved": False, **facts}
    return render(
        request, "registry_duyuru.html", principal, status=status, several=several[(page - 1) * SHOWN : page * SHOWN],
        total=len(several), page=page, shown=SHOWN, roles=list(Role), **told,
    )  # fmt: skip
