"""The life of one message, in the order in which it happened: every attempt, every move, every act of a person.

Told by the entries of the log and the rows of attempts; nothing sealed is opened for it. Signature, proof and bytes
stand in ``proofs.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from integrator.audit.trail import read_about
from integrator.catalogue.catalogue import ResultCode
from integrator.desk.names import Place, read_names
from integrator.domain.advice import advice_for
from integrator.domain.hands import Verb
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.outcome_texts import outcome_text, outcome_texts
from integrator.domain.states import State
from integrator.domain.texts import LANGUAGES, Language
from integrator.gateway import Gateway
from integrator.protect.seal import erased_of
from integrator.queue import corrections, readings
from integrator.queue.hands import version_of
from integrator.queue.standing import keeps_back
from integrator.queue.verbs import verbs_open
from integrator.store.engine import Tx

Words = Mapping[Language, str]
SEND = "send"


class Kind(StrEnum):
    """What a step is."""

    TAKEN_IN = "taken_in"
    SIGNED = "signed"
    SEND = "send"
    ASK = "ask"
    MOVED = "moved"  # by the gateway itself, beside an attempt
    ACT = "act"  # of a person
    EVIDENCE = "evidence"  # its evidence copy was completed


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `state` is where the message stood afterwards, None while nobody knows.

    Of an attempt: `planned_at` is when it was due, `at` when it began, `ended_at` when its answer was written; `code`
    is the ministry's word or ours, `means` what it means, `next_at` when something follows by itself.
    """

    at: datetime
    kind: Kind
    state: State | None
    was: State | None = None
    number: int = 0
    planned_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str = ""
    code: str = ""
    means: Words | None = None
    next_at: datetime | None = None
    by: str = ""
    reason: str = ""

    @property
    def late(self) -> timedelta | None:
        """By how much an attempt began after it was due."""
        return self.at - self.planned_at if self.planned_at else None

    @property
    def took(self) -> timedelta | None:
        """How long an attempt lasted."""
        return self.ended_at - self.at if self.ended_at else None


@dataclass(frozen=True, slots=True)
class Life:
    """One message and what became of it. `erased` says when (``on``) and why (``class``) its content was destroyed.

    `can` is what a person may do now, and where that takes it; `version` is what an act is made conditional on.
    """

    sorgu_no: SorguNo
    kayit_no: str
    part: int
    form: str
    ministry_no: str
    state: State
    reason: str
    code: str
    parts_total: int
    parts_accepted: int
    taken_in_at: datetime
    due_at: datetime | None
    place: Place
    profesyonel_index: str
    professional: str
    happened: Words
    who: Words
    where: Words
    code_means: Words | None
    can: Mapping[Verb, State]
    version: str
    corrects: str
    corrected_by: str
    erased: Mapping[str, str] | None
    is_health: bool
    steps: Sequence[Step] = field(repr=False)


def read_life(
    tx: Tx, gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, signer: str | None = None, whole: bool = False
) -> Life:
    """The life of one message; raises NotFound. With `signer` there are no messages but that professional's."""
    found = readings.read_one(tx, kurum, sorgu_no, signer=signer)
    row, codes = found["row"], gateway.catalogue.result_codes
    places, people = [row["isyeri_index"]], [row["profesyonel_index"]]
    names = read_names(tx, gateway, kurum, isyeri=places, profesyonel=people, whole=whole)
    state = State(row["state"])
    kept_back = keeps_back(tx, kurum, needs_form=gateway.needs_form) if state is State.QUEUED else ""
    told = advice_for(state, "" if kept_back else row["last_code"], kept_back or row["reason"])
    corrects, corrected_by = corrections.links_of(tx, kurum, row["kayit_no"])
    return Life(
        sorgu_no=sorgu_no,
        kayit_no=row["kayit_no"],
        part=row["part"],
        form=f"{row['veri_seti']} {row['version']} {row['metot']}",
        ministry_no=row["ministry_no"] or "",
        state=state,
        reason=row["reason"],
        code=row["last_code"],
        parts_total=row["parts_total"],
        parts_accepted=row["parts_accepted"],
        taken_in_at=row["created_at"],
        due_at=row["due_at"] if state in _GOES_ON else None,
        place=names.place(row["isyeri_index"]),
        profesyonel_index=row["profesyonel_index"],
        professional=names.professional(row["profesyonel_index"]),
        happened=told.happened,
        who=told.who,
        where=told.where,
        code_means=None if told.tells_code else means(row["last_code"], codes),
        can=verbs_open(state, row["reason"]),
        version=version_of(row),
        corrects=corrects,
        corrected_by=corrected_by,
        erased=erased_of(found["content_key"]),
        is_health=gateway.catalogue.is_health(row["veri_seti"]),
        steps=steps_of(read_about(tx, sorgu_no), found["denemeler"], codes),
    )


