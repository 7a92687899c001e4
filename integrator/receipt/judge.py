"""Judges an answer: is it about our message, what does its code mean, what became of each pair.

Never counts as success what was not said: a reply about another number, a list with pairs missing or unknown
ones in it makes the outcome uncertain, and the ministry is asked. Codes and their classes are in
``datasets/sonuc_kodlari.csv``; docs/errors.md explains them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integrator.catalogue.catalogue import ResultCode
from integrator.domain.identifiers import SorguNo, holds_tckn
from integrator.domain.outcomes import SUCCESS, Kind, Outcome, Pair, Reply, Sonuc

_CLASS = {
    "refused": Kind.REFUSED,
    "relation": Kind.RELATION,
    "own_fault": Kind.OWN_FAULT,
    "passive": Kind.PASSIVE,
    "uncertain": Kind.UNCERTAIN,
}

Codes = Mapping[str, ResultCode]
NOT_STORED = "not_stored"
USED_BEFORE = "211"
STILL_IN_PROCESSING = "204"
NO_SUCH_NUMBER = "no_such_number"
PAIRS_MISSING = "pairs_missing"


def judge_reply(reply: Reply, sorgu_no: SorguNo, pairs: Sequence[Pair], codes: Codes) -> Outcome:
    """What the answer to a save means for the message of `sorgu_no` with these `pairs`."""
    known = codes.get(reply.code)
    if known and known.kind == "passive":  # 401 is said before the number is looked at
        return Outcome(Kind.PASSIVE, reply.code, reply.message)
    if reply.ministry_no is not None:
        return _judge_taken(reply, reply.ministry_no, codes)
    if reply.sorgu_no != sorgu_no:
        return Outcome(Kind.UNCERTAIN, "foreign_number", reply.message)
    if known is None:
        return Outcome(Kind.UNKNOWN_CODE, _shown(reply.code), reply.message)
    if reply.code == SUCCESS:
        return _judge_pairs(reply.parts, pairs, codes)
    return Outcome(_CLASS[known.kind], reply.code, reply.message)


def judge_repeated(reply: Reply, sorgu_no: SorguNo, pairs: Sequence[Pair], codes: Codes) -> Outcome:
    """What the answer to the same bytes, sent again in order to learn of the first, says: 211 is "it is stored"."""
    if reply.code == USED_BEFORE and reply.sorgu_no == sorgu_no:
        return _all_stored(pairs)
    return judge_reply(reply, sorgu_no, pairs, codes)


def judge_processed(reply: Reply, ministry_no: str, pairs: Sequence[Pair], codes: Codes) -> Outcome:
    """What the ministry says of a message it took for processing: one code for all of it (docs/divergences.md).

    A row without a number speaks about the call. 211 is "no such number": the one we were told was not this
    message's, so it is forgotten and learnt anew.
    """
    known = codes.get(reply.code)
    if known and known.kind == "passive":
        return Outcome(Kind.PASSIVE, reply.code, reply.message)
    if reply.ministry_no != ministry_no:
        return Outcome(Kind.UNCERTAIN, _shown(reply.code), reply.message)
    if reply.code == SUCCESS:
        return _all_stored(pairs)
    if reply.code == STILL_IN_PROCESSING:
        return Outcome(Kind.PENDING, reply.code, reply.message)
    if reply.code == USED_BEFORE:
        return Outcome(Kind.UNCERTAIN, NO_SUCH_NUMBER, reply.message, ministry_no="")
    return _by_class(reply, codes)


def _judge_taken(reply: Reply, ministry_no: str, codes: Codes) -> Outcome:
    """A save that is answered with a number to ask by: 200 took it now, 211 had taken it before."""
    if reply.code in (SUCCESS, USED_BEFORE):
        kind = Kind.PENDING if ministry_no else Kind.UNCERTAIN
        return Outcome(kind, reply.code if ministry_no else "no_number", reply.message, ministry_no=ministry_no or None)
    return _by_class(reply, codes)


def _by_class(reply: Reply, codes: Codes) -> Outcome:
    known = codes.get(reply.code)
    return Outcome(_CLASS[known.kind] if known else Kind.UNKNOWN_CODE, _shown(reply.code), reply.message)


LONGEST_CODE = 16


def _shown(code: str) -> str:
    """A code as it may stand in a plain column: what is too long for one, or holds a person, does not."""
    return code if len(code) <= LONGEST_CODE and not holds_tckn(code) else "unreadable_code"


def _all_stored(pairs: Sequence[Pair]) -> Outcome:
    return Outcome(Kind.ACCEPTED, SUCCESS, parts=tuple(Sonuc(pair, SUCCESS) for pair in pairs))


def judge_found(rows: Sequence[Sonuc], pairs: Sequence[Pair], codes: Codes, *, confirmed: bool) -> Outcome:
    """What the ministry's rows under our number mean for a message whose outcome was unknown.

    No row: it never arrived, and may be sent again (under the same number, so a late arrival is refused as 211).
    Rows of other people: the number is somebody else's. Rows for some of our pairs: the rest counts as not stored
    only when `confirmed`, that is when an earlier question found the same, because a customer will send it again.
    """
    if not rows:
        return Outcome(Kind.NOT_ARRIVED, "not_found")
    about_the_call = next((row for row in rows if row.pair == ("", "")), None)
    if about_the_call:
        known = codes.get(about_the_call.code)
        kind = Kind.PASSIVE if known and known.kind == "passive" else Kind.UNCERTAIN
        return Outcome(kind, _shown(about_the_call.code), about_the_call.message)
    if any(row.pair not in set(pairs) for row in rows):
        return Outcome(Kind.FOREIGN, "foreign_number")
    by_pair = {row.pair: row for row in rows}
    if any(by_pair[row.pair].code != row.code for row in rows):
        return Outcome(Kind.UNCERTAIN, "pairs_differ")
    missing = [Sonuc(pair, NOT_STORED) for pair in pairs if pair not in by_pair]
    if missing and not confirmed:
        return Outcome(Kind.UNCERTAIN, PAIRS_MISSING)
    return _by_pair([*by_pair.values(), *missing], codes)


def _judge_pairs(parts: Sequence[Sonuc], pairs: Sequence[Pair], codes: Codes) -> Outcome:
    """Every pair must be spoken of, exactly once, and nothing else."""
    if sorted(part.pair for part in parts) != sorted(pairs):
        return Outcome(Kind.UNCERTAIN, "pairs_differ")
    return _by_pair(parts, codes)


def _by_pair(parts: Sequence[Sonuc], codes: Codes) -> Outcome:
    """A part whose code leaves its fate open leaves the whole message open; a part with an unknown code holds it."""
    failed = [part.code for part in parts if part.code != SUCCESS]
    if not failed:
        return Outcome(Kind.ACCEPTED, SUCCESS, parts=tuple(parts))
    kinds = {code: _kind_of_part(code, codes) for code in failed}
    for weighty in (Kind.UNKNOWN_CODE, Kind.UNCERTAIN):
        if weighty in kinds.values():
            return Outcome(weighty, _shown(next(code for code in failed if kinds[code] is weighty)), parts=tuple(parts))
    kind = Kind.PARTIAL if len(failed) < len(parts) else kinds[failed[0]]
    return Outcome(kind, failed[0], parts=tuple(parts))


def _kind_of_part(code: str, codes: Codes) -> Kind:
    if code == NOT_STORED:
        return Kind.REFUSED
    kind = _CLASS[codes[code].kind] if code in codes else Kind.UNKNOWN_CODE
    return Kind.UNCERTAIN if kind is Kind.PASSIVE else kind
