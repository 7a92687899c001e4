"""Professionals: certificates, contracts, minutes a month, and how many signatures wait for each."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from integrator.access import Principal
from integrator.coverage.reading import today_of
from integrator.desk.gaps import FULL_TIME_MINUTES, Load, read_loads
from integrator.domain.errors import UnknownParty
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.parties.register import ISYERI, PROFESYONEL, SOZLESME, read, read_all
from integrator.registering import read_kurum
from integrator.store.engine import reading
from integrator.telling_parties import tell_party
from integrator.web.desk.finding import found_in
from integrator.web.desk.pages import render
from integrator.web.guard import GatewayHere, needs

router = APIRouter(prefix="/profesyonel")
Reads = Annotated[Principal, needs(Right.READ_PARTIES)]
SHOWN = 50


@router.get("")
def show_list(
    request: Request,
    gateway: GatewayHere,
    principal: Reads,
    *,
    q: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Everybody on the register, the fullest first."""
    rows = [row for row in _rows(gateway, principal) if found_in(q, row["ad"], row.get("belge_no"))]
    rows.sort(key=lambda row: (-row["minutes"], str(row["ad"])))
    facts: dict[str, Any] = {"rows": rows[(page - 1) * SHOWN : page * SHOWN], "total": len(rows), "asked": {"q": q}}
    return render(request, "profesyonel_list.html", principal, page=page, shown=SHOWN, today=today_of(gateway), **facts)


@router.get("/{profesyonel_index}")
def show_one(
    profesyonel_index: Annotated[str, Path(max_length=64)], request: Request, gateway: GatewayHere, principal: Reads
) -> Response:
    """One professional with the contracts of each workplace."""
    row = next((each for each in _rows(gateway, principal) if each["index"] == profesyonel_index), None)
    if row is None:
        raise UnknownParty("professional")
    contracts = _contracts(gateway, principal, profesyonel_index)
    return render(request, "profesyonel.html", principal, row=row, contracts=contracts, today=today_of(gateway))


def _rows(gateway: Gateway, principal: Principal) -> list[dict[str, Any]]:
    kurum, whole = principal.kurum, principal.may(Right.KEEP_PARTIES)
    if not read_kurum(gateway, kurum):
        return []
    with reading(gateway.database) as tx:
        people = read_all(tx, gateway.keyring.sealer(kurum), kurum, PROFESYONEL)
        loads = read_loads(tx, kurum, today=today_of(gateway))
    by_index: dict[str, list[Load]] = {}
    for load in loads:
        by_index.setdefault(load.profesyonel_index, []).append(load)
    return [
        {**PROFESYONEL.untold, **tell_party(PROFESYONEL, facts, whole=whole), **_load(index, by_index)}
        for index, facts in people
    ]


def _load(index: str, by_index: dict[str, list[Load]]) -> dict[str, Any]:
    mine = by_index.get(index, [])
    minutes = sum(each.minutes for each in mine)
    return {
        "index": index,
        "contract_count": sum(each.contracts for each in mine),
        "minutes": minutes,
        "ceiling": FULL_TIME_MINUTES,
        "share": round(100 * minutes / FULL_TIME_MINUTES),
    }


def _contracts(gateway: Gateway, principal: Principal, index: str) -> list[dict[str, Any]]:
    kurum, whole = principal.kurum, principal.may(Right.KEEP_PARTIES)
    sealer = gateway.keyring.sealer(kurum)
    with reading(gateway.database) as tx:
        mine = [facts for _, facts in read_all(tx, sealer, kurum, SOZLESME) if facts["profesyonel_index"] == index]
        places = dict(read(tx, sealer, kurum, ISYERI, {facts["isyeri_index"] for facts in mine}))
    return [
        {
            **SOZLESME.untold,
            **tell_party(SOZLESME, facts, whole=whole),
            "ad_unvan": places.get(facts["isyeri_index"], {}).get("ad_unvan"),
        }
        for facts in sorted(mine, key=lambda facts: (facts["durum"], str(facts.get("bitis"))))
    ]
