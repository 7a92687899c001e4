"""People's hands on messages: release, retry, cancel, quarantine, and the same for everything with one cause.

Every act carries a reason and a name into the audit log, in the transaction of the act, and goes no way that the
life-cycle table does not have. A group moves in bounded transactions, each with its entries: what is done stays
done when it is interrupted, and the same command goes on with the rest (docs/decisions/0016).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from integrator.audit.trail import Entry
from integrator.domain.errors import CauseGone, NotInQuarantine, StoppedForAll
from integrator.domain.hands import Hand, Verb
from integrator.domain.identifiers import KurumNo, SgkTescilNo, SorguNo, Tckn
from integrator.domain.records import Form, Moved
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.queue import groups, hands, outbox, quarantines, standing
from integrator.queue.verbs import NEVER_TO_BE_SENT, require_open
from integrator.store.engine import Tx, reading, writing

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one message. `changed` is False when there was nothing to do; `was_due_at` is a retry's gain."""

    sorgu_no: SorguNo
    state: State
    changed: bool = True
    was_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GroupDone:
    """What became of a group: how many moved, where to, and how many of these a stopped form caught at once."""

    count: int
    state: State
    caught: int = 0


class Evidence(StrEnum):
    """What has arrived about a workplace: its roster was refreshed, or its contract with a professional approved."""

    ROSTER = "roster"
    CONTRACT = "contract"


_MENDED = {Evidence.ROSTER: (groups.ROSTER,), Evidence.CONTRACT: (groups.CONTRACT,)}


def release(
    gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str, by: str = "", version: str = ""
) -> Done:
    """Let one held or quarantined message go on. Raises BadReason, NotFound, IllegalMove, as all of these do.

    One that is released out of quarantine goes out even while its form is stopped: so a mend is tried on one message.
    With `version` it raises Changed when the message no longer stands there; here and below.
    """
    return _one(gateway, kurum, sorgu_no, outbox.release, Hand(by or gateway.actor, reason), version=version)


def cancel(
    gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str, by: str = "", version: str = ""
) -> Done:
    """Take one message back that is not on its way and cannot be at the ministry."""
    return _one(gateway, kurum, sorgu_no, outbox.cancel, Hand(by or gateway.actor, reason), version=version)


def quarantine(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str, by: str = "") -> Done:
    """Stop one queued message. Lifting its form's quarantine leaves it stopped; releasing it lets it go."""

    def stop(tx: Tx, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str, now: datetime) -> Moved:
        return hands.stop_one(tx, kurum, sorgu_no, why=quarantines.ONE_BY_HAND, reason=reason, now=now)

    return _one(gateway, kurum, sorgu_no, stop, Hand(by or gateway.actor, reason))


def _one(
    gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, act: Callable[..., Moved], hand: Hand, *, version: str = ""
) -> Done:
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        if version:
            hands.require_unchanged(tx, kurum, sorgu_no, version)
        moved = act(tx, kurum, sorgu_no, reason=hand.reason, now=now)
        caught = quarantines.catch(tx, [moved], now=now) if moved.start is not State.QUARANTINED else []
        all_moved = [_by(moved, hand), *caught]
        gateway.record_moves(tx, all_moved, now)
    return Done(sorgu_no, all_moved[-1].end)


def retry(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str, by: str = "", version: str = "") -> Done:
    """Bring a queued message that backs off, or the next question about an uncertain one, forward to now.

    No state moves: an uncertain message is asked about, never sent. One that is due, or being asked about, stays.
    """
    hand, now = Hand(by or gateway.actor, reason), gateway.clock.now()
    with writing(gateway.database) as tx:
        if version:
            hands.require_unchanged(tx, kurum, sorgu_no, version)
        state, was_due_at = hands.hasten(tx, kurum, sorgu_no, now=now)
        if was_due_at is not None:
            facts = {"kurum": kurum, "sorgu_no": sorgu_no, "state": str(state), "was_due": was_due_at.isoformat()}
            gateway.record(tx, [Entry("bildirim.hastened", gateway.actor, facts | hand.facts)], now)
    return Done(sorgu_no, state, was_due_at is not None, was_due_at)


def read_causes(gateway: Gateway, kurum: KurumNo) -> list[groups.Group]:
    """Every cause for which a message of this customer waits, the largest group first."""
    with reading(gateway.database) as tx:
        why = standing.keeps_back(tx, kurum, needs_form=gateway.needs_form)
        return [*groups.read_kept_back(tx, kurum, why), *groups.read_groups(tx, kurum)]


def release_cause(
    gateway: Gateway, kurum: KurumNo, cause_id: str, *, reason: str, by: str = "", for_all: bool = False
) -> GroupDone:
    """Let every message go on that waits for this cause now.

    A stopped form is stopped for every customer: only `for_all`, which no door of a customer says, lifts its
    quarantine, else StoppedForAll. Raises CauseGone when none waits, IllegalMove when its messages are not released.
    """
    hand = Hand(by or gateway.actor, reason)
    cause = _find(gateway, kurum, cause_id)
    if cause.form and cause.reason != quarantines.ONE_BY_HAND:
        if not for_all:
            raise StoppedForAll(cause_id)
        return lift_form(gateway, cause.form, reason=hand.reason, by=hand.by)
    end = require_open(cause_id, cause.state, cause.reason, Verb.RELEASE)
    return _walk(gateway, groups.of_cause(cause), cause.state, end, hand, cause_id=cause_id)


