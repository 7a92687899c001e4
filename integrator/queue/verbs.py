"""What a person may do with a message, by where it stands and why: the one list that acts and screens read.

Pure. The life-cycle table still has the last word over every move (`advance`).
"""

from __future__ import annotations

from integrator.domain.errors import Ended, IllegalMove, MayBeStored, OnItsWay
from integrator.domain.hands import Verb
from integrator.domain.identifiers import SorguNo
from integrator.domain.states import FINAL, State

FATE_UNKNOWN = frozenset({"unknown_code", "asked_too_long", "foreign", "broken", "no_query"})
"""Reasons of being held under which a released message is asked about before anything else."""

MAY_BE_STORED = frozenset({"unknown_code", "asked_too_long"})
"""Those under which the ministry may well hold the message."""

NEVER_TO_BE_SENT = frozenset({"foreign", "broken", "no_query"})
"""Those under which sending again would be wrong whatever is known, so that cancelling is the only way out."""


def verbs_open(state: State, reason: str) -> dict[Verb, State]:
    """What a person may do with a message that stands so, and where each verb takes it. The one list of it.

    A released message whose fate is unknown is asked about first, never sent blindly (invariant 5). One that may be
    stored at the ministry is not taken back; one whose number is another record's, or whose bytes do not open, may be.
    """
    if state is State.HELD:
        released = State.UNCERTAIN if reason in FATE_UNKNOWN else State.QUEUED
        cancel_it = {} if reason in MAY_BE_STORED else {Verb.CANCEL: State.CANCELLED}
        return {Verb.RELEASE: released} | cancel_it
    return _VERBS.get(state, {})


_VERBS: dict[State, dict[Verb, State]] = {
    State.AWAITING_SIGNATURE: {Verb.ATTACH: State.QUEUED, Verb.CANCEL: State.CANCELLED},
    State.QUEUED: {Verb.RETRY: State.QUEUED, Verb.QUARANTINE: State.QUARANTINED, Verb.CANCEL: State.CANCELLED},
    State.UNCERTAIN: {Verb.RETRY: State.UNCERTAIN},
    State.QUARANTINED: {Verb.RELEASE: State.QUEUED, Verb.CANCEL: State.CANCELLED},
    State.REFUSED: {Verb.CORRECT: State.SUPERSEDED},
    State.PARTIAL: {Verb.CORRECT: State.PARTIAL},  # final: the new record is linked, this message stays
}


def require_open(what: SorguNo | str, state: State, reason: str, verb: Verb) -> State:
    """Where `verb` takes a message that stands so; raises IllegalMove, or the kind of it that tells why not."""
    end = verbs_open(state, reason).get(verb)
    if end is not None:
        return end
    if verb is Verb.CANCEL and (state in _FATE_OPEN or (state is State.HELD and reason in MAY_BE_STORED)):
        raise MayBeStored(f"{what} is {state}; it is asked about by its number first")
    if state is State.SENDING:
        raise OnItsWay(f"{what} is {state}")
    if state in FINAL:
        raise Ended(f"{what} is {state}; no {verb} from there")
    can = ", ".join(verbs_open(state, reason)) or "-"
    raise IllegalMove(f"{what} is {state}; no {verb} from there (open: {can})")


_FATE_OPEN = frozenset({State.UNCERTAIN, State.PENDING})
