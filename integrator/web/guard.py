"""Who is calling, and may they? Every route asks for one right through `needs`, or says that it is open to all.

A program shows a key (`Authorization: Bearer`), a person the cookie of a session; a call that changes something with a
cookie must also come from a page of ours and carry the session's token. A test walks the routes for all of it.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from integrator.access import Principal, glance, recognise
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import BEHIND_GLASS, RIGHTS, Right, Role
from integrator.gateway import Gateway
from integrator.limiting import Limiter, Standing, TooManyCalls
from integrator.looks import note_refusal
from integrator.parties.people import Person
from integrator.parties.sessions import Level, Session, csrf_of
from integrator.people.breaking import look_through
from integrator.people.entering import Caller, Entered, session_of
from integrator.people.house import House
from integrator.web.problems import Forbidden, NotFromHere, SecondStepWanted, Unknown
from integrator.web.strangers import Strangers

ASKS_FOR = "asks_for"
OPEN_TO_ALL = "open to all"
CSRF_HEADER = "X-CSRF-Token"
GLASS_HEADER = "Ibys-Glass"
_NUMBER = re.compile(r"[1-9][0-9]{0,10}")
_BEARER = "bearer "
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_CONTENT = frozenset({Right.READ_CONTENT, Right.READ_HEALTH})
_VISIT_SECONDS = 600
_DEVICE_SECONDS = 400 * 86_400
T = TypeVar("T")


def gateway_of(request: Request) -> Gateway:
    """The gateway that this process holds."""
    gateway: Gateway = request.app.state.gateway
    return gateway


def house_of(request: Request) -> House:
    """The same with the rules about people."""
    house: House = request.app.state.house
    return house


async def _gateway(request: Request) -> Gateway:  # async, like the next: else each call waits for a thread to look
    return gateway_of(request)


async def _house(request: Request) -> House:
    return house_of(request)


GatewayHere = Annotated[Gateway, Depends(_gateway)]
HouseHere = Annotated[House, Depends(_house)]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person's session, as far as it has come."""

    person: Person
    session: Session
    token: str = field(repr=False)


def known_caller(request: Request) -> Principal | None:
    """Who calls; None for whoever the routes would send away."""
    try:
        return _principal(request, gateway_of(request), house_of(request))
    except (Unknown, SecondStepWanted, NotFromHere):
        return None


def needs(right: Right) -> Any:
    """A dependency that gives the Principal, or ends the call with 401 or 403."""

    async def enter(request: Request) -> Principal:
        if principal := _glanced_at(request, right):
            return principal
        return await beside(request, lambda: _enter(request, house_of(request)))

    def _enter(request: Request, house: House) -> Principal:
        principal = _principal(request, gateway_of(request), house)
        glass_no = request.headers.get(GLASS_HEADER)
        if glass_no is not None:
            return _behind_glass(request, house, principal, glass_no, right)
        limiter: Limiter = request.app.state.limiter
        _admit(request, principal, limiter.enter)
        if not principal.may(right):
            raise refused(request, principal, right)
        return principal

    setattr(enter, ASKS_FOR, right)
    return Depends(enter)


def _glanced_at(request: Request, right: Right) -> Principal | None:
    """Whoever shows a good key, admitted, where nothing has to be waited for or written; None: a thread must look.

    Beside SQLite that is nearly every call of a program; a thread for each would cost a tenth of what a record costs.
    """
    gateway, token, address = gateway_of(request), _token_of(request), _address(request)
    strangers: Strangers = request.app.state.strangers
    limiter: Limiter = request.app.state.limiter
    if not token or GLASS_HEADER in request.headers or request.app.state.glances.would_wait():
        return None
    strangers.require_patience(address, token)
    found = glance(gateway, request.app.state.glances, token, address=address)
    if found is None or not found.may(right):
        return None
    strangers.note_guest(token)
    return found if _admit(request, found, limiter.enter_held) else None


