"""Receipts and evidence packs: what a customer is given about what was sent, and what a stranger verifies."""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from integrator.access import Principal
from integrator.domain.errors import Malformed, NotFound
from integrator.domain.identifiers import SorguNo
from integrator.domain.roles import Right
from integrator.evidence.pack import Wish, make_pack
from integrator.evidence.packing import Asked, ask_pack, read_pack, read_pack_content, stop_pack
from integrator.evidence.receipt import make_receipt
from integrator.evidence.receipt_pdf import render_receipt
from integrator.queue import readings
from integrator.queue.packs import Job
from integrator.queue.readings import Chosen
from integrator.store.engine import reading
from integrator.web.api.messages import Number
from integrator.web.api.shapes import Day, SgkNo
from integrator.web.description import bytes_of
from integrator.web.guard import GatewayHere, needs, refused
from integrator.web.packing import Packing

router = APIRouter(tags=["makbuz"])
PDF, ZIP = "application/pdf", "application/zip"
RECEIPTS_AT_ONCE = 20
_PRIVATE = {"Cache-Control": "no-store"}
PackNo = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
May = Annotated[Principal, needs(Right.READ_EVIDENCE)]


class Proof(BaseModel):
    """An entry of the audit log, with the way to the checkpoint."""

    model_config = ConfigDict(extra="allow")
    index: int
    leaf: str
    proof: list[str]


class Receipt(BaseModel):
    """The makbuz of one message; nobody is named in it in full, and nothing of health stands in it."""

    format: Literal["ibys-makbuz/1"]
    gateway: str
    sorgu_no: int
    kayit_no: str
    part: int
    ministry_no: str | None
    veri_seti: str
    version: str
    metot: str
    event_date: date
    professional: str
    state: str
    code: str
    parts: dict[str, int]
    times: dict[str, str | None]
    attempts: int
    signature: str
    digests: dict[str, str]
    entries: list[Proof]
    checkpoint: str


class Receipts(BaseModel):
    """One for each message of the record."""

    kayit_no: str
    makbuz: list[Receipt]


class PackWanted(BaseModel):
    """Whose messages: of one workplace, whose events lie in these days. `physician`: certificate, base64 of DER."""

    model_config = ConfigDict(extra="forbid")
    sgk_tescil_no: SgkNo
    since: Day
    until: Day
    physician: str = Field(default="", max_length=16_384)


class PackTold(BaseModel):
    """How far a pack is: `done` of `messages` in `step`, `fraction` of all steps (0 to 1).

    `health_left_out` counts messages whose health content is not in it.
    """

    pack_no: str
    state: Literal["waiting", "making", "ready", "failed", "stopped", "expired"]
    step: Literal["", "reading", "writing", "proving"]
    done: int
    fraction: float
    asked_at: datetime
    expires_at: datetime | None
    messages: int
    health_left_out: int
    bytes: int
    sha256: str
    code: str


@router.get(
    "/bildirim/{sorgu_no}/makbuz",
    response_model=Receipt,
    responses={200: {"description": "The receipt; as PDF when Accept asks for it.", "content": {PDF: {}}}},
)
def read_receipt(
    request: Request,
    sorgu_no: Number,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.FOLLOW)],
) -> Response:
    """The receipt of one message: numbers, times, codes, digests, proofs. `Accept: application/pdf` gives one page."""
    made = make_receipt(gateway, principal.kurum, SorguNo(sorgu_no), by=principal.name)
    if PDF in request.headers.get("accept", ""):
        named = {"Content-Disposition": f'attachment; filename="makbuz-{sorgu_no}.pdf"', **_PRIVATE, "Vary": "Accept"}
        return Response(render_receipt(made), media_type=PDF, headers=named)
    return JSONResponse(made, headers={**_PRIVATE, "Vary": "Accept"})


