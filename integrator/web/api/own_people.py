"""A customer's own people, kept by one of them who may: invited, closed out and let in again, reset, given a role.

Persons are named by a number, never by their login, which would stand in addresses and logs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from integrator.access import Principal
from integrator.domain.roles import Right, Role
from integrator.parties.people import Person
from integrator.people import granting, making
from integrator.web.api.messages import Reason
from integrator.web.api.shapes import Days
from integrator.web.guard import HouseHere, needs

router = APIRouter(prefix="/kullanici", tags=["kullanici"])

Number = Annotated[str, Path(min_length=12, max_length=12, pattern="^[0-9a-z]{12}$", description="kullanici_no")]
Keeper = Annotated[Principal, needs(Right.KEEP_ACCESS)]


class Invited(BaseModel):
    """Whom, by their e-mail address, in which role, for how long they may log in."""

    model_config = ConfigDict(extra="forbid")
    login: str = Field(min_length=3, max_length=254)
    role: Role
    days: Days = 400


class Reset(Reason):
    """Why, and for how long they may log in from now on."""

    days: Days = 400


class NewRole(Reason):
    """Why, and which."""

    role: Role


class PersonTold(BaseModel):
    """Somebody who may log in. `set_up`: has a password; `locked`: closed out."""

    kullanici_no: str
    login: str
    role: Role
    set_up: bool
    second_step: bool
    locked: bool
    created_at: datetime
    expires_at: datetime
    entered_at: datetime | None


class PersonInvited(PersonTold):
    """With the code for `POST /v1/oturum/set-up`, which nobody can read again, and until when it is good."""

    setup_code: str
    setup_until: datetime


class PersonList(BaseModel):
    """The oldest first."""

    people: list[PersonTold]


@router.get("", response_model=PersonList)
def read_list(house: HouseHere, principal: Keeper) -> dict[str, Any]:
    """Everybody of the customer: role, second step, until when, when they came in last. No secrets."""
    return {"people": [_told(each) for each in making.read_people(house, principal.kurum)]}


@router.post("", status_code=201, response_model=PersonInvited)
def invite(told: Invited, response: Response, house: HouseHere, principal: Keeper) -> dict[str, Any]:
    """Invite somebody, in a role that has no right you do not have; the `setup_code` is shown once, here."""
    lives = timedelta(days=told.days)
    return _shown(response, *granting.invite(house, principal, told.role, told.login, lives=lives))


@router.post("/{kullanici_no}/lock", response_model=PersonTold)
def lock(kullanici_no: Number, why: Reason, house: HouseHere, principal: Keeper) -> dict[str, Any]:
    """Nothing opens to them from now on; every session ends."""
    return _told(granting.lock(house, principal, kullanici_no, reason=why.reason))


@router.post("/{kullanici_no}/unlock", response_model=PersonTold)
def unlock(kullanici_no: Number, why: Reason, house: HouseHere, principal: Keeper) -> dict[str, Any]:
    """They may come in again, with what they had."""
    return _told(granting.unlock(house, principal, kullanici_no, reason=why.reason))


@router.post("/{kullanici_no}/reset", response_model=PersonInvited)
def reset(kullanici_no: Number, told: Reset, response: Response, house: HouseHere, principal: Keeper) -> dict[str, Any]:
    """A new `setup_code`, shown once, here; password, second step, recovery codes and sessions go."""
    lives = timedelta(days=told.days)
    return _shown(response, *granting.reset(house, principal, kullanici_no, reason=told.reason, lives=lives))


@router.post("/{kullanici_no}/role", response_model=PersonTold)
def change_role(kullanici_no: Number, told: NewRole, house: HouseHere, principal: Keeper) -> dict[str, Any]:
    """Another role from now on; every session ends."""
    return _told(granting.change_role(house, principal, kullanici_no, told.role, reason=told.reason))


def _told(person: Person) -> dict[str, Any]:
    same = ("kullanici_no", "login", "role", "created_at", "expires_at", "entered_at")
    told = {name: getattr(person, name) for name in same}
    stands = {"set_up": person.password is not None, "second_step": bool(person.totp)}
    return {**told, **stands, "locked": person.locked_at is not None}


def _shown(response: Response, person: Person, code: str) -> dict[str, Any]:
    response.headers["Cache-Control"] = "no-store"
    return {**_told(person), "setup_code": code, "setup_until": person.setup_until}
