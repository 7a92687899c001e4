"""A customer's own API keys, kept by a person of it who may: made, rotated, revoked, listed. No key opens these."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from integrator import access
from integrator.access import Principal
from integrator.domain.roles import Right, Role
from integrator.parties.api_keys import ApiKey
from integrator.people import granting
from integrator.people.granting import WantedKey
from integrator.web.api.messages import Reason
from integrator.web.api.shapes import Days, Overlap
from integrator.web.guard import GatewayHere, needs

router = APIRouter(prefix="/api-key", tags=["api-key"])

Number = Annotated[str, Path(min_length=8, max_length=8, pattern="^[0-9a-z]{8}$", description="key_no")]
Network = Annotated[str, Field(min_length=1, max_length=49, description="such as 192.0.2.0/24")]
Keeper = Annotated[Principal, needs(Right.KEEP_ACCESS)]


class NewKey(BaseModel):
    """A key to be made. `rights`: only these of its role; `addresses`: from there only. Empty: all."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=64, description="what it is for; stands in the audit log")
    role: Role = Role.SYSTEM
    rights: list[Right] = Field(default=[], max_length=len(Right))
    addresses: list[Network] = Field(default=[], max_length=10)  # what the column holds
    days: Days = 365


class KeyTold(BaseModel):
    """A key without its secret; `key_no` is the part of its token before the dot, behind `ibys_`."""

    key_no: str
    name: str
    role: Role
    rights: list[Right]
    addresses: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyShown(KeyTold):
    """A new key with its token, which nobody can read again."""

    token: str


class KeyList(BaseModel):
    """The newest first."""

    keys: list[KeyTold]


@router.get("", response_model=KeyList)
def read_list(gateway: GatewayHere, principal: Keeper) -> dict[str, Any]:
    """Every key of the customer: for what, with which rights, until when, when it was last used. No secrets."""
    return {"keys": [_told(each) for each in access.read_api_keys(gateway, principal.kurum)]}


@router.post("", status_code=201, response_model=KeyShown)
def make(wanted: NewKey, response: Response, gateway: GatewayHere, principal: Keeper) -> dict[str, Any]:
    """A new key; its `token` is shown once, here. It has no right that you do not have, but to hand over records."""
    lives, addresses = timedelta(days=wanted.days), tuple(wanted.addresses)
    asked = WantedKey(wanted.role, wanted.name, lives, frozenset(wanted.rights), addresses)
    return _shown(response, *granting.give_key(gateway, principal, asked))


@router.post("/{key_no}/rotate", status_code=201, response_model=KeyShown)
def rotate(
    key_no: Number, told: Overlap, response: Response, gateway: GatewayHere, principal: Keeper
) -> dict[str, Any]:
    """A new key like this one, which still opens until the overlap is over; the new `token` is shown once, here."""
    overlap = timedelta(hours=told.overlap_hours)
    return _shown(response, *granting.rotate_key(gateway, principal, key_no, overlap=overlap))


@router.post("/{key_no}/revoke", response_model=KeyTold)
def revoke(key_no: Number, why: Reason, gateway: GatewayHere, principal: Keeper) -> dict[str, Any]:
    """It opens nothing from now on."""
    return _told(granting.revoke_key(gateway, principal, key_no, reason=why.reason))


def _told(key: ApiKey) -> dict[str, Any]:
    told = {name: getattr(key, name) for name in KeyTold.model_fields}
    return {**told, "rights": sorted(key.rights), "addresses": list(key.addresses)}


def _shown(response: Response, key: ApiKey, token: str) -> dict[str, Any]:
    response.headers["Cache-Control"] = "no-store"
    return {**_told(key), "token": token}
