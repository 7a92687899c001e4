"""Messages: where each stands and why, the bytes to be signed, the signature, and what a person does with them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from integrator import acts
from integrator.access import Principal
from integrator.domain.findings import seen
from integrator.domain.hands import LONGEST_REASON
from integrator.domain.identifiers import SorguNo
from integrator.domain.roles import Right
from integrator.domain.states import State
from integrator.queue import readings
from integrator.queue.readings import Chosen
from integrator.store.engine import reading
from integrator.telling import tell_message, waiting_by_professional
from integrator.web.api.shapes import SGK_FORM, Day, MessageRow, plain, shown_row
from integrator.web.bodies import read_body, require_kind
from integrator.web.description import body_of, bytes_of
from integrator.web.guard import GatewayHere, needs

router = APIRouter(tags=["bildirim"])
CMS_BYTES = 1 << 20
OCTETS = "application/octet-stream"
PAGE = 100

Number = Annotated[int, Path(ge=1, le=99_999_999_999, description="sorgu_no")]


class Reason(BaseModel):
    """Why a person acts; kept in the audit log for good, so no identity number may stand in it."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class MessagePage(BaseModel):
    """A page; `next` is the `after` of the following one, null on the last."""

    bildirim: list[MessageRow]
    next: int | None


class Message(MessageRow):
    """One message with its attempts, links and hands."""

    denemeler: list[dict[str, Any]]
    refused_parts: list[dict[str, Any]]
    by_hand: list[dict[str, Any]]
    can: dict[str, dict[str, str]]


class Awaited(BaseModel):
    """A message whose signature is awaited; the professional masked."""

    sorgu_no: int
    since: datetime
    professional: str


class WaitingList(BaseModel):
    """Oldest first, and one row for each professional."""

    waiting: list[Awaited]
    professionals: list[dict[str, Any]]


class Standing(BaseModel):
    """Where the message stands now."""

    sorgu_no: int
    state: State


@router.get("/bildirim", response_model=MessagePage)
def read_list(
    *,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.FOLLOW)],
    state: State | None = None,
    kayit_no: Annotated[str, Query(max_length=128)] = "",
    sgk_tescil_no: Annotated[str, Query(pattern=f"{SGK_FORM}|^$")] = "",
    since: Annotated[Day | None, Query(description="first day of the event")] = None,
    until: Annotated[Day | None, Query(description="last day of the event")] = None,
    after: Annotated[int, Query(ge=0, le=99_999_999_999)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = PAGE,
) -> dict[str, Any]:
    """Messages in the order of their numbers. `next` is the `after` of the following page; null on the last."""
    workplace = gateway.keyring.sealer(principal.kurum).blind_index("isyeri", sgk_tescil_no) if sgk_tescil_no else ""
    chosen = Chosen(state, kayit_no, workplace, since, until)
    with reading(gateway.database) as tx:
        rows = readings.read_page(tx, principal.kurum, chosen, after=after, limit=limit)
    return {"bildirim": [shown_row(row) for row in rows], "next": rows[-1]["sorgu_no"] if len(rows) == limit else None}


@router.get("/bildirim/waiting", response_model=WaitingList)
def read_waiting(gateway: GatewayHere, principal: Annotated[Principal, needs(Right.FOLLOW)]) -> dict[str, Any]:
    """Messages whose professional's signature is awaited, oldest first, and how many for whom; professionals masked."""
    found = acts.read_waiting(gateway, principal.kurum)
    rows = [
        {"sorgu_no": each.sorgu_no, "since": each.since.isoformat(), "professional": seen(each.professional)}
        for each in found
    ]
    return {"waiting": rows, "professionals": waiting_by_professional(found, gateway.clock.now())}


@router.get("/bildirim/{sorgu_no}", response_model=Message)
def read_one(
    sorgu_no: Number, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.FOLLOW)]
) -> dict[str, Any]:
    """One message: its attempts, what happened, who must act and where, what can be done with it."""
    told = tell_message(gateway, principal.kurum, SorguNo(sorgu_no), by=principal.name)
    shown: dict[str, Any] = plain(told)
    return shown


@router.get(
    "/bildirim/{sorgu_no}/bytes",
    response_class=Response,
    responses=bytes_of(OCTETS, description="The exact bytes."),
)
def read_bytes(
    sorgu_no: Number, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.READ_CONTENT)]
) -> Response:
    """The exact bytes that are signed. They hold identity numbers: that they were read is audited."""
    kurum, number = principal.kurum, SorguNo(sorgu_no)
    content = acts.read_canonical(gateway, kurum, number)
    with acts.exporting(gateway, kurum, [number], by=principal.name):
        return Response(content, media_type=OCTETS, headers={"Cache-Control": "no-store"})


@router.put(
    "/bildirim/{sorgu_no}/signature",
    response_model=Standing,
    openapi_extra=body_of(OCTETS, "application/pkcs7-signature", description="CAdES-BES, DER, detached."),
)
async def attach(
    request: Request, sorgu_no: Number, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.SIGN)]
) -> dict[str, Any]:
    """Attach the professional's CAdES-BES (DER, detached); it is checked as the ministry would."""
    require_kind(request, OCTETS, "application/pkcs7-signature")
    cms = await read_body(request, CMS_BYTES)
    state = await run_in_threadpool(acts.attach, gateway, principal.kurum, SorguNo(sorgu_no), cms)
    return {"sorgu_no": sorgu_no, "state": state.value}


@router.post("/bildirim/{sorgu_no}/release", response_model=Standing)
def release(
    sorgu_no: Number, why: Reason, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.ACT)]
) -> dict[str, Any]:
    """Let a held or quarantined message go on."""
    done = acts.release(gateway, principal.kurum, SorguNo(sorgu_no), reason=why.reason, by=principal.name)
    return {"sorgu_no": sorgu_no, "state": done.state.value}


@router.post("/bildirim/{sorgu_no}/retry", response_model=Standing)
def retry(
    sorgu_no: Number, why: Reason, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.ACT)]
) -> dict[str, Any]:
    """Bring the next send, or the next question, forward to now."""
    done = acts.retry(gateway, principal.kurum, SorguNo(sorgu_no), reason=why.reason, by=principal.name)
    return {"sorgu_no": sorgu_no, "state": done.state.value}


@router.post("/bildirim/{sorgu_no}/cancel", response_model=Standing)
def cancel(
    sorgu_no: Number, why: Reason, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.ACT)]
) -> dict[str, Any]:
    """Take a message back that never left."""
    done = acts.cancel(gateway, principal.kurum, SorguNo(sorgu_no), reason=why.reason, by=principal.name)
    return {"sorgu_no": sorgu_no, "state": done.state.value}