def cancel_cause(gateway: Gateway, kurum: KurumNo, cause_id: str, *, reason: str, by: str = "") -> GroupDone:
    """Take every message back that waits for this cause now. Raises CauseGone, IllegalMove, MayBeStored.

    Those that once left and were never answered stay: their request may still arrive.
    """
    hand = Hand(by or gateway.actor, reason)
    cause = _find(gateway, kurum, cause_id)
    end = require_open(cause_id, cause.state, cause.reason, Verb.CANCEL)
    selected = groups.of_cause(cause)
    if cause.reason not in NEVER_TO_BE_SENT:
        selected = [*selected, ~outbox.left_unanswered()]
    return _walk(gateway, selected, cause.state, end, hand, cause_id=cause_id)


def release_for_evidence(
    gateway: Gateway,
    kurum: KurumNo,
    workplace: SgkTescilNo,
    *,
    reason: str,
    evidence: Evidence | None = None,
    professional: Tckn | None = None,
    by: str = "",
) -> GroupDone:
    """Let the messages go on that are held for this workplace's roster or contract: new evidence has arrived.

    `evidence` says which of the two was mended (212 or 213), None both; `professional` narrows to that person's.
    None of them waiting is no fault: then the count is 0.
    """
    hand, sealer = Hand(by or gateway.actor, reason), gateway.keyring.sealer(kurum, now=gateway.clock.now())
    selected = groups.of_workplace(
        kurum,
        sealer.blind_index("isyeri", workplace.value),
        profesyonel_index=sealer.blind_index("profesyonel", professional.value) if professional else "",
        codes=_MENDED[evidence] if evidence else (),
    )
    return _walk(gateway, selected, State.HELD, State.QUEUED, hand, evidence=str(evidence or "workplace"))


def quarantine_form(gateway: Gateway, form: Form, *, reason: str, by: str = "") -> GroupDone:
    """Stop a form for every customer: what is queued under it now, and what comes later, until it is lifted."""
    hand, why = Hand(by or gateway.actor, reason), quarantines.FORM_BY_HAND
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        if quarantines.begin(tx, form, code="", reason=why, now=now):
            gateway.record(
                tx, [form_entry("quarantine.began", gateway.actor, form, {**hand.facts, "because": why})], now
            )
    count = 0
    while moved := _stop_some(gateway, form, why, hand):
        count += moved
    logger().warning("queue.quarantined", veri_seti=form.veri_seti, version=form.version, count=count)
    return GroupDone(count, State.QUARANTINED)


def _stop_some(gateway: Gateway, form: Form, why: str, hand: Hand) -> int:
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        moved = outbox.quarantine(tx, form, code="", reason=why, now=now, limit=AT_ONCE)
        gateway.record_moves(tx, [_by(each, hand) for each in moved], now)
    return len(moved)


def lift_form(gateway: Gateway, form: Form, *, reason: str, by: str = "") -> GroupDone:
    """Lift a form's quarantine and let its messages go on, except those stopped one by one.

    Said again after an interruption it goes on with the rest; raises NotInQuarantine when there is nothing to lift.
    """
    hand, now = Hand(by or gateway.actor, reason), gateway.clock.now()
    with writing(gateway.database) as tx:
        lifted = quarantines.lift(tx, form, now=now)
        if lifted:
            gateway.record(tx, [form_entry("quarantine.lifted", gateway.actor, form, hand.facts)], now)
    spared = groups.of_stopped(form, but=quarantines.ONE_BY_HAND)
    done = _walk(gateway, spared, State.QUARANTINED, State.QUEUED, hand)
    if not lifted and not done.count:
        raise NotInQuarantine(f"{form.veri_seti} {form.version} {form.metot}")
    return done


def form_entry(event: str, actor: str, form: Form, facts: dict[str, str]) -> Entry:
    """The audit entry of a form's quarantine."""
    return Entry(event, actor, {"veri_seti": form.veri_seti, "version": form.version, "metot": form.metot} | facts)


def _find(gateway: Gateway, kurum: KurumNo, cause_id: str) -> groups.Cause:
    for group in read_causes(gateway, kurum):
        if group.cause.cause_id == cause_id:
            return group.cause
    raise CauseGone(cause_id)


def _walk(
    gateway: Gateway, selected: groups.Conditions, start: State, end: State, hand: Hand, **facts: str
) -> GroupDone:
    """Move what is selected, group by group in the order of numbers; nobody is taken twice."""
    after, count, caught = 0, 0, 0
    while True:
        now = gateway.clock.now()
        with writing(gateway.database) as tx:
            taken = groups.take(tx, selected, after=after, limit=AT_ONCE)
            if not taken and groups.is_left(tx, selected, after=after):
                continue
            if not taken:
                return GroupDone(count, end, caught)
            moved = [_by(each, hand, facts) for each in groups.move(tx, taken, start, end, now=now)]
            stopped = quarantines.catch(tx, moved, now=now)
            gateway.record_moves(tx, [*moved, *stopped], now)
        after, count, caught = taken[-1][1], count + len(taken), caught + len(stopped)


def _by(moved: Moved, hand: Hand, facts: dict[str, str] | None = None) -> Moved:
    return replace(moved, facts={**moved.facts, **hand.facts, **(facts or {})})
