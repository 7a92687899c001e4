"""A record that takes the place of one that the ministry refused. Said again it is answered as known."""

from __future__ import annotations

import io
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from integrator import acts
from integrator.access import Principal
from integrator.domain.errors import NotFound
from integrator.domain.hands import LONGEST_REASON
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Submitted
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.intake.read_json import Caps, read_document
from integrator.queue.records import sorgu_no_of
from integrator.store.engine import reading
from integrator.web.api.records import require_taken, shown_answer
from integrator.web.bodies import JSON, read_body, require_kind
from integrator.web.description import body_of
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import BadCall

router = APIRouter(tags=["kayit"])

Why = Annotated[str, Query(min_length=1, max_length=LONGEST_REASON, description="kept in the audit log for good")]


async def _is_a_record(kayit_no: str) -> None:
    """What lies below a record is only read; raises HTTPException 405."""
    if kayit_no.endswith(("/findings", "/makbuz")):
        raise HTTPException(405)


@router.put(
    "/kayit/{kayit_no:path}",
    status_code=201,
    dependencies=[Depends(_is_a_record)],
    openapi_extra=body_of(JSON, schema={}, description="The mended record."),
)
async def correct(
    request: Request,
    *,
    kayit_no: str,
    reason: Why,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.SUBMIT)],
) -> JSONResponse:
    """Correct a record that was refused, whole or in part: the body is the mended record, with an id of its own.

    It is stored and the refused messages are superseded, both or neither. 201 stored, 200 known, 409 nothing to
    correct, 422 findings. Of a record accepted in part the new one holds the refused parts only.
    """
    caps: Caps = request.app.state.caps
    require_kind(request, JSON)
    several = list(islice(read_document(io.BytesIO(await read_body(request, caps.record_bytes)), caps), 2))
    if len(several) != 1:
        raise BadCall("one record is taken here")
    told = await run_in_threadpool(_correct, gateway, principal, kayit_no, several[0], reason)
    return JSONResponse(told, 200 if told["status"] == "known" else 201)


def _correct(
    gateway: Gateway, principal: Principal, kayit_no: str, submitted: Submitted, reason: str
) -> dict[str, Any]:
    number = _first_of(gateway, principal.kurum, kayit_no)
    done = acts.correct(gateway, principal.kurum, number, submitted, reason=reason, by=principal.name)
    require_taken(done.answer)
    return {**shown_answer(done.answer), "corrects": done.corrects, "superseded": list(done.superseded)}


def _first_of(gateway: Gateway, kurum: KurumNo, kayit_no: str) -> SorguNo:
    with reading(gateway.database) as tx:
        numbers = sorgu_no_of(tx, kurum, kayit_no)
    if not numbers:
        raise NotFound("no such record of this customer")
    return SorguNo(numbers[0])
