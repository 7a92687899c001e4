"""Paper of a workplace: the usage certificate, a month's report, the evidence pack with how far it is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from integrator.access import Principal
from integrator.coverage.reading import today_of
from integrator.domain.errors import IntegratorError, Malformed, NotFound, Rejected, Unavailable
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.roles import Right
from integrator.evidence import packing
from integrator.gateway import Gateway
from integrator.paper import usage
from integrator.paper.report import MONTHS, read_report
from integrator.paper.report_pdf import render_report
from integrator.parties.register import ISYERI
from integrator.registering import read_card, read_cards
from integrator.web.api.receipts import PDF, ZIP, PackNo
from integrator.web.api.shapes import SGK_FORM
from integrator.web.desk.failures import sentence_of
from integrator.web.desk.finding import found_in
from integrator.web.desk.forms import Form, form_of, read_form
from integrator.web.desk.pages import DESK, go, language_of, render
from integrator.web.guard import GatewayHere, needs
from integrator.web.packing import Packing
from integrator.web.problems import status_of

router = APIRouter(prefix="/paper", dependencies=[Depends(read_form)])
Shows = Annotated[Principal, needs(Right.READ_EVIDENCE)]
SgkPath = Annotated[str, Path(pattern=SGK_FORM)]
UsagePath = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
FOUND = 20
_OPEN = ("waiting", "making")


@router.get("")
def show_first(
    request: Request, gateway: GatewayHere, principal: Shows, q: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Workplaces to choose from, the certificates that were issued, the packs that were asked for."""
    return _first(request, gateway, principal, q=q)


def _first(
    request: Request, gateway: Gateway, principal: Principal, *, q: str = "", error: IntegratorError | None = None
) -> Response:
    places = [
        {**ISYERI.untold, **card.facts}
        for card in read_cards(gateway, principal.kurum)
        if found_in(q, card.facts.get("ad_unvan"), card.facts["sgk_tescil_no"])
    ]
    facts: dict[str, Any] = {
        "places": places[:FOUND],
        "more": max(0, len(places) - FOUND),
        "certificates": usage.read_certificates(gateway, principal.kurum, limit=100),
        "packs": packing.read_packs(gateway, principal.kurum),
        "fault": sentence_of(request, error) if error else "",
    }
    status = status_of(error) if error else 200
    return render(request, "paper.html", principal, status=status, q=q, month=today_of(gateway), **facts)


@router.get("/report")
def read_month(
    request: Request,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.FOLLOW)],
    *,
    month: Annotated[str, Query(max_length=7)] = "",
    isyeri: Annotated[str, Query(max_length=26)] = "",
) -> Response:
    """A month's report as PDF, of one workplace or of all."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise Malformed("month: 2026-01 is wanted") from error
    found = read_report(gateway, principal.kurum, first, SgkTescilNo(isyeri) if isyeri else None)
    return _file(render_report(found, language_of(request)), PDF, f"rapor-{first:%Y-%m}.pdf")


@router.get("/pack/{pack_no}")
def show_pack(pack_no: PackNo, request: Request, gateway: GatewayHere, principal: Shows) -> Response:
    """How far a pack is; the page asks again by itself while it is made."""
    job = packing.read_pack(gateway, principal.kurum, pack_no)
    template = "pack_part.html" if request.headers.get("hx-request") == "true" else "pack.html"
    return render(request, template, principal, job=job, is_open=job.state in _OPEN)


@router.post("/pack/{pack_no}/stop")
def stop_pack(pack_no: PackNo, request: Request, gateway: GatewayHere, principal: Shows) -> Response:
    """It is not wanted any more."""
    form_of(request)
    packing.stop_pack(gateway, principal.kurum, pack_no)
    return go(f"{DESK}/paper/pack/{pack_no}")


@router.get("/pack/{pack_no}/content")
def read_pack(pack_no: PackNo, gateway: GatewayHere, principal: Shows) -> Response:
    """The finished pack."""
    content = packing.read_pack_content(gateway, principal.kurum, pack_no, by=principal.name)
    return _file(content, ZIP, f"kanit-{pack_no}.zip")


@router.post("/certificate/{usage_no}/revoke")
def revoke(
    usage_no: UsagePath, request: Request, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.ACT)]
) -> Response:
    """Whoever verifies its code is told from now on."""
    try:
        hand = Hand(principal.name, form_of(request).one("reason", longest=2_000))
        usage.revoke(gateway, principal.kurum, usage_no, hand)
    except NotFound:
        raise
    except Rejected as error:
        return _first(request, gateway, principal, error=error)
    return go(f"{DESK}/paper")


@router.get("/{sgk_tescil_no}")
def show_place(sgk_tescil_no: SgkPath, request: Request, gateway: GatewayHere, principal: Shows) -> Response:
    """What can be made of one workplace."""
    return _place(request, gateway, principal, sgk_tescil_no)


@router.post("/{sgk_tescil_no}/certificate")
def issue(sgk_tescil_no: SgkPath, request: Request, gateway: GatewayHere, principal: Shows) -> Response:
    """The certificate as a file: it is handed out once."""
    form = form_of(request)
    read_card(gateway, principal.kurum, SgkTescilNo(sgk_tescil_no))
    try:
        since, until = _days(form)
        sgk, hides = SgkTescilNo(sgk_tescil_no), bool(form.one("hide_sgk"))
        asked = usage.Asked(sgk, since, until, language_of(request), hides_sgk=hides)
        issued = usage.issue(gateway, principal.kurum, asked, by=principal.name)
    except Rejected as error:
        return _place(request, gateway, principal, sgk_tescil_no, error=error, of="certificate")
    return _file(issued.pdf, PDF, f"kullanim-belgesi-{issued.certificate.usage_no}.pdf")


@router.post("/{sgk_tescil_no}/pack")
def ask_pack(sgk_tescil_no: SgkPath, request: Request, gateway: GatewayHere, principal: Shows) -> Response:
    """It is made in the background; the next page tells how far it is."""
    form = form_of(request)
    read_card(gateway, principal.kurum, SgkTescilNo(sgk_tescil_no))
    try:
        asked = packing.Asked(sgk_tescil_no, *_days(form))
        job = packing.ask_pack(gateway, principal.kurum, asked, by=principal.name)
    except (Rejected, Unavailable) as error:
        return _place(request, gateway, principal, sgk_tescil_no, error=error, of="pack")
    maker: Packing = request.app.state.packing
    maker.wake()
    return go(f"{DESK}/paper/pack/{job.pack_no}")


def _place(
    request: Request,
    gateway: Gateway,
    principal: Principal,
    sgk: str,
    *,
    error: IntegratorError | None = None,
    of: str = "",
) -> Response:
    card, today = read_card(gateway, principal.kurum, SgkTescilNo(sgk)), today_of(gateway)
    form = form_of(request) if error else Form()
    facts: dict[str, Any] = {
        "card": {**ISYERI.untold, **card.facts},
        "since": form.one("since") or f"{today.replace(day=1)}",
        "until": form.one("until") or f"{today}",
        "month": today,
        "fault": sentence_of(request, error) if error else "",
        "of": of,
        "months": MONTHS,
    }
    return render(request, "paper_isyeri.html", principal, status=status_of(error) if error else 200, **facts)


def _days(form: Form) -> tuple[date, date]:
    try:
        return date.fromisoformat(form.one("since")), date.fromisoformat(form.one("until"))
    except ValueError as error:
        raise Malformed("since, until: two days such as 2026-01-31 are wanted") from error


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
