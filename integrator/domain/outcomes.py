"""What one call to the ministry came to, as a value.

`Reply` is what the ministry said, read but not yet judged. `Outcome` is the judgement: where the Bildirim goes
and why. Known-not-arrived goes back to the queue; might-have-arrived becomes `uncertain` and is asked about
by its number before anything else; what we cannot read is held for a person and never counts as success.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from integrator.domain.identifiers import SorguNo
from integrator.domain.states import State

Pair = tuple[str, str]
"""(worker's identity number, training code): the smallest part of a Bildirim the ministry speaks about."""

SUCCESS = "200"


@dataclass(frozen=True, slots=True)
class Sonuc:
    """What the ministry said about one part: its code ("200" is success) and its words."""

    pair: Pair = field(repr=False)
    code: str
    message: str = field(default="", repr=False)  # the ministry's texts carry identity numbers


@dataclass(frozen=True, slots=True)
class Reply:
    """A readable answer to one call. `sorgu_no` is the number it speaks about, None when it names none.

    `ministry_no` is the ministry's own number in a generation that follows messages by it (empty when the answer
    names none), None in the others.
    """

    sorgu_no: SorguNo | None
    code: str
    message: str = field(repr=False)
    parts: tuple[Sonuc, ...] = ()
    ministry_no: str | None = None


class Kind(StrEnum):
    """Every way one call can end; docs/errors.md has one row for each."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REFUSED = "refused"
    OWN_FAULT = "own_fault"
    RELATION = "relation"
    UNKNOWN_CODE = "unknown_code"
    NOT_ARRIVED = "not_arrived"
    BUSY = "busy"
    PASSIVE = "passive"
    UNCERTAIN = "uncertain"
    PENDING = "pending"
    NO_QUERY = "no_query"
    FOREIGN = "foreign"
    BROKEN = "broken"


END: dict[Kind, State] = {
    Kind.ACCEPTED: State.ACCEPTED,
    Kind.PARTIAL: State.PARTIAL,
    Kind.REFUSED: State.REFUSED,
    Kind.OWN_FAULT: State.REFUSED,
    Kind.RELATION: State.HELD,
    Kind.UNKNOWN_CODE: State.HELD,
    Kind.NOT_ARRIVED: State.QUEUED,
    Kind.BUSY: State.QUEUED,
    Kind.PASSIVE: State.QUEUED,
    Kind.UNCERTAIN: State.UNCERTAIN,
    Kind.PENDING: State.PENDING,
    Kind.NO_QUERY: State.HELD,
    Kind.FOREIGN: State.HELD,
    Kind.BROKEN: State.HELD,
}
"""Where each kind of outcome takes a Bildirim that was being sent."""

KNOWN_NOT_STORED = frozenset({Kind.NOT_ARRIVED, Kind.BUSY, Kind.PASSIVE})
"""After these the same bytes may go again without asking first."""


class Word(StrEnum):
    """What a call says about the ministry's address, whatever it says about the message."""

    ANSWERED = "answered"
    FAILED = "failed"
    PASSIVE = "passive"
    NOTHING = "nothing"


NOT_FOUND = "not_found"
NO_ANSWER = frozenset({"timeout", "connection_lost", "not_http", "reply_too_large", "unreadable_reply"})
"""Codes of an uncertain outcome under which nothing of the ministry's own was read; so is every ``http_5xx``."""

NOT_OPENED = "not_opened"
"""The bytes could not be opened now (database or master key away): nothing left us, and no attempt counts."""
REOPEN_AFTER = timedelta(minutes=1)
OURS = frozenset({"internal_error", NOT_OPENED})
COST_KNOWN, COST_UNKNOWN = 5, 10
"""Tokens that a retry costs: of an attempt known not to have arrived, and of one whose fate is open."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The judgement over one call. `code` is the ministry's, or a name of ours such as ``timeout``.

    `ministry_no` is what the message is followed by from now on: None leaves it as it is, empty forgets it.
    """

    kind: Kind
    code: str
    detail: str = field(default="", repr=False)
    parts: tuple[Sonuc, ...] = field(default=(), repr=False)
    retry_after: timedelta | None = None
    ministry_no: str | None = None

    @property
    def end(self) -> State:
        """The state this outcome leads to from `sending`."""
        return END[self.kind]

    @property
    def accepted_parts(self) -> int:
        """How many parts the ministry stored."""
        return sum(part.code == SUCCESS for part in self.parts)

    @property
    def burns_attempt(self) -> bool:
        """Whether this try counts against the ceiling of attempts: not where a firm is passive, or nothing left us."""
        return self.kind is not Kind.PASSIVE and self.code != NOT_OPENED

    @property
    def word(self) -> Word:
        """What this says about the address: a readable answer of the ministry, good or bad, is an answer."""
        if self.kind is Kind.PASSIVE:
            return Word.PASSIVE
        if self.kind in (Kind.BROKEN, Kind.NO_QUERY) or self.code in OURS:
            return Word.NOTHING
        if self.kind is Kind.UNCERTAIN:
            return Word.FAILED if self.code in NO_ANSWER or self.code.startswith("http_") else Word.ANSWERED
        failed = self.kind in (Kind.BUSY, Kind.NOT_ARRIVED) and self.code != NOT_FOUND
        return Word.FAILED if failed else Word.ANSWERED

    @property
    def retry_cost(self) -> int:
        """Tokens that the next try costs; nothing where none follows, or where the ministry itself asked for it."""
        if self.kind is Kind.UNCERTAIN:
            return COST_UNKNOWN
        is_free = self.code in (NOT_FOUND, NOT_OPENED)
        return COST_KNOWN if self.kind in (Kind.BUSY, Kind.NOT_ARRIVED) and not is_free else 0
