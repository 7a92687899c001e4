"""How a person comes in.

1. A try is charged at the brakes of the login and of the address, before anything is judged.
2. Login and password: a wrong one costs what a right one costs, whoever it names.
3. A session that opens nothing but the second step: a code of the authenticator, or one of the recovery codes.
4. A new session, which opens; the brakes of the person are let go.
A device that came in once carries a cookie with a brake of its own: who guesses elsewhere cannot keep its owner out.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from integrator.domain.errors import Malformed, NotAdmitted, Paused
from integrator.log import logger
from integrator.parties import brakes, sessions
from integrator.parties import people as rows
from integrator.parties.brakes import Brake
from integrator.parties.people import Person
from integrator.parties.sessions import Level, Session
from integrator.people.house import House, login_of, network_of
from integrator.protect import totp
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.people_tables import recovery_code

FREE_OF_PERSON, FREE_OF_ADDRESS = 5, 30
TRIES_IN_SESSION = 5
_DEVICE = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Caller:
    """From where somebody knocks: the address, and what the device carries from an earlier visit."""

    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """A session, its token, and what the device may carry from now on ("" for nothing new)."""

    person: Person
    session: Session
    token: str
    device: str = ""


def log_in(house: House, login: str, password: str, caller: Caller) -> Entered:
    """Steps 1 and 2. Raises NotAdmitted, Paused."""
    try:
        index = house.index_of(login_of(login))
    except Malformed:
        index = ""  # no login of anybody: it costs what a wrong one costs
    with reading(house.gateway.database) as tx:
        row = rows.find_by_index(tx, login_index=index) if index else None
    person = house.open(row) if row else None
    charge(house, index, person, caller)
    is_right = house.rules.passwords.verify(person.password if person else None, password)
    if person is None or not is_right or not person.may_enter(house.now()):
        raise refused()
    if person.password and house.rules.passwords.is_outdated(person.password):
        _hash_anew(house, person, password)
    return first_session(house, person, caller)


def _hash_anew(house: House, person: Person, password: str) -> None:
    fresh, was = house.rules.passwords.hash(password), person.password

    def act(_tx: Tx, each: Person) -> Person:
        return replace(each, password=fresh) if each.password == was else each  # changed meanwhile: that one counts

    house.change(person.kullanici_no, act, event="person.rehashed")


def first_session(house: House, person: Person, caller: Caller | None = None) -> Entered:
    """A session that opens nothing yet, for somebody whose first step was good; the `caller`'s try does not count."""
    level = Level.PASSWORD if person.totp else Level.ENROL

    def act(tx: Tx) -> Entered:
        charged = _brakes(house, house.index_of(person.login), person, caller) if caller else ()
        for each in charged:
            if each:
                brakes.give_back(tx, each, now=house.now())
        return _begin(house, tx, person, level)

    return write_anew(house.gateway.database, act)


def second_step(house: House, session: Session, code: str, caller: Caller) -> Entered:
    """Step 3, and 4 when it is good. Raises NotAdmitted, Paused. A recovery code is good once."""
    now = house.now()
    with reading(house.gateway.database) as tx:
        found = house.open(rows.read_row(tx, session.kullanici_no))
    index = house.index_of(found.login)
    charge(house, index, found, caller)
    if not _is_tried(house, session):
        raise refused()

    def act(tx: Tx) -> Entered | None:
        person = house.open(rows.lock_row(tx, found.kullanici_no))
        if not person.may_enter(now) or not (after := _accept(house, tx, person, code)):
            return None
        return admit(house, tx, after, caller, by=session)

    entered = write_anew(house.gateway.database, act)
    if entered is None:
        raise refused()
    return entered


def _is_tried(house: House, session: Session) -> bool:
    """Whether the session was still there for one more try; after the last it ends."""

    def act(tx: Tx) -> bool:
        tries = sessions.note_try(tx, session)
        if tries > TRIES_IN_SESSION:
            sessions.end_session(tx, session.kullanici_no, session.oturum_no)
        return 0 < tries <= TRIES_IN_SESSION

    return write_anew(house.gateway.database, act)


def _accept(house: House, tx: Tx, person: Person, code: str) -> Person | None:
    """The person with the code used up; None for a code that is not theirs, or was used before."""
    plain = code.replace(" ", "").replace("-", "").casefold()
    now, after = house.now(), person.totp_step
    step = totp.matching_step(person.totp, plain, now=now, after=after) if person.totp else None
    if step is not None:
        return replace(person, totp_step=step)
    if not rows.use_recovery_code(tx, person.kullanici_no, plain):
        return None
    house.record(tx, "person.code_used", person, {}, tells=[recovery_code])
    return person


