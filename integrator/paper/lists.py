"""The lists that are handed out as workbooks, each under a name: what the desk tells, and the messages themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from integrator.coverage.reading import read_counts, today_of
from integrator.coverage.standing import COVERED, Standing
from integrator.coverage.subjects import EGITIM, MUAYENE
from integrator.desk import records, workers
from integrator.desk.deadlines import Duty, read_deadlines
from integrator.desk.gaps import Missing, read_gaps, read_loads
from integrator.desk.names import read_names
from integrator.desk.records import Found, Wanted, search
from integrator.desk.workers import Chosen, read_roster
from integrator.domain.advice import advice_for
from integrator.domain.errors import Malformed, NotFound
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.domain.roles import Right
from integrator.domain.states import State
from integrator.domain.texts import Language
from integrator.domain.workplaces import TehlikeSinifi
from integrator.gateway import Gateway
from integrator.paper.sheets import Listing
from integrator.paper.words import say
from integrator.parties.register import isyeri_index
from integrator.registering import read_card, read_cards, read_kurum
from integrator.store.engine import reading


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
    event_date: date
    state: State
    last_code: str
    happened: str
    ad_unvan: str
    sgk_tescil_no: str
    professional: str
    parts_accepted: int
    parts_total: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class WorkplaceRow:
    """One workplace of the register; `lacks` counts what it lacks."""

    ad_unvan: str
    sgk_tescil_no: str
    tehlike_sinifi: TehlikeSinifi | None
    workers: int
    contracts: int
    roster_on: date | None
    otomatik_guncelleme: bool
    lacks: int


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker of a roster: how they stand, masked as the page masks them."""

    worker: str
    number: str
    hired_on: date | None
    egitim: Standing
    egitim_until: date | None
    muayene: Standing
    muayene_until: date | None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a list is narrowed to, as its page is; empty is everything. `place` is wanted by ``workers`` alone."""

    wanted: Wanted = field(default_factory=Wanted)
    duty: str = ""
    within: str = ""
    missing: str = ""
    place: SgkTescilNo | None = None
    chosen: Chosen = field(default_factory=Chosen)


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a list is made: people stand in it as their rights have it."""

    gateway: Gateway
    kurum: KurumNo
    language: Language
    rights: AbstractSet[Right] = frozenset()
    narrowed: Narrowed = Narrowed()

    @property
    def whole(self) -> bool:
        """Whether names of professionals are told whole."""
        return Right.KEEP_PARTIES in self.rights


Rows = Iterator[object]


def list_named(reader: Reader, name: str) -> Listing:
    """One of `LISTS`, read while it is written; raises NotFound for a name that is none of them."""
    if name not in LISTS:
        raise NotFound(f"no list is called so; there are {', '.join(LISTS)}")
    row_type, lister = LISTS[name]
    rows = lister(reader) if read_kurum(reader.gateway, reader.kurum) else iter(())
    return Listing(say(f"list_{name}", reader.language), row_type, rows)


def _deadlines(reader: Reader) -> Rows:
    gateway, kurum, only = reader.gateway, reader.kurum, reader.narrowed
    with reading(gateway.database) as tx:
        found = [
            each
            for each in read_deadlines(tx, kurum, today=today_of(gateway))
            if only.duty in ("", each.duty) and only.within in ("", each.within)
        ]
        places, people = [each.isyeri_index for each in found], [each.profesyonel_index for each in found]
        names = read_names(tx, gateway, kurum, isyeri=places, profesyonel=people, whole=reader.whole)
    for each in found:
        place, person = names.place(each.isyeri_index), names.professional(each.profesyonel_index)
        what = (Horizon(each.within), each.due_on, each.duty, each.count)
        yield DeadlineRow(*what, place.ad_unvan, place.sgk_tescil_no, person)


def _gaps(reader: Reader) -> Rows:
    gateway, kurum, only = reader.gateway, reader.kurum, reader.narrowed
    with reading(gateway.database) as tx:
        found = [
            each
            for each in read_gaps(tx, gateway.keyring.sealer(kurum), kurum, today=today_of(gateway))
            if only.missing in ("", each.missing)
        ]
        names = read_names(tx, gateway, kurum, isyeri=(each.isyeri_index for each in found), profesyonel=())
    for each in found:
        place = names.place(each.isyeri_index)
        yield GapRow(place.ad_unvan, place.sgk_tescil_no, each.missing, each.role, each.seen, each.wanted)


