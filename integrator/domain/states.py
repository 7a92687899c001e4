"""The life of a Bildirim: its states and the one table of moves between them.

Nothing else changes a state: the queue asks `advance`, and every move is written in the transaction of its
audit entry (docs/flow.md draws the same letters).
"""

from __future__ import annotations

from enum import StrEnum

from integrator.domain.errors import IllegalMove


class State(StrEnum):
    """Where a Bildirim stands."""

    AWAITING_SIGNATURE = "awaiting_signature"
    QUEUED = "queued"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    PENDING = "pending"
    HELD = "held"
    QUARANTINED = "quarantined"
    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


FINAL = frozenset({State.ACCEPTED, State.PARTIAL, State.SUPERSEDED, State.CANCELLED})
"""Nothing moves out of these. `refused` is settled too, but a correction may still supersede it."""

SETTLED = FINAL | {State.REFUSED}
"""The ministry, or the owner, has spoken: the gateway has nothing left to do by itself."""

FOR_A_PERSON = frozenset({State.AWAITING_SIGNATURE, State.HELD, State.QUARANTINED})
"""The gateway waits for a person; the row says for whom and why."""

_S = State

MOVES: dict[str, dict[State, frozenset[State]]] = {
    "a": {_S.AWAITING_SIGNATURE: frozenset({_S.QUEUED})},
    "b": {_S.QUEUED: frozenset({_S.SENDING})},
    "c": {_S.SENDING: frozenset({_S.ACCEPTED})},
    "d": {_S.SENDING: frozenset({_S.PARTIAL})},
    "e": {_S.SENDING: frozenset({_S.REFUSED})},
    "f": {_S.SENDING: frozenset({_S.QUEUED})},
    "g": {_S.SENDING: frozenset({_S.UNCERTAIN})},
    "h": {_S.SENDING: frozenset({_S.HELD})},
    "p": {_S.SENDING: frozenset({_S.PENDING})},
    "i": {_S.UNCERTAIN: frozenset({_S.ACCEPTED, _S.PARTIAL, _S.REFUSED, _S.QUEUED, _S.PENDING})},
    "q": {_S.PENDING: frozenset({_S.ACCEPTED, _S.PARTIAL, _S.REFUSED, _S.HELD})},
    "j": {_S.HELD: frozenset({_S.QUEUED})},
    "k": {_S.REFUSED: frozenset({_S.SUPERSEDED})},
    "x": {state: frozenset({_S.CANCELLED}) for state in (_S.AWAITING_SIGNATURE, _S.QUEUED, _S.HELD)},
    "z": {_S.QUEUED: frozenset({_S.QUARANTINED})},
    # Beyond the design's table (docs/decisions/0012): asking ends with a
    # person, a person may have it asked again, and a quarantine can be lifted.
    "u": {_S.UNCERTAIN: frozenset({_S.HELD})},
    "v": {_S.HELD: frozenset({_S.UNCERTAIN})},
    "y": {_S.QUARANTINED: frozenset({_S.QUEUED, _S.CANCELLED})},
}
"""letter -> {from: allowed to}. The letters are those of docs/flow.md."""

_LETTER = {(start, end): letter for letter, rows in MOVES.items() for start, ends in rows.items() for end in ends}


def advance(start: State, end: State) -> str:
    """The letter of the move from `start` to `end`; raises IllegalMove when there is none."""
    letter = _LETTER.get((start, end))
    if letter is None:
        raise IllegalMove(f"no move leads from {start} to {end}")
    return letter
