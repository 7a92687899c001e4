"""Who keeps a customer's access gives its programs and people theirs, ends it, and sees who has it (decision 0038).

Nobody gives what they do not have themselves but to hand over records, which shows nothing; nobody touches their own
account here; another customer's are as unknown as those that never were. What goes beyond is the operator's to give.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrator import access
from integrator.access import Principal
from integrator.domain.errors import BeyondOwn, NotFound, NotKnown, TooManyHere
from integrator.domain.roles import GIVEN_UNOWNED, RIGHTS, Right, Role
from integrator.gateway import Gateway
from integrator.parties import people as rows
from integrator.parties.api_keys import ApiKey
from integrator.parties.people import Person
from integrator.people import making
from integrator.people.house import House
from integrator.store.engine import reading

KEYS_AT_MOST = 100
"""That open, of one customer; made by the operator they are not bound."""
PEOPLE_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class WantedKey:
    """A key to be made; no `rights` are all of its role."""

    role: Role
    name: str
    lives: timedelta
    rights: frozenset[Right] = frozenset()
    addresses: tuple[str, ...] = ()


def give_key(gateway: Gateway, by: Principal, wanted: WantedKey) -> tuple[ApiKey, str]:
    """A key of the keeper's customer and its token, told once.

    Raises BeyondOwn, TooManyHere, BadReason, and Malformed for an address or a right that its role does not have.
    """
    _require_own(by, _rights_of(wanted.role, wanted.rights))
    now = gateway.clock.now()
    if sum(_is_open(each, now) for each in access.read_api_keys(gateway, by.kurum)) >= KEYS_AT_MOST:
        raise TooManyHere(f"{KEYS_AT_MOST} of {KEYS_AT_MOST} keys")
    return access.make_api_key(
        gateway,
        by.kurum,
        wanted.role,
        wanted.name,
        lives=wanted.lives,
        addresses=wanted.addresses,
        rights=wanted.rights,
        by=by.name,
    )


def rotate_key(gateway: Gateway, by: Principal, key_no: str, *, overlap: timedelta) -> tuple[ApiKey, str]:
    """A new key in place of one that still opens, and its token, told once. Raises BeyondOwn, NotFound."""
    found = next((each for each in access.read_api_keys(gateway, by.kurum) if each.key_no == key_no), None)
    if found is None or not _is_open(found, gateway.clock.now()):
        raise NotFound("no such key of this customer that still opens")
    _require_own(by, _rights_of(found.role, found.rights))
    return access.rotate_api_key(gateway, by.kurum, key_no, overlap=overlap, by=by.name)


def revoke_key(gateway: Gateway, by: Principal, key_no: str, *, reason: str) -> ApiKey:
    """Any key of the keeper's customer opens nothing from now on. Raises NotFound, BadReason."""
    return access.revoke_api_key(gateway, by.kurum, key_no, reason=reason, by=by.name)


def invite(house: House, by: Principal, role: Role, login: str, *, lives: timedelta) -> tuple[Person, str]:
    """A person of the keeper's customer and the set-up code, told once.

    Raises BeyondOwn, TooManyHere, LoginTaken, Malformed.
    """
    _require_own(by, RIGHTS[role])
    if len(making.read_people(house, by.kurum)) >= PEOPLE_AT_MOST:
        raise TooManyHere(f"{PEOPLE_AT_MOST} of {PEOPLE_AT_MOST} people")
    return making.make_person(house, by.kurum, role, login, lives=lives, by=by.name)


def lock(house: House, by: Principal, kullanici_no: str, *, reason: str) -> Person:
    """Nothing opens to them from now on, whatever their role. Raises NotKnown, BeyondOwn, BadReason."""
    return making.lock_person(house, _another(house, by, kullanici_no).login, reason=reason, by=by.name)


def unlock(house: House, by: Principal, kullanici_no: str, *, reason: str) -> Person:
    """They may come in again. Raises NotKnown, BeyondOwn, BadReason."""
    return making.unlock_person(house, _lower(house, by, kullanici_no).login, reason=reason, by=by.name)


def reset(house: House, by: Principal, kullanici_no: str, *, reason: str, lives: timedelta) -> tuple[Person, str]:
    """A new set-up code, told once; password, second step and sessions go. Raises NotKnown, BeyondOwn, BadReason."""
    return making.reset_person(house, _lower(house, by, kullanici_no).login, reason=reason, lives=lives, by=by.name)


def change_role(house: House, by: Principal, kullanici_no: str, role: Role, *, reason: str) -> Person:
    """Another role, which the keeper may give; sessions end. Raises NotKnown, BeyondOwn, BadReason."""
    _require_own(by, RIGHTS[role])
    return making.change_role(house, _another(house, by, kullanici_no).login, role, reason=reason, by=by.name)


def _rights_of(role: Role, rights: Collection[Right]) -> Collection[Right]:
    """What a key gives. A program's role is only as much as its key's rights; a role of people is given whole."""
    return rights if role is Role.SYSTEM and rights else RIGHTS[role]


def _require_own(by: Principal, wanted: Collection[Right]) -> None:
    beyond = set(wanted) - by.rights - GIVEN_UNOWNED
    if beyond:
        raise BeyondOwn(", ".join(sorted(beyond)))


def _is_open(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and now < key.expires_at


def _another(house: House, by: Principal, kullanici_no: str) -> Person:
    """Somebody else of the keeper's customer."""
    with reading(house.gateway.database) as tx:
        row = rows.read_row(tx, kullanici_no)
    if row["kurum_id"] != by.kurum:
        raise NotKnown("no such person")
    if kullanici_no == by.kullanici_no:
        raise BeyondOwn("your own account")
    return house.open(row)


def _lower(house: House, by: Principal, kullanici_no: str) -> Person:
    """Somebody who has no right that the keeper could not give: their account may be opened anew."""
    found = _another(house, by, kullanici_no)
    _require_own(by, RIGHTS[found.role])
    return found
