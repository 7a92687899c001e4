"""The lists that are handed out as workbooks, each under a name: what the desk tells, and the messages themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from integrator.coverage.reading import read_counts, today_of
from integrator.coverage.standing import COVERED, Standing
from integrator.coverage.subjects import EGITIM, MUAYENE
from integrator.desk.deadlines import Duty, read_deadlines
from integrator.desk.gaps import Missing, read_gaps, read_loads
from integrator.desk.names import read_names
from integrator.domain.advice import advice_for
from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.domain.texts import Language
from integrator.gateway import Gateway
from integrator.paper.sheets import Listing
from integrator.paper.words import say
from integrator.queue.readings import Chosen, read_page
from integrator.registering import read_kurum
from integrator.store.engine import reading

PAGE = 1_000


class Horizon(StrEnum):
    """Overdue, or within so many days."""

    OVERDUE = "overdue"
    DAYS_7 = "7"
    DAYS_30 = "30"
    DAYS_60 = "60"
    DAYS_90 = "90"


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    """Something that ends."""

    within: Horizon
    due_on: date | None
    duty: Duty
    count: int
    ad_unvan: str
    sgk_tescil_no: str
    professional: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """Something that a workplace lacks."""

    ad_unvan: str
    sgk_tescil_no: str
    missing: Missing
    role: str
    seen: str
    wanted: str


@dataclass(frozen=True, slots=True)
class LoadRow:
    """What a professional carries, in minutes a month."""

    professional: str
    belge_tipi: str
    contracts: int
    minutes: int
    ceiling: int


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """How many of a roster are covered, by veri seti, as counted on a day."""

    ad_unvan: str
    sgk_tescil_no: str
    roster: int
    egitim_covered: int
    egitim_ending: int
    muayene_covered: int
    muayene_ending: int
    counted_on: date


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message: where it stands, why, and since when."""

    sorgu_no: int
    kayit_no: str
    part: int
    veri_seti: str
    state: State
    last_code: str
    happened: str
    parts_accepted: int
    parts_total: int
    created_at: datetime
    changed_at: datetime


Rows = Iterator[object]
Lister = Callable[[Gateway, KurumNo, Language], Rows]


def list_named(gateway: Gateway, kurum: KurumNo, name: str, language: Language) -> Listing:
    """One of `LISTS`, read while it is written; raises NotFound for a name that is none of them."""
    if name not in LISTS:
        raise NotFound(f"no list is called so; there are {', '.join(LISTS)}")
    row_type, lister = LISTS[name]
    rows = lister(gateway, kurum, language) if read_kurum(gateway, kurum) else iter(())
    return Listing(say(f"list_{name}", language), row_type, rows)


def _deadlines(gateway: Gateway, kurum: KurumNo, _language: Language) -> Rows:
    with reading(gateway.database) as tx:
        found = read_deadlines(tx, kurum, today=today_of(gateway))
        places, people = [each.isyeri_index for each in found], [each.profesyonel_index for each in found]
        names = read_names(tx, gateway, kurum, isyeri=places, profesyonel=people)
    for each in found:
        place, person = names.place(each.isyeri_index), names.professional(each.profesyonel_index)
        what = (Horizon(each.within), each.due_on, each.duty, each.count)
        yield DeadlineRow(*what, place.ad_unvan, place.sgk_tescil_no, person)


def _gaps(gateway: Gateway, kurum: KurumNo, _language: Language) -> Rows:
    with reading(gateway.database) as tx:
        found = read_gaps(tx, gateway.keyring.sealer(kurum), kurum, today=today_of(gateway))
        names = read_names(tx, gateway, kurum, isyeri=(each.isyeri_index for each in found), profesyonel=())
    for each in found:
        place = names.place(each.isyeri_index)
        yield GapRow(place.ad_unvan, place.sgk_tescil_no, each.missing, each.role, each.seen, each.wanted)


def _loads(gateway: Gateway, kurum: KurumNo, language: Language) -> Rows:
    with reading(gateway.database) as tx:
        found = read_loads(tx, kurum, today=today_of(gateway))
        names = read_names(tx, gateway, kurum, isyeri=(), profesyonel=(each.profesyonel_index for each in found))
    for each in found:
        role = say(f"belge_tipi_{each.belge_tipi}", language) if each.belge_tipi in ("1", "2", "3") else each.belge_tipi
        yield LoadRow(names.professional(each.profesyonel_index), role, each.contracts, each.minutes, each.ceiling)


def _coverage(gateway: Gateway, kurum: KurumNo, _language: Language) -> Rows:
    with reading(gateway.database) as tx:
        found = read_counts(tx, kurum)
        names = read_names(tx, gateway, kurum, isyeri=(each.isyeri_index for each in found), profesyonel=())
    for each in found:
        place = names.place(each.isyeri_index)
        counts = [_covered(each.counts.get(name, {})) for name in (EGITIM, MUAYENE)]
        yield CoverageRow(place.ad_unvan, place.sgk_tescil_no, each.roster, *counts[0], *counts[1], each.counted_on)


def _covered(counts: Mapping[str, int]) -> tuple[int, int]:
    return sum(counts.get(each, 0) for each in COVERED), counts.get(Standing.ENDING, 0)


def _messages(gateway: Gateway, kurum: KurumNo, language: Language) -> Rows:
    yield from message_rows(gateway, kurum, Chosen(), language)


def message_rows(gateway: Gateway, kurum: KurumNo, chosen: Chosen, language: Language) -> Iterator[MessageRow]:
    """The chosen messages by number, page by page: no transaction stays open while they are written."""
    after = 0
    while True:
        with reading(gateway.database) as tx:
            page = read_page(tx, kurum, chosen, after=after, limit=PAGE)
        for row in page:
            state, code = State(row["state"]), row["last_code"]
            where = (row["sorgu_no"], row["kayit_no"], row["part"], row["veri_seti"], state, code)
            told = advice_for(state, code, row["reason"]).happened[language]
            parts = (row["parts_accepted"], row["parts_total"])
            yield MessageRow(*where, told, *parts, row["created_at"], row["changed_at"])
        if len(page) < PAGE:
            return
        after = page[-1]["sorgu_no"]


LISTS: Mapping[str, tuple[type, Lister]] = {
    "deadlines": (DeadlineRow, _deadlines),
    "gaps": (GapRow, _gaps),
    "loads": (LoadRow, _loads),
    "coverage": (CoverageRow, _coverage),
    "messages": (MessageRow, _messages),
}
