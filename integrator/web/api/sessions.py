"""Sessions of people: coming in by two steps, going out, and one's own account. Programs use keys instead."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from integrator.domain.roles import RIGHTS
from integrator.parties.sessions import Level, Session, csrf_of
from integrator.people import entering, oidc
from integrator.people import own_account as own
from integrator.web.guard import (
    HouseHere,
    SignedIn,
    caller_of,
    lend,
    lent,
    let_in,
    let_out,
    open_to_all,
    own_account,
)
from integrator.web.strangers import Strangers

router = APIRouter(prefix="/oturum", tags=["oturum"])

Login = Annotated[str, Field(min_length=1, max_length=254)]
Password = Annotated[str, Field(min_length=1, max_length=1024)]
Code = Annotated[str, Field(min_length=1, max_length=64)]
ProviderName = Annotated[str, Path(max_length=32, description="as the list names it")]
OpenSession = Annotated[SignedIn, own_account(Level.OPEN)]
AnySession = Annotated[SignedIn, own_account(*Level)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FirstStep(_Body):
    """Login (an e-mail address) and password."""

    login: Login
    password: Password


class SetUp(_Body):
    """The one-time code from the operator, and the password that is wanted."""

    login: Login
    code: Annotated[str, Field(min_length=1, max_length=128)]
    password: Password


class OneCode(_Body):
    """Six digits of the authenticator; at the second step also a recovery code."""

    code: Code


class MaybeCode(_Body):
    """Six digits of the authenticator in use; empty when there is none yet."""

    code: Annotated[str, Field(max_length=64)] = ""


class NewPassword(_Body):
    """The password in use, and the one that is wanted."""

    old: Password
    new: Password


@router.post("", status_code=201, dependencies=[open_to_all()])
def log_in(told: FirstStep, request: Request, response: Response, house: HouseHere) -> dict[str, Any]:
    """The first step. `level` says what comes next: `password` the second step, `enrol` taking one."""
    return let_in(response, house, entering.log_in(house, told.login, told.password, caller_of(request, house)))


@router.post("/set-up", status_code=201, dependencies=[open_to_all()])
def set_up(told: SetUp, request: Request, response: Response, house: HouseHere) -> dict[str, Any]:
    """A person's first time: the operator's code gives way to a password. Then a second step must be taken."""
    entered = own.set_up(house, told.login, told.code, told.password, caller_of(request, house))
    return let_in(response, house, entered)


@router.get("/oidc", dependencies=[open_to_all()])
def read_providers(house: HouseHere) -> dict[str, list[str]]:
    """The providers of OpenID Connect by which people may come in."""
    return {"providers": sorted(house.rules.providers)}


async def _visiting(request: Request, house: HouseHere) -> None:
    """Each visit may cost a call to the provider: so many a minute from one address. Raises TooManyCalls."""
    visitors: Strangers = request.app.state.visitors
    visitors.count(caller_of(request, house).address)


@router.post("/oidc/{provider}", status_code=201, dependencies=[open_to_all(), Depends(_visiting)])
def begin_visit(provider: ProviderName, response: Response, house: HouseHere) -> dict[str, str]:
    """The address of the provider to which the browser goes now; the cookie it gets is good for ten minutes."""
    address, visit = oidc.begin_visit(house, provider)
    lend(response, house, visit)
    return {"address": address}


@router.get("/oidc/{provider}/back", status_code=201, dependencies=[open_to_all(), Depends(_visiting)])
def end_visit(
    provider: ProviderName,
    request: Request,
    response: Response,
    house: HouseHere,
    *,
    code: Annotated[str, Query(max_length=2048)] = "",
    state: Annotated[str, Query(max_length=128)] = "",
) -> dict[str, Any]:
    """Where the provider sends the browser back to. The second step follows, unless the provider's own counts."""
    caller = caller_of(request, house)
    entered = oidc.end_visit(house, provider, code=code, state=state, visit=lent(request, house), caller=caller)
    lend(response, house, "")
    return let_in(response, house, entered)


