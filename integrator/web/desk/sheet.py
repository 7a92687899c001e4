"""Every list as a workbook, narrowed as its page is: the page's own query under another address."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from integrator.access import Principal
from integrator.coverage.standing import Standing
from integrator.coverage.subjects import KINDS
from integrator.desk.workers import Chosen
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.paper.lists import Narrowed, Reader, list_named
from integrator.paper.sheets import write_sheet
from integrator.registering import read_card
from integrator.web.api.shapes import SGK_FORM
from integrator.web.desk.bildirim import asked_of
from integrator.web.desk.pages import language_of
from integrator.web.guard import GatewayHere, needs

router = APIRouter(prefix="/sheet")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Reads = Annotated[Principal, needs(Right.READ_PARTIES)]
Word = Annotated[str, Query(max_length=30)]
OF_PARTIES = ("deadlines", "gaps", "loads", "coverage", "workplaces")
_IN_MEMORY, _PORTION = 4 << 20, 1 << 16


@router.get("/messages")
def read_messages(
    request: Request, gateway: GatewayHere, principal: Annotated[Principal, needs(Right.FOLLOW)]
) -> Response:
    """Messages, found as the page of messages finds them."""
    asked = asked_of(request, gateway, principal)
    if asked.wrong:
        raise Malformed(f"{asked.wrong}: it cannot be read")
    return _sheet(request, gateway, principal, "messages", Narrowed(asked.wanted))


@router.get("/workers/{sgk_tescil_no}")
def read_workers(
    sgk_tescil_no: Annotated[str, Path(pattern=SGK_FORM)],
    request: Request,
    gateway: GatewayHere,
    principal: Reads,
    *,
    veri_seti: Word = "",
    standing: Word = "",
) -> Response:
    """The roster of one workplace."""
    sgk = SgkTescilNo(sgk_tescil_no)
    read_card(gateway, principal.kurum, sgk)
    stands = next((each for each in Standing if each == standing), None)
    chosen = Chosen(stands, veri_seti if veri_seti in KINDS else "")
    return _sheet(request, gateway, principal, "workers", Narrowed(place=sgk, chosen=chosen))


@router.get("/{list_name}")
def read_list(
    list_name: Annotated[str, Path(max_length=30)],
    request: Request,
    gateway: GatewayHere,
    principal: Reads,
    *,
    duty: Word = "",
    within: Word = "",
    missing: Word = "",
) -> Response:
    """What the registers and coverage tell."""
    narrowed = Narrowed(duty=duty, within=within, missing=missing)
    return _sheet(request, gateway, principal, list_name if list_name in OF_PARTIES else "", narrowed)


def _sheet(request: Request, gateway: Gateway, principal: Principal, name: str, narrowed: Narrowed) -> Response:
    language = language_of(request)
    listing = list_named(Reader(gateway, principal.kurum, language, principal.rights, narrowed), name)
    file: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by whoever sends it
    write_sheet(file, listing, language, made_at=gateway.clock.now())
    size = file.tell()
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "no-store"}
    return StreamingResponse(_portions(file), media_type=XLSX, headers={**headers, "Content-Length": f"{size}"})


def _portions(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while portion := file.read(_PORTION):
            yield portion
