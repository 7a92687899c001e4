"""The first page of the day: what waits for a person, by cause, and what ends soon."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from integrator import acts
from integrator.access import Principal
from integrator.domain.roles import Right
from integrator.telling import tell_cause
from integrator.web.desk.forms import form_of, read_form
from integrator.web.desk.pages import DESK, go, render
from integrator.web.guard import GatewayHere, needs

router = APIRouter(dependencies=[Depends(read_form)])
CauseId = Annotated[str, Path(max_length=80)]
CAUSES_SHOWN = 50


@router.get("/morning")
def show_morning(
    request: Request, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.FOLLOW)]
) -> Response:
    """Everything at one look."""
    kurum = principal.kurum
    causes = [tell_cause(gateway, kurum, each) for each in acts.read_causes(gateway, kurum)[:CAUSES_SHOWN]]
    return render(request, "morning.html", principal, causes=causes)


@router.post("/cause/{cause_id}/release")
def release(
    cause_id: CauseId, request: Request, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.ACT)]
) -> Response:
    """Let every message go on that waits for this cause."""
    reason = form_of(request).one("reason", longest=2_000)
    done = acts.release_cause(gateway, principal.kurum, cause_id, reason=reason, by=principal.name)
    return go(f"{DESK}/morning?released={done.count}")
