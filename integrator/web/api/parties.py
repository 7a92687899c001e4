"""Parties: workplaces, professionals and contracts as İSG-KATİP told them; imports, and single changes by hand.

Identity numbers are masked for everybody; names and contacts for whoever does not keep the registers.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt
from starlette.concurrency import run_in_threadpool

from integrator.access import Principal
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import Malformed
from integrator.domain.hands import LONGEST_REASON, Hand
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.roles import Right
from integrator.domain.workplaces import TehlikeSinifi
from integrator.importing import Wanted, import_parties
from integrator.parties.isgkatip import MOST_COUNTED, Kind
from integrator.parties.register import PROFESYONEL
from integrator.registering import (
    KurumTuru,
    change_number,
    read_card,
    read_cards,
    read_kurum,
    read_professionals,
    set_card,
    set_kurum,
)
from integrator.telling_parties import missing_of, tell_card, tell_contract, tell_import, tell_party
from integrator.web.api.shapes import SGK_FORM, Day, SgkNo
from integrator.web.bodies import require_kind, spooled
from integrator.web.description import Shown, body_of
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import BadCall

router = APIRouter(tags=["parties"])
SgkPath = Annotated[str, Path(pattern=SGK_FORM, description="sgk_tescil_no, 26 digits")]
Reads = Annotated[Principal, needs(Right.READ_PARTIES)]
Keeps = Annotated[Principal, needs(Right.KEEP_PARTIES)]
XLSX, CSV = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv"
Phrase = Annotated[str, Field(max_length=200)]


class Isyeri(BaseModel):
    """One workplace's card; `missing` names what is wanted and not known, or known and too old."""

    model_config = ConfigDict(extra="allow")
    sgk_tescil_no: str
    contracts: int
    workers: int
    workers_gone: int
    missing: list[str]


class IsyeriList(BaseModel):
    """By number."""

    isyeri: list[Isyeri]


class Sozlesme(BaseModel):
    """One contract at the workplace."""

    model_config = ConfigDict(extra="allow")
    tckn: str
    durum: str


class IsyeriTold(Isyeri):
    """A card with its contracts."""

    sozlesme: list[Sozlesme]


class Profesyonel(BaseModel):
    """One professional, the number masked."""

    model_config = ConfigDict(extra="allow")
    tckn: str


class ProfesyonelList(BaseModel):
    """By name."""

    profesyonel: list[Profesyonel]


class Told(BaseModel):
    """What a person knows of a workplace and no export says; `reason` is kept for good."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)
    tehlike_sinifi: TehlikeSinifi | None = None
    calisan_sayisi: StrictInt | None = Field(default=None, ge=0, le=MOST_COUNTED)
    kamu: StrictBool | None = None
    otomatik_guncelleme: StrictBool | None = None
    otomatik_on: Day | None = None
    otomatik_by: Phrase | None = None
    contact_name: Phrase | None = None
    contact_phone: Phrase | None = None
    contact_email: Phrase | None = None
    ohs_duty_from: Day | None = None
    provided_by_employer: StrictBool | None = None
    served_from: Day | None = None
    served_until: Day | None = None

    def facts(self) -> dict[str, Any]:
        """What was told, as the register keeps it; raises BadCall when it is nothing."""
        told = {name: _kept(value) for name, value in self if name != "reason" and value is not None}
        if not told:
            raise BadCall("reason alone: a fact is wanted")
        return told


class NumberChanged(BaseModel):
    """The workplace has another number now."""

    model_config = ConfigDict(extra="forbid")
    new: SgkNo
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class Changed(BaseModel):
    """What came of it: `new`, `changed` or `same`, and what changed, masked."""

    kind: Literal["new", "changed", "same"]
    what: str


class Own(BaseModel):
    """What the customer is itself (circular 1n)."""

    kurum: str
    tur: KurumTuru | None
    follows_served: bool


class OwnTold(BaseModel):
    """A change of it."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)
    tur: KurumTuru | None = None
    follows_served: StrictBool | None = None


class CellFinding(Shown):
    """A finding with its cell."""

    cell: str


class Imported(BaseModel):
    """What an import changed, or would change; `counts` counts all, the lists hold the first 200 each."""

    preview: bool
    counts: dict[str, int]
    changes: list[dict[str, Any]]
    absent: list[dict[str, Any]]
    findings: list[CellFinding]


@router.get("/isyeri", response_model=IsyeriList)
def read_list(gateway: GatewayHere, principal: Reads) -> dict[str, Any]:
    """Every workplace: hazard class, contracts, workers, the day of its roster, what is missing."""
    today = gateway.clock.now().astimezone(ISTANBUL).date()
    whole = principal.may(Right.KEEP_PARTIES)
    cards = read_cards(gateway, principal.kurum)
    return {"isyeri": [{**tell_card(each, whole=whole), "missing": missing_of(each, today)} for each in cards]}


