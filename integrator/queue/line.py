"""The line to one address of the ministry, as one row that all workers share, and every decision taken from it.

ACTIVE lets messages through; PASSIVE, after a 401, and an open breaker let one probe through at a time; STOPPED, by an
operator, lets nothing through. Pure: no clock, no random source, no database (``line_row.py`` has that). A healthy
line changes nothing in its row (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from integrator.domain.outcomes import Outcome, Word
from integrator.domain.records import Claimed
from integrator.queue.backoff import Backoff
from integrator.queue.pace import Budget, Rate, Tokens

ACTIVE, PASSIVE, STOPPED = "ACTIVE", "PASSIVE", "STOPPED"
LONGEST_REASON = 200
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator sets. `breaker` holds the gaps of an open breaker, and how many failures open it."""

    breaker: Backoff = Backoff(timedelta(seconds=1), timedelta(minutes=1), 10)  # noqa: RUF009 - frozen
    budget: Budget = Budget()  # noqa: RUF009 - frozen
    rate: Rate | None = None
    probe_gap: timedelta = timedelta(minutes=1)
    rest_at_most: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Line:
    """The row. `opened` counts how often the breaker opened in a row; 0 means closed.

    `probe_at`: when a probe may go next, or, while `probe_by` is out, when it counts as lost. `failing_kurum` is the
    customer whose messages alone have failed; None when several have. `rest_until`: the ministry asked for quiet.
    """

    address: str
    state: str = ACTIVE
    reason: str = ""
    changed_at: datetime | None = None
    failures: int = 0
    opened: int = 0
    failing_kurum: str | None = None
    probe_at: datetime | None = None
    probe_by: str = ""
    rest_until: datetime | None = None
    spent_until: int | None = None
    tokens: Tokens | None = None
    send_cursor: str = ""
    ask_cursor: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether only probes may pass."""
        return self.state == PASSIVE or self.opened > 0


class Breaker(StrEnum):
    """As people are told."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


def breaker_of(line: Line, *, now: datetime) -> Breaker:
    """Half-open when the one probe is out, or may go out."""
    if not line.opened:
        return Breaker.CLOSED
    return Breaker.HALF_OPEN if line.probe_by or not line.probe_at or line.probe_at <= now else Breaker.OPEN


def line_address(address: str) -> str:
    """``scheme://host:port/path``: what a row is kept under; no user, no password, no query."""
    if not address:
        return ""
    parts = urlsplit(address)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{parts.port or _PORTS.get(scheme, 0)}{parts.path or '/'}"


@dataclass(frozen=True, slots=True)
class Admission:
    """What may be claimed now. `but_not` may not be the probe; `wait` lasts until a token is there."""

    limit: int
    is_probe: bool = False
    but_not: str | None = None
    wait: timedelta | None = None


def admit(line: Line, room: int, rules: Rules, *, now: datetime) -> Admission:
    """How many of `room` messages may be claimed: all, as many as the rate allows, one probe, or none."""
    if line.state == STOPPED or (line.rest_until and line.rest_until > now):
        return Admission(0)
    found = _probe(line, now) if line.is_narrow else Admission(room)
    if rules.rate is None or found.limit == 0:
        return found
    free = rules.rate.free(line.spent_until, now=now)
    wait = None if free else rules.rate.wait(line.spent_until, now=now)
    return replace(found, limit=min(found.limit, free), wait=wait)


def _probe(line: Line, now: datetime) -> Admission:
    if line.probe_at is None or line.probe_at <= now:
        return Admission(1, is_probe=True)
    if line.state == PASSIVE or line.probe_by or line.failing_kurum is None:
        return Admission(0)
    # Only one customer's messages have failed: it may be them and not the ministry. Another's may tell at once.
    return Admission(1, is_probe=True, but_not=line.failing_kurum)


def took(line: Line, claimed: Sequence[Claimed], rules: Rules, *, now: datetime, lease: timedelta) -> Line:
    """The line after a claim: tokens are spent, and a probe is out."""
    if not claimed:
        return line
    if rules.rate:
        line = replace(line, spent_until=rules.rate.take(line.spent_until, len(claimed), now=now))
    if line.is_narrow:
        line = replace(line, probe_by=ticket_of(claimed[0]), probe_at=now + lease)
    return line


def ticket_of(claimed: Claimed) -> str:
    """Names one claim of one message."""
    return f"{claimed.sorgu_no}:{claimed.fence}"


def lets_pass(line: Line, claimed: Claimed, *, now: datetime) -> bool:
    """Whether a message that is claimed already may still be sent: looked at before each attempt."""
    if line.state == STOPPED or (line.rest_until and line.rest_until > now):
        return False
    return not line.is_narrow or line.probe_by == ticket_of(claimed)


