"""What a rule may look at, and how a rule is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.definitions import LOCAL, Definition
from integrator.domain.findings import Finding
from integrator.domain.workplaces import Isyeri, Known, NothingKnown, TehlikeSinifi
from integrator.parties.mirror import Doubts

NO_DOUBTS = Doubts()


@dataclass(frozen=True)
class Context:
    """One record under judgement. `today` is the day in Istanbul; `split` whether we cut long lists ourselves.

    `values` holds what could be read; a rule yields nothing about what is not there, because that is told already.
    """

    definition: Definition
    values: Mapping[str, Any]
    catalogue: Catalogue
    today: date
    split: bool
    known: Known = field(default_factory=NothingKnown)
    doubts: Doubts = NO_DOUBTS  # what the ministry said no about within the last day
    codes_on: date | None = None  # the day on which codes must be good, when it is not the event's

    @property
    def event_date(self) -> date | None:
        """The day of the event, when it could be read."""
        return self.values.get(self.definition.event_date)

    @property
    def local(self) -> Mapping[str, Any]:
        """What the sender told us beside the record."""
        told: Mapping[str, Any] = self.values.get(LOCAL, {})
        return told

    @cached_property
    def moved_to(self) -> str | None:
        """The number that took the place of the record's workplace number, where that is known."""
        place = self.values.get("sgkTescilNo")
        return self.known.new_number(place) if place else None

    @property
    def workplace(self) -> str | None:
        """The workplace's number; None where it was not readable, or is told to be an old one."""
        return None if self.moved_to else self.values.get("sgkTescilNo")

    @cached_property
    def isyeri(self) -> Isyeri:
        """The workplace: what a look-up says, and where it says nothing what the sender told."""
        found = self.known.isyeri(self.values.get("sgkTescilNo", "")) or Isyeri()
        local = self.local
        told = local.get("tehlikeSinifi")
        sinif = TehlikeSinifi(told) if told in set(TehlikeSinifi) else None
        kamu = local.get("kamu")
        return Isyeri(
            found.tehlike_sinifi or sinif,
            found.calisan_sayisi or local.get("calisanSayisi"),
            found.kamu if found.kamu is not None else (None if kamu is None else kamu == "1"),
        )


Judge = Callable[[Context], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One clause: the function that judges, what it carries out, and the veri setleri it speaks of (empty: all)."""

    judge: Judge
    cites: str
    only: frozenset[str]

    def speaks_of(self, veri_seti: str) -> bool:
        """Whether it has anything to say about records of that set."""
        return not self.only or veri_seti in self.only


RULES: list[Rule] = []


def rule(cites: str, only: tuple[str, ...] = ()) -> Callable[[Judge], Judge]:
    """Register a rule with the clause it carries out."""

    def register(function: Judge) -> Judge:
        RULES.append(Rule(function, cites, frozenset(only)))
        return function

    return register
