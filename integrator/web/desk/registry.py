"""The integrator's registers, for its own staff: every clock, every entry, and the form by which one is written."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from integrator.access import Principal
from integrator.catalogue.changes import read_changes
from integrator.coverage.reading import today_of
from integrator.domain.deadlines import within_of
from integrator.domain.errors import BadReason, NotFound
from integrator.domain.findings import Finding
from integrator.domain.hands import Hand
from integrator.domain.identifiers import holds_tckn
from integrator.domain.roles import Right
from integrator.domain.texts import Language
from integrator.gateway import Gateway
from integrator.queue.standing import FIRMA, FORM
from integrator.registry import rows
from integrator.registry.books import BOOKS, Kind, Register, day_of
from integrator.registry.deadlines import Due, read_due
from integrator.registry.reading import read_customers, state_of_firm
from integrator.registry.recording import LONGEST_NO, Told, record
from integrator.registry.rows import Kept
from integrator.registry.words import called
from integrator.store.engine import reading
from integrator.web.desk.failures import sentence_of
from integrator.web.desk.forms import Form, form_of, read_form
from integrator.web.desk.pages import DESK, go, language_of, render, shown_day
from integrator.web.guard import GatewayHere, needs

router = APIRouter(prefix="/registry", dependencies=[Depends(read_form)])
Keeps = Annotated[Principal, needs(Right.KEEP_REGISTRY)]
RegisterName = Annotated[str, Path(max_length=24)]
EntryNo = Annotated[str, Path(max_length=LONGEST_NO)]
PageNo = Annotated[int, Query(ge=1, le=100_000)]
SHOWN = 50
LONGEST_FIELD = 2_000  # what is longer is no field of ours; what is too long for a register is told as a finding
BORN_OF_ITSELF = (FIRMA, FORM)
"""Registers of which there is one entry for the firm, or for each customer, before anybody wrote it."""
TONES = {
    **dict.fromkeys(("missing", "overdue", "none", "passive", "closed.firma"), "bad"),
    **dict.fromkeys(("7", "30", "open", "published", "drafted", "sent", "signed.hizmet_alim_formu"), "wait"),
    **dict.fromkeys(("delivered", "active", "signed", "valid", "done", "answered", "closed"), "good"),
}
"""State or deadline -> the colour that repeats its word."""


@router.get("")
def show_all(request: Request, gateway: GatewayHere, principal: Keeps) -> Response:
    """What is missing, what runs out, and which customers nothing is sent for."""
    with reading(gateway.database) as tx:
        due = read_due(tx, today_of(gateway), published=read_changes())
        customers, firm, kept = read_customers(tx), state_of_firm(tx), rows.read_all(tx)
    waiting = [each for each in customers if each.state != "delivered"]
    facts: dict[str, Any] = {"due": due, "firm": firm, "customers": len(customers), "waiting": len(waiting)}
    facts |= {"queued": sum(each.queued for each in waiting), "needs_form": gateway.needs_form}
    counts = {name: sum(each.register == name for each in kept) for name in BOOKS}
    return _rendered(request, "registry.html", principal, counts=counts, **facts)


@router.get("/{register}")
def show_register(
    register: RegisterName, request: Request, gateway: GatewayHere, principal: Keeps, page: PageNo = 1
) -> Response:
    """Every entry, those first on which a clock runs; of the forms every customer."""
    return _show_list(request, gateway, principal, _book(register), page=page)


@router.post("/{register}")
def put_in(register: RegisterName, request: Request, gateway: GatewayHere, principal: Keeps) -> Response:
    """A new entry; one that is there already is not written over."""
    book, form = _book(register), form_of(request)
    number = form.one("no", longest=LONGEST_FIELD)
    findings, fault = _write(request, gateway, principal, book, number, seen="")
    if not findings and not fault:
        return go(f"{DESK}/registry/{register}/{quote(number, safe='')}?saved=1")
    typed = _shown_again({"no": number, **_typed(book, form), "state": form.one("state")})
    return _show_list(request, gateway, principal, book, findings=findings, fault=fault, typed=typed)


@router.get("/{register}/{entry_no}")
def show_entry(
    register: RegisterName,
    entry_no: EntryNo,
    request: Request,
    gateway: GatewayHere,
    principal: Keeps,
    *,
    saved: Annotated[bool, Query()] = False,
) -> Response:
    """One entry, who wrote it last and why, and the form to write it anew."""
    return _show_entry(request, gateway, principal, _book(register), entry_no, saved=saved)


@router.post("/{register}/{entry_no}")
def change(
    register: RegisterName, entry_no: EntryNo, request: Request, gateway: GatewayHere, principal: Keeps
) -> Response:
    """Write it; not over what somebody else wrote since the form was shown."""
    book, form = _book(register), form_of(request)
    findings, fault = _write(request, gateway, principal, book, entry_no, seen=form.one("seen"))
    if not findings and not fault:
        return go(f"{DESK}/registry/{register}/{quote(entry_no, safe='')}?saved=1")
    is_stale = any(each.code == "INT-REG-006" for each in findings)
    typed = None if is_stale else _shown_again({**_typed(book, form), "state": form.one("state")})
    return _show_entry(request, gateway, principal, book, entry_no, findings=findings, fault=fault, typed=typed)


def _write(
    request: Request, gateway: Gateway, principal: Principal, book: Register, entry_no: str, *, seen: str
) -> tuple[tuple[Finding, ...], str]:
    """(what is at fault in the fields, what is at fault in the reason); both empty when it was written."""
    form = form_of(request)
    told = Told(book.name, entry_no, form.one("state"), _typed(book, form), seen)
    try:
        hand = Hand(principal.name, form.one("reason", longest=LONGEST_FIELD))
    except BadReason as error:
        return (), sentence_of(request, error)
    return record(gateway, told, hand).findings, ""


def _typed(book: Register, form: Form) -> dict[str, str]:
    return {field.name: form.one(field.name, longest=LONGEST_FIELD) for field in book.fields}


def _shown_again(typed: dict[str, str]) -> dict[str, str]:
    """What was typed, for a form that is shown again; an identity number is not shown to anybody."""
    return {name: "" if holds_tckn(value) else value for name, value in typed.items()}


def _show_list(
    request: Request, gateway: Gateway, principal: Principal, book: Register, *, page: int = 1, **facts: Any
) -> Response:
    if book.name == FIRMA:
        return go(f"{DESK}/registry/{FIRMA}/{FIRMA}")
    with reading(gateway.database) as tx:
        if book.name == FORM:
            several: list[Any] = sorted(read_customers(tx), key=lambda each: (each.state == "delivered", each.kurum))
        else:
            several = sorted(rows.read_all(tx, book.name), key=_nearest)
    shown = several[(page - 1) * SHOWN : page * SHOWN]
    told = {"findings": (), "fault": "", "typed": {}, **facts}
    return _rendered(
        request, "registry_list.html", principal, status=_status(told), book=book, several=shown, page=page,
        total=len(several), shown=SHOWN, within=lambda day: within_of(day, today_of(gateway)), **told,
    )  # fmt: skip


def _nearest(kept: Kept) -> tuple[bool, Any, str]:
    return kept.due_on is None, kept.due_on or -kept.changed_at.timestamp(), kept.entry_no


def _show_entry(
    request: Request, gateway: Gateway, principal: Principal, book: Register, entry_no: str, **facts: Any
) -> Response:
    with reading(gateway.database) as tx:
        kept = rows.read_one(tx, book.name, entry_no)
    if kept is None and book.name not in BORN_OF_ITSELF:
        raise NotFound(f"{book.name}: nothing was recorded under that number")
    told = {"findings": (), "fault": "", "typed": None, "saved": False, **facts}
    due = within_of(kept.due_on, today_of(gateway)) if kept and kept.due_on else ""
    return _rendered(
        request, "registry_entry.html", principal, status=_status(told), book=book, entry_no=entry_no, kept=kept,
        due=due, **told,
    )  # fmt: skip


def _status(told: dict[str, Any]) -> int:
    return 422 if told["findings"] or told["fault"] else 200


def _book(register: str) -> Register:
    if register not in BOOKS:
        raise NotFound("there is no register of that name")
    return BOOKS[register]


def _rendered(request: Request, template: str, principal: Principal, *, status: int = 200, **facts: Any) -> Response:
    language = language_of(request)
    words = {
        "called": lambda kind, code, register="": called(kind, code, language, register=register),
        "tone": lambda code, register="": TONES.get(f"{code}.{register}", TONES.get(code, "off")),
        "sentence": lambda finding: _sentence(finding, language),
        "books": BOOKS,
        "about": lambda each: _about(each, language),
        "quoted": lambda text: quote(text, safe=""),
        "fact": lambda kept, name: _fact(kept, name, language),
    }
    return render(request, template, principal, status=status, **words, **facts)


def _fact(kept: Kept | None, name: str, language: Language) -> Any:
    """What stands in a field, as people read it."""
    if kept is None or name not in kept.facts:
        return "–"
    kind = field.kind if (field := BOOKS[kept.register].field(name)) else Kind.TEXT
    if kind in (Kind.DAY, Kind.PAST):
        return shown_day(day_of(kept.facts, name), language)
    return called("choice", kept.facts[name], language) if kind is Kind.CHOICE else kept.facts[name]


def _sentence(finding: Finding, language: Language) -> str:
    """What is wrong, with the field as the form calls it."""
    words = {"state": {"tr": "durum", "en": "state"}, "no": {"tr": "no", "en": "no"}}
    name = words[finding.path][language] if finding.path in words else called("field", finding.path, language)
    state = called("state", finding.seen, language) if finding.code == "INT-REG-003" else finding.seen
    return Finding(finding.code, name, state, finding.wanted).sentence(language)


def _about(each: Due | Kept, language: Language) -> str:
    if isinstance(each, Due):
        return called("choice", each.about, language)
    return each.facts.get("subject") or called("choice", each.facts.get("kind", ""), language)
