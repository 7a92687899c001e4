"""What each register keeps: its states, its fields, which days follow one another, and the clock that runs on an entry.

Sources: circular 1k, 1m, 2-2, 2-4, 3-0b, 3a-2, 3b-2, 3b-3, 3d-2 (text of the circular); yearly security tests are told
by an applicant's note on the agreement alone (docs/divergences.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from integrator.queue.standing import CLOSED, DELIVERED, FIRMA, FORM, PASSIVE

ADAPT_WITHIN = timedelta(days=30)
"""Calendar days, to follow a change (3-0b) and to sign a new agreement (3b-2); nothing new binds earlier (3b-3)."""
MEND_WITHIN: Mapping[str, timedelta] = {"breach": timedelta(0), "other": timedelta(days=30)}
"""A breach of security at once, every other finding within 30 days (3d-2)."""
TEST_LASTS = timedelta(days=365)

Facts = Mapping[str, str]
"""What an entry keeps: days as ISO text, everything else as it was told."""


class Kind(StrEnum):
    """What may stand in a field."""

    TEXT = "text"
    DAY = "day"
    PAST = "past"  # a day on which something has happened: not one to come
    CHOICE = "choice"
    KURUM = "kurum"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; it must stand in an entry whose state is one of `wanted_in`."""

    name: str
    kind: Kind = Kind.TEXT
    wanted_in: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Register:
    """One register. An entry begins in the first state; `in_order` are days none of which is before the one ahead.

    `due` is the last day of the clock that runs on an entry; `apart`: (earlier, later, least number of days).
    """

    name: str
    states: tuple[str, ...]
    fields: tuple[Field, ...]
    in_order: tuple[str, ...] = ()
    due: Callable[[str, Facts], date | None] = lambda _state, _facts: None
    apart: tuple[str, str, timedelta] | None = None

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((each for each in self.fields if each.name == name), None)


def day_of(facts: Facts, name: str) -> date | None:
    """The day in a field; None where none stands."""
    return date.fromisoformat(facts[name]) if name in facts else None


def _later(facts: Facts, name: str, span: timedelta) -> date | None:
    day = day_of(facts, name)
    return day + span if day else None


def _due_of_agreement(state: str, facts: Facts) -> date | None:
    if state == "published":
        return _later(facts, "published_on", ADAPT_WITHIN)
    return day_of(facts, "valid_until") if state == "signed" else None


def _due_of_certificate(state: str, facts: Facts) -> date | None:
    days = [day for day in (day_of(facts, "valid_until"), day_of(facts, "surveillance_on")) if day]
    return min(days) if state == "valid" and days else None


def _due_of_finding(state: str, facts: Facts) -> date | None:
    return _later(facts, "opened_on", MEND_WITHIN[facts["severity"]]) if state == "open" else None


BOOKS: Mapping[str, Register] = {
    each.name: each
    for each in (
        Register(
            FORM,
            ("drafted", "signed", "sent", DELIVERED, "withdrawn"),
            (
                Field("drafted_on", Kind.PAST),
                Field("signed_on", Kind.PAST, ("signed",)),
                Field("sent_on", Kind.PAST, ("sent",)),
                Field("delivered_on", Kind.PAST, (DELIVERED,)),
                Field("kep_reference", Kind.TEXT, (DELIVERED,)),
                Field("withdrawn_on", Kind.PAST, ("withdrawn",)),
            ),
            ("drafted_on", "signed_on", "sent_on", "delivered_on", "withdrawn_on"),
        ),
        Register(
            FIRMA,
            ("test", "active", PASSIVE, CLOSED),
            (Field("since", Kind.PAST, ("active", PASSIVE, CLOSED)), Field("reference", Kind.TEXT, ("active",))),
        ),
        Register(
            "gizlilik_sozlesmesi",
            ("published", "signed", "ended"),
            (
                Field("published_on", Kind.PAST, ("published",)),
                Field("effective_from", Kind.DAY),
                Field("signed_on", Kind.PAST, ("signed",)),
                Field("valid_until", Kind.DAY),
                Field("reference"),
            ),
            ("published_on", "signed_on", "valid_until"),
            _due_of_agreement,
            ("published_on", "effective_from", ADAPT_WITHIN),
        ),
        Register(
            "iso27001",
            ("valid", "ended"),
            (
                Field("issued_on", Kind.PAST),
                Field("valid_until", Kind.DAY, ("valid",)),
                Field("surveillance_on", Kind.DAY),
                Field("issuer"),
            ),
            ("issued_on", "valid_until"),
            _due_of_certificate,
        ),
        Register(
            "security_test",
            ("done",),
            (
                Field("kind", Kind.CHOICE, ("done",), ("static", "dynamic")),
                Field("done_on", Kind.PAST, ("done",)),
                Field("done_by"),
                Field("reference"),
            ),
            due=lambda _state, facts: _later(facts, "done_on", TEST_LASTS),
        ),
        Register(
            "kep",
            ("logged", "open", "answered"),
            (
                Field("direction", Kind.CHOICE, ("logged", "open", "answered"), ("in", "out")),
                Field("dated_on", Kind.PAST, ("logged", "open", "answered")),
                Field("subject", Kind.TEXT, ("logged", "open", "answered")),
                Field("reference"),
                Field("kurum", Kind.KURUM),
                Field("answer_by", Kind.DAY, ("open",)),
                Field("answered_on", Kind.PAST, ("answered",)),
            ),
            ("dated_on", "answered_on"),
            lambda state, facts: day_of(facts, "answer_by") if state == "open" else None,
        ),
        Register(
            "finding",
            ("open", "closed"),
            (
                Field("severity", Kind.CHOICE, ("open", "closed"), ("breach", "other")),
                Field("opened_on", Kind.PAST, ("open", "closed")),
                Field("subject", Kind.TEXT, ("open", "closed")),
                Field("closed_on", Kind.PAST, ("closed",)),
                Field("evidence", Kind.TEXT, ("closed",)),
            ),
            ("opened_on", "closed_on"),
            _due_of_finding,
        ),
        Register(
            "change",
            ("open", "done"),
            (
                Field("announced_on", Kind.PAST, ("open", "done")),
                Field("subject", Kind.TEXT, ("open", "done")),
                Field("effective_from", Kind.DAY),
                Field("done_on", Kind.PAST, ("done",)),
            ),
            ("announced_on", "done_on"),
            lambda state, facts: _later(facts, "announced_on", ADAPT_WITHIN) if state == "open" else None,
        ),
    )
}
"""Every register by its name, in the order in which people are shown them."""
