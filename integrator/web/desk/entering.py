"""The way in: login and password, the second step, and the first time; then the first page."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from integrator.domain.errors import BadPassword, Malformed, NotAdmitted, Paused
from integrator.domain.texts import LANGUAGES
from integrator.parties.sessions import Level
from integrator.people import entering
from integrator.people import own_account as own
from integrator.people.entering import Entered
from integrator.web.desk.failures import sentence_of
from integrator.web.desk.forms import form_of, read_form
from integrator.web.desk.pages import DESK, LANGUAGE_COOKIE, go, own_address, render
from integrator.web.desk.qr import qr_svg
from integrator.web.guard import HouseHere, SignedIn, caller_of, let_in, let_out, open_to_all, own_account
from integrator.web.problems import status_of

router = APIRouter(dependencies=[Depends(read_form)])
LONGEST_PASSWORD = 1024
Next = Annotated[str, Query(alias="next", max_length=2048)]
NOT_TAKEN = (NotAdmitted, Paused, BadPassword, Malformed)


@router.get("/login", dependencies=[open_to_all()])
def show_login(request: Request, next_: Next = DESK) -> Response:
    """Login and password."""
    return render(request, "login.html", next=own_address(next_), login="", fault="")


@router.post("/login", dependencies=[open_to_all()])
def log_in(request: Request, house: HouseHere) -> Response:
    """The first step."""
    form = form_of(request)
    login, following = form.one("login"), own_address(form.one("next", longest=2048) or DESK)
    try:
        password = form.one("password", longest=LONGEST_PASSWORD)
        entered = entering.log_in(house, login, password, caller_of(request, house))
    except NOT_TAKEN as error:
        fault = sentence_of(request, error)
        return render(request, "login.html", status=status_of(error), next=following, login=login, fault=fault)
    return _welcome(house, entered, following)


@router.get("/login/second-step")
def show_second_step(
    request: Request, mine: Annotated[SignedIn, own_account(Level.PASSWORD)], next_: Next = DESK
) -> Response:
    """Six digits of the authenticator."""
    return render(request, "second_step.html", next=own_address(next_), fault="", login=mine.person.login)


@router.post("/login/second-step")
def second_step(request: Request, house: HouseHere, mine: Annotated[SignedIn, own_account(Level.PASSWORD)]) -> Response:
    """The second step: six digits, or a recovery code."""
    form = form_of(request)
    following = own_address(form.one("next", longest=2048) or DESK)
    try:
        entered = entering.second_step(house, mine.session, form.one("code", longest=64), caller_of(request, house))
    except NOT_TAKEN as error:
        facts: dict[str, Any] = {"next": following, "login": mine.person.login, "fault": sentence_of(request, error)}
        return render(request, "second_step.html", status=status_of(error), **facts)
    return _welcome(house, entered, following)


@router.get("/login/set-up", dependencies=[open_to_all()])
def show_set_up(request: Request) -> Response:
    """A person's first time."""
    return render(request, "set_up.html", login="", fault="")


@router.post("/login/set-up", dependencies=[open_to_all()])
def set_up(request: Request, house: HouseHere) -> Response:
    """The operator's code gives way to a password of one's own."""
    form = form_of(request)
    login, code = form.one("login"), form.one("code", longest=128)
    try:
        password = form.one("password", longest=LONGEST_PASSWORD)
        if password != form.one("again", longest=LONGEST_PASSWORD):
            raise BadPassword("not the same twice")
        entered = own.set_up(house, login, code, password, caller_of(request, house))
    except NOT_TAKEN as error:
        return render(request, "set_up.html", status=status_of(error), login=login, fault=sentence_of(request, error))
    return _welcome(house, entered, DESK)


@router.get("/login/enrol")
def show_enrol(request: Request, mine: Annotated[SignedIn, own_account(Level.ENROL)]) -> Response:
    """Why a second step, and the button that makes one: a secret is not made by loading a page."""
    return render(request, "enrol.html", login=mine.person.login, secret="", qr="", fault="")


@router.post("/login/enrol")
def begin_enrol(request: Request, house: HouseHere, mine: Annotated[SignedIn, own_account(Level.ENROL)]) -> Response:
    """The secret, as a picture and as letters; with a `code` it is confirmed."""
    form = form_of(request)
    code, secret, uri = form.one("code", longest=64), form.one("secret", longest=128), form.one("uri", longest=512)
    fault, caller = "", caller_of(request, house)
    if code:
        try:
            entered, codes = own.confirm_totp(house, mine.session, code, caller)
        except NOT_TAKEN as error:
            fault = sentence_of(request, error)
        else:
            answer = render(request, "recovery_codes.html", codes=codes, next=DESK)
            let_in(answer, house, entered)
            return answer
    if not secret:
        secret, uri = own.begin_totp(house, mine.person, "", caller)
    facts: dict[str, Any] = {
        "login": mine.person.login,
        "secret": secret,
        "uri": uri,
        "qr": qr_svg(uri),
        "fault": fault,
    }
    return render(request, "enrol.html", status=401 if fault else 200, **facts)


@router.post("/logout")
def log_out(house: HouseHere, mine: Annotated[SignedIn, own_account(*Level)]) -> Response:
    """The session ends."""
    entering.log_out(house, mine.session)
    answer = go(f"{DESK}/login")
    let_out(answer, house)
    return answer


@router.get("/language/{language}", dependencies=[open_to_all()])
def choose_language(language: str, house: HouseHere, next_: Next = DESK) -> Response:
    """From now on pages speak it; anything else is Turkish."""
    chosen = next((each for each in LANGUAGES if each == language), LANGUAGES[0])
    answer = go(next_)
    secure = "; Secure" if house.rules.secure_cookies else ""
    answer.headers.append(
        "Set-Cookie", f"{LANGUAGE_COOKIE}={chosen}; Path={DESK}; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}"
    )
    return answer


def _welcome(house: HouseHere, entered: Entered, following: str) -> Response:
    """On to what the session wants next."""
    ways = {Level.PASSWORD: f"{DESK}/login/second-step?next={quote(following)}", Level.ENROL: f"{DESK}/login/enrol"}
    answer = go(ways.get(entered.session.level, following))
    let_in(answer, house, entered)
    return answer
