"""The last steps of a call: what came of it is judged, written, audited, and has its consequences for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integrator.audit.trail import Entry, moved_entry
from integrator.domain.outcomes import Kind, Outcome
from integrator.domain.records import Claimed, Moved, Settlement
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.queue import copies, line, outbox, quarantines
from integrator.queue.patience import next_step
from integrator.receipt.explain_214 import Explanation
from integrator.store.engine import Tx, writing

QUARANTINE_AT_ONCE = 10_000  # the rest of a larger queue is not claimed, and recovery sweeps it up


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


def settle(gateway: Gateway, carried: Sequence[Carried], tally: Counter[str]) -> None:
    """Write what came of a group of calls, and its audit entries, in one transaction."""
    if not carried:
        return
    now = gateway.clock.now()
    settlements = [_settlement(gateway, each, now) for each in carried]
    with writing(gateway.database) as tx:
        moved = outbox.settle(tx, settlements, now=now)
        copies.owe(tx, moved, now=now)
        _hold_forms(tx, settlements, carried)
        stopped, began = _stop_forms(gateway, tx, carried, now)
        moved += stopped
        moved += quarantines.catch(tx, moved, now=now)
        _consequences(gateway, tx, carried, now)  # the line after the messages, the head of the log last (0013)
        gateway.record(tx, [*began, *(moved_entry(each, gateway.actor) for each in moved)], now)
    for settlement in settlements:
        tally[settlement.outcome] += 1
        _log_attempt(settlement)
    for each in carried:
        _log_explanation(each)


def _hold_forms(tx: Tx, settlements: Sequence[Settlement], carried: Sequence[Carried]) -> None:
    """Hold every form this settlement is about to need, in one order, so that two workers never wait for each other."""
    back = {each.claimed.form for each in settlements if each.end is State.QUEUED}
    suspects = {each.claimed.form for each in carried if each.outcome.kind is Kind.OWN_FAULT}
    if back or suspects:
        quarantines.hold(tx, back, alone=suspects)


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
        burns_attempt=outcome.burns_attempt or claimed.state is State.UNCERTAIN,
        request=carried.request,
        reply=carried.reply,
        refused_parts=carried.refused,
        cause=carried.cause,
    )


def _consequences(gateway: Gateway, tx: Tx, carried: Sequence[Carried], now: datetime) -> None:
    """What one answer means for the line: 401 stops it, an answer reopens it."""
    passive = next((each for each in carried if each.outcome.kind is Kind.PASSIVE), None)
    if passive:
        _set_line(gateway, tx, line.PASSIVE, passive.outcome.code, now)
    elif any(each.reply for each in carried) and line.read_line(tx).state == line.PASSIVE:
        _set_line(gateway, tx, line.ACTIVE, "", now)


def _stop_forms(gateway: Gateway, tx: Tx, carried: Sequence[Carried], now: datetime) -> tuple[list[Moved], list[Entry]]:
    """Our own fault: the message's form goes into quarantine, and what is queued under it is stopped."""
    moved: list[Moved] = []
    began: list[Entry] = []
    for each in carried:
        if each.outcome.kind is Kind.OWN_FAULT:
            code, form, cause = each.outcome.code, each.claimed.form, each.cause
            facts = {"veri_seti": form.veri_seti, "version": form.version, "code": code, "cause": cause}
            if quarantines.begin(tx, form, code=code, reason=outbox.reason_of("own_fault", cause), now=now):
                began.append(Entry("quarantine.began", gateway.actor, facts | {"metot": form.metot}))
            stopped = outbox.quarantine(tx, form, code=code, cause=cause, now=now, limit=QUARANTINE_AT_ONCE)
            logger().error("queue.quarantined", **facts, count=len(stopped))
            moved += stopped
    return moved, began


def _set_line(gateway: Gateway, tx: Tx, state: str, code: str, now: datetime) -> None:
    passive = state == line.PASSIVE
    probe_at = now + gateway.pace.probe_gap if passive else None
    if line.set_line(tx, state, reason=code, probe_at=probe_at, now=now):
        gateway.record(tx, [Entry("line.stopped" if passive else "line.resumed", gateway.actor, {"code": code})], now)
        logger().error("delivery.stopped" if passive else "delivery.resumed", code=code)


def _log_attempt(settlement: Settlement) -> None:
    claimed = settlement.claimed
    logger().info(
        "delivery.asked" if claimed.state is State.UNCERTAIN else "delivery.attempted",
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
            back = outbox.give_back(tx, claimed, now=now)
            gateway.record_moves(tx, [*back, *quarantines.catch(tx, back, now=now)], now)
