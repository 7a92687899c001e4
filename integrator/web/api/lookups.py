"""Look-ups: what the ministry says about a workplace, a professional at it, a worker at it. Answers are kept for a day.

Persons are named in the body, never in an address, where logs would keep them.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from integrator import lookups
from integrator.access import Principal
from integrator.domain.findings import seen
from integrator.domain.identifiers import Tckn
from integrator.domain.limits import Counted
from integrator.domain.parties import Isyeri, Sigorta, Yetki
from integrator.domain.roles import Right
from integrator.limiting import Limiter
from integrator.parties.mirror import Seen, Subject
from integrator.web.api.shapes import SgkNo
from integrator.web.guard import gateway_of, needs

router = APIRouter(prefix="/lookup", tags=["lookup"])
Asks = Annotated[Principal, needs(Right.LOOK_UP)]
Person = Annotated[str, Field(pattern="^[1-9][0-9]{10}$", description="identity number")]


class AboutWorkplace(BaseModel):
    """Which workplace."""

    model_config = ConfigDict(extra="forbid")
    sgk_tescil_no: SgkNo


class AboutProfessional(AboutWorkplace):
    """Who, where, in which role: 1 physician, 2 specialist, 3 other health staff."""

    professional: Person
    belge_tipi: Literal["1", "2", "3"] = "2"


class AboutWorker(AboutWorkplace):
    """Who, where."""

    worker: Person


class Answered(BaseModel):
    """`holds`: the ministry knows it, or says yes. `seen_at` is when it said so."""

    sgk_tescil_no: str
    holds: bool
    source: str
    seen_at: datetime


class WorkplaceAnswered(Answered):
    """With what it says of the workplace."""

    nace_kodu: str
    tehlike_sinifi: str
    calisan_sayisi: int
    ad_unvan: str


class PersonAnswered(Answered):
    """With the number of the person, masked."""

    person: str


@router.post("/workplace", response_model=WorkplaceAnswered)
def look_up_workplace(asked: AboutWorkplace, request: Request, principal: Asks) -> dict[str, Any]:
    """NACE code, hazard class and number of workers of a workplace."""
    found = _ask(request, principal, Isyeri(asked.sgk_tescil_no))
    told = found.subject
    assert isinstance(told, Isyeri)
    more = {name: getattr(told, name) for name in ("nace_kodu", "tehlike_sinifi", "calisan_sayisi", "ad_unvan")}
    return {**_answer(found), **more}


@router.post("/professional", response_model=PersonAnswered)
def look_up_professional(asked: AboutProfessional, request: Request, principal: Asks) -> dict[str, Any]:
    """Whether a professional may act at a workplace in a role."""
    person = Tckn(asked.professional).value
    found = _ask(request, principal, Yetki(person, asked.sgk_tescil_no, asked.belge_tipi))
    return {**_answer(found), "person": seen(person)}


@router.post("/worker", response_model=PersonAnswered)
def look_up_worker(asked: AboutWorker, request: Request, principal: Asks) -> dict[str, Any]:
    """Whether a worker is insured at a workplace; not every generation of the service can be asked that (503)."""
    person = Tckn(asked.worker).value
    found = _ask(request, principal, Sigorta(person, asked.sgk_tescil_no))
    return {**_answer(found), "person": seen(person)}


def _ask(request: Request, principal: Principal, subject: Subject) -> Seen:
    """What is kept costs nothing; a question to the ministry is one of the customer's quota. Raises QuotaSpent."""
    limiter: Limiter = request.app.state.limiter
    pay = partial(limiter.spend, principal.kurum, Counted.LOOKUPS, 1)
    return lookups.look_up(gateway_of(request), principal.kurum, subject, by=principal.name, pay=pay)


def _answer(found: Seen) -> dict[str, Any]:
    return {
        "sgk_tescil_no": found.subject.sgk_tescil_no,
        "holds": found.holds,
        "source": found.source,
        "seen_at": found.seen_at,
    }
