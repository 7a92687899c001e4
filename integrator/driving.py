"""Calls as a stream: claimed in turn, packed into bundles, carried by threads, settled in groups as they end.

What the line to the ministry admits decides how much is claimed; what was claimed and not begun goes back when the
line closes or the ministry becomes slow. Answers are kept until they are on disk, however often the database is away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import TypeVar

from integrator.audit.trail import Entry
from integrator.deliver.courier import Courier
from integrator.deliver.dvo import VERI_SETI
from integrator.deliver.generation import NUMBERS_AT_ONCE, TakesForProcessing
from integrator.domain.clock import Clock
from integrator.domain.errors import Unavailable
from integrator.domain.outcomes import Word
from integrator.domain.records import Claimed, Moved
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.queue import line, outbox, restored, standing
from integrator.queue.fair import Rotation
from integrator.queue.line_row import ensure_line, lock_line, read_line, write_line
from integrator.queue.pace import Flow
from integrator.queue.watch import Watch
from integrator.settling import Carried, give_back, settle
from integrator.store.engine import Tx, reading, writing

PATIENCE = timedelta(milliseconds=200)
AWAY = timedelta(seconds=1)
T = TypeVar("T")

Stop = Callable[[], bool]

Bundle = list[Claimed]
"""The messages of one call: one, or as many as one question names."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim gave, and the line as it left it; `wait` is set when only the rate stands in the way."""

    bundles: Sequence[Bundle] = ()
    wait: timedelta | None = None
    line: line.Line | None = None
    at: datetime | None = None  # when it was claimed: the moment that attempts and entries carry


@dataclass(frozen=True, slots=True)
class Errand:
    """One kind of call: how its messages are claimed, packed into calls, and carried."""

    claim: Callable[[Gateway, Errand, int, Rotation], Batch]
    pack: Callable[[Sequence[Claimed]], list[Bundle]]
    carry: Callable[[Gateway, Bundle], list[Carried]]


def drive(gateway: Gateway, errand: Errand, stop: Stop) -> Counter[str]:
    """Claim, carry, settle, until nothing is due; a slow answer holds up nobody else's settlement."""
    gateway.ministry()  # without an address nothing may be claimed
    ensure_line(gateway.database, gateway.address)
    return _Drive(gateway, errand).run(stop)


@dataclass(slots=True)
class _Drive:
    """One worker's stream. `ended` holds answers that are not on disk yet."""

    gateway: Gateway
    errand: Errand
    tally: Counter[str] = field(default_factory=Counter)
    rotation: Rotation = field(default_factory=Rotation)
    ended: list[Carried] = field(default_factory=list)

    def run(self, stop: Stop) -> Counter[str]:
        pace, clock = self.gateway.pace, self.gateway.clock
        watch = Watch(partial(_read_line, self.gateway), clock)
        carry = partial(_carried, self.gateway, self.errand, watch)
        may_begin = partial(_may_begin, clock, watch)
        courier: Courier[Bundle, list[Carried]] = Courier(carry, concurrency=pace.concurrency, may_begin=may_begin)
        flow = Flow(concurrency=pace.concurrency, window=pace.window, is_capped=self.gateway.rules.rate is not None)
        try:
            while not stop():
                room = flow.room(len(courier))
                batch = self.errand.claim(self.gateway, self.errand, room, self.rotation) if room else Batch()
                watch.note(batch.line)
                for bundle in batch.bundles:
                    courier.take(bundle)
                if len(courier):
                    calls = courier.collect(min(PATIENCE, batch.wait or PATIENCE), pace.gather)
                    flow.note(len(calls), now=clock.now())  # what ends while these are settled is of the next look
                    self._settle(calls, watch)
                    give_back(self.gateway, _flat(courier.turned_away() + courier.recall(flow.surplus(len(courier)))))
                elif batch.wait is None:
                    break
                else:
                    clock.sleep(min(PATIENCE, batch.wait))
        finally:
            unsent, calls = courier.close()
            self.ended += _flat(calls)
            self._settle_at_last(_flat(unsent))
        return self.tally

    def _settle(self, calls: list[list[Carried]], watch: Watch) -> None:
        self.ended += _flat(calls)
        settle(self.gateway, self.ended, self.tally)
        if any(each.outcome.word is not Word.ANSWERED for each in self.ended):
            watch.forget()
        self.ended = []

    def _settle_at_last(self, unsent: Sequence[Claimed]) -> None:
        """What ended is on disk before the worker goes on, though the database be away for half a lease.

        Past that a message counts as lost with its worker and is asked about: safe, and one call more.
        """
        ends = self.gateway.clock.now() + self.gateway.pace.lease / 2
        while True:
            try:
                settle(self.gateway, self.ended, self.tally)
                self.ended = []
                give_back(self.gateway, unsent)
                return
            except Unavailable:
                if not self._may_wait(ends):
                    raise
            self.gateway.clock.sleep(AWAY)

    def _may_wait(self, ends: datetime) -> bool:
        logger().warning("delivery.waiting", count=len(self.ended))
        return self.gateway.clock.now() < ends


