"""Fakes with memory: a clock moved by hand, a ministry that remembers what it stored, a mirror that was filled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Lock

from integrator.deliver.dvo import Dvo
from integrator.deliver.generation import Exchange
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Kind, Outcome, Pair, Reply, Sonuc
from integrator.domain.workplaces import Isyeri, Sozlesme, SozlesmeDurumu

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

Fault = str | Callable[[int], None]


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def sleep(self, span: timedelta) -> None:
        self.at += span

    def advance(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


class TickingClock(FakeClock):
    """Never tells the same time twice, as a real one: what is taken from two looks differs."""

    def now(self) -> datetime:
        return self.advance(milliseconds=1)


class FakeMinistry:
    """Implements Generation. `effects` is its ledger; `faults` and `ask_faults` are met one by one, then it is honest.

    A fault is ``lost_reply`` (stored, no answer), ``lost_request`` (neither), ``connect`` (known not arrived),
    ``busy``, three or four digits (that code as the answer, nothing stored), ``stored_CODE`` (stored, and that
    code as the answer), or a callable, which is called with the number and may raise.
    """

    metot = "soap-g2"

    def __init__(self) -> None:
        self.effects: list[tuple[int, Pair]] = []
        self.sent: list[tuple[int, str, bytes]] = []
        self.asked: list[int] = []
        self.faults: deque[Fault | None] = deque()
        self.ask_faults: deque[Fault | None] = deque()
        self.fault_of: dict[int, Fault] = {}
        self.off_roster: set[str] = set()
        self.is_firm_active = True
        self._lock = Lock()

    def send(self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes) -> Exchange[Reply]:
        with self._lock:
            self.sent.append((sorgu_no, "".join(dvo.elements.values()), cms))
            fault = self.fault_of.get(sorgu_no) or (self.faults.popleft() if self.faults else None)
            if callable(fault):
                fault(sorgu_no)
            return self._exchange(self._answer(sorgu_no, dvo, fault if isinstance(fault, str) else ""))

    def _answer(self, sorgu_no: SorguNo, dvo: Dvo, fault: str) -> Reply | Outcome:
        if fault in ("lost_reply", "lost_request"):
            if fault == "lost_reply":
                self._store(sorgu_no, dvo)
            return Outcome(Kind.UNCERTAIN, "timeout")
        if fault in ("connect", "busy"):
            return Outcome(Kind.NOT_ARRIVED if fault == "connect" else Kind.BUSY, fault)
        if fault.startswith("stored_"):
            self._store(sorgu_no, dvo)
            return Reply(sorgu_no, fault.removeprefix("stored_"), "")
        if fault:
            return Reply(sorgu_no, fault, "")
        if not self.is_firm_active:
            return Reply(None, "401", "")
        if any(number == sorgu_no for number, _ in self.effects):
            return Reply(sorgu_no, "211", "")
        return Reply(sorgu_no, "200", "", self._store(sorgu_no, dvo))

    def _store(self, sorgu_no: SorguNo, dvo: Dvo) -> tuple[Sonuc, ...]:
        parts = tuple(Sonuc(pair, "212" if pair[0] in self.off_roster else "200") for pair in dvo.pairs)
        self.effects += [(sorgu_no, part.pair) for part in parts if part.code == "200"]
        return parts

    def ask(self, sorgu_no: SorguNo, dvo: Dvo) -> Exchange[Sequence[Sonuc]]:
        with self._lock:
            self.asked.append(sorgu_no)
            fault = self.ask_faults.popleft() if self.ask_faults else None
            if callable(fault):
                fault(sorgu_no)
            if fault:
                return self._exchange(Outcome(Kind.UNCERTAIN, "timeout"))
            if not self.is_firm_active:
                return self._exchange([Sonuc(("", ""), "401")])
            return self._exchange([Sonuc(pair, "200") for number, pair in self.effects if number == sorgu_no])

    def fetch_training_codes(self) -> list[tuple[str, str, bool]]:
        return [("24", "Konu", True), ("240", "Konu", True), ("390", "Konu", True)]

    @staticmethod
    def _exchange(said):
        reply = b"" if isinstance(said, Outcome) else b"<reply/>"
        return Exchange(said, b"<request/>", reply)


class FakeProcessing(FakeMinistry):
    """Generation 3: takes messages for processing under numbers of its own, and tells later what became of them.

    `decisions` is what a number is answered with; without one it is stored when somebody asks. A save under a number
    of ours that was taken before is 211 with the ministry's number of it.
    """

    metot = "soap-g3"
    may_repeat = True
    ask = None  # cannot be asked by our number

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[int, tuple[str, Dvo]] = {}
        self.told: deque[str] = deque()  # numbers to tell instead of the true ones
        self.decisions: dict[str, str | Outcome] = {}
        self.learnt: list[list[str]] = []

    def _answer(self, sorgu_no: SorguNo, dvo: Dvo, fault: str) -> Reply | Outcome:
        if fault in ("connect", "busy", "lost_request"):
            return super()._answer(sorgu_no, dvo, fault)
        if not self.is_firm_active:
            return Reply(None, "401", "", ministry_no="")
        if fault and fault != "lost_reply":
            return Reply(None, fault, "", ministry_no="")
        before = sorgu_no in self.taken
        number = self.taken.setdefault(sorgu_no, (f"m{sorgu_no % 1000}", dvo))[0]
        if fault == "lost_reply":
            return Outcome(Kind.UNCERTAIN, "timeout")
        return Reply(None, "211" if before else "200", "", ministry_no=self.told.popleft() if self.told else number)

    def learn(self, numbers: Sequence[str]) -> list[Exchange[Reply]]:
        with self._lock:
            self.learnt.append(list(numbers))
            return [self._exchange(self._became(number)) for number in numbers]

    def _became(self, number: str) -> Reply | Outcome:
        if not self.is_firm_active:
            return Reply(None, "401", "", ministry_no="")
        known = next(((no, dvo) for no, (told, dvo) in self.taken.items() if told == number), None)
        decision = self.decisions.get(number, "200" if known else "211")
        if isinstance(decision, Outcome):
            return decision
        if decision == "200" and known and not any(no == known[0] for no, _ in self.effects):
            self._store(SorguNo(known[0]), known[1])
        return Reply(None, decision, "", ministry_no=number)


@dataclass
class FakeRoster:
    """A 4A list: worker -> (hired on, left on), either None when the list does not tell it."""

    refreshed_on: date
    employed: dict[str, tuple[date | None, date | None]]

    def holds(self, tckn: str, day: date) -> bool:
        hired, left = self.employed.get(tckn, (date.max, None))
        return (hired or date.min) <= day <= (left or date.max)


@dataclass
class FakeKnown:
    """Implements Known out of what was put into it, and remembers what it was asked.

    `contracts` answer for the workplaces of `contracts_at`; `services` hold the first day of each notified service.
    """

    place: Isyeri | None = None
    kind: str | None = None
    contracts: list[Sozlesme] = field(default_factory=list)
    contracts_at: set[str] = field(default_factory=set)
    rosters: dict[str, FakeRoster] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    services: dict[str, date] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, told: dict) -> FakeKnown:
        """Out of the ``known.json`` of a case."""
        contracts = [_contract(each) for each in told.get("sozlesmeler", ())]
        rosters = {
            number: FakeRoster(
                date.fromisoformat(each["refreshed_on"]),
                {worker: (_day(hired), _day(left)) for worker, (hired, left) in each["workers"].items()},
            )
            for number, each in told.get("rosters", {}).items()
        }
        return cls(
            contracts=contracts,
            contracts_at={each.sgk_tescil_no for each in contracts} | set(told.get("contracts_known_at", ())),
            rosters=rosters,
            numbers=told.get("new_numbers", {}),
            services={number: date.fromisoformat(day) for number, day in told.get("services", {}).items()},
        )

    def isyeri(self, sgk_tescil_no: str) -> Isyeri | None:
        self.asked.append(("isyeri", sgk_tescil_no))
        return self.place

    def belge_tipi(self, tckn: str) -> str | None:
        self.asked.append(("belge_tipi", tckn))
        return self.kind

    def sozlesmeler(self, profesyonel: str, sgk_tescil_no: str) -> list[Sozlesme] | None:
        self.asked.append(("sozlesmeler", sgk_tescil_no))
        if sgk_tescil_no not in self.contracts_at:
            return None
        return [
            each for each in self.contracts if (each.profesyonel, each.sgk_tescil_no) == (profesyonel, sgk_tescil_no)
        ]

    def calisan_listesi(self, sgk_tescil_no: str) -> FakeRoster | None:
        self.asked.append(("calisan_listesi", sgk_tescil_no))
        return self.rosters.get(sgk_tescil_no)

    def new_number(self, sgk_tescil_no: str) -> str | None:
        self.asked.append(("new_number", sgk_tescil_no))
        return self.numbers.get(sgk_tescil_no)

    def hizmet_bildirildi(self, sgk_tescil_no: str, day: date) -> bool | None:
        self.asked.append(("hizmet_bildirildi", sgk_tescil_no))
        since = self.services.get(sgk_tescil_no)
        return since <= day if since else None


def _contract(told: dict) -> Sozlesme:
    days = {name: _day(told.get(name)) for name in ("baslangic", "bitis", "onay_tarihi", "silinme_tarihi", "told_on")}
    durum = SozlesmeDurumu(told["durum"])
    return Sozlesme(told["profesyonel"], told["sgk_tescil_no"], told["belge_tipi"], durum, **days)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
