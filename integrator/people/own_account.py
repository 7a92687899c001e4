"""What a person does with their own account: take a password and a second step, change them, end other sessions."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import replace

from integrator.domain.errors import BadPassword, Malformed, NotKnown
from integrator.parties import people as rows
from integrator.parties import sessions
from integrator.parties.people import Person
from integrator.parties.sessions import Session
from integrator.people.entering import Caller, Entered, admit, charge, first_session, let_go, refused
from integrator.people.house import House, login_of
from integrator.protect import totp
from integrator.protect.passwords import fault_of
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.people_tables import kullanici, recovery_code

RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like another


def set_up(house: House, login: str, code: str, password: str, caller: Caller) -> Entered:
    """The set-up code gives way to a password; then a second step must be taken. Raises NotAdmitted, BadPassword.

    A refused password leaves the code good.
    """
    index = _index(house, login)
    with reading(house.gateway.database) as tx:
        row = rows.find_by_index(tx, login_index=index) if index else None
    person = house.open(row) if row else None
    charge(house, index, person, caller)
    if person is None or not _is_good(house, person, code):
        raise refused()
    _require_good(password, person)
    fresh = house.rules.passwords.hash(password)

    def act(_tx: Tx, each: Person) -> Person:
        if not _is_good(house, each, code):
            raise refused()
        return replace(each, password=fresh, setup_digest=None, setup_until=None)

    return first_session(house, house.change(person.kullanici_no, act, event="person.set_up"), caller)


def _index(house: House, login: str) -> str:
    try:
        return house.index_of(login_of(login))
    except Malformed:
        return ""


def _is_good(house: House, person: Person, code: str) -> bool:
    if person.setup_digest is None or person.setup_until is None or not person.may_enter(house.now()):
        return False
    return hmac.compare_digest(person.setup_digest, rows.digest(code)) and house.now() < person.setup_until


def _require_good(password: str, person: Person) -> None:
    fault = fault_of(password, login=person.login)
    if fault:
        raise BadPassword(fault)


def begin_totp(house: House, person: Person, code: str, caller: Caller) -> tuple[str, str]:
    """(secret as it is typed, otpauth address) of a second step to be confirmed.

    Whoever has one proves it with `code` first: a stolen session takes over nothing. Raises NotAdmitted, Paused.
    """
    _prove(house, person, code, caller)
    secret = totp.new_secret()
    house.change(person.kullanici_no, lambda _, each: replace(each, totp_next=secret), event="person.totp_begun")
    return totp.written(secret), totp.otpauth_uri(secret, issuer=house.rules.issuer, account=person.login)


def confirm_totp(house: House, session: Session, code: str, caller: Caller) -> tuple[Entered, list[str]]:
    """The second step that was begun is taken; a new session, and ten recovery codes. Every other session ends.

    Raises NotAdmitted, Paused.
    """
    with reading(house.gateway.database) as tx:
        found = house.open(rows.read_row(tx, session.kullanici_no))
    charge(house, house.index_of(found.login), found, caller)
    codes = _new_codes()

    def act(tx: Tx) -> Entered | None:
        person, now = house.open(rows.lock_row(tx, found.kullanici_no)), house.now()
        step = totp.matching_step(person.totp_next, code, now=now, after=0) if person.totp_next else None
        if step is None or not person.may_enter(now):
            return None
        rows.end_sessions(tx, person.kullanici_no)
        rows.put_recovery_codes(tx, person.kullanici_no, codes)
        after = replace(person, totp=person.totp_next, totp_next=b"", totp_step=step)
        house.write(tx, after)
        house.record(tx, "person.totp_taken", after, {}, tells=[kullanici, recovery_code])
        return admit(house, tx, after, caller, by=session)

    entered = write_anew(house.gateway.database, act)
    if entered is None:
        raise refused()
    return entered, [f"{each[:5]}-{each[5:]}" for each in codes]


def change_password(house: House, session: Session, old: str, new: str, caller: Caller) -> Entered:
    """Another password; a new session, and every other one ends. Raises NotAdmitted, Paused, BadPassword."""
    with reading(house.gateway.database) as tx:
        found = house.open(rows.read_row(tx, session.kullanici_no))
    charge(house, house.index_of(found.login), found, caller)
    if not house.rules.passwords.verify(found.password, old):
        raise refused()
    _require_good(new, found)
    fresh = house.rules.passwords.hash(new)

    def act(tx: Tx) -> Entered:
        person = house.open(rows.lock_row(tx, found.kullanici_no))
        if person.password != found.password or not person.may_enter(house.now()):
            raise refused()
        rows.end_sessions(tx, person.kullanici_no)
        after = replace(person, password=fresh)
        house.write(tx, after)
        house.record(tx, "person.password_changed", after, {}, tells=[kullanici])
        return admit(house, tx, after, caller, by=session)

    return write_anew(house.gateway.database, act)


def renew_recovery_codes(house: House, person: Person, code: str, caller: Caller) -> list[str]:
    """Ten new ones, told once; those of before are good for nothing. Raises NotAdmitted, Paused."""
    _prove(house, person, code, caller)
    codes = _new_codes()

    def act(tx: Tx, each: Person) -> Person:
        rows.put_recovery_codes(tx, each.kullanici_no, codes)
        return each

    house.change(person.kullanici_no, act, event="person.codes_renewed", tells=[recovery_code])
    return [f"{each[:5]}-{each[5:]}" for each in codes]


def _prove(house: House, person: Person, code: str, caller: Caller) -> None:
    """A person who has a second step shows it now. Raises NotAdmitted, Paused."""
    if not person.totp:
        return
    charge(house, house.index_of(person.login), person, caller)

    def act(_tx: Tx, each: Person) -> Person:
        step = totp.matching_step(each.totp, code.strip(), now=house.now(), after=each.totp_step)
        if step is None:
            raise refused()
        return replace(each, totp_step=step)

    house.change(person.kullanici_no, act)
    let_go(house, person, caller)


def read_own_sessions(house: House, person: Person) -> list[Session]:
    """The person's sessions that open something, the newest first."""
    with reading(house.gateway.database) as tx:
        return sessions.read_sessions(tx, person.kullanici_no, now=house.now(), idle=house.rules.idle)


def end_own_session(house: House, person: Person, oturum_no: str) -> None:
    """End one of them; raises NotKnown, also for a session of somebody else."""
    if not write_anew(house.gateway.database, lambda tx: sessions.end_session(tx, person.kullanici_no, oturum_no)):
        raise NotKnown("no such session of yours")


def end_other_sessions(house: House, person: Person, own: Session) -> int:
    """End all but this one; returns how many."""
    return write_anew(house.gateway.database, lambda tx: rows.end_sessions(tx, person.kullanici_no, but=own.digest))


def _new_codes() -> list[str]:
    return ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
