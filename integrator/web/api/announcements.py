"""Announcements to persons (circular 7e): operators put them in, those concerned read and acknowledge them by name."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from integrator.access import Principal
from integrator.announcing import (
    LONGEST_BODY,
    LONGEST_NO,
    LONGEST_TITLE,
    Duyuru,
    Heard,
    Target,
    acknowledge,
    announce,
    read_announcements,
    read_receipts,
    show_to,
)
from integrator.domain.clock import ISTANBUL
from integrator.domain.hands import LONGEST_NAME
from integrator.domain.roles import Right, Role
from integrator.web.api.shapes import Day
from integrator.web.guard import GatewayHere, needs

router = APIRouter(tags=["duyuru"])
NO_FORM = "^[^/\\x00-\\x1f\\x7f]+$"
DuyuruNo = Annotated[str, Path(max_length=LONGEST_NO, pattern=NO_FORM)]
Hears = Annotated[Principal, needs(Right.HEAR)]
Announces = Annotated[Principal, needs(Right.ANNOUNCE)]


class DuyuruTold(BaseModel):
    """One announcement; empty targets mean everybody."""

    model_config = ConfigDict(extra="forbid")
    no: str = Field(min_length=1, max_length=LONGEST_NO, pattern=NO_FORM, description="its source's number for it")
    title: str = Field(min_length=1, max_length=LONGEST_TITLE)
    text: str = Field(min_length=1, max_length=LONGEST_BODY)
    published_on: Day | None = Field(default=None, description="shown from this day on; today when not told")
    roles: list[Role] = Field(default=[], max_length=len(Role))
    kurumlar: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(default=[], max_length=1_000)
    iller: list[Annotated[StrictInt, Field(ge=1, le=81)]] = Field(default=[], max_length=81)
    must_acknowledge: StrictBool = False


class DuyuruList(BaseModel):
    """Newest first, with whom each concerns."""

    duyuru: list[DuyuruTold]


class HeardTold(BaseModel):
    """One announcement as it stands with whoever asks."""

    no: str
    title: str
    text: str
    published_on: date
    must_acknowledge: bool
    seen_at: datetime | None
    acknowledged_at: datetime | None


class HeardList(BaseModel):
    """Newest first; `open` counts those that must be acknowledged and are not."""

    duyuru: list[HeardTold]
    open: int


class By(BaseModel):
    """The person who acknowledges; without it the caller's own name stands."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(default="", max_length=LONGEST_NAME)


class AlindiTold(BaseModel):
    """One person's receipt."""

    kurum: str
    person: str
    role: str
    seen_at: datetime
    acknowledged_at: datetime | None


class AlindiList(BaseModel):
    """By customer and name."""

    no: str
    alindilar: list[AlindiTold]


@router.get("/duyuru", response_model=HeardList)
def read_mine(gateway: GatewayHere, principal: Hears) -> dict[str, Any]:
    """Announcements that concern whoever asks. That they were shown is kept."""
    heard = show_to(gateway, principal.kurum, principal.role, principal.name)
    waiting = [each for each in heard if each.duyuru.must_acknowledge and each.acknowledged_at is None]
    return {"duyuru": [_heard(each) for each in heard], "open": len(waiting)}


@router.post("/duyuru/{duyuru_no}/acknowledge", response_model=HeardTold)
def acknowledge_one(duyuru_no: DuyuruNo, told: By, gateway: GatewayHere, principal: Hears) -> dict[str, Any]:
    """Say that a person read it; the first time counts, and to say it again changes nothing."""
    name = told.name or principal.name
    return _heard(acknowledge(gateway, principal.kurum, principal.role, duyuru_no, name))


@router.post(
    "/duyuru",
    status_code=201,
    response_model=DuyuruTold,
    responses={200: {"model": DuyuruTold, "description": "It was here already."}},
)
def put_in(told: DuyuruTold, gateway: GatewayHere, principal: Announces, response: Response) -> dict[str, Any]:
    """Put an announcement in. The same again is known (200); other content under its number is refused."""
    day = told.published_on or gateway.clock.now().astimezone(ISTANBUL).date()
    target = Target(tuple(told.roles), tuple(told.kurumlar), tuple(told.iller))
    made = Duyuru(told.no, told.title, told.text, day, target, told.must_acknowledge)
    if not announce(gateway, made, by=principal.name):
        response.status_code = 200
    return _told(made)


@router.get("/duyuru-register", response_model=DuyuruList, dependencies=[needs(Right.ANNOUNCE)])
def read_all(gateway: GatewayHere) -> dict[str, Any]:
    """Every announcement and whom it concerns: for the operator."""
    return {"duyuru": [_told(each) for each in read_announcements(gateway)]}


@router.get("/duyuru/{duyuru_no}/receipts", response_model=AlindiList, dependencies=[needs(Right.ANNOUNCE)])
def read_who(duyuru_no: DuyuruNo, gateway: GatewayHere) -> dict[str, Any]:
    """Who saw it, and who acknowledged it, of every customer: for the operator, and for the ministry."""
    rows = read_receipts(gateway, duyuru_no)
    names = AlindiTold.model_fields
    return {"no": duyuru_no, "alindilar": [{name: getattr(each, name) for name in names} for each in rows]}


def _told(each: Duyuru) -> dict[str, Any]:
    target = each.target
    return {
        "no": each.no,
        "title": each.title,
        "text": each.body,
        "published_on": each.published_on,
        "roles": list(target.roles),
        "kurumlar": list(target.kurumlar),
        "iller": list(target.iller),
        "must_acknowledge": each.must_acknowledge,
    }


def _heard(each: Heard) -> dict[str, Any]:
    return {
        "no": each.duyuru.no,
        "title": each.duyuru.title,
        "text": each.duyuru.body,
        "published_on": each.duyuru.published_on,
        "must_acknowledge": each.duyuru.must_acknowledge,
        "seen_at": each.seen_at,
        "acknowledged_at": each.acknowledged_at,
    }
