"""The registers of parties in an erasure: which rows go, which stay and why, and what the certificate says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table

from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import NothingKept
from integrator.domain.identifiers import KurumNo, SgkTescilNo, Tckn
from integrator.keeping.certificates import HELD, TIME
from integrator.keeping.classes import PARTIES, class_named
from integrator.parties import forgetting, mirror, register
from integrator.parties.forgetting import REGISTERS, Mark, Row
from integrator.parties.register import ISYERI, PROFESYONEL
from integrator.protect.seal import Sealer
from integrator.queue import erasures
from integrator.store.engine import Tx
from integrator.store.tables import erased_party


@dataclass(frozen=True, slots=True)
class Terms:
    """Of which customer, when, and what is on hold (record, or ALL -> why)."""

    kurum: KurumNo
    now: datetime
    holds: Mapping[str, str]

    @property
    def today(self) -> date:
        """The day in Türkiye."""
        return self.now.astimezone(ISTANBUL).date()


Touched = Mapping[Table, list[tuple[str]]]


def touched_by(document: Mapping[str, Any]) -> Touched:
    """The rows of the registers that a certificate says went or changed, and its marks."""
    told = document.get("registers", ())
    rows = {REGISTERS[each["register"]].table: [(str(key),) for key in each["keys"]] for each in told if each["keys"]}
    marks = [(str(each),) for each in document.get("marks", ())]
    return {**rows, erased_party: marks} if marks else rows


@dataclass(slots=True)
class Taken:
    """What was taken from the registers, as the certificate tells it; no identity number stands in it."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    answers: Touched = field(default_factory=dict)  # kept answers to look-ups that went

    @property
    def touched(self) -> Touched:
        """Every row that went or changed: table -> keys."""
        return {**self.answers, **touched_by(self.told())}

    def told(self) -> dict[str, Any]:
        """The certificate's part: registers with their counts, and the marks by which the person is known again."""
        return {"registers": self.rows, "marks": sorted(self.marks)}


Taker = Callable[[Tx, Sealer, Terms], Taken]
"""Takes what it is about, in the transaction of the erasure."""


def nothing(_tx: Tx, _sealer: Sealer, _terms: Terms) -> Taken:
    """An erasure that does not concern the registers."""
    return Taken()


def of_person(person: Tckn, *, early: bool, alone: bool) -> Taker:
    """Rows about one person, and kept answers about them. Raises NothingKept when `alone` and there is no such row.

    A row stays while its time is not over (unless `early`) or a hold needs it; a professional with their contracts.
    """

    def take(tx: Tx, sealer: Sealer, terms: Terms) -> Taken:
        answers = mirror.forget(tx, sealer, terms.kurum, person.value)
        rows = forgetting.rows_of(tx, sealer, terms.kurum, person.value)
        if alone and not rows and not answers:
            raise NothingKept("the registers hold nothing of this person, or nothing that is not erased already")
        taken = _take(tx, terms, rows, early=early)
        taken.answers = answers
        if any(each["destroyed"] for each in taken.rows):
            taken.marks.append(forgetting.mark_of(sealer, person.value))
        return taken

    return take


def of_contact(sgk: SgkTescilNo) -> Taker:
    """The contact person in one workplace's card: only a hold keeps one, no law does. May raise NothingKept."""

    def take(tx: Tx, sealer: Sealer, terms: Terms) -> Taken:
        key = register.isyeri_index(sealer, sgk.value)
        if _held_by(tx, terms)(frozenset({key})):
            return Taken([_told(ISYERI.table.name, [], Counter({HELD: 1}))])
        marks = forgetting.take_contact(tx, sealer, terms.kurum, key, now=terms.now)
        if not marks:
            raise NothingKept("this workplace has no contact person here, or none that is not erased already")
        return Taken([_told(ISYERI.table.name, [key], Counter())], marks)

    return take


def ended(tx: Tx, _sealer: Sealer, terms: Terms) -> Taken:
    """Rows of whomever whose time is over."""
    return _take(tx, terms, due_rows(tx, terms), early=False)


def due_rows(tx: Tx, terms: Terms) -> list[Row]:
    """Rows of the registers whose time is over today."""
    kind = class_named(PARTIES)
    several = forgetting.ended_rows(tx, terms.kurum, terms.today)
    return [each for each in several if kind.is_over(each.ended_on, terms.today)]


def _take(tx: Tx, terms: Terms, rows: Iterable[Row], *, early: bool) -> Taken:
    """Contracts come before their professional in `rows`, who stays with them."""
    kind, is_held = class_named(PARTIES), _held_by(tx, terms)
    go, stays, kept = dict[str, list[str]](), dict[str, Counter[str]](), dict[str, str]()
    for each in rows:
        name = each.register.table.name
        why = HELD if is_held(each.indexes) else ""
        why = why or ("" if early or kind.is_over(each.ended_on, terms.today) else TIME)
        if each.register is PROFESYONEL:
            why = kept.get(each.key, why)
        if why:
            kept |= dict.fromkeys(each.indexes, why)
            stays.setdefault(name, Counter())[why] += 1
        else:
            go.setdefault(name, []).append(each.key)
    for name, keys in go.items():
        forgetting.take(tx, terms.kurum, REGISTERS[name], keys)
    names = [name for name in REGISTERS if name in go or name in stays]
    return Taken([_told(name, go.get(name, []), stays.get(name, Counter())) for name in names])


def _held_by(tx: Tx, terms: Terms) -> Callable[[frozenset[str]], bool]:
    """Whether a hold needs a row that stands under these indexes: a hold of all, or of a record that speaks of them."""
    if erasures.ALL in terms.holds:
        return lambda _: True
    named = forgetting.on_hold(tx, terms.kurum, terms.holds) if terms.holds else frozenset[str]()
    return lambda indexes: bool(indexes & named)


def _told(name: str, keys: list[str], stays: Counter[str]) -> dict[str, Any]:
    return {"register": name, "class": PARTIES, "destroyed": len(keys), "keys": sorted(keys), "stays": dict(stays)}


def put_marks(tx: Tx, terms: Terms, taken: Taken, certificate_no: int) -> None:
    """Remember who was erased, so that an export that names them again is told."""
    forgetting.put_marks(tx, terms.kurum, taken.marks, Mark(terms.today, certificate_no))


def take_again(tx: Tx, sealer: Sealer, document: Mapping[str, Any], *, now: datetime) -> int:
    """What a certificate says was taken, from a copy of an older backup; returns how many rows still stood there."""
    kurum, found = KurumNo(document["kurum"]), 0
    for each in document.get("registers", ()):
        of, keys = REGISTERS[each["register"]], [str(key) for key in each["keys"]]
        if of is ISYERI:
            found += sum(bool(forgetting.take_contact(tx, sealer, kurum, key, now=now)) for key in keys)
        else:
            found += forgetting.take(tx, kurum, of, keys)
    mark = Mark(datetime.fromisoformat(document["at"]).astimezone(ISTANBUL).date(), int(document["certificate"]))
    forgetting.put_marks(tx, kurum, document.get("marks", ()), mark)
    return found