@router.post("/second-step", status_code=201)
def second_step(
    told: OneCode,
    request: Request,
    response: Response,
    house: HouseHere,
    mine: Annotated[SignedIn, own_account(Level.PASSWORD)],
) -> dict[str, Any]:
    """The second step: six digits, or a recovery code. The session of before ends, the new one opens."""
    return let_in(response, house, entering.second_step(house, mine.session, told.code, caller_of(request, house)))


@router.get("")
def who_am_i(response: Response, mine: AnySession) -> dict[str, Any]:
    """Whose session this is, what it opens, and the token that goes with every change."""
    response.headers["Cache-Control"] = "no-store"
    is_open = mine.session.level is Level.OPEN
    return {
        "level": mine.session.level.value,
        "csrf": csrf_of(mine.token),
        "ends_at": mine.session.ends_at.isoformat(),
        "login": mine.person.login,
        "kurum": mine.person.kurum,
        "role": mine.person.role.value,
        "rights": sorted(RIGHTS[mine.person.role]) if is_open else [],
    }


@router.delete("", status_code=204)
def log_out(response: Response, house: HouseHere, mine: AnySession) -> None:
    """The session ends."""
    entering.log_out(house, mine.session)
    let_out(response, house)


@router.put("/password", status_code=201)
def change_password(
    told: NewPassword, request: Request, response: Response, house: HouseHere, mine: OpenSession
) -> dict[str, Any]:
    """Another password. A new session; every other one ends."""
    caller = caller_of(request, house)
    return let_in(response, house, own.change_password(house, mine.session, told.old, told.new, caller))


@router.post("/totp")
def begin_totp(
    told: MaybeCode,
    request: Request,
    response: Response,
    house: HouseHere,
    mine: Annotated[SignedIn, own_account(Level.ENROL, Level.OPEN)],
) -> dict[str, str]:
    """A new second step: its secret, told once. It is in use when a code of it was confirmed."""
    secret, uri = own.begin_totp(house, mine.person, told.code, caller_of(request, house))
    response.headers["Cache-Control"] = "no-store"
    return {"secret": secret, "otpauth": uri}


@router.put("/totp", status_code=201)
def confirm_totp(
    told: OneCode,
    request: Request,
    response: Response,
    house: HouseHere,
    mine: Annotated[SignedIn, own_account(Level.ENROL, Level.OPEN)],
) -> dict[str, Any]:
    """The new second step is in use; ten recovery codes, told once. A new session; every other one ends."""
    entered, codes = own.confirm_totp(house, mine.session, told.code, caller_of(request, house))
    return {**let_in(response, house, entered), "recovery_codes": codes}


@router.post("/recovery-codes", status_code=201)
def renew_recovery_codes(
    told: OneCode, request: Request, response: Response, house: HouseHere, mine: OpenSession
) -> dict[str, list[str]]:
    """Ten new recovery codes, told once; the old ones are good for nothing."""
    response.headers["Cache-Control"] = "no-store"
    codes = own.renew_recovery_codes(house, mine.person, told.code, caller_of(request, house))
    return {"recovery_codes": codes}


@router.get("/list")
def read_list(house: HouseHere, mine: OpenSession) -> dict[str, Any]:
    """One's own sessions, the newest first."""
    found = own.read_own_sessions(house, mine.person)
    return {"sessions": [{**_shown(each), "own": each.oturum_no == mine.session.oturum_no} for each in found]}


@router.delete("/list", status_code=200)
def end_others(house: HouseHere, mine: OpenSession) -> dict[str, int]:
    """Every other session of one's own ends."""
    return {"ended": own.end_other_sessions(house, mine.person, mine.session)}


@router.delete("/list/{oturum_no}", status_code=204)
def end_one(
    oturum_no: Annotated[str, Path(max_length=12, description="as the list names it")],
    house: HouseHere,
    mine: OpenSession,
) -> None:
    """One of one's own sessions ends."""
    own.end_own_session(house, mine.person, oturum_no)


def _shown(session: Session) -> dict[str, Any]:
    times = {name: getattr(session, name).isoformat() for name in ("created_at", "seen_at", "ends_at")}
    return {"oturum_no": session.oturum_no, "level": session.level.value, **times}
