"""One's own account: password, recovery codes, and where one is logged in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from integrator.access import Principal
from integrator.domain.errors import BadPassword
from integrator.domain.roles import RIGHTS
from integrator.parties.sessions import Level
from integrator.people import own_account as own
from integrator.web.desk.entering import LONGEST_PASSWORD, NOT_TAKEN
from integrator.web.desk.failures import sentence_of
from integrator.web.desk.forms import form_of, read_form
from integrator.web.desk.pages import DESK, go, render
from integrator.web.guard import HouseHere, SignedIn, caller_of, let_in, own_account
from integrator.web.problems import status_of

router = APIRouter(prefix="/account", dependencies=[Depends(read_form)])
Mine = Annotated[SignedIn, own_account(Level.OPEN)]


@router.get("")
def show_account(request: Request, house: HouseHere, mine: Mine) -> Response:
    """Who I am here, and where I am logged in."""
    return _shown(request, house, mine)


@router.post("/password")
def change_password(request: Request, house: HouseHere, mine: Mine) -> Response:
    """Another password; every other session ends."""
    form = form_of(request)
    try:
        old, new, again = (form.one(name, longest=LONGEST_PASSWORD) for name in ("old", "password", "again"))
        if new != again:
            raise BadPassword("not the same twice")
        entered = own.change_password(house, mine.session, old, new, caller_of(request, house))
    except NOT_TAKEN as error:
        return _shown(request, house, mine, status=status_of(error), fault=sentence_of(request, error))
    answer = go(f"{DESK}/account")
    let_in(answer, house, entered)
    return answer


@router.post("/recovery-codes")
def renew_recovery_codes(request: Request, house: HouseHere, mine: Mine) -> Response:
    """Ten new ones, shown once."""
    try:
        codes = own.renew_recovery_codes(
            house, mine.person, form_of(request).one("code", longest=64), caller_of(request, house)
        )
    except NOT_TAKEN as error:
        return _shown(request, house, mine, status=status_of(error), fault=sentence_of(request, error))
    return render(request, "recovery_codes.html", _principal(mine), codes=codes, next=f"{DESK}/account")


@router.post("/session/{oturum_no}/end")
def end_session(
    oturum_no: Annotated[str, Path(max_length=12)], request: Request, house: HouseHere, mine: Mine
) -> Response:
    """One of one's own sessions ends."""
    form_of(request)
    own.end_own_session(house, mine.person, oturum_no)
    return go(f"{DESK}/account")


def _shown(request: Request, house: HouseHere, mine: SignedIn, *, status: int = 200, fault: str = "") -> Response:
    facts: dict[str, Any] = {"person": mine.person, "session": mine.session, "fault": fault}
    several = own.read_own_sessions(house, mine.person)
    return render(request, "account.html", _principal(mine), status=status, sessions=several, **facts)


def _principal(mine: SignedIn) -> Principal:
    person = mine.person
    return Principal(person.kurum, person.role, person.name, RIGHTS[person.role], kullanici_no=person.kullanici_no)
