"""Correcting what the ministry refused: a new record is accepted and the old one superseded, both or neither.

The new record must not repeat what is stored, or still on its way, under the old one's numbers: the ministry would
hold it twice. A partial message is final; its correction is a record of its refused parts and is linked only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from integrator.accepting import Answer, Group, id_from_content, store_together
from integrator.audit.trail import Entry, moved_entry
from integrator.deliver.dvo import cut_dvo
from integrator.domain.errors import NothingToCorrect, Unavailable
from integrator.domain.findings import Finding, Severity
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.outcomes import Pair
from integrator.domain.records import Message, Submitted
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.queue import bodies, corrections
from integrator.queue.corrections import Relative
from integrator.store.engine import Conflict, Tx, reading

_CONFLICTS_AT_MOST = 10
_DEAD = frozenset({State.REFUSED, State.SUPERSEDED, State.CANCELLED})
_NOT_THE_CONTENT = frozenset({"214", "215", "216", "217", "218", "219", "220", "221", "222"})
"""Refused for our bytes or for the signature, not for what the record says: the same content may go again."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What became of a correction: the new record's answer, the record it corrects, and the superseded messages."""

    answer: Answer
    corrects: str
    superseded: tuple[SorguNo, ...] = ()


@dataclass
class _Along:
    """What must become true together with the new record; `Group` calls it."""

    gateway: Gateway
    kurum: KurumNo
    hand: Hand
    family: list[Relative]
    superseded: list[SorguNo] = field(default_factory=list)

    @property
    def old(self) -> str:
        """The record that is corrected."""
        return self.family[0].kayit_no

    def judge(self, messages: list[Message]) -> Iterator[Finding]:
        """What speaks against this record as the correction of the other; a warning for what it leaves out."""
        stored, refused, refused_bytes = self._what_was()
        if refused_bytes & {each.canonical for each in messages}:
            yield Finding("INT-QUE-021", "", self.old, "")
        now = {pair for each in messages for pair in _pairs(each.canonical)}
        twice = sorted(stored.keys() & now)
        if twice:
            yield Finding("INT-QUE-022", f"{len(twice)}", str(stored[twice[0]]), "")
        left_out = refused - now
        if left_out:
            yield Finding("INT-QUE-023", "", f"{len(left_out)}/{len(refused)}", "", Severity.WARNING)

    def write(self, tx: Tx, kayit_no: str, now: datetime) -> list[Entry]:
        """Link and supersede, in the transaction that stores the new record."""
        moved = corrections.supersede(tx, self.kurum, self.old, kayit_no, now=now)
        self.superseded = [each.sorgu_no for each in moved]
        facts = {"kurum": self.kurum, "kayit_no": self.old, "corrected_by": kayit_no}
        actor, by = self.gateway.actor, self.hand.facts
        linked = Entry("kayit.corrected", actor, facts | by)
        return [linked, *(moved_entry(each, actor).with_facts(by) for each in moved)]

    def _what_was(self) -> tuple[dict[_Part, SorguNo], set[_Part], set[bytes]]:
        """(parts stored or on their way, with their number; refused parts; bytes that were refused for content)."""
        stored: dict[_Part, SorguNo] = {}
        refused: set[_Part] = set()
        refused_bytes: set[bytes] = set()
        for each in self.family:
            key = self.gateway.content(self.kurum, each.kayit_no, each.content_key)
            _, canonical = bodies.open_canonical(key, self.kurum, each.sorgu_no, each.canonical)
            parts, lost = set(_pairs(canonical)), set[Pair]()
            if each.state is State.PARTIAL and each.refused_parts:
                lost = {one.pair for one in bodies.open_refused(key, self.kurum, each.sorgu_no, each.refused_parts)}
            dead = parts if each.state in _DEAD else {part for part in parts if part[-1] in lost}
            stored |= dict.fromkeys(parts - dead, each.sorgu_no)
            if each.kayit_no == self.old and each.state in (State.REFUSED, State.PARTIAL):
                refused |= dead
            if each.state is State.REFUSED and each.code not in _NOT_THE_CONTENT:
                refused_bytes.add(canonical)
        return stored, refused, refused_bytes


_Part = tuple[str, Pair]
"""(who reported, where and when; worker and training): what the ministry would hold twice."""


def _pairs(canonical: bytes) -> Iterator[_Part]:
    if b"<egitimBildirim>" not in canonical:  # another veri seti's: it holds no pairs
        return
    dvo = cut_dvo(canonical)
    where = "".join(dvo.elements.get(name, "") for name in ("sgkTescilNo", "egitimTarihi"))
    for pair in dvo.pairs:
        yield where, pair


def correct(
    gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, submitted: Submitted, *, reason: str, by: str = ""
) -> Corrected:
    """Accept `submitted` as the correction of the record of `sorgu_no`; a rejected one leaves everything as it was.

    Raises BadReason, NotFound, NothingToCorrect. The same correction said again is answered as known.
    """
    hand = Hand(by or gateway.actor, reason)
    with reading(gateway.database) as tx:
        repeated = _repeated(tx, gateway, kurum, sorgu_no, submitted)
    if repeated:
        return repeated
    for _ in range(_CONFLICTS_AT_MOST):
        with reading(gateway.database) as tx:
            family = corrections.read_family(tx, kurum, sorgu_no)
            _, corrected_by = corrections.links_of(tx, kurum, family[0].kayit_no)
        if corrected_by:
            raise NothingToCorrect(f"{family[0].kayit_no} was corrected by {corrected_by} already")
        along = _Along(gateway, kurum, hand, family)
        try:
            group = Group(gateway, kurum, [submitted], may_split=True, along=along)
            [[answer]] = store_together(gateway, [group])
        except Conflict:  # somebody else took the id, or the old record, meanwhile
            continue
        if answer.status == "known":  # stored before, by itself: it corrects nothing
            answer = replace(
                answer, status="rejected", sorgu_no=(), findings=(Finding("INT-QUE-021", "", along.old, ""),)
            )
        return Corrected(answer, along.old, tuple(along.superseded))
    raise Unavailable("other processes keep submitting the same record")


def _repeated(tx: Tx, gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, submitted: Submitted) -> Corrected | None:
    """The answer to a correction that is stored already; None when this is a new one."""
    fingerprint = gateway.keyring.sealer(kurum, now=gateway.clock.now()).fingerprint(submitted.content)
    kayit_no = submitted.kayit_no or id_from_content(fingerprint)
    found = None if submitted.fault else corrections.stored_correction(tx, kurum, sorgu_no, kayit_no, fingerprint)
    if found is None:
        return None
    old, numbers = found
    return Corrected(Answer(submitted.where, kayit_no, "known", tuple(numbers)), old)