def _flat(several: Iterable[list[T]]) -> list[T]:
    return list(chain.from_iterable(several))


def claim_to_send(gateway: Gateway, errand: Errand, room: int, rotation: Rotation) -> Batch:
    """The intent, committed before the first byte leaves (invariant 4)."""
    with writing(gateway.database) as tx:
        batch = _claim(gateway, tx, errand, room, rotation, is_send=True)
        intents = [
            Moved(c.sorgu_no, c.kurum, State.QUEUED, c.state, {"deneme_no": c.deneme_no}) for c in _flat(batch.bundles)
        ]
        gateway.record_moves(tx, intents, batch.at or gateway.clock.now())
    return batch


def claim_to_ask(gateway: Gateway, errand: Errand, room: int, rotation: Rotation) -> Batch:
    """Messages of unknown fate and those in processing: the intent to ask about each, as for a send."""
    with writing(gateway.database) as tx:
        batch = _claim(gateway, tx, errand, room, rotation, is_send=False)
        gateway.record(tx, (_asking(gateway, each) for each in _flat(batch.bundles)), batch.at or gateway.clock.now())
    return batch


def _asking(gateway: Gateway, claimed: Claimed) -> Entry:
    facts = {"kurum": claimed.kurum, "sorgu_no": claimed.sorgu_no, "deneme_no": claimed.deneme_no}
    return Entry("bildirim.asking", gateway.actor, facts)


def _claim(gateway: Gateway, tx: Tx, errand: Errand, room: int, rotation: Rotation, *, is_send: bool) -> Batch:
    """Claim for as many calls as the line admits: all of `room`, what the rate allows, or one probe.

    Health locks and writes no line. Where the row is written anyway, whose turn it is goes with it, so that all
    workers share one rotation.
    """
    now, pace, rules = gateway.clock.now(), gateway.pace, gateway.rules
    found = read_line(tx, gateway.address)
    restored_open = restored.is_open(tx)
    if restored_open is False or standing.is_passive(tx):
        return Batch((), None, found)
    shared = found.is_narrow or rules.rate is not None
    if shared:
        found = lock_line(tx, gateway.address)
        rotation.cursor = found.send_cursor if is_send else found.ask_cursor
    admission = line.admit(found, room, rules, now=now)
    if not admission.limit:
        return Batch((), admission.wait, found)
    terms = outbox.Terms(
        now, gateway.actor, pace.lease, admission.limit, gateway.metot, rotation, admission.but_not, _barred(gateway),
        gateway.needs_form,
    )  # fmt: skip
    if is_send:
        claimed = outbox.claim(tx, terms)
        if restored_open:
            claimed, moved = restored.ask_first(tx, claimed, now=now)
            gateway.record_moves(tx, moved, now)
    else:
        claimed = outbox.claim_to_ask(tx, terms, at_once=_numbers_at_once(gateway, found))
    bundles = errand.pack(claimed)
    bundles, spare = bundles[: admission.limit], bundles[admission.limit :]
    outbox.give_back(tx, _flat(spare), now=now)
    after = line.took(found, [bundle[0] for bundle in bundles], rules, now=now, lease=pace.lease)
    if shared and bundles:
        after = replace(after, send_cursor=rotation.cursor) if is_send else replace(after, ask_cursor=rotation.cursor)
        write_line(tx, found, after)
    return Batch(bundles, admission.wait, after, now)


def _barred(gateway: Gateway) -> tuple[tuple[str, str, str], ...]:
    """The forms that this metot carries by their definition, and that no generation can send yet: they wait."""
    metot, definitions = gateway.metot, gateway.catalogue.definitions
    others = [each for each in definitions if metot in each.metot and each.veri_seti != VERI_SETI]
    return tuple((each.veri_seti, each.version, metot) for each in others)


def _numbers_at_once(gateway: Gateway, found: line.Line) -> int:
    """How many messages in processing one question may name; a probe names one."""
    return NUMBERS_AT_ONCE if isinstance(gateway.ministry(), TakesForProcessing) and not found.is_narrow else 1


def _read_line(gateway: Gateway) -> line.Line:
    """As the last look takes it: of a passive firm nothing passes."""
    with reading(gateway.database) as tx:
        found = read_line(tx, gateway.address)
        return replace(found, state=line.STOPPED) if standing.is_passive(tx) else found


def _may_begin(clock: Clock, watch: Watch, bundle: Bundle) -> bool:
    """The last look before a call: the line is open, and nobody else may hold the messages by now."""
    now = clock.now()
    return all(now < each.until_at and watch.lets_pass(each) for each in bundle)


def _carried(gateway: Gateway, errand: Errand, watch: Watch, bundle: Bundle) -> list[Carried]:
    """One call, in a courier's thread. After a 401 nothing more leaves this worker before the row was asked again."""
    carried = errand.carry(gateway, bundle)
    if any(each.outcome.word is Word.PASSIVE for each in carried):
        watch.shut()
    return carried
