"""Records in: one, a batch, or a file of any kind we read, whose answers come line by line as they are stored.

The record's own id is what makes a call repeatable: the same id and content get the same answer, other content is
refused (409). So a client that lost its answer sends again, and a broken upload is sent again from where it stood.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from integrator import pipeline
from integrator.accepting import Answer
from integrator.access import Principal
from integrator.domain.errors import Duplicate, IntegratorError, Invalid, NotFound, Unavailable
from integrator.domain.limits import Counted
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.intake.read_json import Caps, read_document
from integrator.intake.recognise import read_records
from integrator.metrics import stage
from integrator.queue import readings
from integrator.queue.readings import Chosen
from integrator.store.engine import reading
from integrator.web.api.shapes import MessageRow, shown_row
from integrator.web.bodies import FILES, JSON, NDJSON, kind_told, read_body, require_kind, spooled
from integrator.web.description import Shown, body_of, bytes_of
from integrator.web.gathering import Gathering
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import BadCall
from integrator.web.spending import PaidRecords, give_back, spend

handing_over, router = APIRouter(tags=["kayit"]), APIRouter(tags=["kayit"])
BATCH_RECORDS = 1_000
MESSAGES_AT_MOST = 1_000  # of one record
RECORD = {"type": "object", "description": "fields: GET /v1/veri-seti/SET/VERSION/json-schema"}


class Stored(BaseModel):
    """What became of one record; `sorgu_no` are its messages."""

    where: str
    kayit_no: str
    status: Literal["accepted", "known", "rejected"]
    sorgu_no: list[int]
    findings: list[Shown]


class Answers(BaseModel):
    """In the order of the records."""

    records: list[Stored]


class RecordTold(BaseModel):
    """Where the messages of a record stand."""

    kayit_no: str
    bildirim: list[MessageRow]


@handing_over.post(
    "/kayit",
    status_code=201,
    response_model=Stored,
    responses={200: {"model": Stored, "description": "Known with the same content."}},
    openapi_extra=body_of(JSON, schema=RECORD),
)
async def submit_one(request: Request, principal: Annotated[Principal, needs(Right.SUBMIT)]) -> JSONResponse:
    """Hand over one record. 201 stored, 200 known with the same content, 409 known with other content, 422 findings."""
    caps: Caps = request.app.state.caps
    require_kind(request, JSON)
    body = await read_body(request, caps.record_bytes)
    with stage("intake"):
        several = list(islice(read_document(io.BytesIO(body), caps), 2))
    if len(several) != 1:
        raise BadCall("one record is taken here; /v1/kayit/batch takes an array")
    await spend(request, Counted.RECORDS, 1)
    gathering: Gathering = request.app.state.gathering
    answer: Answer | None = None
    try:
        answer = await gathering.accept(principal.kurum, replace(several[0], where="record"))
    finally:
        await give_back(request, Counted.RECORDS, 0 if answer and answer.status == "accepted" else 1)
    require_taken(answer)
    is_known = answer.status == "known"
    headers = {"Location": f"/v1/kayit/{answer.kayit_no}"} | ({"Idempotent-Replayed": "true"} if is_known else {})
    return JSONResponse(shown_answer(answer), 200 if is_known else 201, headers)


def require_taken(answer: Answer) -> None:
    """Raises Duplicate or Invalid for a record that was rejected."""
    if answer.status == "rejected":
        if any(each.code == Duplicate.code for each in answer.findings):
            raise Duplicate(answer.kayit_no)
        raise Invalid(answer.findings)


@handing_over.post(
    "/kayit/batch",
    response_model=Answers,
    openapi_extra=body_of(JSON, schema={}, description="An array of up to 1,000 records."),
)
async def submit_batch(
    request: Request, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.SUBMIT)]
) -> JSONResponse:
    """Hand over an array of up to 1,000 records; each has its own answer, and faulty ones stop none of the others."""
    caps: Caps = request.app.state.caps
    require_kind(request, JSON)
    body = await read_body(request, 16 * caps.record_bytes)
    several = list(islice(read_document(io.BytesIO(body), caps), BATCH_RECORDS + 1))
    if len(several) > BATCH_RECORDS:
        raise BadCall(f"at most {BATCH_RECORDS} records; /v1/kayit/upload takes more")
    await spend(request, Counted.RECORDS, len(several))
    answers: list[Answer] = []
    try:
        await run_in_threadpool(lambda: answers.extend(pipeline.accept(gateway, principal.kurum, several)))
    finally:
        await give_back(request, Counted.RECORDS, len(several) - sum(each.status == "accepted" for each in answers))
    return JSONResponse({"records": [shown_answer(each) for each in answers]})


@handing_over.post(
    "/kayit/upload",
    response_class=StreamingResponse,
    responses=bytes_of(NDJSON, description="A line for each record, the last one the tally."),
    openapi_extra=body_of("application/octet-stream", NDJSON, description="A file of records.", required=False),
)
async def upload(
    request: Request,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.SUBMIT)],
    skip: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    veri_seti: Annotated[str, Query(max_length=64)] = "",
) -> StreamingResponse:
    """Hand over a file (NDJSON, JSON, XML, CSV, XLSX; told apart by content). The answer is NDJSON, a line per record.

    A line says that its record is on disk. After a broken answer send the same file again with `skip` set to the lines
    that came, or without: what is known is not stored twice. The last line is the tally, with `"done": true`.
    """
    require_kind(request, *FILES, "")
    stack = AsyncExitStack()
    try:
        path = await stack.enter_async_context(spooled(request, request.app.state.caps.file_bytes))
    except BaseException:
        await stack.aclose()
        raise
    suffix = ".ndjson" if kind_told(request) == NDJSON else ""
    records = read_records(path, request.app.state.caps, gateway.catalogue, veri_seti or None, suffix=suffix)
    state = request.app.state
    paid = PaidRecords(state.limiter, principal.kurum, state.drain, islice(records, skip, None))
    lines = iterate_in_threadpool(_by_group(_lines(gateway, principal, paid, skip), gateway.pace.group))

    async def told() -> Any:
        async with stack:
            async for line in lines:
                yield line

    return StreamingResponse(told(), media_type=NDJSON)


def _lines(gateway: Gateway, principal: Principal, paid: PaidRecords, skip: int) -> Iterator[bytes]:
    tally = {"accepted": 0, "known": 0, "rejected": 0}
    try:
        for answer in pipeline.accept(gateway, principal.kurum, paid):
            tally[answer.status] += 1
            if answer.status != "accepted":
                paid.give_back()
            yield _line(shown_answer(answer))
        stopped: IntegratorError | None = paid.stopped
    except IntegratorError as error:  # the head has left: what stopped is told in the last line
        stopped = error
    if stopped is None:
        yield _line({"done": True, **tally})
        return
    wait = stopped.retry_after.total_seconds() if isinstance(stopped, Unavailable) and stopped.retry_after else 1
    yield _line({"done": False, **tally, "code": stopped.code, "skip": skip + sum(tally.values()), "retry_after": wait})


def _by_group(lines: Iterator[bytes], group: int) -> Iterator[bytes]:
    """The lines of one transaction leave together: each waits for none but those that were stored with it."""
    while several := b"".join(islice(lines, group)):
        yield several


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


@router.get("/kayit/{kayit_no:path}", response_model=RecordTold)
def read_record(
    kayit_no: str, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.FOLLOW)]
) -> dict[str, Any]:
    """Where the messages of one record stand. Nothing of its content."""
    with reading(gateway.database) as tx:
        rows = readings.read_page(tx, principal.kurum, Chosen(kayit_no=kayit_no), limit=MESSAGES_AT_MOST)
    if not rows:
        raise NotFound("no such record of this customer")
    return {"kayit_no": kayit_no, "bildirim": [shown_row(each) for each in rows]}


def shown_answer(answer: Answer) -> dict[str, Any]:
    """An answer as it is told to programs."""
    return {
        "where": answer.where,
        "kayit_no": answer.kayit_no,
        "status": answer.status,
        "sorgu_no": list(answer.sorgu_no),
        "findings": [each.as_json() for each in answer.findings],
    }
