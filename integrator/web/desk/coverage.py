"""Coverage and deadlines: every workplace by what is accepted, month by month; what ends, and the workers behind it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from integrator.access import Principal
from integrator.coverage.reading import ENDS_WITHIN, OVERDUE, read_counts, sum_counts, today_of
from integrator.coverage.standing import Standing
from integrator.coverage.subjects import KINDS
from integrator.desk.deadlines import Duty, read_deadlines
from integrator.desk.heat import MONTHS, read_heat
from integrator.desk.names import read_names
from integrator.desk.workers import Chosen, read_roster
from integrator.domain.errors import UnknownParty
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.roles import Right
from integrator.parties.register import isyeri_index
from integrator.registering import read_card, read_kurum
from integrator.store.engine import reading
from integrator.web.api.shapes import SGK_FORM
from integrator.web.desk.pages import render
from integrator.web.guard import GatewayHere, needs

router = APIRouter()
Reads = Annotated[Principal, needs(Right.READ_PARTIES)]
After = Annotated[int, Query(ge=0, le=10_000_000)]
Word = Annotated[str, Query(max_length=30)]
HORIZONS = (OVERDUE, *map(str, ENDS_WITHIN))
SHOWN = 50


@router.get("/coverage")
def show_coverage(request: Request, gateway: GatewayHere, principal: Reads, after: After = 0) -> Response:
    """All workplaces: the sums, and month by month."""
    today = today_of(gateway)
    with reading(gateway.database) as tx:
        counted = read_counts(tx, principal.kurum)
        heat = read_heat(tx, gateway, principal.kurum, last=today, months=MONTHS, after=after, limit=SHOWN)
        deadlines = read_deadlines(tx, principal.kurum, today=today)
    facts: dict[str, Any] = {
        "sums": sum_counts(counted),
        "roster": sum(each.roster for each in counted),
        "by_place": {each.isyeri_index: each for each in counted},
        "heat": heat,
        "after": after,
        "deadline_count": sum(each.count for each in deadlines),
    }
    return render(request, "coverage.html", principal, kinds=KINDS, shown=SHOWN, **facts)


@router.get("/coverage/deadlines")
def show_deadlines(
    request: Request,
    gateway: GatewayHere,
    principal: Reads,
    *,
    duty: Word = "",
    within: Word = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """What ends, the nearest first; of one duty and one horizon where asked."""
    with reading(gateway.database) as tx:
        found = [
            each
            for each in read_deadlines(tx, principal.kurum, today=today_of(gateway))
            if duty in ("", each.duty) and within in ("", each.within)
        ]
        shown = found[(page - 1) * SHOWN : page * SHOWN]
        names = read_names(
            tx, gateway, principal.kurum, isyeri=(each.isyeri_index for each in shown),
            profesyonel=(each.profesyonel_index for each in shown), whole=principal.may(Right.KEEP_PARTIES),
        )  # fmt: skip
    facts: dict[str, Any] = {"rows": shown, "total": len(found), "names": names, "page": page, "shown": SHOWN}
    asked = {"duty": duty, "within": within}
    return render(request, "deadlines.html", principal, asked=asked, duties=list(Duty), horizons=HORIZONS, **facts)


@router.get("/isyeri/{sgk_tescil_no}/workers")
def show_workers(
    sgk_tescil_no: Annotated[str, Path(pattern=SGK_FORM)],
    request: Request,
    gateway: GatewayHere,
    principal: Reads,
    *,
    veri_seti: Word = "",
    standing: Word = "",
    after: After = 0,
) -> Response:
    """The roster of one workplace: who stands how, those who miss most first."""
    if not read_kurum(gateway, principal.kurum):
        raise UnknownParty(sgk_tescil_no)
    card = read_card(gateway, principal.kurum, SgkTescilNo(sgk_tescil_no))
    index = isyeri_index(gateway.keyring.sealer(principal.kurum), sgk_tescil_no)
    chosen = Chosen(
        next((each for each in Standing if each == standing), None), veri_seti if veri_seti in KINDS else ""
    )
    with reading(gateway.database) as tx:
        found = read_roster(
            tx, gateway, principal.kurum, index,
            rights=principal.rights, today=today_of(gateway), chosen=chosen, after=after,
        )  # fmt: skip
    asked = {"veri_seti": chosen.veri_seti, "standing": chosen.standing or ""}
    return render(
        request, "workers.html", principal, found=found, no=sgk_tescil_no, title=card.facts.get("ad_unvan"),
        asked=asked, kinds=KINDS, standings=list(Standing), after=after,
    )  # fmt: skip
