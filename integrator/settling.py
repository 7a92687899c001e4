"""The last steps of a call: what came of it is judged, written, audited, and has its consequences for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from integrator.audit.trail import Entry, moved_entry
from integrator.domain.outcome_texts import outcome_texts
from integrator.domain.outcomes import NOT_OPENED, REOPEN_AFTER, Kind, Outcome
from integrator.domain.records import Claimed, Moved, Settlement
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.metrics import OTHER, count_outcome
from integrator.queue import copies, line, outbox, quarantines
from integrator.queue.line_row import lock_line, read_line, write_line
from integrator.queue.patience import next_step
from integrator.receipt.explain_214 import Explanation
from integrator.store.engine import Tx, write_anew, writing

QUARANTINE_AT_ONCE = 10_000  # the rest of a larger queue is not claimed, and recovery sweeps it up


@dataclass(frozen=True, slots=True)
class Carried:
    """One call that ended, one way or another; request and reply are sealed already."""

    claimed: Claimed
    outcome: Outcome
    request: bytes
    reply: bytes
    refused: bytes | None
    began_at: datetime
    explanation: Explanation | None = None
    speaks: bool = True  # about the address; of several messages in one call only the first does
    commitments: Mapping[str, str] = field(default_factory=dict)  # to request and reply, for the audit log

    @property
    def was_not_asked(self) -> bool:
        """A question that could not be put, or whose answer could not be read: what was known before still is."""
        return self.outcome.code == NOT_OPENED and self.claimed.state is not State.SENDING

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
    """Write what came of a group of calls, and its audit entries, in one transaction.

    Locks in one order for all: the line's row, rows of messages, the head of the audit log last.
    """
    if not carried:
        return
    now = gateway.clock.now()

    def write(tx: Tx) -> tuple[line.Line, line.Line, Sequence[Carried], list[Settlement]]:
        before, after, waits = _hear(gateway, tx, carried, now)
        sure = _doubting_shared(tx, carried, now)
        unasked = [each.claimed for each in sure if each.was_not_asked]
        settlements = [
            _settlement(gateway, each, wait, now)
            for each, wait in zip(sure, waits, strict=True)
            if not each.was_not_asked
        ]
        moved = outbox.settle(tx, settlements, now=now)
        moved += outbox.give_back(tx, unasked, now=now, rests=REOPEN_AFTER)
        copies.owe(tx, moved, now=now)
        _hold_forms(tx, settlements, sure)
        stopped, began = _stop_forms(gateway, tx, sure, now)
        moved += stopped
        moved += quarantines.catch(tx, moved, now=now)
        moves = (moved_entry(move, gateway.actor) for move in moved)
        gateway.record(tx, [*_line_entries(gateway, before, after), *began, *moves], now)
        return before, after, sure, settlements

    before, after, sure, settlements = write_anew(gateway.database, write)
    _log_line(before, after)
    for settlement in settlements:
        tally[settlement.outcome] += 1
        _count(gateway, settlement)
        _log_attempt(settlement)
    for each in sure:
        _log_explanation(each)


def _hold_forms(tx: Tx, settlements: Sequence[Settlement], carried: Sequence[Carried]) -> None:
    """Hold every form this settlement is about to need, in one order, so that two workers never wait for each other."""
    back = {each.claimed.form for each in settlements if each.end is State.QUEUED}
    suspects = {each.claimed.form for each in carried if each.outcome.kind is Kind.OWN_FAULT}
    if back or suspects:
        quarantines.hold(tx, back, alone=suspects)


def _doubting_shared(tx: Tx, carried: Sequence[Carried], now: datetime) -> Sequence[Carried]:
    """A number of the ministry's that two messages of ours were given makes both ask again, whatever it said."""
    told = {each.claimed.sorgu_no: each.ministry_no for each in carried if each.ministry_no}
    shared = outbox.shared_numbers(tx, told, now=now) if told else set()
    if not shared:
        return carried
    doubt = Outcome(Kind.UNCERTAIN, "foreign_number", ministry_no="")
    return [replace(each, outcome=doubt, refused=None) if each.ministry_no in shared else each for each in carried]


