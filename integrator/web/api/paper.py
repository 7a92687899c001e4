"""Usage certificates (circular 6a): issued and taken back by a customer, verified by anybody; and a month's report."""

from __future__ import annotations

from base64 import b64encode
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from integrator.access import Principal
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.roles import Right
from integrator.paper.report import read_report
from integrator.paper.report_pdf import render_report
from integrator.paper.usage import (
    Asked,
    Certificate,
    Validity,
    Verified,
    issue,
    read_certificates,
    revoke,
    verify_code,
)
from integrator.paper.usage_codes import LONGEST
from integrator.web.api.messages import Reason
from integrator.web.api.shapes import SGK_FORM, Day, SgkNo
from integrator.web.description import bytes_of
from integrator.web.guard import GatewayHere, needs, of_anybody, open_to_all

router = APIRouter(tags=["belge"])
PDF = "application/pdf"
_PRIVATE = {"Cache-Control": "no-store"}
UsageNo = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
Shows = Annotated[Principal, needs(Right.READ_EVIDENCE)]


class UsageWanted(BaseModel):
    """Of which workplace, and the days of the events. `hide_sgk` masks its number on the paper."""

    model_config = ConfigDict(extra="forbid")
    sgk_tescil_no: SgkNo
    since: Day
    until: Day
    language: Literal["tr", "en"] = "tr"
    hide_sgk: StrictBool = False


class UsageCount(BaseModel):
    """Messages of one veri seti as they were counted when the certificate was issued."""

    veri_seti: str
    notified: int
    accepted: int


class UsageSaid(BaseModel):
    """What a certificate said when it was issued. `title`: the workplace by first letters; `sha256`: of the PDF."""

    title: str
    since: date
    until: date
    counts: list[UsageCount]
    last_accepted_at: datetime
    sha256: str
    made_at: datetime
    revoked_at: datetime | None


class UsageTold(UsageSaid):
    """One of a customer's own."""

    usage_no: str
    made_by: str


class UsageIssued(UsageTold):
    """A new one. `code` and `pdf` (base64) are told now and never again."""

    code: str
    pdf: str


class UsageList(BaseModel):
    """The newest first, 500 at most."""

    belge: list[UsageTold]


class UsageCode(BaseModel):
    """The code as it stands on the paper; small letters, spaces and hyphens are no matter."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(min_length=1, max_length=LONGEST)


class UsageVerified(BaseModel):
    """`said` is null for an unknown code."""

    validity: Validity
    gateway: str
    said: UsageSaid | None


@router.post("/belge", status_code=201, response_model=UsageIssued)
def issue_one(wanted: UsageWanted, gateway: GatewayHere, principal: Shows, response: Response) -> dict[str, Any]:
    """Issue the usage certificate of a workplace for a period in which something of it was accepted."""
    sgk = SgkTescilNo(wanted.sgk_tescil_no)
    asked = Asked(sgk, wanted.since, wanted.until, wanted.language, hides_sgk=wanted.hide_sgk)
    issued = issue(gateway, principal.kurum, asked, by=principal.name)
    response.headers.update(_PRIVATE)
    return {**_told(issued.certificate), "code": issued.code, "pdf": b64encode(issued.pdf).decode()}


@router.get("/belge", response_model=UsageList)
def read_list(gateway: GatewayHere, principal: Shows) -> dict[str, Any]:
    """The customer's usage certificates; their codes stand on the papers alone."""
    return {"belge": [_told(each) for each in read_certificates(gateway, principal.kurum)]}


@router.post("/belge/verify", response_model=UsageVerified, dependencies=[open_to_all()])
def verify(told: UsageCode, request: Request, gateway: GatewayHere, response: Response) -> dict[str, Any]:
    """For anybody who holds the paper: what it said when it was issued, and whether it still stands."""

    def find() -> Verified | None:
        found = verify_code(gateway, told.code)
        return found if found.certificate else None

    response.headers.update(_PRIVATE)
    known = of_anybody(request, told.code, find)
    if known is None or known.certificate is None:
        return {"validity": Validity.UNKNOWN, "gateway": gateway.checkpoint_key.origin, "said": None}
    said = {name: each for name, each in _told(known.certificate).items() if name in UsageSaid.model_fields}
    return {"validity": known.validity, "gateway": known.gateway, "said": said}


@router.post("/belge/{usage_no}/revoke", response_model=UsageTold)
def revoke_one(
    usage_no: UsageNo, told: Reason, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.ACT)]
) -> dict[str, Any]:
    """Take it back: whoever verifies its code is told so from now on. The first time counts."""
    return _told(revoke(gateway, principal.kurum, usage_no, Hand(principal.name, told.reason)))


@router.get("/rapor/{month}", response_class=Response, responses=bytes_of(PDF, description="The report."))
def read_month(
    month: Annotated[str, Path(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")],
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.FOLLOW)],
    *,
    sgk_tescil_no: Annotated[str | None, Query(pattern=SGK_FORM)] = None,
    language: Annotated[Literal["tr", "en"], Query()] = "tr",
) -> Response:
    """A month's report of one workplace, or of all: coverage, messages, what stopped and why, deadlines. As PDF."""
    sgk = SgkTescilNo(sgk_tescil_no) if sgk_tescil_no else None
    report = read_report(gateway, principal.kurum, date.fromisoformat(f"{month}-01"), sgk)
    named = {"Content-Disposition": f'attachment; filename="rapor-{month}.pdf"', **_PRIVATE}
    return Response(render_report(report, language), media_type=PDF, headers=named)


def _told(each: Certificate) -> dict[str, Any]:
    names = [name for name in UsageTold.model_fields if name != "counts"]
    counts = [{name: getattr(one, name) for name in UsageCount.model_fields} for one in each.counts]
    return {**{name: getattr(each, name) for name in names}, "counts": counts}
