"""Where a message goes after a call, and when the gateway acts on it again. Pure: every case can be tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from integrator.domain.outcomes import NOT_FOUND, NOT_OPENED, Kind, Outcome
from integrator.domain.records import Claimed
from integrator.domain.states import State
from integrator.queue.backoff import Backoff

ATTEMPTS_SPENT = "attempts_spent"
ASKED_TOO_LONG = "asked_too_long"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to keep trying before a person decides."""

    resend: Backoff = Backoff(timedelta(seconds=2), timedelta(hours=6), 12)  # noqa: RUF009 - frozen, so it may be shared
    ask: Backoff = Backoff(timedelta(seconds=2), timedelta(hours=1), 1_000_000)  # noqa: RUF009
    ask_for_at_most: timedelta = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Next:
    """The state a message goes to, the reason written beside it, and when it is due there."""

    end: State
    reason: str
    due_at: datetime


def next_step(claimed: Claimed, outcome: Outcome, patience: Patience, *, now: datetime, jitter: float) -> Next:
    """Decide from the outcome; the ceiling of attempts and the patience of asking end with a person."""
    end, reason = outcome.end, str(outcome.kind)
    was = claimed.state
    if was is State.UNCERTAIN and outcome.code != NOT_FOUND and end is State.QUEUED:
        end = was  # the question got no answer: the message's fate is as unknown as before
    if was is State.PENDING and end in (State.QUEUED, State.UNCERTAIN):
        end = was  # it was taken for processing, and no answer of another kind takes that back
    if end in (State.UNCERTAIN, State.PENDING):
        if claimed.uncertain_since and now - claimed.uncertain_since > patience.ask_for_at_most:
            return Next(State.HELD, ASKED_TOO_LONG, now)
        due_at = patience.ask.next_at(claimed.asks + 1, now=now, jitter=jitter, retry_after=outcome.retry_after)
        return Next(end, reason, due_at)
    if end is State.QUEUED and outcome.kind is not Kind.PASSIVE:
        if outcome.code == NOT_OPENED:  # no attempt, so the wait grows with how often it was taken up
            waits = patience.ask
            due_at = waits.next_at(claimed.deneme_no, now=now, jitter=jitter, retry_after=outcome.retry_after)
            return Next(end, reason, due_at)
        if patience.resend.is_spent(claimed.attempt):
            return Next(State.HELD, ATTEMPTS_SPENT, now)
        due_at = patience.resend.next_at(claimed.attempt, now=now, jitter=jitter, retry_after=outcome.retry_after)
        return Next(end, reason, due_at)
    return Next(end, reason, now)