def _hear(
    gateway: Gateway, tx: Tx, carried: Sequence[Carried], now: datetime
) -> tuple[line.Line, line.Line, list[timedelta]]:
    """The line before and after these calls, and the shortest wait of each one's retry. Health locks nothing."""
    heard = [line.Heard(each.claimed, each.outcome, each.began_at) if each.speaks else None for each in carried]
    jitter = gateway.jitter()

    def fold(found: line.Line) -> tuple[line.Line, list[timedelta]]:
        waits = []
        for each in heard:
            wait = timedelta(0)
            if each:
                found, wait = line.hear(found, each, gateway.rules, now=now, jitter=jitter)
            waits.append(wait)
        return found, waits

    before = read_line(tx, gateway.address)
    after, waits = fold(before)
    if after != before:
        before = lock_line(tx, gateway.address)
        after, waits = fold(before)
        write_line(tx, before, after)
    return before, after, waits


def _settlement(gateway: Gateway, carried: Carried, wait: timedelta, now: datetime) -> Settlement:
    claimed, outcome = carried.claimed, carried.outcome
    then = next_step(claimed, outcome, gateway.patience, now=now, jitter=gateway.jitter())
    return Settlement(
        claimed,
        then.end,
        max(then.due_at, now + wait),
        then.reason,
        outcome.code,
        parts_accepted=outcome.accepted_parts,
        burns_attempt=outcome.burns_attempt or claimed.state is not State.SENDING,
        request=carried.request,
        reply=carried.reply,
        refused_parts=carried.refused,
        cause=carried.cause,
        ministry_no=carried.ministry_no,
        commitments=carried.commitments,
    )


def _stop_forms(gateway: Gateway, tx: Tx, carried: Sequence[Carried], now: datetime) -> tuple[list[Moved], list[Entry]]:
    """Our own fault: the message's form goes into quarantine, and what is queued under it is stopped."""
    moved: list[Moved] = []
    began: list[Entry] = []
    for each in carried:
        if each.outcome.kind is Kind.OWN_FAULT:
            code, form, cause = each.outcome.code, each.claimed.form, each.cause
            facts = {"veri_seti": form.veri_seti, "version": form.version, "code": code, "cause": cause}
            why = outbox.reason_of("own_fault", cause)
            if quarantines.begin(tx, form, code=code, reason=why, now=now):
                told = facts | {"metot": form.metot, "because": why}
                began.append(Entry("quarantine.began", gateway.actor, told))
            stopped = outbox.quarantine(tx, form, code=code, cause=cause, now=now, limit=QUARANTINE_AT_ONCE)
            logger().error("queue.quarantined", **facts, count=len(stopped))
            moved += stopped
    return moved, began


def _line_entries(gateway: Gateway, before: line.Line, after: line.Line) -> list[Entry]:
    facts = {"address": gateway.address, "code": after.reason, "from": before.state, "to": after.state}
    if before.state != after.state:
        event = "line.resumed" if after.state == line.ACTIVE else "line.stopped"
        return [Entry(event, gateway.actor, facts)]
    if bool(before.opened) != bool(after.opened):
        return [Entry("line.opened" if after.opened else "line.closed", gateway.actor, facts)]
    return []


def _log_line(before: line.Line, after: line.Line) -> None:
    if before.state != after.state:
        stopped = after.state != line.ACTIVE
        logger().error("delivery.stopped" if stopped else "delivery.resumed", code=after.reason)
    elif bool(before.opened) != bool(after.opened):
        until = str(after.probe_at) if after.opened else ""
        logger().error("delivery.opened" if after.opened else "delivery.closed", code=after.reason, until=until)


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


def _count(gateway: Gateway, settlement: Settlement) -> None:
    """A code of the ministry's or of ours; one that nobody knows may be anything, and is no label."""
    claimed, code = settlement.claimed, settlement.code
    is_known = not code or code in gateway.catalogue.result_codes or code in outcome_texts()
    act = "send" if claimed.state is State.SENDING else "ask"
    count_outcome(act, settlement.outcome, code if is_known else OTHER, claimed.attempt)


def _log_explanation(carried: Carried) -> None:
    """What a 214 was about, in one line without a value: the element's name, never what stands in it."""
    found = carried.explanation
    if found:
        facts = {"cause": found.codes, "certain": found.certain, "element": found.last_step, "offset": found.offset}
        logger().error("receipt.explained", sorgu_no=carried.claimed.sorgu_no, code=carried.outcome.code, **facts)


def give_back(gateway: Gateway, claimed: Sequence[Claimed]) -> None:
    """A worker that stops, or whose line was shut, returns what it had claimed and not begun."""
    if not claimed:
        return
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        found = read_line(tx, gateway.address)
        if line.freed(found, claimed, now=now) != found:
            found = lock_line(tx, gateway.address)
            write_line(tx, found, line.freed(found, claimed, now=now))
        back = outbox.give_back(tx, claimed, now=now)
        gateway.record_moves(tx, [*back, *quarantines.catch(tx, back, now=now)], now)
