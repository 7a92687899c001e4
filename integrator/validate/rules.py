"""One rule per clause over a record whose readable fields are known. A rule yields findings; it never raises.

A rule is added by writing one function with `@rule`; docs/errors.md lists the codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.definitions import Definition
from integrator.domain.findings import Finding, Severity, seen, seen_number
from integrator.domain.identifiers import sgk_control_matches
from integrator.domain.parties import Sigorta, Yetki
from integrator.parties.mirror import Doubts
from integrator.validate.fields import code_values

NO_DOUBTS = Doubts()


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may look at. `today` is the day in Istanbul; `split` whether we cut long lists ourselves."""

    definition: Definition
    values: Mapping[str, Any]
    catalogue: Catalogue
    today: date
    split: bool
    doubts: Doubts = NO_DOUBTS

    @property
    def event_date(self) -> date | None:
        """The day of the event, when it could be read."""
        return self.values.get(self.definition.event_date)


Rule = Callable[[Context], Iterator[Finding]]
RULES: list[tuple[Rule, str]] = []


def rule(cites: str) -> Callable[[Rule], Rule]:
    """Register a rule with the clause it carries out."""

    def register(function: Rule) -> Rule:
        RULES.append((function, cites))
        return function

    return register


@rule(cites="service page 217, 219: at least one entry in each list")
def lists_are_filled(context: Context) -> Iterator[Finding]:
    """No list is empty."""
    for name, limit in context.definition.limits.items():
        if context.values.get(name) == []:
            yield Finding("INT-VAL-020", name, "0", f"1 ... {limit.max}")


@rule(cites="service page 216, 218: at most 10 trainings and 100 workers in one message")
def lists_fit_one_message(context: Context) -> Iterator[Finding]:
    """With splitting off, no list is longer than one message takes."""
    for name, limit in context.definition.limits.items():
        count = len(context.values.get(name, ()))
        if not context.split and count > limit.max:
            yield Finding("INT-VAL-022", name, str(count), f"<= {limit.max}")


@rule(cites="service page 220, 221: no value twice in a list")
def lists_repeat_nothing(context: Context) -> Iterator[Finding]:
    """No worker and no training code stands twice."""
    for name, key in context.definition.pairs:
        known: set[str] = set()
        for place, entry in enumerate(context.values.get(name, ())):
            value = entry.get(key)
            if value in known:
                yield Finding("INT-VAL-021", f"{name}[{place}]", seen(value), "1")
            if value is not None:
                known.add(value)


@rule(cites="contract 7: a code is one of its list and in force on the day")
def codes_are_listed(context: Context) -> Iterator[Finding]:
    """Every code is on its list and usable on the day of the event."""
    day = context.event_date
    if day is None or not context.definition.in_force_on(day):  # that is told already; judge the codes as of today
        day = context.today
    for field, value, path in code_values(context.definition, context.values):
        codes = context.catalogue.code_list(context.definition, field.code_list or "")
        code = codes.get(value)
        if code is None or not code.usable_on(day):
            yield Finding("INT-VAL-013", path, seen(value), _some(sorted(codes, key=int)))


@rule(cites="contract 8.1: only finished trainings are sent")
def event_is_not_in_the_future(context: Context) -> Iterator[Finding]:
    """The event is not later than today."""
    day = context.event_date
    if day and day > context.today:
        yield Finding("INT-VAL-030", context.definition.event_date, day.isoformat(), f"<= {context.today.isoformat()}")


@rule(cites="domain 2.4: control digits by (il, sıra) mod 97; empirical, so it only warns")
def sgk_control_digits_fit(context: Context) -> Iterator[Finding]:
    """The control digits of the workplace number agree with the formula seen in practice."""
    for field in context.definition.fields:
        value = context.values.get(field.name)
        if field.kind == "sgk_tescil_no" and value and not sgk_control_matches(value):
            yield Finding("INT-VAL-031", field.name, seen_number(value), "(il + sıra) mod 97", Severity.WARNING)


@rule(cites="domain INT-B2; contract 8.1: 213 when the professional is not assigned to the workplace")
def professional_is_authorised(context: Context) -> Iterator[Finding]:
    """The ministry did not say within the last day that the professional may not act there in that role."""
    named = [context.values.get(name) for name in ("isgProfTckNo", "sgkTescilNo", "belgeTipi")]
    if all(named) and context.doubts.about(Yetki(*map(str, named))):
        yield Finding("INT-VAL-040", context.definition.signer, seen(named[0]), str(named[1]), Severity.WARNING)


@rule(cites="domain INT-B2; contract 8.1: 212 when the worker is not connected at workplace level")
def workers_are_insured(context: Context) -> Iterator[Finding]:
    """The ministry did not say within the last day that a worker is not insured at the workplace."""
    place = context.values.get("sgkTescilNo")
    if not place or not context.doubts.indexes:
        return
    for at, entry in enumerate(context.values.get("calisan", ())):
        worker = entry.get("calisanTckNo")
        if worker and context.doubts.about(Sigorta(worker, place)):
            yield Finding("INT-VAL-041", f"calisan[{at}]", seen(worker), place, Severity.WARNING)


def check_rules(context: Context) -> list[Finding]:
    """What every rule has to say."""
    return [finding for each, _ in RULES for finding in each(context)]


def _some(codes: list[str], most: int = 12) -> str:
    return ", ".join(codes[:most]) + (" ..." if len(codes) > most else "")