def _loads(reader: Reader) -> Rows:
    gateway, kurum, language = reader.gateway, reader.kurum, reader.language
    with reading(gateway.database) as tx:
        found = read_loads(tx, kurum, today=today_of(gateway))
        people = (each.profesyonel_index for each in found)
        names = read_names(tx, gateway, kurum, isyeri=(), profesyonel=people, whole=reader.whole)
    for each in found:
        role = say(f"belge_tipi_{each.belge_tipi}", language) if each.belge_tipi in ("1", "2", "3") else each.belge_tipi
        yield LoadRow(names.professional(each.profesyonel_index), role, each.contracts, each.minutes, each.ceiling)


def _coverage(reader: Reader) -> Rows:
    gateway, kurum = reader.gateway, reader.kurum
    with reading(gateway.database) as tx:
        found = read_counts(tx, kurum)
        names = read_names(tx, gateway, kurum, isyeri=(each.isyeri_index for each in found), profesyonel=())
    for each in found:
        place = names.place(each.isyeri_index)
        counts = [_covered(each.counts.get(name, {})) for name in (EGITIM, MUAYENE)]
        yield CoverageRow(place.ad_unvan, place.sgk_tescil_no, each.roster, *counts[0], *counts[1], each.counted_on)


def _covered(counts: Mapping[str, int]) -> tuple[int, int]:
    return sum(counts.get(each, 0) for each in COVERED), counts.get(Standing.ENDING, 0)


def _workplaces(reader: Reader) -> Rows:
    gateway, kurum = reader.gateway, reader.kurum
    sealer = gateway.keyring.sealer(kurum)
    with reading(gateway.database) as tx:
        lacks = Counter(each.isyeri_index for each in read_gaps(tx, sealer, kurum, today=today_of(gateway)))
    for card in read_cards(gateway, kurum):
        facts, sinif = card.facts, card.facts.get("tehlike_sinifi")
        sgk = str(facts["sgk_tescil_no"])
        where = (str(facts.get("ad_unvan") or ""), sgk, TehlikeSinifi(sinif) if sinif else None)
        counts = (card.workers, card.contract_count, facts.get("roster_on"))
        yield WorkplaceRow(*where, *counts, facts.get("otomatik_guncelleme") == 1, lacks[isyeri_index(sealer, sgk)])


def _workers(reader: Reader) -> Rows:
    """Raises Malformed without a workplace, UnknownParty for one that no register knows."""
    gateway, kurum, only = reader.gateway, reader.kurum, reader.narrowed
    if only.place is None:
        raise Malformed("workers: the workplace is wanted")
    read_card(gateway, kurum, only.place)
    index, after = isyeri_index(gateway.keyring.sealer(kurum), only.place.value), 0
    facts: dict[str, Any] = {"rights": reader.rights, "today": today_of(gateway), "chosen": only.chosen}
    while True:
        with reading(gateway.database) as tx:
            page = read_roster(tx, gateway, kurum, index, after=after, limit=workers.MOST, **facts)
        for row in page.rows:
            stands = [(row.of[name].standing, row.of[name].until) for name in (EGITIM, MUAYENE)]
            yield WorkerRow(row.name, row.number, row.hired_on, *stands[0], *stands[1])
        if page.next is None:
            return
        after = page.next


def _messages(reader: Reader) -> Rows:
    """Page by page: no transaction stays open while they are written."""
    gateway, kurum, after = reader.gateway, reader.kurum, ""
    while True:
        with reading(gateway.database) as tx:
            wanted = reader.narrowed.wanted
            page = search(tx, gateway, kurum, wanted, after=after, limit=records.MOST, whole=reader.whole)
        yield from (_message(row, reader.language) for row in page.rows)
        if not page.next:
            return
        after = page.next


def _message(row: Found, language: Language) -> MessageRow:
    where = (row.sorgu_no, row.kayit_no, row.part, row.veri_seti, row.event_date, row.state, row.code)
    happened = advice_for(row.state, row.code, row.reason).happened[language]
    whose = (row.place.ad_unvan, row.place.sgk_tescil_no, row.professional)
    return MessageRow(*where, happened, *whose, row.parts_accepted, row.parts_total, row.taken_in_at, row.changed_at)


LISTS: Mapping[str, tuple[type, Callable[[Reader], Rows]]] = {
    "deadlines": (DeadlineRow, _deadlines),
    "gaps": (GapRow, _gaps),
    "loads": (LoadRow, _loads),
    "coverage": (CoverageRow, _coverage),
    "messages": (MessageRow, _messages),
    "workplaces": (WorkplaceRow, _workplaces),
    "workers": (WorkerRow, _workers),
}