_GOES_ON = frozenset({State.QUEUED, State.SENDING, State.UNCERTAIN, State.PENDING})


def means(code: str, codes: Mapping[str, ResultCode]) -> Words | None:
    """What a code means: the ministry's by the catalogue, ours by its text; None for one that nobody knows."""
    known = codes.get(code)
    if known:
        return {"tr": known.tr, "en": known.en}
    if code in outcome_texts() or code.startswith("http_"):
        return {each: outcome_text(code, each) for each in LANGUAGES}
    return None


def steps_of(
    entries: Iterable[Mapping[str, Any]], denemeler: Iterable[Mapping[str, Any]], codes: Mapping[str, ResultCode]
) -> list[Step]:
    """The steps that the entries about one message tell, oldest first; an attempt is one step, begun and ended."""
    telling = _Telling(codes, {each["deneme_no"]: each for each in denemeler})
    for entry in entries:
        telling.take(entry)
    return telling.steps


class _Telling:
    """Walks the entries of one message and remembers when the next attempt is due."""

    def __init__(self, codes: Mapping[str, ResultCode], denemeler: Mapping[int, Mapping[str, Any]]) -> None:
        self.steps: list[Step] = []
        self._codes, self._denemeler = codes, denemeler
        self._open: dict[int, int] = {}  # number of an attempt -> place of its step
        self._due: datetime | None = None

    def take(self, entry: Mapping[str, Any]) -> None:
        """One entry, in order."""
        at, number = datetime.fromisoformat(entry["at"]), entry.get("deneme_no", 0)
        if number and "outcome" in entry:
            self._end(number, entry, at)
        elif number:
            self._begin(number, entry, at)
        else:
            self._other(entry, at)

    def _begin(self, number: int, entry: Mapping[str, Any], at: datetime) -> None:
        kind = Kind.ASK if entry["event"] == "bildirim.asking" else Kind.SEND
        self._open[number] = len(self.steps)
        self.steps.append(Step(at, kind, _state(entry, "to"), _state(entry, "from"), number, planned_at=self._due))

    def _end(self, number: int, entry: Mapping[str, Any], at: datetime) -> None:
        """The answer of an attempt, written into its step; one whose intent is not in the log is told by its row."""
        place = self._open.pop(number, None)
        if place is None:
            row = self._denemeler.get(number, {})
            kind = Kind.SEND if row.get("act", SEND) == SEND else Kind.ASK
            place = len(self.steps)
            self.steps.append(Step(row.get("started_at") or at, kind, None, _state(entry, "from"), number))
        due = entry.get("due")
        self._due = datetime.fromisoformat(due) if due else None
        code = str(entry.get("code", ""))
        self.steps[place] = replace(
            self.steps[place],
            ended_at=at,
            state=_state(entry, "to"),
            outcome=str(entry["outcome"]),
            code=code,
            means=means(code, self._codes),
            next_at=self._due,
        )

    def _other(self, entry: Mapping[str, Any], at: datetime) -> None:
        state = _state(entry, "to") or (self.steps[-1].state if self.steps else None)
        self._due = at if state in _GOES_ON else None  # every move but an answer is due at once
        code = str(entry.get("code", ""))
        step = Step(at, _kind_of(entry), state, _state(entry, "from"), code=code, means=means(code, self._codes))
        self.steps.append(replace(step, by=entry.get("by", ""), reason=entry.get("reason", "")))


def _kind_of(entry: Mapping[str, Any]) -> Kind:
    if "part" in entry:
        return Kind.TAKEN_IN
    if "by" in entry:
        return Kind.ACT
    if entry["event"] == "evidence.added":
        return Kind.EVIDENCE
    return Kind.SIGNED if entry.get("move") == "a" else Kind.MOVED


def _state(entry: Mapping[str, Any], name: str) -> State | None:
    return State(entry[name]) if name in entry else None