@router.get("/kayit/{kayit_no:path}/makbuz", response_model=Receipts)
def read_receipts(
    kayit_no: str, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.FOLLOW)]
) -> dict[str, Any]:
    """The receipts of a record, for up to 20 messages; more are asked for one by one."""
    with reading(gateway.database) as tx:
        rows = readings.read_page(tx, principal.kurum, Chosen(kayit_no=kayit_no), limit=RECEIPTS_AT_ONCE)
    if not rows or not kayit_no:
        raise NotFound("no such record of this customer")
    numbers = [SorguNo(row["sorgu_no"]) for row in rows]
    made = [make_receipt(gateway, principal.kurum, number, by=principal.name) for number in numbers]
    return {"kayit_no": kayit_no, "makbuz": made}


@router.get(
    "/bildirim/{sorgu_no}/pack",
    response_class=Response,
    responses=bytes_of(ZIP, description="A ZIP with a verify.py inside."),
)
def read_one_pack(request: Request, sorgu_no: Number, gateway: GatewayHere, principal: May) -> Response:
    """The evidence pack of one message. Health content stays out of it; a pack of a workplace can hold it sealed."""
    wish = Wish([SorguNo(sorgu_no)], {"chosen": "sorgu_no"}, by=principal.name, authority=request.app.state.authority)
    made = make_pack(gateway, principal.kurum, wish)
    return _zip(made.content, f"kanit-{sorgu_no}.zip", made.digest)


@router.post("/pack", status_code=202, response_model=PackTold)
def ask(
    request: Request, wanted: PackWanted, gateway: GatewayHere, principal: May, response: Response
) -> dict[str, Any]:
    """Ask for the pack of a workplace and a period; it is made in the background. Health wants its own right."""
    if wanted.physician and not principal.may(Right.READ_HEALTH):
        raise refused(request, principal, Right.READ_HEALTH)
    asked = Asked(wanted.sgk_tescil_no, wanted.since, wanted.until, _certificate(wanted.physician))
    job = ask_pack(gateway, principal.kurum, asked, by=principal.name)
    packing: Packing = request.app.state.packing
    packing.wake()
    response.headers["Location"] = f"/v1/pack/{job.pack_no}"
    return _told(job)


@router.get("/pack/{pack_no}", response_model=PackTold)
def read_state(pack_no: PackNo, gateway: GatewayHere, principal: May) -> dict[str, Any]:
    """How far a pack is."""
    return _told(read_pack(gateway, principal.kurum, pack_no))


@router.delete("/pack/{pack_no}", response_model=PackTold)
def stop(pack_no: PackNo, gateway: GatewayHere, principal: May) -> dict[str, Any]:
    """It is not wanted any more: it is not made (`stopped`), or what was made goes (`expired`). Again is no error."""
    return _told(stop_pack(gateway, principal.kurum, pack_no))


@router.get(
    "/pack/{pack_no}/content",
    response_class=Response,
    responses={**bytes_of(ZIP, description="The ZIP."), 409: {"$ref": "#/components/responses/P409"}},
)
def read_content(pack_no: PackNo, gateway: GatewayHere, principal: May) -> Response:
    """The finished pack; 409 until it is ready and after it has expired (a day)."""
    job = read_pack(gateway, principal.kurum, pack_no)
    content = read_pack_content(gateway, principal.kurum, pack_no, by=principal.name)
    return _zip(content, f"kanit-{pack_no}.zip", job.sha256)


def _zip(content: bytes, name: str, digest: str) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-SHA256": digest}
    return Response(content, media_type=ZIP, headers={**named, **_PRIVATE})


def _certificate(told: str) -> bytes:
    try:
        return b64decode(told, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("physician: base64 of a certificate (DER or PEM) is wanted") from error


def _told(job: Job) -> dict[str, Any]:
    return {
        "pack_no": job.pack_no,
        "state": job.state,
        "step": job.step,
        "done": job.done,
        "fraction": round(job.fraction, 3),
        "asked_at": job.asked_at,
        "expires_at": job.until_at if job.state == "ready" else None,
        "messages": job.messages,
        "health_left_out": job.left_out,
        "bytes": job.size,
        "sha256": job.sha256,
        "code": job.code,
    }
