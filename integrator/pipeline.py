"""The walk of a record through the seven rooms. Read this file first; docs/flow.md tells the same story.

    bytes -> 1 intake -> 2 validate -> 3 sign -> 4 queue            accept()
             4 queue -> 5 deliver -> 6 receipt -> 4 queue           dispatch(), inquire()
             7 audit                                                in the transaction of every step

Rooms do not know one another; only this file and its helpers do: ``accepting.py`` (a group of records), ``driving.py``
(many calls as a stream) and ``settling.py`` (what came of a call); ``gateway.py`` holds the parts. Two transactions
frame every call to the ministry: the one that writes the intent, and the one that writes what came of it. ``acts.py``
holds the smaller walks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from integrator import tracing
from integrator.accepting import Answer, Group, store_together
from integrator.deliver.dvo import Dvo, cut_dvo
from integrator.deliver.generation import NUMBERS_AT_ONCE, AsksByNumber, Exchange, TakesForProcessing
from integrator.domain.errors import IntegratorError, Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.domain.outcomes import NOT_OPENED, REOPEN_AFTER, Kind, Outcome, Reply, Word
from integrator.domain.records import Claimed, Submitted
from integrator.driving import Bundle, Errand, Stop, claim_to_ask, claim_to_send, drive
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.metrics import stage
from integrator.queue import bodies, records
from integrator.receipt.explain_214 import explain, words_of_214
from integrator.receipt.judge import PAIRS_MISSING, judge_found, judge_processed, judge_repeated, judge_reply
from integrator.settling import Carried
from integrator.store.engine import Conflict, reading

ASKS_TO_CONFIRM = 3
CONFLICTS_AT_MOST = 10


def accept(
    gateway: Gateway, kurum: KurumNo, submitted: Iterable[Submitted], *, may_split: bool = True
) -> Iterator[Answer]:
    """Take in what intake has read (step 1), group by group; each record is stored whole or not at all.

    When an answer says accepted, the record and its audit entries are on disk (invariant 1).
    """
    stream = iter(submitted)
    while several := _read_group(stream, gateway.pace.group):
        yield from accept_together(gateway, {kurum: several}, may_split=may_split)[kurum]


def _read_group(stream: Iterator[Submitted], size: int) -> list[Submitted]:
    with stage("intake"):
        return list(islice(stream, size))


def accept_together(
    gateway: Gateway, several: Mapping[KurumNo, Sequence[Submitted]], *, may_split: bool = True
) -> Mapping[KurumNo, Sequence[Answer]]:
    """The same for records of several customers, in one transaction: the good ones are stored, or nothing is."""
    for _ in range(CONFLICTS_AT_MOST):
        try:
            groups = [Group(gateway, kurum, mine, may_split=may_split) for kurum, mine in several.items()]
            return dict(zip(several, store_together(gateway, groups), strict=True))
        except Conflict:  # another process took one of these ids, or replaced a key: next time round it is known
            continue
    raise Unavailable("other processes keep submitting the same records, or replacing keys")


def dispatch(gateway: Gateway, *, stop: Stop = lambda: False) -> Counter[str]:
    """Send every message that is due until none is; returns how many ended with which outcome."""
    return drive(gateway, SENDING, stop)


def inquire(gateway: Gateway, *, stop: Stop = lambda: False) -> Counter[str]:
    """Ask the ministry about every message that is due and whose outcome is unknown or still being processed."""
    return drive(gateway, ASKING, stop)


def _one_by_one(claimed: Sequence[Claimed]) -> list[Bundle]:
    return [[each] for each in claimed]


_ASK_ALONE_AFTER = ("http_", "unreadable_reply", "reply_too_large", "no_row", "internal_error")


def _in_arrays(claimed: Sequence[Claimed]) -> list[Bundle]:
    """One question for many messages of one customer that the ministry gave numbers to.

    Customers are not mixed, because the answer is kept with each message; and a message whose last question went
    wrong is asked about alone, so that it cannot spoil the answer for others a second time (invariant 7).
    """
    alone, arrays = list[Bundle](), dict[KurumNo, list[Claimed]]()
    for each in claimed:
        if each.ministry_no and not each.last_code.startswith(_ASK_ALONE_AFTER):
            arrays.setdefault(each.kurum, []).append(each)
        else:
            alone.append([each])
    for several in arrays.values():
        alone += [several[start : start + NUMBERS_AT_ONCE] for start in range(0, len(several), NUMBERS_AT_ONCE)]
    return alone


def _send_all(gateway: Gateway, bundle: Bundle) -> list[Carried]:
    return [_send(gateway, each) for each in bundle]


def _ask_all(gateway: Gateway, bundle: Bundle) -> list[Carried]:
    """By the ministry's numbers when it gave some, else one by one."""
    generation = gateway.ministry()
    if isinstance(generation, TakesForProcessing) and bundle[0].ministry_no:
        return _learn(gateway, generation, bundle)
    return [_ask(gateway, each) for each in bundle]


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
    """Steps 5 and 6 for a message whose fate is unknown: ask by its number, believe only rows about our pairs.

    A generation that cannot be asked so hears the same bytes again where that is known to store nothing twice; else
    a person must learn it.
    """
    generation, codes = gateway.ministry(), gateway.catalogue.result_codes

    def call(dvo: Dvo, cms: bytes) -> tuple[Outcome, Exchange[Any]]:
        if isinstance(generation, AsksByNumber):
            found = generation.ask(claimed.sorgu_no, dvo)
            if isinstance(found.said, Outcome):
                return found.said, found
            confirmed = claimed.asks >= ASKS_TO_CONFIRM and claimed.last_code == PAIRS_MISSING
            return judge_found(found.said, dvo.pairs, codes, confirmed=confirmed), found
        if not generation.may_repeat:
            return Outcome(Kind.NO_QUERY, claimed.last_code or "no_query"), Exchange(None, b"", b"")
        again = generation.send(claimed.sorgu_no, dvo, cms)
        if isinstance(again.said, Outcome):
            return again.said, again
        return judge_repeated(again.said, claimed.sorgu_no, dvo.pairs, codes), again

    return _carry(gateway, claimed, call)


