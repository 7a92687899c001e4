"""The one act on a register: an entry is put in, or says something else from now on. With a reason and a name.

An entry is never taken out: what was wrong is recorded again, and the log keeps that it was. All that is at fault is
told at once, and then nothing was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from integrator.audit.trail import Entry
from integrator.domain.clock import ISTANBUL
from integrator.domain.findings import Finding, seen
from integrator.domain.hands import Hand
from integrator.domain.identifiers import holds_tckn
from integrator.gateway import Gateway
from integrator.protect.seal import new_salt
from integrator.queue.standing import FIRMA
from integrator.registry import rows
from integrator.registry.books import BOOKS, Facts, Field, Kind, Register
from integrator.registry.rows import Kept
from integrator.store.dialect import hold
from integrator.store.engine import Tx, write_anew

LONGEST_TEXT, LONGEST_NO = 500, 64
_DAY = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody wants to stand in an entry: fields by name, an empty one takes the field out.

    An empty `state` means the one it stands in, or the first. `seen` is the mark of the entry that they looked at,
    empty where there was none; None where nobody looked, and then whatever stands there is written over.
    """

    register: str
    entry_no: str
    state: str
    facts: Facts
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it: the entry as it stands now, and whether that is new; or only findings."""

    kept: Kept | None
    changed: bool = False
    findings: tuple[Finding, ...] = ()


def record(gateway: Gateway, told: Told, hand: Hand) -> Recorded:
    """Write it with its audit entry, or tell all that is at fault. The same again changes nothing."""
    book = BOOKS.get(told.register)
    if book is None:
        return Recorded(None, findings=(Finding("INT-REG-001", "register", seen(told.register), " | ".join(BOOKS)),))
    now = gateway.clock.now()
    today = now.astimezone(ISTANBUL).date()

    def write(tx: Tx) -> Recorded:
        hold(tx, "registry")
        before = rows.read_one(tx, book.name, told.entry_no, lock=True)
        state = told.state or (before.state if before else book.states[0])
        facts = {**(before.facts if before else {}), **told.facts}
        facts = {name: value.strip() for name, value in facts.items() if value.strip()}
        findings = (*_judge_seen(told, before), *_judge(book, told.entry_no, state, facts, today))
        if findings:
            return Recorded(before, findings=findings)
        if before and (before.state, before.facts) == (state, facts):
            return Recorded(before)
        due_on, who = book.due(state, facts), hand.facts
        after = Kept(book.name, told.entry_no, state, facts, due_on, now, who["by"], who["reason"], new_salt())
        rows.write(tx, before, after)
        about = {"register": book.name, "entry_no": after.entry_no, "to": state, "mark": after.mark, **who}
        gateway.record(tx, [Entry("registry.recorded", gateway.actor, about)], now)
        return Recorded(after, changed=True)

    return write_anew(gateway.database, write)


def _judge_seen(told: Told, before: Kept | None) -> Iterator[Finding]:
    if told.seen is not None and told.seen != (before.mark if before else ""):
        yield Finding("INT-REG-006", "no", seen(told.entry_no), before.changed_by if before else "")


def _judge(book: Register, entry_no: str, state: str, facts: Facts, today: date) -> Iterator[Finding]:
    yield from _judge_number(book, entry_no)
    if state not in book.states:
        yield Finding("INT-REG-001", "state", seen(state), " | ".join(book.states))
    for name in facts:
        field = book.field(name)
        if field is None:
            yield Finding("INT-REG-001", "field", seen(name), " | ".join(each.name for each in book.fields))
        else:
            yield from _judge_value(field, facts[name], today)
    for field in book.fields:
        if state in field.wanted_in and field.name not in facts:
            yield Finding("INT-REG-003", field.name, state, _example(field, today))
    yield from _judge_order(book, facts)


def _judge_number(book: Register, entry_no: str) -> Iterator[Finding]:
    fits = entry_no.strip() == entry_no and 0 < len(entry_no) <= LONGEST_NO and entry_no.isprintable()
    if not fits or "/" in entry_no or holds_tckn(entry_no):
        yield Finding("INT-REG-002", "no", seen(entry_no), "OSGB-1, 2026-14, ...")
    elif book.name == FIRMA and entry_no != FIRMA:
        yield Finding("INT-REG-002", "no", seen(entry_no), FIRMA)


def _judge_value(field: Field, value: str, today: date) -> Iterator[Finding]:
    if field.kind in (Kind.DAY, Kind.PAST):
        day = _day(value)
        if day is None:
            yield Finding("INT-REG-002", field.name, seen(value), today.isoformat())
        elif field.kind is Kind.PAST and day > today:
            yield Finding("INT-REG-004", field.name, value, f"<= {today}")
    elif field.kind is Kind.CHOICE and value not in field.choices:
        yield Finding("INT-REG-001", field.name, seen(value), " | ".join(field.choices))
    elif len(value) > LONGEST_TEXT or not value.isprintable():
        yield Finding("INT-REG-002", field.name, seen(value), f"1 - {LONGEST_TEXT}")
    elif holds_tckn(value):
        yield Finding("INT-REG-005", field.name, seen(value), "")


def _judge_order(book: Register, facts: Facts) -> Iterator[Finding]:
    days = [(name, _day(facts[name])) for name in book.in_order if name in facts]
    for (earlier, first), (later, second) in pairwise(days):
        if first and second and second < first:
            yield Finding("INT-REG-004", later, f"{second}", f">= {first} ({earlier})")
    if book.apart:
        earlier, later, span = book.apart
        first, second = _day(facts.get(earlier, "")), _day(facts.get(later, ""))
        if first and second and second < first + span:
            yield Finding("INT-REG-004", later, f"{second}", f">= {first + span} ({earlier} + {span.days})")


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if _DAY.fullmatch(value) else None
    except ValueError:
        return None


def _example(field: Field, today: date) -> str:
    if field.kind in (Kind.DAY, Kind.PAST):
        return f"{today}"
    return " | ".join(field.choices) or "A-1"
