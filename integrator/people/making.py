"""Operators make people: with a one-time set-up code, by which the person takes a password and a second step."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

from integrator.domain.errors import LoginTaken, Malformed, NotKnown
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, Tckn
from integrator.domain.roles import Role
from integrator.parties import people as rows
from integrator.parties.people import OWN, Person
from integrator.parties.register import profesyonel_index
from integrator.people.house import House, login_of
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.people_tables import kullanici, recovery_code

LONGEST_LIFE = timedelta(days=400)


def make_person(
    house: House,
    kurum: KurumNo,
    role: Role,
    login: str,
    *,
    lives: timedelta = LONGEST_LIFE,
    professional: Tckn | None = None,
    by: str = "",
) -> tuple[Person, str]:
    """A person and the set-up code, told once. Operators are of the integrator, whatever `kurum` says.

    Raises LoginTaken, Malformed. `professional` is whose messages a person of that role signs; only its index stays.
    """
    _check_role(role, professional)
    hand, now = Hand(by or house.gateway.actor, "made"), house.now()
    if kurum == OWN and role is not Role.OPERATOR:
        raise Malformed(f"kurum: {OWN} is the integrator itself, whose people are operators")
    kurum = OWN if role is Role.OPERATOR else kurum
    sealer = house.gateway.keyring.sealer(kurum, now=now)  # a customer that was not seen before is written down now
    code, login = secrets.token_urlsafe(24), login_of(login)
    person = Person(
        rows.new_number(),
        kurum,
        role,
        now,
        now + min(lives, LONGEST_LIFE),
        login,
        profesyonel_index(sealer, professional.value) if professional else "",
        setup_digest=rows.digest(code),
        setup_until=now + house.rules.setup_lives,
    )

    def act(tx: Tx) -> None:
        current = house.gateway.keyring.sealer(kurum)
        house.gateway.keyring.hold(tx, kurum, current)
        if not rows.put_person(tx, current, person, login_index=house.index_of(login)):
            raise LoginTaken("somebody has this login already")
        house.record(tx, "person.made", person, {"by": hand.by}, tells=[kullanici])

    house.own()
    write_anew(house.gateway.database, act)
    return person, code


def _check_role(role: Role, professional: Tckn | None) -> None:
    if role is Role.SYSTEM:
        raise Malformed("role: system is for programs; make an api-key")
    if (role is Role.PROFESSIONAL) != (professional is not None):
        raise Malformed("role: professional, and no other, wants the identity number of the person")


def read_people(house: House, kurum: KurumNo) -> list[Person]:
    """Everybody of a customer; of `OWN` the integrator's staff."""
    with reading(house.gateway.database) as tx:
        found = rows.read_rows(tx, kurum)
    return [house.open(each) for each in found]


def find_person(house: House, login: str) -> Person:
    """Whoever has this login; raises NotKnown, Malformed."""
    with reading(house.gateway.database) as tx:
        row = rows.find_by_index(tx, login_index=house.index_of(login_of(login)))
    if row is None:
        raise NotKnown("nobody has this login")
    return house.open(row)


def lock_person(house: House, login: str, *, reason: str, by: str = "") -> Person:
    """Nothing opens to them from now on; their sessions end. Raises NotKnown, BadReason."""
    hand, now = Hand(by or house.gateway.actor, reason), house.now()

    def act(tx: Tx, person: Person) -> Person:
        rows.end_sessions(tx, person.kullanici_no)
        return replace(person, locked_at=person.locked_at or now)

    return house.change(find_person(house, login).kullanici_no, act, event="person.locked", facts=hand.facts)


def unlock_person(house: House, login: str, *, reason: str, by: str = "") -> Person:
    """They may come in again. Raises NotKnown, BadReason."""
    hand = Hand(by or house.gateway.actor, reason)

    def act(_tx: Tx, person: Person) -> Person:
        return replace(person, locked_at=None)

    return house.change(find_person(house, login).kullanici_no, act, event="person.unlocked", facts=hand.facts)


def reset_person(
    house: House, login: str, *, reason: str, lives: timedelta = LONGEST_LIFE, by: str = ""
) -> tuple[Person, str]:
    """A new set-up code; password, second step, recovery codes, link to a provider and sessions go.

    Raises NotKnown, BadReason.
    """
    hand, now, code = Hand(by or house.gateway.actor, reason), house.now(), secrets.token_urlsafe(24)

    def act(tx: Tx, person: Person) -> Person:
        rows.end_sessions(tx, person.kullanici_no)
        rows.put_recovery_codes(tx, person.kullanici_no, [])
        until, digest = now + house.rules.setup_lives, rows.digest(code)
        anew = replace(person, password=None, totp=b"", totp_next=b"", oidc_index=None)
        return replace(anew, setup_digest=digest, setup_until=until, expires_at=now + min(lives, LONGEST_LIFE))

    number, tells = find_person(house, login).kullanici_no, (kullanici, recovery_code)
    return house.change(number, act, event="person.reset", tells=tells, facts=hand.facts), code


def change_role(
    house: House, login: str, role: Role, *, reason: str, professional: Tckn | None = None, by: str = ""
) -> Person:
    """Another role from now on; sessions end. Nobody becomes an operator, or stops being one: make them anew.

    Raises NotKnown, BadReason, Malformed.
    """
    _check_role(role, professional)
    hand, found = Hand(by or house.gateway.actor, reason), find_person(house, login)
    if (role is Role.OPERATOR) != (found.role is Role.OPERATOR):
        raise Malformed("role: staff of the integrator and people of a customer are different people here")
    sealer = house.gateway.keyring.sealer(found.kurum)
    signer = profesyonel_index(sealer, professional.value) if professional else ""

    def act(tx: Tx, person: Person) -> Person:
        rows.end_sessions(tx, person.kullanici_no)
        return replace(person, role=role, signer=signer)

    facts = {"was": found.role.value, **hand.facts}
    return house.change(found.kullanici_no, act, event="person.role_changed", facts=facts)
