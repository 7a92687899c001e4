"""Announcements to whoever reads: what must be acknowledged stands first (circular 7e)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from integrator.access import Principal
from integrator.announcing import LONGEST_NO, acknowledge, show_to
from integrator.domain.roles import Right
from integrator.queue.standing import FORM, NOT_DELIVERED, keeps_back
from integrator.registry.books import day_of
from integrator.registry.reading import NO_FORM
from integrator.registry.rows import read_one
from integrator.registry.words import called
from integrator.store.engine import reading
from integrator.web.desk.forms import form_of, read_form
from integrator.web.desk.pages import DESK, go, language_of, render
from integrator.web.guard import GatewayHere, needs

router = APIRouter(dependencies=[Depends(read_form)])
Hears = Annotated[Principal, needs(Right.HEAR)]


@router.get("/duyuru")
def show_list(request: Request, gateway: GatewayHere, principal: Hears) -> Response:
    """Those that concern the reader; that they were shown is kept."""
    heard = show_to(gateway, principal.kurum, principal.role, principal.name)
    heard = sorted(heard, key=lambda each: not (each.duyuru.must_acknowledge and each.acknowledged_at is None))
    with reading(gateway.database) as tx:
        form = read_one(tx, FORM, principal.kurum)
        kept_back = keeps_back(tx, principal.kurum, needs_form=gateway.needs_form) == NOT_DELIVERED
    language = language_of(request)
    state = called("state", form.state if form else NO_FORM, language, register=FORM)
    return render(
        request,
        "duyuru.html",
        principal,
        heard=heard,
        form=form,
        form_state=state,
        kept_back=kept_back,
        form_on=day_of(form.facts, "delivered_on") if form else None,
    )


@router.post("/duyuru/{duyuru_no}/acknowledge")
def acknowledge_one(
    duyuru_no: Annotated[str, Path(max_length=LONGEST_NO)], request: Request, gateway: GatewayHere, principal: Hears
) -> Response:
    """The reader's own name stands in the receipt."""
    form_of(request)
    acknowledge(gateway, principal.kurum, principal.role, duyuru_no, principal.name)
    return go(f"{DESK}/duyuru")
