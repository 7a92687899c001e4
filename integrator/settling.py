"""The last steps of a call: what came of it is judged, written, audited, and has its consequences for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from integrator.audit.trail import Entry
from integrator.domain.outcomes import Kind, Outcome
from integrator.domain.records import Claimed, Moved, Settlement
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.queue import copies, line, outbox
from integrator.queue.patience import next_step
from integrator.receipt.explain_214 import Explanation
from integrator.store.engine import Tx, writing

QUARANTINE_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Carried:
    """One call that ended, one way or another; request and reply are sealed already."""

    claimed: Claimed
    outcome: Outcome
    request: bytes
    reply: bytes
    refused: bytes | None
    explanation: Explanation | None = None

    @property
    def cause(self) -> str:
        """The causes' codes of a 214, else empty."""
        return self.explanation.codes if self.explanation else ""

    @property
    def ministry_no(self) -> str:
        """The ministry's number that the message is followed by after this call."""
        told = self.outcome.ministry_no
        return self.claimed.ministry_no if told is None else told


def settle(gateway: Gateway, carried: Sequence[Carried], tally: Counter[str]) -> None:
    """Write what came of a group of calls, and its audit entries, in one transaction."""
    if not carried:
        return
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        carried = _doubting_shared(tx, carried, now)
        settlements = [_settlement(gateway, each, now) for each in carried]
        moved = outbox.settle(tx, settlements, now=now)
        copies.owe(tx, moved, now=now)
        moved += _consequences(gateway, tx, carried, now)
        gateway.record_moves(tx, moved, now)
    for settlement in settlements:
        tally[settlement.outcome] += 1
        _log_attempt(settlement)
    for each in carried:
        _log_explanation(each)


def _doubting_shared(tx: Tx, carried: Sequence[Carried], now: datetime) -> Sequence[Carried]:
    """A number of the ministry's that two messages of ours were given makes both ask again, whatever it said."""
    told = {each.claimed.sorgu_no: each.ministry_no for each in carried if each.ministry_no}
    shared = outbox.shared_numbers(tx, told, now=now) if told else set()
    if not shared:
        return carried
    doubt = Outcome(Kind.UNCERTAIN, "foreign_number", ministry_no="")
    return [replace(each, outcome=doubt, refused=None) if each.ministry_no in shared else each for each in carried]


def _settlement(gateway: Gateway, carried: Carried, now: datetime) -> Settlement:
    claimed, outcome = carried.claimed, carried.outcome
    then = next_step(claimed, outcome, gateway.patience, now=now, jitter=gateway.jitter())
    return Settlement(
        claimed,
        then.end,
        then.due_at,
        then.reason,
        outcome.code,
        parts_accepted=outcome.accepted_parts,
        burns_attempt=outcome.burns_attempt or claimed.state is not State.SENDING,
        request=carried.request,
        reply=carried.reply,
        refused_parts=carried.refused,
        cause=carried.cause,
        ministry_no=carried.ministry_no,
    )


def _consequences(gateway: Gateway, tx: Tx, carried: Sequence[Carried], now: datetime) -> list[Moved]:
    """What one answer means for the others: 401 stops the line, an answer reopens it, our own fault quarantines."""
    passive = next((each for each in carried if each.outcome.kind is Kind.PASSIVE), None)
    if passive:
        _set_line(gateway, tx, line.PASSIVE, passive.outcome.code, now)
    elif any(each.reply for each in carried) and line.read_line(tx).state == line.PASSIVE:
        _set_line(gateway, tx, line.ACTIVE, "", now)
    moved: list[Moved] = []
    for each in carried:
        if each.outcome.kind is Kind.OWN_FAULT:
            code, form = each.outcome.code, each.claimed.form
            stopped = outbox.quarantine(tx, form, code=code, cause=each.cause, now=now, limit=QUARANTINE_AT_ONCE)
            facts = {"veri_seti": form.veri_seti, "version": form.version, "code": code, "cause": each.cause}
            logger().error("queue.quarantined", **facts, count=len(stopped))
            moved += stopped
    return moved


def _set_line(gateway: Gateway, tx: Tx, state: str, code: str, now: datetime) -> None:
    passive = state == line.PASSIVE
    probe_at = now + gateway.pace.probe_gap if passive else None
    if line.set_line(tx, state, reason=code, probe_at=probe_at, now=now):
        gateway.record(tx, [Entry("line.stopped" if passive else "line.resumed", gateway.actor, {"code": code})], now)
        logger().error("delivery.stopped" if passive else "delivery.resumed", code=code)


def _log_attempt(settlement: Settlement) -> None:
    claimed = settlement.claimed
    logger().info(
        "delivery.attempted" if claimed.state is State.SENDING else "delivery.asked",
        sorgu_no=claimed.sorgu_no,
        attempt=claimed.attempt,
        outcome=settlement.outcome,
        code=settlement.code,
        state=str(settlement.end),
    )


def _log_explanation(carried: Carried) -> None:
    """What a 214 was about, in one line without a value: the element's name, never what stands in it."""
    found = carried.explanation
    if found:
        facts = {"cause": found.codes, "certain": found.certain, "element": found.last_step, "offset": found.offset}
        logger().error("receipt.explained", sorgu_no=carried.claimed.sorgu_no, code=carried.outcome.code, **facts)


def give_back(gateway: Gateway, claimed: Sequence[Claimed]) -> None:
    """A worker that stops returns what it had claimed and not begun."""
    if claimed:
        now = gateway.clock.now()
        with writing(gateway.database) as tx:
            gateway.record_moves(tx, outbox.give_back(tx, claimed, now=now), now)