@dataclass(frozen=True, slots=True)
class Heard:
    """What one call said about the address; `began_at` is when it began."""

    claimed: Claimed
    outcome: Outcome = field(repr=False)
    began_at: datetime


def hear(line: Line, heard: Heard, rules: Rules, *, now: datetime, jitter: float) -> tuple[Line, timedelta]:
    """The line after a call, and how long its retry must wait for its tokens.

    What began before the line last changed says nothing about the line as it is now; a probe always does.
    """
    outcome, ticket = heard.outcome, ticket_of(heard.claimed)
    line, wait = _paid(line, outcome, rules, now)
    is_probe = bool(line.probe_by) and line.probe_by == ticket
    if is_probe:
        line = replace(line, probe_by="", probe_at=now + rules.probe_gap if line.state == PASSIVE else now)
    if not is_probe and line.changed_at and heard.began_at < line.changed_at:
        return line, wait
    if outcome.word is Word.PASSIVE:
        line = _passive(line, outcome.code, rules, now)
    elif outcome.word is Word.ANSWERED:
        line = _answered(line, now)
    elif outcome.word is Word.FAILED:
        line = _failed(line, heard, is_probe=is_probe, rules=rules, now=now, jitter=jitter)
    return line, wait


def _paid(line: Line, outcome: Outcome, rules: Rules, now: datetime) -> tuple[Line, timedelta]:
    if outcome.retry_cost:
        tokens, wait = rules.budget.pay(line.tokens, outcome.retry_cost, now=now)
        return replace(line, tokens=tokens), wait
    if outcome.word is Word.ANSWERED and line.tokens:
        return replace(line, tokens=rules.budget.give_back(line.tokens, now=now)), timedelta(0)
    return line, timedelta(0)


def _passive(line: Line, code: str, rules: Rules, now: datetime) -> Line:
    """401: nobody's messages are taken, until one is or an operator says so."""
    if line.state != ACTIVE:
        return line
    return _turned(line, PASSIVE, code, now, probe_at=now + rules.probe_gap)


def _answered(line: Line, now: datetime) -> Line:
    if line.state == PASSIVE or (line.state == ACTIVE and line.opened):
        return _turned(line, ACTIVE, "", now)
    return replace(line, failures=0, failing_kurum=None) if line.failures else line


def _failed(line: Line, heard: Heard, *, is_probe: bool, rules: Rules, now: datetime, jitter: float) -> Line:
    outcome, kurum = heard.outcome, heard.claimed.kurum
    if outcome.retry_after:
        rest = now + min(outcome.retry_after, rules.rest_at_most)
        line = replace(line, rest_until=max(rest, line.rest_until or rest))
    if line.state != ACTIVE:
        return line
    if line.opened:
        alone = line.failing_kurum if line.failing_kurum == kurum else None
        opened = line.opened + is_probe
        gap = _gap(opened, rules, jitter)
        return replace(line, opened=opened, failing_kurum=alone, probe_at=now + gap if is_probe else line.probe_at)
    alone = kurum if not line.failures or line.failing_kurum == kurum else None
    line = replace(line, failures=line.failures + 1, failing_kurum=alone)
    if not rules.breaker.is_spent(line.failures):
        return line
    return replace(
        line, opened=1, reason=outcome.code, probe_by="", probe_at=now + _gap(1, rules, jitter), changed_at=now
    )


def _gap(opened: int, rules: Rules, jitter: float) -> timedelta:
    """Half of the bound at least, so that an open breaker is open; the other half drawn, so that nobody marches."""
    return rules.breaker.bound(opened) * (0.5 + jitter / 2)


def stop(line: Line, reason: str, *, now: datetime) -> Line:
    """An operator's kill switch."""
    return _turned(line, STOPPED, reason[:LONGEST_REASON], now)


def resume(line: Line, *, now: datetime) -> Line:
    """An operator ends STOPPED, PASSIVE, an open breaker and a rest; the same line when there is nothing to end."""
    if line.state == ACTIVE and not line.opened and not line.failures and line.rest_until is None:
        return line
    return replace(_turned(line, ACTIVE, "", now), rest_until=None)


def freed(line: Line, claimed: Sequence[Claimed], *, now: datetime) -> Line:
    """The line after claims were given back unsent: a probe among them is no longer out."""
    if any(ticket_of(each) == line.probe_by for each in claimed):
        return replace(line, probe_by="", probe_at=now)
    return line


def _turned(line: Line, state: str, reason: str, now: datetime, probe_at: datetime | None = None) -> Line:
    """Another state, the breaker closed, no probe out."""
    clean = replace(line, failures=0, opened=0, failing_kurum=None, probe_by="", probe_at=probe_at)
    return replace(clean, state=state, reason=reason, changed_at=now)
