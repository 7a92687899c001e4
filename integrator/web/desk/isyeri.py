"""Workplaces: what is known of each, what it lacks, and who mends that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from integrator.access import Principal
from integrator.coverage.reading import read_counts, today_of
from integrator.desk.gaps import read_gaps
from integrator.domain.errors import IntegratorError, Rejected
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.roles import Right
from integrator.domain.workplaces import TehlikeSinifi
from integrator.gateway import Gateway
from integrator.parties.isgkatip import MOST_COUNTED
from integrator.parties.register import ISYERI, SOZLESME, Facts, isyeri_index
from integrator.registering import Card, read_card, read_cards, read_kurum, set_card
from integrator.store.engine import reading
from integrator.telling_parties import tell_card, tell_contract
from integrator.web.api.shapes import SGK_FORM
from integrator.web.desk.failures import sentence_of
from integrator.web.desk.finding import found_in
from integrator.web.desk.forms import Form, form_of, read_form
from integrator.web.desk.pages import DESK, go, render
from integrator.web.guard import GatewayHere, needs
from integrator.web.problems import BadCall, status_of

router = APIRouter(prefix="/isyeri", dependencies=[Depends(read_form)])
SgkPath = Annotated[str, Path(pattern=SGK_FORM)]
Reads = Annotated[Principal, needs(Right.READ_PARTIES)]
Wanted = Annotated[str, Query(max_length=100)]
SHOWN = 50
TEXTS = {"contact_name": 200, "contact_phone": 40, "contact_email": 200}


@router.get("")
def show_list(
    request: Request,
    gateway: GatewayHere,
    principal: Reads,
    *,
    q: Wanted = "",
    missing: Annotated[str, Query(max_length=30)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Every workplace, or those whose name or number holds `q`, or that lack one thing."""
    cards = _indexed(gateway, principal, read_cards(gateway, principal.kurum))
    gaps = _gaps_by_place(gateway, principal, known=[(index, card.facts) for card, index in cards])
    rows = [{**ISYERI.untold, **tell_card(card), "gaps": gaps.get(index, [])} for card, index in cards]
    lacks = Counter(gap.missing.value for row in rows for gap in row["gaps"])
    rows = [
        row
        for row in rows
        if found_in(q, row.get("ad_unvan"), row["sgk_tescil_no"])
        and (not missing or any(gap.missing.value == missing for gap in row["gaps"]))
    ]
    rows.sort(key=lambda row: (-len(row["gaps"]), row["sgk_tescil_no"]))
    facts: dict[str, Any] = {"rows": rows[(page - 1) * SHOWN : page * SHOWN], "total": len(rows), "lacks": lacks}
    asked = {"q": q, "missing": missing}
    return render(request, "isyeri_list.html", principal, asked=asked, page=page, shown=SHOWN, **facts)


@router.get("/{sgk_tescil_no}")
def show_one(sgk_tescil_no: SgkPath, request: Request, gateway: GatewayHere, principal: Reads) -> Response:
    """One workplace: what it lacks first, then its contracts and its coverage."""
    return _shown(request, gateway, principal, sgk_tescil_no)


@router.post("/{sgk_tescil_no}")
def change(
    sgk_tescil_no: SgkPath,
    request: Request,
    gateway: GatewayHere,
    principal: Annotated[Principal, needs(Right.KEEP_PARTIES)],
) -> Response:
    """Write what somebody knows of it; only what differs is written."""
    form = form_of(request)
    card = read_card(gateway, principal.kurum, SgkTescilNo(sgk_tescil_no))
    try:
        told = {name: value for name, value in _told(form).items() if card.facts.get(name) != value}
        hand = Hand(principal.name, form.one("reason", longest=2_000))
        if told:
            set_card(gateway, principal.kurum, SgkTescilNo(sgk_tescil_no), told, hand)
    except Rejected as error:
        return _shown(request, gateway, principal, sgk_tescil_no, error=error)
    return go(f"{DESK}/isyeri/{sgk_tescil_no}?saved={len(told)}")


def _told(form: Form) -> dict[str, Any]:
    """What the form says, as the register keeps it; a field left empty says nothing."""
    told: dict[str, Any] = {name: form.one(name, longest=longest) for name, longest in TEXTS.items()}
    told["tehlike_sinifi"] = form.one("tehlike_sinifi")
    if told["tehlike_sinifi"] and told["tehlike_sinifi"] not in list(TehlikeSinifi):
        raise BadCall(f"tehlike_sinifi: {', '.join(TehlikeSinifi)}")
    told["calisan_sayisi"] = _count_of(form.one("calisan_sayisi"))
    told["otomatik_guncelleme"] = {"yes": 1, "no": 0}.get(form.one("otomatik_guncelleme"))
    return {name: value for name, value in told.items() if value not in ("", None)}


def _count_of(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= MOST_COUNTED):
        raise BadCall(f"calisan_sayisi: 0 .. {MOST_COUNTED}")
    return int(text)


def _shown(
    request: Request, gateway: Gateway, principal: Principal, no: str, *, error: IntegratorError | None = None
) -> Response:
    whole = principal.may(Right.KEEP_PARTIES)
    card = read_card(gateway, principal.kurum, SgkTescilNo(no))
    index = isyeri_index(gateway.keyring.sealer(principal.kurum), no)
    with reading(gateway.database) as tx:
        counted = next((each for each in read_counts(tx, principal.kurum) if each.isyeri_index == index), None)
    return render(
        request,
        "isyeri.html",
        principal,
        status=status_of(error) if error else 200,
        card={**ISYERI.untold, **tell_card(card, whole=whole)},
        contracts=[{**SOZLESME.untold, **tell_contract(each, whole=whole)} for each in card.contracts],
        gaps=_gaps_by_place(gateway, principal, index, [(index, card.facts)]).get(index, []),
        counted=counted,
        fault=sentence_of(request, error) if error else "",
        today=today_of(gateway),
        classes=list(TehlikeSinifi),
    )


def _gaps_by_place(
    gateway: Gateway, principal: Principal, index: str | None = None, known: Iterable[tuple[str, Facts]] | None = None
) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    if not read_kurum(gateway, principal.kurum):  # nobody of that name yet
        return found
    sealer = gateway.keyring.sealer(principal.kurum)
    with reading(gateway.database) as tx:
        for gap in read_gaps(tx, sealer, principal.kurum, today=today_of(gateway), isyeri=index, known=known):
            found.setdefault(gap.isyeri_index, []).append(gap)
    return found


def _indexed(gateway: Gateway, principal: Principal, cards: list[Card]) -> list[tuple[Card, str]]:
    sealer = gateway.keyring.sealer(principal.kurum) if cards else None
    return [(card, isyeri_index(sealer, card.facts["sgk_tescil_no"])) for card in cards if sealer]
