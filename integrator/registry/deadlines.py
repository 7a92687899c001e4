"""Every clock of the registers that runs, and what ought to stand there and does not: for the desk and for commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from integrator.catalogue.changes import Change
from integrator.domain.deadlines import within_of
from integrator.registry import rows
from integrator.registry.rows import Kept
from integrator.store.engine import Tx

TEST = "security_test"
MISSING = "missing"
"""`within` of what was never recorded."""
_OUGHT = (("gizlilik_sozlesmesi", "signed"), ("iso27001", "valid"))


@dataclass(frozen=True, slots=True)
class Due:
    """One clock. `days_left` is negative once it is over, and None where nothing was recorded at all.

    `within` is ``missing``, ``overdue``, ``7``, ``30``, ``60``, ``90`` or ``later``; `about` says what it is
    about, by its code where it has one.
    """

    register: str
    entry_no: str
    within: str
    due_on: date | None = None
    days_left: int | None = None
    about: str = ""
    is_published: bool = False  # of the published file, not of the register


def read_due(tx: Tx, today: date, *, published: Iterable[Change] = ()) -> list[Due]:
    """What is missing first, then every clock that runs, the nearest first.

    `published` are the changes of the published file; one that stands in the register under its number is told from
    there. Of security tests only the newest of each kind counts.
    """
    clocks = [_due(each, today) for each in rows.read_clocks(tx, but=(TEST,))]
    tests = _newest(rows.read_all(tx, TEST))
    clocks += [_due(each, today) for each in tests]
    known = {each.entry_no for each in rows.read_all(tx, "change")}
    clocks += [found for each in published if each.no not in known for found in _published(each, today)]
    lacking = [*_lacking(tx), *_lacking_tests(tests)]
    return [*lacking, *sorted(clocks, key=lambda each: (each.due_on or date.max, each.register, each.entry_no))]


def _due(kept: Kept, today: date) -> Due:
    assert kept.due_on is not None
    left, about = (kept.due_on - today).days, kept.facts.get("subject") or kept.facts.get("kind", "")
    return Due(kept.register, kept.entry_no, within_of(kept.due_on, today), kept.due_on, left, about)


def _published(change: Change, today: date) -> Iterator[Due]:
    left = change.days_left(today)
    if left is not None:
        yield Due("change", change.no, within_of(change.due, today), change.due, left, change.tr, is_published=True)


def _newest(tests: Iterable[Kept]) -> list[Kept]:
    found: dict[str, Kept] = {}
    for each in sorted(tests, key=lambda one: one.facts["done_on"]):
        found[each.facts["kind"]] = each
    return list(found.values())


def _lacking(tx: Tx) -> Iterator[Due]:
    for register, state in _OUGHT:
        if all(each.state != state for each in rows.read_all(tx, register)):
            yield Due(register, "", MISSING)


def _lacking_tests(tests: Iterable[Kept]) -> Iterator[Due]:
    for kind in sorted({"dynamic", "static"} - {each.facts["kind"] for each in tests}):
        yield Due(TEST, "", MISSING, about=kind)
