"""Messages: where each stands and why, the bytes to be signed, the signature, and what a person does with them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from integrator import acts
from integrator.access import Principal
from integrator.domain.errors import Ended
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


async def _version(
    if_match: Annotated[str, Header(max_length=200, description="the ETag of the message, as it was read")] = "",
) -> str:
    """The version in an ETag that `read_one` gave; empty when none is asked for. What is no such ETag fits nothing."""
    told = if_match.strip()
    return "" if told in ("", "*") else told.strip('"').partition(".")[0] or "-"


Version = Annotated[str, Depends(_version)]

After = Annotated[int, Query(ge=0, le=99_999_999_999, description="the `next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1_000)]


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
    """By number, and one row for each professional of the page; `next` is the `after` of the following one."""

    waiting: list[Awaited]
    professionals: list[dict[str, Any]]
    next: int | None


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
    after: After = 0,
    limit: Limit = PAGE,
) -> dict[str, Any]:
    """Messages in the order of their numbers. `next` is the `after` of the following page; null on the last."""
    workplace = gateway.keyring.sealer(principal.kurum).blind_index("isyeri", sgk_tescil_no) if sgk_tescil_no else ""
    chosen = Chosen(state, kayit_no, workplace, since, until)
    with reading(gateway.database) as tx:
        rows = readings.read_page(tx, principal.kurum, chosen, after=after, limit=limit)
    return {"bildirim": [shown_row(row) for row in rows], "next": rows[-1]["sorgu_no"] if len(rows) == limit else None}


@router.get("/bildirim/waiting", response_model=WaitingList)
def read_waiting(
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.FOLLOW)],
    after: After = 0,
    limit: Limit = PAGE,
) -> dict[str, Any]:
    """Messages whose professional's signature is awaited, by number, and how many of this page for whom.

    Professionals are masked, and see their own only.
    """
    found = acts.read_waiting(gateway, principal.kurum, after=after, limit=limit, signer=principal.signer)
    rows = [
        {"sorgu_no": each.sorgu_no, "since": each.since.isoformat(), "professional": seen(each.professional)}
        for each in found
    ]
    professionals = waiting_by_professional(found, gateway.clock.now())
    following = found[-1].sorgu_no if len(found) == limit else None
    return {"waiting": rows, "professionals": professionals, "next": following}


@router.get("/bildirim/{sorgu_no}", response_model=Message)
def read_one(
    sorgu_no: Number,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.FOLLOW)],
    response: Response,
) -> dict[str, Any]:
    """One message: its attempts, what happened, who must act and where, what can be done with it.

    `withheld`: refused parts of a set with health facts, which only those see who may read content.
    """
    kurum, by, health = principal.kurum, principal.name, principal.may(Right.READ_CONTENT)
    told = tell_message(gateway, kurum, SorguNo(sorgu_no), by=by, health=health, signer=principal.signer)
    response.headers["ETag"] = told.pop("standing")
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
    """The exact bytes that are signed; a professional's own only. That they were read is audited."""
    kurum, number = principal.kurum, SorguNo(sorgu_no)
    content = acts.read_canonical(gateway, kurum, number, signer=principal.signer)
    with acts.exporting(gateway, kurum, [number], by=principal.name):
        return Response(content, media_type=OCTETS, headers={"Cache-Control": "no-store"})


@router.put(
    "/bildirim/{sorgu_no}/signature",
    response_model=Standing,
    openapi_extra=body_of(OCTETS, "application/pkcs7-signature", description="CAdES-BES, DER, detached."),
)
async def attach(
    request: Request,
    sorgu_no: Number,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.SIGN)],
    version: Version,
) -> dict[str, Any]:
    """Attach the professional's CAdES-BES (DER, detached); it is checked as the ministry would."""
    require_kind(request, OCTETS, "application/pkcs7-signature")
    cms = await read_body(request, CMS_BYTES)
    kurum, number = principal.kurum, SorguNo(sorgu_no)
    put = partial(acts.attach, gateway, kurum, number, cms, signer=principal.signer, version=version)
    state = await run_in_threadpool(put)
    return {"sorgu_no": sorgu_no, "state": state.value}


@router.post("/bildirim/{sorgu_no}/release", response_model=Standing)
def release(
    sorgu_no: Number,
    why: Reason,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.ACT)],
    version: Version,
) -> dict[str, Any]:
    """Let a held or quarantined message go on."""
    done = acts.release(
        gateway, principal.kurum, SorguNo(sorgu_no), reason=why.reason, by=principal.name, version=version
    )
    return {"sorgu_no": sorgu_no, "state": done.state.value}


@router.post("/bildirim/{sorgu_no}/retry", response_model=Standing)
def retry(
    sorgu_no: Number,
    why: Reason,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.ACT)],
    version: Version,
) -> dict[str, Any]:
    """Bring the next send, or the next question, forward to now."""
    done = acts.retry(
        gateway, principal.kurum, SorguNo(sorgu_no), reason=why.reason, by=principal.name, version=version
    )
    return {"sorgu_no": sorgu_no, "state": done.state.value}


@router.post("/bildirim/{sorgu_no}/cancel", response_model=Standing)
def cancel(
    sorgu_no: Number,
    why: Reason,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.ACT)],
    version: Version,
) -> dict[str, Any]:
    """Take a message back that never left; one that was taken back before stays so."""
    kurum, number = principal.kurum, SorguNo(sorgu_no)
    try:
        state = acts.cancel(gateway, kurum, number, reason=why.reason, by=principal.name, version=version).state
    except Ended:
        with reading(gateway.database) as tx:
            state = State(readings.read_one(tx, kurum, number)["row"]["state"])
        if state is not State.CANCELLED:
            raise
    return {"sorgu_no": sorgu_no, "state": state.value}