@router.get("/isyeri/{sgk_tescil_no}", response_model=IsyeriTold)
def read_one(sgk_tescil_no: SgkPath, gateway: GatewayHere, principal: Reads) -> dict[str, Any]:
    """One workplace with its contracts. Of its roster the numbers of workers are told: it is kept without names."""
    today = gateway.clock.now().astimezone(ISTANBUL).date()
    whole = principal.may(Right.KEEP_PARTIES)
    card = read_card(gateway, principal.kurum, SgkTescilNo(sgk_tescil_no))
    contracts = [tell_contract(each, whole=whole) for each in card.contracts]
    return {**tell_card(card, whole=whole), "missing": missing_of(card, today), "sozlesme": contracts}


@router.patch("/isyeri/{sgk_tescil_no}", response_model=Changed)
def change(sgk_tescil_no: SgkPath, told: Told, gateway: GatewayHere, principal: Keeps) -> dict[str, Any]:
    """Write what you know of a workplace, known before or not. To write the same again changes nothing."""
    hand = Hand(principal.name, told.reason)
    done = set_card(gateway, principal.kurum, SgkTescilNo(sgk_tescil_no), told.facts(), hand)
    return {"kind": done.kind, "what": done.words()}


@router.post("/isyeri/{sgk_tescil_no}/number-changed", response_model=Changed)
def number_changed(
    sgk_tescil_no: SgkPath, told: NumberChanged, gateway: GatewayHere, principal: Keeps
) -> dict[str, Any]:
    """Say that the workplace has another number now; its contracts and roster are to be imported under the new one."""
    read_card(gateway, principal.kurum, SgkTescilNo(sgk_tescil_no))
    hand, old = Hand(principal.name, told.reason), SgkTescilNo(sgk_tescil_no)
    changed = change_number(gateway, principal.kurum, old, SgkTescilNo(told.new), hand)
    return {"kind": "changed" if changed else "same", "what": f"{sgk_tescil_no} -> {told.new}"}


@router.get("/profesyonel", response_model=ProfesyonelList)
def read_people(gateway: GatewayHere, principal: Reads) -> dict[str, Any]:
    """Every professional: certificate, its class and end; numbers masked."""
    whole = principal.may(Right.KEEP_PARTIES)
    found = read_professionals(gateway, principal.kurum)
    return {"profesyonel": [tell_party(PROFESYONEL, facts, whole=whole) for facts in found]}


@router.get("/kurum", response_model=Own)
def read_own(gateway: GatewayHere, principal: Reads) -> dict[str, Any]:
    """What the customer is itself."""
    return _own(principal, read_kurum(gateway, principal.kurum))


@router.patch("/kurum", response_model=Own)
def change_own(told: OwnTold, gateway: GatewayHere, principal: Keeps) -> dict[str, Any]:
    """Write what the customer is."""
    facts = {name: _kept(value) for name, value in told if name != "reason" and value is not None}
    hand = Hand(principal.name, told.reason)
    found = set_kurum(gateway, principal.kurum, facts, hand) if facts else read_kurum(gateway, principal.kurum)
    return _own(principal, found)


@router.post(
    "/parties/import",
    response_model=Imported,
    openapi_extra=body_of(XLSX, CSV, "application/octet-stream", description="An export of İSG-KATİP."),
)
async def take_export(
    request: Request,
    *,
    gateway: GatewayHere,
    principal: Keeps,
    kind: Kind,
    preview: bool = False,
    refreshed_on: Annotated[Day | None, Query(description="a roster needs the day of its refresh")] = None,
    sgk_tescil_no: Annotated[str, Query(pattern=f"{SGK_FORM}|^$")] = "",
    role: Annotated[list[str], Query(max_length=50, description="NNN=1, 2 or 3")] = [],  # noqa: B006 - FastAPI copies
    whole: bool = False,
) -> dict[str, Any]:
    """Take an export: what it adds and changes is written, nothing is ever deleted. Faulty rows stop no others.

    With `preview` nothing is written. To send the same file again changes nothing.
    """
    require_kind(request, XLSX, CSV, "application/octet-stream")
    async with spooled(request, request.app.state.caps.file_bytes) as path:
        wanted = Wanted(kind, path, refreshed_on, sgk_tescil_no, _roles(role), whole, preview, principal.name)
        report = await run_in_threadpool(import_parties, gateway, principal.kurum, wanted, request.app.state.caps)
    return {"preview": preview, **tell_import(report)}


def _roles(told: list[str]) -> dict[str, str]:
    roles = dict(each.partition("=")[::2] for each in told)
    if any(len(k) != 3 or not (k.isascii() and k.isdigit()) or r not in ("1", "2", "3") for k, r in roles.items()):
        raise Malformed("role: NNN=1, NNN=2 or NNN=3 is wanted, for instance 103=2")
    return roles


def _kept(value: Any) -> Any:
    """A fact as its column keeps it."""
    return int(value) if isinstance(value, bool) else getattr(value, "value", value)


def _own(principal: Principal, found: dict[str, Any]) -> dict[str, Any]:
    return {
        "kurum": principal.kurum,
        "tur": found.get("tur"),
        "follows_served": bool(found.get("follows_served")),
    }