async def beside(request: Request, look: Callable[[], T]) -> T:
    """What `look` gives, on a thread: it may wait for the database.

    Not by starlette's pool, which goes round the event loop twice more for each call: every round waits for whoever
    is storing records meanwhile.
    """
    threads: ThreadPoolExecutor = request.app.state.door
    return await asyncio.get_running_loop().run_in_executor(threads, copy_context().run, look)


def refused(request: Request, principal: Principal, right: Right) -> Forbidden:
    """The error for whoever may not do this; asking for content stands in the log."""
    if right in _CONTENT:
        call = f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
        names = {"by": principal.name, "role": principal.role.value, "right": right.value}
        note_refusal(gateway_of(request), principal.kurum, call=call, **names)
    return Forbidden(f"{principal.role}: {right}")


def _admit(request: Request, principal: Principal, enter: Callable[[KurumNo, str], Sequence[Standing] | None]) -> bool:
    """Take one call of the principal's rate and remember who is calling; raises TooManyCalls.

    False where `enter` cannot tell: nobody is admitted.
    """
    request.state.kurum = principal.kurum
    try:
        standings = enter(principal.kurum, principal.name)
    except TooManyCalls as error:
        request.state.standings = [error.standing] if error.standing else []
        raise
    request.state.standings = standings or []
    return standings is not None


def own_account(*levels: Level) -> Any:
    """A dependency that gives the SignedIn of a session that has come to one of `levels`."""

    async def enter(request: Request) -> SignedIn:
        return await beside(request, lambda: _enter(request))

    def _enter(request: Request) -> SignedIn:
        if request.headers.getlist("authorization"):
            principal = _program(request, gateway_of(request))
            raise Forbidden(f"{principal.role}: {Right.SELF}")
        found = _signed_in(request, house_of(request))
        if found.session.level not in levels:
            raise SecondStepWanted(found.session.level)
        return found

    setattr(enter, ASKS_FOR, Right.SELF)
    return Depends(enter)


def open_to_all() -> Any:
    """A dependency of a route that wants nobody's name; what changes something is still refused to other sites."""

    async def enter(request: Request) -> None:  # no thread: health is told though every one be busy
        if request.method not in _READS:
            _require_own_site(request)

    setattr(enter, ASKS_FOR, OPEN_TO_ALL)
    return Depends(enter)


def rule_of(dependency: Callable[..., Any] | None) -> Right | str | None:
    """What a dependency of a route asks for: a right, or that it is open to all; None for any other dependency."""
    return getattr(dependency, ASKS_FOR, None)


def _principal(request: Request, gateway: Gateway, house: House) -> Principal:
    if request.headers.getlist("authorization"):
        return _program(request, gateway)
    found = _signed_in(request, house)
    if found.session.level is not Level.OPEN:
        raise SecondStepWanted(found.session.level)
    person = found.person
    signer = person.signer if person.role is Role.PROFESSIONAL else None
    return Principal(person.kurum, person.role, person.name, RIGHTS[person.role], signer, person.kullanici_no)


def _behind_glass(request: Request, house: House, by: Principal, glass_no: str, right: Right) -> Principal:
    """Staff of the integrator at the customer whose glass they broke; each call stands in the log before it is done."""
    if not by.may(Right.BREAK_GLASS) or right not in BEHIND_GLASS:
        raise Forbidden(f"{GLASS_HEADER}: {right}")
    number = str(request.path_params.get("sorgu_no", ""))
    about = [int(number)] if _NUMBER.fullmatch(number) else []
    call = f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
    glass = look_through(house, by, glass_no, call=call, about=about)
    if glass is None:
        raise Forbidden(f"{GLASS_HEADER}: {right}")
    name = f"{by.name} glass {glass.glass_no}"
    return Principal(glass.kurum_id, by.role, name, BEHIND_GLASS, kullanici_no=by.kullanici_no)


def _token_of(request: Request) -> str:
    """What a program shows; "" for none, or several: nobody knows which one was meant."""
    several = request.headers.getlist("authorization")
    told = several[0] if len(several) == 1 else ""
    return told[len(_BEARER) :].strip() if told[: len(_BEARER)].lower() == _BEARER else ""


