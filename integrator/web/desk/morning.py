"""The first page of the day: what waits for a person, by cause, and what ends soon."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from integrator import acts
from integrator.access import Principal
from integrator.announcing import show_to
from integrator.catalogue.changes import read_changes
from integrator.coverage.reading import ENDS_WITHIN, OVERDUE
from integrator.desk.deadlines import Duty
from integrator.desk.morning import Morning, read_morning
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import Rejected
from integrator.domain.hands import LONGEST_REASON
from integrator.domain.roles import Right
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.registry.reading import state_of_firm
from integrator.store.engine import reading
from integrator.web.desk.failures import sentence_of
from integrator.web.desk.forms import form_of, read_form
from integrator.web.desk.pages import DESK, go, render
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import status_of

router = APIRouter(dependencies=[Depends(read_form)])
CauseId = Annotated[str, Path(max_length=80)]
STOPPED = (State.HELD, State.QUARANTINED, State.REFUSED)
HORIZONS = (OVERDUE, *map(str, ENDS_WITHIN))


@router.get("/morning")
def show_morning(
    request: Request,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.FOLLOW)],
    released: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Everything at one look."""
    return _shown(request, gateway, principal, released=released)


@router.post("/cause/{cause_id}/release")
def release(
    cause_id: CauseId, request: Request, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.ACT)]
) -> Response:
    """Let every message go on that waits for this cause."""
    form = form_of(request)
    try:
        reason = form.one("reason", longest=LONGEST_REASON)
        done = acts.release_cause(gateway, principal.kurum, cause_id, reason=reason, by=principal.name)
    except Rejected as error:
        return _shown(request, gateway, principal, status=status_of(error), fault=sentence_of(request, error))
    return go(f"{DESK}/morning?released={done.count}")


def _shown(
    request: Request, gateway: Gateway, principal: Principal, *, status: int = 200, fault: str = "", **facts: Any
) -> Response:
    whole = principal.may(Right.KEEP_PARTIES)
    with reading(gateway.database) as tx:
        told = read_morning(
            tx, gateway, principal.kurum, since=_yesterday(gateway), changes=read_changes(), whole=whole
        )
        firm = state_of_firm(tx)
    has_deadlines = any(count for each in told.deadlines.values() for count in each.values())
    facts = {
        "has_deadlines": has_deadlines,
        "firm": firm,
        "released": None,
        "unread": _unread(gateway, principal),
        "is_new": _is_new(told),
        **facts,
    }
    return render(
        request, "morning.html", principal, status=status, fault=fault, told=told, horizons=HORIZONS, duties=list(Duty),
        waiting=sum(each.count for each in told.signing), stopped=sum(told.counts.get(each, 0) for each in STOPPED),
        **facts,
    )  # fmt: skip


def _yesterday(gateway: Gateway) -> datetime:
    """When yesterday began in Istanbul."""
    today = gateway.clock.now().astimezone(ISTANBUL).date()
    return datetime.combine(today - timedelta(days=1), time.min, ISTANBUL)


def _unread(gateway: Gateway, principal: Principal) -> int:
    """Announcements that this person must acknowledge and did not."""
    if not principal.may(Right.HEAR):
        return 0
    heard = show_to(gateway, principal.kurum, principal.role, principal.name)
    return sum(each.duyuru.must_acknowledge and each.acknowledged_at is None for each in heard)


def _is_new(told: Morning) -> bool:
    """Whether nothing was handed over and no roster is known."""
    return not told.roster and not any(told.counts.values())
