"""The walk of a record through the seven rooms. Read this file first; docs/flow.md tells the same story.

    bytes -> 1 intake -> 2 validate -> 3 sign -> 4 queue            accept()
             4 queue -> 5 deliver -> 6 receipt -> 4 queue           dispatch(), inquire()
             7 audit                                                in the transaction of every step

Rooms do not know one another; only this file and its two halves do: ``accepting.py`` (a group of records) and
``settling.py`` (what came of a call); ``gateway.py`` holds the parts. Two transactions frame every call to the
ministry: the one that writes the intent, and the one that writes what came of it. ``acts.py`` holds the smaller walks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

from integrator.accepting import Answer, Group
from integrator.deliver.courier import Courier
from integrator.deliver.dvo import Dvo, cut_dvo
from integrator.deliver.generation import Exchange
from integrator.domain.errors import IntegratorError, Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.domain.outcomes import Kind, Outcome, Word
from integrator.domain.records import Claimed, Moved, Submitted
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.queue import bodies, line, outbox
from integrator.queue.fair import Rotation
from integrator.queue.line_row import ensure_line, lock_line, read_line, write_line
from integrator.queue.pace import Flow
from integrator.queue.watch import Watch
from integrator.receipt.explain_214 import explain, words_of_214
from integrator.receipt.judge import PAIRS_MISSING, judge_found, judge_reply
from integrator.settling import Carried, give_back, settle
from integrator.store.engine import Conflict, Tx, reading, writing

ASKS_TO_CONFIRM = 3
CONFLICTS_AT_MOST = 10
PATIENCE = timedelta(milliseconds=200)


def accept(
    gateway: Gateway, kurum: KurumNo, submitted: Iterable[Submitted], *, may_split: bool = True
) -> Iterator[Answer]:
    """Take in what intake has read (step 1), group by group; each record is stored whole or not at all.

    When an answer says accepted, the record and its audit entries are on disk (invariant 1).
    """
    stream = iter(submitted)
    while several := list(islice(stream, gateway.pace.group)):
        yield from _accept_group(gateway, kurum, several, may_split=may_split)


def _accept_group(gateway: Gateway, kurum: KurumNo, several: list[Submitted], *, may_split: bool) -> list[Answer]:
    for _ in range(CONFLICTS_AT_MOST):
        try:
            return Group(gateway, kurum, may_split=may_split).accept(several)
        except Conflict:  # another process took one of these ids meanwhile: next time round it is known
            continue
    raise Unavailable("other processes keep submitting the same records")


Stop = Callable[[], bool]


def dispatch(gateway: Gateway, *, stop: Stop = lambda: False) -> Counter[str]:
    """Send every message that is due until none is; returns how many ended with which outcome."""
    return _drive(gateway, _claim_to_send, _send, stop)


def inquire(gateway: Gateway, *, stop: Stop = lambda: False) -> Counter[str]:
    """Ask the ministry about every message of unknown outcome that is due."""
    return _drive(gateway, _claim_to_ask, _ask, stop)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim gave, and the line as it left it; `wait` is set when only the rate stands in the way."""

    claimed: Sequence[Claimed] = ()
    wait: timedelta | None = None
    line: line.Line | None = None


NOTHING = Batch()
Claim = Callable[[Gateway, int, Rotation], Batch]


def _drive(gateway: Gateway, claim: Claim, carry: Callable[[Gateway, Claimed], Carried], stop: Stop) -> Counter[str]:
    """Claim, carry, settle, as a stream: a slow answer holds up nobody else's settlement."""
    gateway.ministry()  # without an address nothing may be claimed
    ensure_line(gateway.database, gateway.address)
    pace, tally, rotation = gateway.pace, Counter[str](), Rotation()
    watch = Watch(partial(_read_line, gateway), gateway.clock)
    courier: Courier[Claimed, Carried] = Courier(
        partial(_carried, gateway, carry, watch), concurrency=pace.concurrency, may_begin=watch.lets_pass
    )
    flow = Flow(concurrency=pace.concurrency, window=pace.window, is_capped=gateway.rules.rate is not None)
    try:
        while not stop():
            room = flow.room(len(courier))
            batch = claim(gateway, room, rotation) if room else NOTHING
            watch.note(batch.line)
            for each in batch.claimed:
                courier.take(each)
            if len(courier):
                carried = courier.collect(min(PATIENCE, batch.wait or PATIENCE), pace.gather)
                settle(gateway, carried, tally)
                if any(each.outcome.word is not Word.ANSWERED for each in carried):
                    watch.forget()
                flow.note(len(carried), now=gateway.clock.now())
                give_back(gateway, courier.turned_away() + courier.recall(flow.surplus(len(courier))))
            elif batch.wait is None:
                break
            else:
                gateway.clock.sleep(min(PATIENCE, batch.wait))
    finally:
        unsent, ended = courier.close()
        give_back(gateway, unsent)
        settle(gateway, ended, tally)
    return tally


