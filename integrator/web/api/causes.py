"""Causes: one thing to mend for many messages, and the release of them all once it is mended."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from integrator import acts
from integrator.access import Principal
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Right
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.queue.groups import Group
from integrator.queue.quarantines import ONE_BY_HAND
from integrator.telling import tell_cause
from integrator.web.api.messages import Reason
from integrator.web.api.shapes import Words
from integrator.web.guard import GatewayHere, needs

router = APIRouter(tags=["cause"])

CauseId = Annotated[str, Path(max_length=80, description="as the list names it")]


class Cause(BaseModel):
    """One thing to mend for many messages."""

    model_config = ConfigDict(extra="allow")
    cause: str
    state: State
    code: str
    count: int
    since: datetime
    examples: list[int]
    happened: Words
    who: Words
    where: Words
    can: dict[str, Words]


class CauseList(BaseModel):
    """The largest first."""

    causes: list[Cause]


class Done(BaseModel):
    """How many went, and where to."""

    count: int
    state: State


@router.get("/cause", response_model=CauseList)
def read_list(gateway: GatewayHere, principal: Annotated[Principal, needs(Right.FOLLOW)]) -> dict[str, Any]:
    """What waits for a person, one row for each thing to mend, the largest first."""
    return {"causes": [_told(gateway, principal.kurum, each) for each in acts.read_causes(gateway, principal.kurum)]}


def _told(gateway: Gateway, kurum: KurumNo, group: Group) -> dict[str, Any]:
    """Without the release of a form that is stopped for every customer: that is the integrator's."""
    told = tell_cause(gateway, kurum, group)
    if group.cause.form and group.cause.reason != ONE_BY_HAND:
        told["can"].pop("release", None)
    return told


@router.post("/cause/{cause_id}/release", response_model=Done)
def release(
    cause_id: CauseId, why: Reason, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.ACT)]
) -> dict[str, Any]:
    """Let every message go on that waits for this cause now."""
    done = acts.release_cause(gateway, principal.kurum, cause_id, reason=why.reason, by=principal.name)
    return {"count": done.count, "state": done.state.value}


@router.post("/cause/{cause_id}/cancel", response_model=Done)
def cancel(
    cause_id: CauseId, why: Reason, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.ACT)]
) -> dict[str, Any]:
    """Take every message back that waits for this cause now; what may be at the ministry stays."""
    done = acts.cancel_cause(gateway, principal.kurum, cause_id, reason=why.reason, by=principal.name)
    return {"count": done.count, "state": done.state.value}