def admit(house: House, tx: Tx, person: Person, caller: Caller, *, by: Session | None) -> Entered:
    """Step 4, in the caller's transaction: the session of before ends, a new one opens."""
    if by is not None:
        sessions.end_session(tx, person.kullanici_no, by.oturum_no)
    person = replace(person, entered_at=house.now())
    house.write(tx, person)
    _forget(house, tx, person, caller)
    entered = _begin(house, tx, person, Level.OPEN)
    house.record(tx, "person.entered", person, {"session": entered.session.oturum_no})
    device = caller.device if _is_known(house, person, caller.device) else _new_device(house, person)
    return replace(entered, device=device)


def let_go(house: House, person: Person, caller: Caller) -> None:
    """A single try of somebody who is in was good: it does not count."""
    write_anew(house.gateway.database, lambda tx: _forget(house, tx, person, caller))


def _forget(house: House, tx: Tx, person: Person, caller: Caller) -> None:
    mine, shared = _brakes(house, house.index_of(person.login), person, caller)
    brakes.forget(tx, [mine.name])
    if shared:
        brakes.give_back(tx, shared, now=house.now())


def _begin(house: House, tx: Tx, person: Person, level: Level) -> Entered:
    now = house.now()
    sessions.sweep_sessions(tx, now=now)
    ends_at = now + (house.rules.lives if level is Level.OPEN else house.rules.idle)
    session, token = sessions.begin_session(tx, person.kullanici_no, level, now=now, ends_at=ends_at)
    return Entered(person, session, token)


def charge(house: House, index: str, person: Person | None, caller: Caller) -> None:
    """Step 1: count a try. Raises Paused, and then nothing is judged."""
    mine, shared = _brakes(house, index, person, caller)
    several, now = [each for each in (mine, shared) if each], house.now()

    def act(tx: Tx) -> datetime | None:
        brakes.sweep_brakes(tx, now=now)
        return brakes.charge(tx, several, house.rules.pauses, now=now)

    until = write_anew(house.gateway.database, act)
    if until is not None:
        logger().info("people.paused")
        raise Paused("too many tries failed", retry_after=until - now)


def _brakes(house: House, index: str, person: Person | None, caller: Caller) -> tuple[Brake, Brake | None]:
    """The brake of a known device alone, else those of the login and of the address."""
    if person is not None and _is_known(house, person, caller.device):
        return Brake(f"device/{caller.device[:22]}", FREE_OF_PERSON), None
    address = house.own().blind_index("address", network_of(caller.address))
    return Brake(f"login/{index}", FREE_OF_PERSON), Brake(f"address/{address}", FREE_OF_ADDRESS)


def _new_device(house: House, person: Person) -> str:
    nonce = secrets.token_urlsafe(16)
    return f"{nonce}.{house.own().blind_index('device', f'{person.kullanici_no}/{nonce}')}"


def _is_known(house: House, person: Person, device: str) -> bool:
    told = _DEVICE.fullmatch(device)
    if told is None:
        return False
    mine = house.own().blind_index("device", f"{person.kullanici_no}/{told[1]}")
    return hmac.compare_digest(mine, told[2])


def refused() -> NotAdmitted:
    """One error for every reason, and one line in the log that names nobody."""
    logger().info("people.refused")
    return NotAdmitted("login, password or code")


def session_of(house: House, token: str) -> tuple[Session, Person] | None:
    """Whose session a token opens; None for every other token."""
    now = house.now()
    with reading(house.gateway.database) as tx:
        session = sessions.find_session(tx, token, now=now, idle=house.rules.idle)
        if session is None:
            return None
        person = house.open(rows.read_row(tx, session.kullanici_no))
    if not person.may_enter(now):
        return None
    if now - session.seen_at >= sessions.NOTED_EVERY:
        write_anew(house.gateway.database, lambda tx: sessions.note_seen(tx, session, now=now))
    return session, person


def log_out(house: House, session: Session) -> None:
    """The session ends; said twice it is no fault."""
    write_anew(house.gateway.database, lambda tx: sessions.end_session(tx, session.kullanici_no, session.oturum_no))