def _claim_to_send(gateway: Gateway, room: int, rotation: Rotation) -> Batch:
    """The intent, committed before the first byte leaves (invariant 4)."""
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        batch = _claim(gateway, tx, outbox.claim, room, rotation)
        intents = [Moved(c.sorgu_no, c.kurum, State.QUEUED, c.state, {"deneme_no": c.deneme_no}) for c in batch.claimed]
        gateway.record_moves(tx, intents, now)
    return batch


def _claim_to_ask(gateway: Gateway, room: int, rotation: Rotation) -> Batch:
    with writing(gateway.database) as tx:
        return _claim(gateway, tx, outbox.claim_uncertain, room, rotation)


def _claim(gateway: Gateway, tx: Tx, claim: Callable[..., list[Claimed]], room: int, rotation: Rotation) -> Batch:
    """Claim what the line admits: all of `room`, what the rate allows, or one probe. Health locks and writes no line.

    Where the row is written anyway, whose turn it is goes with it, so that all workers share one rotation.
    """
    now, pace, rules = gateway.clock.now(), gateway.pace, gateway.rules
    found = read_line(tx, gateway.address)
    shared = found.is_narrow or rules.rate is not None
    if shared:
        found = lock_line(tx, gateway.address)
        rotation.cursor = found.send_cursor if claim is outbox.claim else found.ask_cursor
    admission = line.admit(found, room, rules, now=now)
    if not admission.limit:
        return Batch((), admission.wait, found)
    facts = {"worker": gateway.actor, "lease": pace.lease, "rotation": rotation, "but_not": admission.but_not}
    claimed = claim(tx, now=now, limit=admission.limit, **facts)
    after = line.took(found, claimed, rules, now=now, lease=pace.lease)
    if shared and claimed:
        is_send = claim is outbox.claim
        after = replace(after, send_cursor=rotation.cursor) if is_send else replace(after, ask_cursor=rotation.cursor)
        write_line(tx, found, after)
    return Batch(claimed, admission.wait, after)


def _read_line(gateway: Gateway) -> line.Line:
    with reading(gateway.database) as tx:
        return read_line(tx, gateway.address)


def _carried(gateway: Gateway, carry: Callable[[Gateway, Claimed], Carried], watch: Watch, claimed: Claimed) -> Carried:
    """One call, in a courier's thread. After a 401 nothing more leaves this worker before the row was asked again."""
    carried = carry(gateway, claimed)
    if carried.outcome.word is Word.PASSIVE:
        watch.shut()
    return carried


def _send(gateway: Gateway, claimed: Claimed) -> Carried:
    """Steps 5 and 6 for one message; runs in a courier's thread and touches no message's row."""

    def call(dvo: Dvo, cms: bytes) -> tuple[Outcome, Exchange[Any]]:
        exchange = gateway.ministry().send(claimed.sorgu_no, dvo, cms)
        said, codes = exchange.said, gateway.catalogue.result_codes
        if isinstance(said, Outcome):
            return said, exchange
        return judge_reply(said, claimed.sorgu_no, dvo.pairs, codes), exchange

    return _carry(gateway, claimed, call)


def _ask(gateway: Gateway, claimed: Claimed) -> Carried:
    """Steps 5 and 6 for a message whose fate is unknown: ask by its number, believe only rows about our pairs."""

    def call(dvo: Dvo, _cms: bytes) -> tuple[Outcome, Exchange[Any]]:
        exchange = gateway.ministry().ask(claimed.sorgu_no, dvo)
        said, codes = exchange.said, gateway.catalogue.result_codes
        if isinstance(said, Outcome):
            return said, exchange
        confirmed = claimed.asks >= ASKS_TO_CONFIRM and claimed.last_code == PAIRS_MISSING
        return judge_found(said, dvo.pairs, codes, confirmed=confirmed), exchange

    return _carry(gateway, claimed, call)


def _carry(gateway: Gateway, claimed: Claimed, call: Callable[[Dvo, bytes], tuple[Outcome, Exchange[Any]]]) -> Carried:
    """Open, call, seal. One message that cannot be opened or trips over a bug never stops the others (invariant 7)."""
    began_at = gateway.clock.now()
    try:
        sealer = gateway.keyring.sealer(claimed.kurum)
        canonical, cms = bodies.open_claimed(sealer, claimed)
    except IntegratorError as error:
        logger().error("delivery.broken", sorgu_no=claimed.sorgu_no, error=error.code)
        return Carried(claimed, Outcome(Kind.BROKEN, error.code), b"", b"", None, began_at)
    try:
        outcome, exchange = call(cut_dvo(canonical), cms)
    except Exception as error:  # noqa: BLE001 - a bug after bytes may have left: unknown, never lost, never blind again
        logger().error("delivery.broken", sorgu_no=claimed.sorgu_no, error=type(error).__name__)
        return Carried(claimed, Outcome(Kind.UNCERTAIN, "internal_error"), b"", b"", None, began_at)
    request, reply = bodies.seal_exchange(sealer, claimed, exchange.request, exchange.reply)
    words = words_of_214(outcome)
    explanation = explain(canonical, words.encode("utf-8", "replace")) if words is not None else None
    refused = bodies.seal_refused(sealer, claimed, outcome, explanation.as_json() if explanation else None)
    return Carried(claimed, outcome, request, reply, refused, began_at, explanation)
