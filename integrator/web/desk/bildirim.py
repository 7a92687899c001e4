"""Messages: found by whatever is known of them, and what a person does with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response

from integrator import acts
from integrator.access import Principal
from integrator.coverage.subjects import KINDS
from integrator.desk.records import Page, Wanted, search
from integrator.domain.advice import word
from integrator.domain.errors import Malformed, Rejected
from integrator.domain.identifiers import SgkTescilNo, Tckn
from integrator.domain.roles import Right
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.parties.register import isyeri_index
from integrator.queue.groups import Cause
from integrator.registering import read_kurum
from integrator.store.engine import reading
from integrator.web.desk.forms import form_of, read_form
from integrator.web.desk.pages import language_of, render
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import status_of

router = APIRouter(prefix="/bildirim", dependencies=[Depends(read_form)])
Follows = Annotated[Principal, needs(Right.FOLLOW)]
SHOWN = 50
OF_WORKER = 200
"""Messages about one worker are shown on one page: the number that was asked for stands in no address."""
FIELDS = ("state", "isyeri", "profesyonel", "kisi", "veri_seti", "sorgu_no", "kayit_no", "since", "until", "cause")
LONGEST = 128
TONES = {
    State.ACCEPTED: "good", State.QUEUED: "busy", State.SENDING: "busy", State.PENDING: "busy",
    State.AWAITING_SIGNATURE: "wait", State.UNCERTAIN: "wait", State.PARTIAL: "wait", State.HELD: "bad",
    State.QUARANTINED: "bad", State.REFUSED: "bad", State.CANCELLED: "off", State.SUPERSEDED: "off",
}  # fmt: skip
T = TypeVar("T")


class Unreadable(Exception):
    """A field of the search that cannot be read."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for as it was typed, and the field that could not be read."""

    typed: dict[str, str]
    wanted: Wanted = field(default_factory=Wanted)
    wrong: str = ""


@router.get("")
def show_list(request: Request, gateway: GatewayHere, principal: Follows) -> Response:
    """A page of messages, newest first."""
    asked = asked_of(request, gateway, principal)
    if asked.wrong:
        return _shown(request, principal, Page((), ""), asked.typed, wrong=asked.wrong)
    try:
        page = _found(gateway, principal, asked.wanted, after=request.query_params.get("after", "")[:LONGEST])
    except Malformed as error:
        return _shown(request, principal, Page((), ""), asked.typed, wrong="page", error=error)
    return _shown(request, principal, page, asked.typed)


@router.post("/worker")
def find_worker(request: Request, gateway: GatewayHere, principal: Follows) -> Response:
    """The messages about one worker; the number comes in a form, so that it stands in no address and no log."""
    typed = form_of(request).one("worker", longest=20)
    try:
        worker = Tckn(typed)
    except Malformed as error:
        return _shown(request, principal, Page((), ""), {}, wrong="worker", error=error)
    page = _found(gateway, principal, Wanted(worker=worker), limit=OF_WORKER)
    return _shown(request, principal, page, {}, of_worker=True)


def _found(gateway: Gateway, principal: Principal, wanted: Wanted, *, after: str = "", limit: int = SHOWN) -> Page:
    if not read_kurum(gateway, principal.kurum):  # nobody of that name yet
        return Page((), "")
    whole = principal.may(Right.KEEP_PARTIES)
    with reading(gateway.database) as tx:
        return search(tx, gateway, principal.kurum, wanted, after=after, limit=limit, whole=whole)


def _shown(
    request: Request,
    principal: Principal,
    page: Page,
    typed: dict[str, str],
    *,
    wrong: str = "",
    error: Rejected | None = None,
    of_worker: bool = False,
) -> Response:
    language = language_of(request)
    said = {each.value: word(each.value, language) for each in State}
    facts: dict[str, Any] = {"page": page, "typed": typed, "wrong": wrong, "of_worker": of_worker}
    status = status_of(error) if error else 400 if wrong else 200
    return render(request, "bildirim_list.html", principal, status=status, said=said, tones=TONES, kinds=KINDS, **facts)


def asked_of(request: Request, gateway: Gateway, principal: Principal) -> Asked:
    """What the address of the page, or of its workbook, asks for."""
    told = {name: request.query_params.get(name, "").strip() for name in FIELDS}
    typed = {name: value[:LONGEST] for name, value in told.items() if value}
    wrong = next((name for name, value in told.items() if len(value) > LONGEST), "")
    if wrong:
        return Asked(typed, wrong=wrong)
    try:
        return Asked(typed, _wanted(typed, gateway, principal))
    except Unreadable as error:
        return Asked(typed, wrong=error.name)


def _wanted(typed: dict[str, str], gateway: Gateway, principal: Principal) -> Wanted:
    """Raises Unreadable."""
    own = Wanted(
        profesyonel_index=typed.get("profesyonel", ""),
        worker_index=typed.get("kisi", ""),
        kayit_no=typed.get("kayit_no", ""),
        veri_seti=typed.get("veri_seti", ""),
        state=_read("state", typed, State),
        sorgu_no=_read("sorgu_no", typed, _number),
        since=_read("since", typed, date.fromisoformat),
        until=_read("until", typed, date.fromisoformat),
    )
    if "cause" in typed:
        own = replace(own, cause=_cause(typed["cause"], gateway, principal))
    place = _read("isyeri", typed, SgkTescilNo)
    if place is None or not read_kurum(gateway, principal.kurum):
        return own
    return replace(own, isyeri_index=isyeri_index(gateway.keyring.sealer(principal.kurum), place.value))


def _cause(cause_id: str, gateway: Gateway, principal: Principal) -> Cause:
    found = (each.cause for each in acts.read_causes(gateway, principal.kurum) if each.cause.cause_id == cause_id)
    cause = next(found, None)
    if cause is None:
        raise Unreadable("cause")
    return cause


def _read(name: str, typed: dict[str, str], reader: Callable[[str], T]) -> T | None:
    if name not in typed:
        return None
    try:
        return reader(typed[name])
    except (ValueError, Rejected):
        raise Unreadable(name) from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise ValueError
    return int(text)