def _program(request: Request, gateway: Gateway) -> Principal:
    token = _token_of(request)
    return _of_strangers(request, token, lambda: recognise(gateway, token, address=_address(request)))


def _signed_in(request: Request, house: House) -> SignedIn:
    token = cookie_of(request, _session_cookie(house))
    session, person = _of_strangers(request, token, lambda: session_of(house, token))
    request.state.csrf = csrf_of(token)
    if request.method not in _READS:
        _require_own_site(request)
        told = str(request.headers.get(CSRF_HEADER) or getattr(request.state, "csrf_told", ""))  # a form tells it, too
        if not hmac.compare_digest(told.encode(), csrf_of(token).encode()):
            raise NotFromHere(CSRF_HEADER)
    return SignedIn(person, session, token)


def _of_strangers(request: Request, token: str, find: Callable[[], T | None]) -> T:
    """What `token` opens; raises Unknown, and TooManyCalls once too much from that address opened nothing."""
    found = of_anybody(request, token, lambda: find() if token else None)
    if found is None:
        raise Unknown("")
    return found


def of_anybody(request: Request, told: str, find: Callable[[], T | None]) -> T | None:
    """What `told` leads to; None counts as a failed try. Raises TooManyCalls after too many from that address."""
    strangers: Strangers = request.app.state.strangers
    strangers.require_patience(_address(request), told)
    found = find()
    if found is None:
        strangers.note_failure(_address(request), told)
    else:
        strangers.note_guest(told)
    return found


def _require_own_site(request: Request) -> None:
    """Raises NotFromHere when a browser says that another site made the call; programs say nothing."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise NotFromHere("Sec-Fetch-Site")
    if origin is not None and _netloc(origin) != request.headers.get("host", "").lower():
        raise NotFromHere("Origin")


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def cookie_of(request: Request, name: str) -> str:
    """The value of a cookie; "" when it did not come, or came twice."""
    pairs = [each.strip().partition("=") for line in request.headers.getlist("cookie") for each in line.split(";")]
    values = [value for told, _, value in pairs if told == name]
    return values[0] if len(values) == 1 else ""


def caller_of(request: Request, house: House) -> Caller:
    """From where somebody knocks."""
    return Caller(_address(request), cookie_of(request, _device_cookie(house)))


def let_in(response: Response, house: House, entered: Entered) -> dict[str, Any]:
    """The cookies of a new session, and what a page needs to know of it."""
    age = round((entered.session.ends_at - entered.session.created_at).total_seconds())
    _set_cookie(response, house, _session_cookie(house), entered.token, age)
    if entered.device:
        _set_cookie(response, house, _device_cookie(house), entered.device, _DEVICE_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    level, ends_at = entered.session.level.value, entered.session.ends_at.isoformat()
    return {"level": level, "csrf": csrf_of(entered.token), "ends_at": ends_at}


def let_out(response: Response, house: House) -> None:
    """The cookie of the session goes; the device's stays."""
    _set_cookie(response, house, _session_cookie(house), "", 0)


def lend(response: Response, house: House, visit: str) -> None:
    """What a browser carries to a provider and back; "" takes it away."""
    _set_cookie(response, house, _visit_cookie(house), visit, _VISIT_SECONDS if visit else 0)
    response.headers["Cache-Control"] = "no-store"


def lent(request: Request, house: House) -> str:
    """What it brought back."""
    return cookie_of(request, _visit_cookie(house))


def _set_cookie(response: Response, house: House, name: str, value: str, age: int) -> None:
    secure = "; Secure" if house.rules.secure_cookies else ""
    told = f"{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
    response.headers.append("Set-Cookie", told)


def _session_cookie(house: House) -> str:
    return "__Host-ibys" if house.rules.secure_cookies else "ibys"


def _visit_cookie(house: House) -> str:
    return f"{_session_cookie(house)}-visit"


def _device_cookie(house: House) -> str:
    return f"{_session_cookie(house)}-device"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
