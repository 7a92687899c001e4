"""Broken glass: staff of the integrator looks at one customer's content, and the customer sees that they did."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from integrator.access import Principal
from integrator.domain.hands import LONGEST_REASON
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Right
from integrator.parties.glass import Glass
from integrator.people import breaking
from integrator.web.api.shapes import plain
from integrator.web.guard import HouseHere, needs

router = APIRouter(prefix="/glass", tags=["glass"])

Breaker = Annotated[Principal, needs(Right.BREAK_GLASS)]


class Look(BaseModel):
    """At whom, why, and for how many minutes. The customer reads the reason."""

    model_config = ConfigDict(extra="forbid")
    kurum: str = Field(min_length=1, max_length=64)
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)
    minutes: StrictInt = Field(default=60, ge=1, le=240)


@router.post("", status_code=201)
def break_glass(told: Look, house: HouseHere, principal: Breaker) -> dict[str, Any]:
    """Look at a customer's content: with `Ibys-Glass: GLASS_NO` beside the session, reading calls are about them."""
    lasts = timedelta(minutes=told.minutes)
    return _shown(breaking.break_glass(house, principal, KurumNo(told.kurum), reason=told.reason, lasts=lasts))


@router.get("")
def read_list(house: HouseHere, principal: Annotated[Principal, needs(Right.FOLLOW)]) -> dict[str, Any]:
    """Every time that staff of the integrator looked at this customer's content: who, why, from when until when."""
    return {"glass": [_shown(each) for each in breaking.read_glasses(house, principal.kurum)]}


@router.delete("/{glass_no}", status_code=204)
def end_glass(glass_no: Annotated[str, Path(max_length=12)], house: HouseHere, principal: Breaker) -> None:
    """It shows nothing from now on."""
    breaking.end_glass(house, principal, glass_no)


def _shown(glass: Glass) -> dict[str, Any]:
    told: dict[str, Any] = plain(asdict(glass))
    told["kurum"] = told.pop("kurum_id")
    return told
