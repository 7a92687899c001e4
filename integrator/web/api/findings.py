"""Findings without storing: a dry run over records, and what is found in a stored record as things stand today."""

from __future__ import annotations

import io
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from integrator.accepting import Answer
from integrator.access import Principal
from integrator.domain.roles import Right
from integrator.intake.read_json import Caps, read_document
from integrator.rehearsing import judge_stored, rehearse
from integrator.web.api.records import BATCH_RECORDS
from integrator.web.bodies import JSON, read_body, require_kind
from integrator.web.description import Shown, body_of
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import BadCall

router = APIRouter(tags=["findings"])


class Judged(BaseModel):
    """One record: `good` would be stored, `known` is here already, `rejected` has faults; warnings stop nothing."""

    where: str
    kayit_no: str
    status: Literal["good", "known", "rejected"]
    findings: list[Shown]


class Rehearsal(BaseModel):
    """In the order of the records."""

    records: list[Judged]


class Found(BaseModel):
    """What is found in a stored record today."""

    kayit_no: str
    findings: list[Shown]


@router.post(
    "/kayit/check",
    response_model=Rehearsal,
    openapi_extra=body_of(JSON, schema={}, description="One record, or up to 1,000."),
)
async def check(
    request: Request, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.SUBMIT)]
) -> dict[str, Any]:
    """Judge records as they would be judged, and store nothing."""
    caps: Caps = request.app.state.caps
    require_kind(request, JSON)
    body = await read_body(request, 16 * caps.record_bytes)
    several = list(islice(read_document(io.BytesIO(body), caps), BATCH_RECORDS + 1))
    if len(several) > BATCH_RECORDS:
        raise BadCall(f"at most {BATCH_RECORDS} records")
    answers = await run_in_threadpool(lambda: list(rehearse(gateway, principal.kurum, several)))
    return {"records": [_judged(each) for each in answers]}


@router.get("/kayit/{kayit_no:path}/findings", response_model=Found)
def read_findings(
    kayit_no: str, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.FOLLOW)]
) -> dict[str, Any]:
    """What rules, code lists and registers say today about a stored record: warnings, or why it would fail now."""
    answer = judge_stored(gateway, principal.kurum, kayit_no)
    return {"kayit_no": kayit_no, "findings": [each.as_json() for each in answer.findings]}


def _judged(answer: Answer) -> dict[str, Any]:
    return {
        "where": answer.where,
        "kayit_no": answer.kayit_no,
        "status": "good" if answer.status == "accepted" else answer.status,
        "findings": [each.as_json() for each in answer.findings],
    }
