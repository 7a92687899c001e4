"""Announcements to whoever reads: what must be acknowledged stands first (circular 7e)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from integrator.access import Principal
from integrator.announcing import LONGEST_NO, acknowledge, show_to
from integrator.domain.roles import Right
from integrator.web.desk.forms import form_of, read_form
from integrator.web.desk.pages import DESK, go, render
from integrator.web.guard import GatewayHere, needs

router = APIRouter(dependencies=[Depends(read_form)])
Hears = Annotated[Principal, needs(Right.HEAR)]


@router.get("/duyuru")
def show_list(request: Request, gateway: GatewayHere, principal: Hears) -> Response:
    """Those that concern the reader; that they were shown is kept."""
    heard = show_to(gateway, principal.kurum, principal.role, principal.name)
    heard = sorted(heard, key=lambda each: not (each.duyuru.must_acknowledge and each.acknowledged_at is None))
    return render(request, "duyuru.html", principal, heard=heard)


@router.post("/duyuru/{duyuru_no}/acknowledge")
def acknowledge_one(
    duyuru_no: Annotated[str, Path(max_length=LONGEST_NO)], request: Request, gateway: GatewayHere, principal: Hears
) -> Response:
    """The reader's own name stands in the receipt."""
    form_of(request)
    acknowledge(gateway, principal.kurum, principal.role, duyuru_no, principal.name)
    return go(f"{DESK}/duyuru")
