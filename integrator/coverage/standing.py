"""What the rows mean on a day: one word for each worker and veri seti, and what is to be done about it.

A training counts until its renewal is due by the workplace's hazard class (domain 3.1), an examination until the day
its own message names. Where the class is not known the mildest counts: a rule that cannot know does not accuse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from integrator.catalogue.regulation import TEKRAR, training_rule, years_later
from integrator.coverage.subjects import EGITIM
from integrator.domain.states import State
from integrator.domain.workplaces import TehlikeSinifi

SOON = timedelta(days=60)
"""domain INT-3.1c: amber within so many days of the end."""
_BEFORE_ANY_TEXT = 3  # years; no training of before 2013 still counts anywhere, whatever the class


class Standing(StrEnum):
    """From good to bad; the bad ones say at which step it stopped."""

    VALID = "valid"
    ENDING = "ending"  # valid, and ends within SOON
    NOT_ACCEPTED = "not_accepted"  # the ministry refused it, or it stopped on the way
    NOT_ANSWERED = "not_answered"
    NOT_SENT = "not_sent"
    NOT_SIGNED = "not_signed"
    EXPIRED = "expired"
    NOT_ENTERED = "not_entered"


COVERED = frozenset({Standing.VALID, Standing.ENDING})

_BY_STATE = {
    State.AWAITING_SIGNATURE: Standing.NOT_SIGNED,
    State.QUEUED: Standing.NOT_SENT,
    State.SENDING: Standing.NOT_SENT,
    State.PENDING: Standing.NOT_ANSWERED,
    State.UNCERTAIN: Standing.NOT_ANSWERED,
    State.HELD: Standing.NOT_ACCEPTED,
    State.QUARANTINED: Standing.NOT_ACCEPTED,
    State.REFUSED: Standing.NOT_ACCEPTED,
    State.PARTIAL: Standing.NOT_ACCEPTED,  # accepted for others: this worker's part was not
    State.ACCEPTED: Standing.NOT_ANSWERED,  # until the next step of the feed takes it in
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one worker in one veri seti; the newest message's `state` is None when it was withdrawn."""

    veri_seti: str
    latest_on: date | None = None
    latest_no: int | None = None
    state: State | None = field(default=None)
    accepted_on: date | None = None
    accepted_no: int | None = None
    accepted_until: date | None = None


def ends_on(veri_seti: str, happened_on: date, until: date | None, sinif: TehlikeSinifi | None) -> date:
    """The last day on which a training or an examination counts."""
    if until is not None:
        return until
    if veri_seti == EGITIM:
        rule = training_rule(happened_on, sinif or TehlikeSinifi.AZ, TEKRAR)
        return rule.renewal_of(happened_on) if rule else years_later(happened_on, _BEFORE_ANY_TEXT)
    return happened_on  # an examination without a last day of validity proves its own day only


def standing_of(facts: Facts, sinif: TehlikeSinifi | None, *, today: date) -> Standing:
    """How one worker stands in one veri seti today."""
    if facts.accepted_on is not None:
        left = ends_on(facts.veri_seti, facts.accepted_on, facts.accepted_until, sinif) - today
        if left >= timedelta(0):
            return Standing.VALID if left > SOON else Standing.ENDING
    is_newer = facts.latest_no is not None and facts.latest_no != facts.accepted_no
    if is_newer and facts.state in _BY_STATE:
        return _BY_STATE[facts.state]
    return Standing.NOT_ENTERED if facts.accepted_on is None else Standing.EXPIRED