def _learn(gateway: Gateway, generation: TakesForProcessing, bundle: Bundle) -> list[Carried]:
    """Steps 5 and 6 for messages that were taken for processing: one call, and each is settled on its own."""
    codes = gateway.catalogue.result_codes
    try:
        exchanges = generation.learn([each.ministry_no for each in bundle])
    except Exception as error:  # noqa: BLE001 - a bug of ours: each of them is asked about alone next time
        logger().error("delivery.broken", error=type(error).__name__)
        exchanges = [Exchange[Reply](Outcome(Kind.UNCERTAIN, "internal_error"), b"", b"") for _ in bundle]

    def judged(claimed: Claimed, exchange: Exchange[Reply]) -> Carried:
        def call(dvo: Dvo, _cms: bytes) -> tuple[Outcome, Exchange[Any]]:
            if isinstance(exchange.said, Outcome):
                return exchange.said, exchange
            return judge_processed(exchange.said, claimed.ministry_no, dvo.pairs, codes), exchange

        return _carry(gateway, claimed, call)

    several = [judged(claimed, exchange) for claimed, exchange in zip(bundle, exchanges, strict=True)]
    speaker = next((place for place, each in enumerate(several) if each.outcome.word is not Word.NOTHING), 0)
    return [replace(each, speaks=place == speaker) for place, each in enumerate(several)]  # it was one call


def _carry(gateway: Gateway, claimed: Claimed, call: Callable[[Dvo, bytes], tuple[Outcome, Exchange[Any]]]) -> Carried:
    """Open, call, seal. One message that cannot be opened or trips over a bug never stops the others (invariant 7)."""
    began_at = gateway.clock.now()
    try:
        key = gateway.content(claimed.kurum, claimed.kayit_no, claimed.content_key)
        salt, canonical, cms = bodies.open_claimed(key, claimed)
    except Unavailable as error:  # the database or the master key is away: this says nothing about the message
        logger().warning("delivery.not_opened", sorgu_no=claimed.sorgu_no, error=error.code)
        away = Outcome(Kind.NOT_ARRIVED, NOT_OPENED, retry_after=REOPEN_AFTER)
        return Carried(claimed, away, b"", b"", None, began_at)
    except IntegratorError as error:
        logger().error("delivery.broken", sorgu_no=claimed.sorgu_no, error=error.code)
        return Carried(claimed, Outcome(Kind.BROKEN, error.code), b"", b"", None, began_at)
    except Exception as error:  # noqa: BLE001 - as below: a thread that dies would stop its worker
        return _tripped(claimed, error, began_at)
    try:
        with stage("deliver"), tracing.span("deliver", _trace_of(gateway, claimed), attempt=claimed.attempt):
            outcome, exchange = call(cut_dvo(canonical), cms)
    except Exception as error:  # noqa: BLE001 - a bug after bytes may have left: unknown, never lost, never blind again
        return _tripped(claimed, error, began_at)
    with stage("receipt"):
        request, reply = bodies.seal_exchange(key, claimed, exchange.request, exchange.reply)
        words = words_of_214(outcome)
        explanation = explain(canonical, words.encode("utf-8", "replace")) if words is not None else None
        refused = bodies.seal_refused(key, claimed, outcome, explanation.as_json() if explanation else None)
        kept = bodies.commitments(salt, request=exchange.request, reply=exchange.reply)
    return Carried(claimed, outcome, request, reply, refused, began_at, explanation, commitments=kept)


def _tripped(claimed: Claimed, error: Exception, began_at: datetime) -> Carried:
    logger().error("delivery.broken", sorgu_no=claimed.sorgu_no, error=type(error).__name__)
    return Carried(claimed, Outcome(Kind.UNCERTAIN, "internal_error"), b"", b"", None, began_at)


def _trace_of(gateway: Gateway, claimed: Claimed) -> str:
    """The trace that the record came with; nobody is asked while no traces are kept."""
    if not tracing.is_on():
        return ""
    with reading(gateway.database) as tx:
        return records.trace_of(tx, claimed.kurum, claimed.kayit_no)


SENDING = Errand(claim_to_send, _one_by_one, _send_all)
ASKING = Errand(claim_to_ask, _in_arrays, _ask_all)
