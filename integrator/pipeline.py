"""The walk of a record through the seven rooms. Read this file first; docs/flow.md tells the same story.

    bytes -> 1 intake -> 2 validate -> 3 sign -> 4 queue            accept()
             4 queue -> 5 deliver -> 6 receipt -> 4 queue           dispatch(), inquire()
             7 audit                                                in the transaction of every step

Rooms do not know one another; only this file does. Two transactions frame every call to the ministry: the one
that writes the intent, and the one that writes what came of it. Nothing is sent in between that is not in both.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from integrator.audit.checkpoint import CheckpointKey, make_checkpoint
from integrator.audit.trail import Entry, Trail, moved_entry
from integrator.catalogue import codes as code_lists
from integrator.catalogue.catalogue import Catalogue
from integrator.deliver.courier import Courier
from integrator.deliver.dvo import cut_dvo
from integrator.deliver.generation import Generation
from integrator.domain.clock import ISTANBUL, Clock, Jitter
from integrator.domain.errors import BadSignature, Misconfigured
from integrator.domain.findings import Finding
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.outcomes import SUCCESS, Kind, Outcome
from integrator.domain.records import (
    Bildirim,
    Claimed,
    Form,
    Kayit,
    Message,
    Moved,
    Settlement,
    Submitted,
)
from integrator.domain.states import State
from integrator.log import logger
from integrator.protect.seal import Sealer, commitment, new_salt
from integrator.queue import line, outbox, readings, records
from integrator.queue.backoff import Backoff
from integrator.receipt.judge import PAIRS_MISSING, judge_found, judge_reply
from integrator.sign.canonical import split
from integrator.sign.certificates import TrustStore
from integrator.sign.keys import KeyCupboard
from integrator.sign.verify import Signature, require_valid
from integrator.store.engine import reading, writing
from integrator.store.keyring import KeyRing
from integrator.validate.check import check

SALT_BYTES = 16
ASKS_TO_CONFIRM = 3


@dataclass(frozen=True)
class Pace:
    """How fast and how patiently the gateway works."""

    group: int = 64  # records in one accepting transaction
    window: int = 64  # messages one worker holds claimed
    concurrency: int = 4  # calls under way at once
    lease: timedelta = timedelta(minutes=2)
    resend: Backoff = Backoff(timedelta(seconds=2), timedelta(hours=6), 12)
    ask: Backoff = Backoff(timedelta(seconds=2), timedelta(hours=1), 1_000_000)
    ask_for_at_most: timedelta = timedelta(hours=72)
    probe_gap: timedelta = timedelta(minutes=1)


@dataclass(frozen=True)
class Gateway:
    """The parts, put together by wiring. Holds no state of its own: what is true stands in the database."""

    engine: Engine
    clock: Clock
    jitter: Jitter
    catalogue: Catalogue
    keyring: KeyRing
    cupboard: KeyCupboard
    trust: TrustStore | None
    generation: Generation | None
    metot: str
    trail: Trail
    checkpoint_key: CheckpointKey
    actor: str
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told about one record. `status` is accepted, known (same id and content) or rejected."""

    where: str
    kayit_no: str
    status: str
    sorgu_no: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()


# ---- accept: bytes become queued messages --------------------------------------------------------------------


def accept(
    gateway: Gateway, kurum: KurumNo, submitted: Iterable[Submitted], *, may_split: bool = True
) -> Iterator[Answer]:
    """Take in records (step 1 has read them), group by group; each record is stored whole or not at all.

    When an answer says accepted, the record and its audit entries are on disk.
    """
    stream = iter(submitted)
    while group := list(islice(stream, gateway.pace.group)):
        try:
            yield from _accept_group(gateway, kurum, group, may_split)
        except IntegrityError:  # another process took one of these ids meanwhile: now it is known
            yield from _accept_group(gateway, kurum, group, may_split)


@dataclass(slots=True)
class _Draft:
    """A record on its way to the outbox."""

    submitted: Submitted
    kayit: Kayit
    fingerprint: bytes
    form: Form
    messages: list[tuple[Message, bytes | None]]
    warnings: tuple[Finding, ...]


def _accept_group(gateway: Gateway, kurum: KurumNo, group: list[Submitted], may_split: bool) -> list[Answer]:
    now = gateway.clock.now()
    sealer = gateway.keyring.sealer(kurum, now=now)
    named = [(each, *_name(each, sealer)) for each in group]
    with reading(gateway.engine) as tx:
        known = records.known_records(tx, kurum, [kayit_no for _, kayit_no, _ in named])
    drafts: dict[str, _Draft] = {}
    answers: list[Callable[[dict[str, list[int]]], Answer]] = []
    for each, kayit_no, fingerprint in named:
        answers.append(_draft(gateway, each, kayit_no, fingerprint, known, drafts, may_split, now))
    numbers = _store(gateway, kurum, list(drafts.values()), sealer, now) if drafts else {}
    with reading(gateway.engine) as tx:
        for kayit_no in known:
            numbers[kayit_no] = records.sorgu_no_of(tx, kurum, kayit_no)
    return [answer(numbers) for answer in answers]


def _name(each: Submitted, sealer: Sealer) -> tuple[str, bytes]:
    """The record's id (from its content when the customer gave none) and the fingerprint of its content."""
    fingerprint = sealer.fingerprint(each.content)
    return each.kayit_no or f"icerik:{fingerprint.hex()[:32]}", fingerprint


def _draft(
    gateway: Gateway,
    each: Submitted,
    kayit_no: str,
    fingerprint: bytes,
    known: dict[str, bytes],
    drafts: dict[str, _Draft],
    may_split: bool,
    now: datetime,
) -> Callable[[dict[str, list[int]]], Answer]:
    """Steps 2 and 3 for one record. Returns how to answer once the group's numbers are known."""

    def rejected(*findings: Finding) -> Callable[[dict[str, list[int]]], Answer]:
        return lambda _: Answer(each.where, each.kayit_no, "rejected", findings=findings)

    def told(status: str, findings: tuple[Finding, ...] = ()) -> Callable[[dict[str, list[int]]], Answer]:
        return lambda numbers: Answer(each.where, kayit_no, status, tuple(numbers[kayit_no]), findings)

    if each.fault:
        return rejected(each.fault)
    # 1. the same id again: the same content gets the same answer, other content is refused
    before = known.get(kayit_no) or (drafts[kayit_no].fingerprint if kayit_no in drafts else None)
    if before is not None:
        return told("known") if before == fingerprint else rejected(Finding("INT-INT-002", "id", kayit_no, "1"))
    # 2. validate: every finding at once
    today = now.astimezone(ISTANBUL).date()
    checked = check(each, gateway.catalogue, today=today, metot=gateway.metot, split=may_split)
    if checked.kayit is None or checked.definition is None:
        return rejected(*checked.findings)
    # 3. sign: split, canonical bytes, signature, and the ministry's checks before the ministry
    form = Form(checked.kayit.veri_seti, checked.kayit.version, gateway.metot)
    messages = [(message, _sign(gateway, message, now)) for message in split(checked.kayit, checked.definition)]
    record = Kayit(kayit_no, form.veri_seti, form.version, checked.kayit.event_date, checked.kayit.fields)
    drafts[kayit_no] = _Draft(each, record, fingerprint, form, messages, checked.findings)
    return told("accepted", checked.findings)


def _sign(gateway: Gateway, message: Message, now: datetime) -> bytes | None:
    """The signature, when the professional's key is at hand; else None, and the message awaits it."""
    signer = gateway.cupboard.signer_of(message.signer)
    if signer is None:
        return None
    cms = signer.sign(message.canonical, at=now)
    require_valid(Signature(cms, message.canonical, now, gateway.trust, message.signer))
    return cms


def _store(
    gateway: Gateway, kurum: KurumNo, drafts: Sequence[_Draft], sealer: Sealer, now: datetime
) -> dict[str, list[int]]:
    """Step 4, and 7 in the same transaction: numbers, rows and audit entries become true together."""
    with writing(gateway.engine) as tx:
        fresh = iter(outbox.take_numbers(tx, sum(len(draft.messages) for draft in drafts)))
        rows: list[Bildirim] = []
        bodies = []
        for draft in drafts:
            place = f"kayit/{kurum}/{draft.kayit.kayit_no}".encode()
            bodies.append((draft.kayit, draft.fingerprint, sealer.seal(draft.submitted.content, place)))
            rows += _number(kurum, draft, fresh)
        records.put_records(tx, kurum, bodies, now=now)
        moved = outbox.put(tx, rows, [_seal_body(sealer, row) for row in rows], now=now)
        gateway.trail.append(tx, _birth_entries(gateway.actor, drafts, rows, moved), now=now)
    numbers: dict[str, list[int]] = {}
    for row in rows:
        numbers.setdefault(row.kayit_no, []).append(row.sorgu_no)
    return numbers


def _number(kurum: KurumNo, draft: _Draft, fresh: Iterator[int]) -> Iterator[Bildirim]:
    for part, (message, cms) in enumerate(draft.messages, 1):
        number, salt = SorguNo(next(fresh)), new_salt()
        yield Bildirim(
            number, kurum, draft.kayit.kayit_no, part, draft.form, message.parts_total, message.canonical, cms or b"", salt
        )


def _seal_body(sealer: Sealer, row: Bildirim) -> tuple[bytes, bytes | None]:
    canonical = sealer.seal(row.salt + row.canonical, _place(row.kurum, row.sorgu_no, "canonical"))
    return canonical, sealer.seal(row.cms, _place(row.kurum, row.sorgu_no, "cms")) if row.cms else None


def _place(kurum: KurumNo, sorgu_no: SorguNo, part: str) -> bytes:
    return f"bildirim/{kurum}/{sorgu_no}/{part}".encode()


def _birth_entries(
    actor: str, drafts: Sequence[_Draft], rows: Sequence[Bildirim], moved: Sequence[Moved]
) -> Iterator[Entry]:
    for draft in drafts:
        facts = {"veri_seti": draft.form.veri_seti, "version": draft.form.version, "messages": len(draft.messages)}
        kurum = rows[0].kurum
        yield Entry("kayit.accepted", actor, {"kurum": kurum, "kayit_no": draft.kayit.kayit_no, **facts})
    for row, move in zip(rows, moved, strict=True):
        entry = moved_entry(move, actor)
        yield Entry(entry.event, actor, {**entry.facts, **_commitments(row.salt, row.canonical, row.cms)})


def _commitments(salt: bytes, canonical: bytes, cms: bytes) -> dict[str, str]:
    told = {"canonical": commitment(salt, canonical)} if canonical else {}
    return {**told, "cms": commitment(salt, cms)} if cms else told


# ---- dispatch: queued messages meet the ministry -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Carried:
    """One call that ended, one way or another. Request and reply are sealed already."""

    claimed: Claimed
    outcome: Outcome
    request: bytes
    reply: bytes
    refused: bytes | None


Stop = Callable[[], bool]


def dispatch(gateway: Gateway, *, stop: Stop = lambda: False) -> Counter[str]:
    """Send every message that is due until none is; returns how many ended with which outcome."""
    return _drive(gateway, _claim_to_send, _send, stop)


def inquire(gateway: Gateway, *, stop: Stop = lambda: False) -> Counter[str]:
    """Ask the ministry about every message of unknown outcome that is due."""
    return _drive(gateway, _claim_to_ask, _ask, stop)


def _drive(
    gateway: Gateway,
    claim: Callable[[Gateway, int], list[Claimed]],
    carry: Callable[[Gateway, Claimed], _Carried],
    stop: Stop,
) -> Counter[str]:
    """Claim, carry, settle, as a stream: a slow answer holds up nobody else's settlement."""
    pace, tally = gateway.pace, Counter[str]()
    courier: Courier[Claimed, _Carried] = Courier(partial(carry, gateway), concurrency=pace.concurrency)
    try:
        while not stop():
            room = pace.window - len(courier)
            for each in claim(gateway, room) if room * 2 >= pace.window else []:
                courier.take(each)
            if not len(courier):
                break
            _settle(gateway, courier.collect(timedelta(milliseconds=200), timedelta(milliseconds=3)), tally)
    finally:
        _give_back(gateway, courier.recall())
        courier.close()
        _settle(gateway, courier.collect(timedelta(0), timedelta(0)), tally)
    return tally


def _claim_to_send(gateway: Gateway, room: int) -> list[Claimed]:
    """The intent, committed before the first byte leaves; none while the firm is passive, but one probe."""
    now = gateway.clock.now()
    with writing(gateway.engine) as tx:
        room = line.room_on_line(tx, room, now=now, probe_gap=gateway.pace.probe_gap)
        if room == 0:
            return []
        claimed = outbox.claim(tx, now=now, worker=gateway.actor, lease=gateway.pace.lease, limit=room)
        moves = [
            Moved(each.sorgu_no, each.kurum, State.QUEUED, State.SENDING, {"deneme_no": each.deneme_no})
            for each in claimed
        ]
        gateway.trail.append(tx, [moved_entry(move, gateway.actor) for move in moves], now=now)
    return claimed


def _claim_to_ask(gateway: Gateway, room: int) -> list[Claimed]:
    now = gateway.clock.now()
    with writing(gateway.engine) as tx:
        room = line.room_on_line(tx, room, now=now, probe_gap=gateway.pace.probe_gap)
        return outbox.claim_uncertain(
            tx, now=now, worker=gateway.actor, lease=gateway.pace.lease, limit=room
        ) if room else []


def _send(gateway: Gateway, claimed: Claimed) -> _Carried:
    """Steps 5 and 6 for one message; runs in a courier's thread and touches no database."""
    sealer, dvo, cms = _open(gateway, claimed)
    exchange = _ministry(gateway).send(claimed.sorgu_no, dvo, cms)
    said = exchange.said
    if not isinstance(said, Outcome):
        said = judge_reply(said, claimed.sorgu_no, dvo.pairs, gateway.catalogue.result_codes)
    return _seal_carried(sealer, claimed, said, exchange.request, exchange.reply)


def _ask(gateway: Gateway, claimed: Claimed) -> _Carried:
    """Steps 5 and 6 for a message whose fate is unknown: ask by its number, believe only rows about our pairs."""
    sealer, dvo, _ = _open(gateway, claimed)
    exchange = _ministry(gateway).ask(claimed.sorgu_no, dvo)
    said = exchange.said
    if not isinstance(said, Outcome):
        confirmed = claimed.asks >= ASKS_TO_CONFIRM and claimed.last_code == PAIRS_MISSING
        said = judge_found(said, dvo.pairs, gateway.catalogue.result_codes, confirmed=confirmed)
    return _seal_carried(sealer, claimed, said, exchange.request, exchange.reply)


def _ministry(gateway: Gateway) -> Generation:
    if gateway.generation is None:
        raise Misconfigured("no ministry address is set: ministry.address, firma_kodu_file and parola_file")
    return gateway.generation


def _open(gateway: Gateway, claimed: Claimed):  # type: ignore[no-untyped-def]
    sealer = gateway.keyring.sealer(claimed.kurum)
    salted = sealer.open(claimed.canonical, _place(claimed.kurum, claimed.sorgu_no, "canonical"))
    cms = sealer.open(claimed.cms, _place(claimed.kurum, claimed.sorgu_no, "cms"))
    return sealer, cut_dvo(salted[SALT_BYTES:]), cms


def _seal_carried(sealer: Sealer, claimed: Claimed, outcome: Outcome, request: bytes, reply: bytes) -> _Carried:
    deneme = f"deneme/{claimed.kurum}/{claimed.sorgu_no}/{claimed.deneme_no}"
    refused = None
    if outcome.kind is Kind.PARTIAL or (outcome.parts and outcome.kind is not Kind.ACCEPTED):
        listed = [[*part.pair, part.code, part.message] for part in outcome.parts if part.code != SUCCESS]
        place = _place(claimed.kurum, claimed.sorgu_no, "sonuc")
        refused = sealer.seal(json.dumps(listed, ensure_ascii=False).encode(), place)
    return _Carried(
        claimed,
        outcome,
        sealer.seal(request, f"{deneme}/request".encode()),
        sealer.seal(reply, f"{deneme}/reply".encode()) if reply else b"",
        refused,
    )


def _settle(gateway: Gateway, carried: Sequence[_Carried], tally: Counter[str]) -> None:
    """Write what came of a group of calls, with its audit entries, in one transaction."""
    if not carried:
        return
    now = gateway.clock.now()
    settlements = [_settlement(gateway, each, now) for each in carried]
    with writing(gateway.engine) as tx:
        moved = outbox.settle(tx, settlements, now=now)
        moved += _consequences(gateway, tx, carried, now)
        gateway.trail.append(tx, [moved_entry(move, gateway.actor) for move in moved], now=now)
    for each, settlement in zip(carried, settlements, strict=True):
        tally[settlement.outcome] += 1
        _log_attempt(each, settlement)


def _settlement(gateway: Gateway, carried: _Carried, now: datetime) -> Settlement:
    """Where the message goes next and when; the ceiling of attempts and the patience of asking end with a person."""
    claimed, outcome, pace = carried.claimed, carried.outcome, gateway.pace
    asking = claimed.state is State.UNCERTAIN
    end, reason, due_at = outcome.end, str(outcome.kind), now
    if asking and outcome.code != "not_found" and end in (State.QUEUED, State.UNCERTAIN):
        end = State.UNCERTAIN  # the question itself got no answer: still unknown
    if end is State.QUEUED and outcome.kind is not Kind.PASSIVE:
        due_at = pace.resend.next_at(claimed.attempt, now=now, jitter=gateway.jitter(), retry_after=outcome.retry_after)
        if pace.resend.is_spent(claimed.attempt):
            end, reason = State.HELD, "attempts_spent"
    elif end is State.UNCERTAIN:
        due_at = pace.ask.next_at(claimed.asks + 1, now=now, jitter=gateway.jitter(), retry_after=outcome.retry_after)
        if claimed.uncertain_since and now - claimed.uncertain_since > pace.ask_for_at_most:
            end, reason = State.HELD, "asked_too_long"
    return Settlement(
        claimed,
        end,
        due_at,
        reason,
        outcome.code,
        parts_accepted=outcome.accepted_parts,
        burns_attempt=asking or outcome.burns_attempt,
        request=carried.request,
        reply=carried.reply,
        refused_parts=carried.refused if end in (State.PARTIAL, State.REFUSED) else None,
    )


def _consequences(gateway: Gateway, tx: Connection, carried: Sequence[_Carried], now: datetime) -> list[Moved]:
    """What one answer means for the others: a 401 stops the line, an answer reopens it, our own fault quarantines."""
    passive = next((each for each in carried if each.outcome.kind is Kind.PASSIVE), None)
    if passive:
        _set_line(gateway, tx, line.PASSIVE, passive.outcome.code, now)
    elif any(each.reply for each in carried) and line.read_line(tx).state == line.PASSIVE:
        _set_line(gateway, tx, line.ACTIVE, "", now)
    moved: list[Moved] = []
    for each in carried:
        if each.outcome.kind is Kind.OWN_FAULT:
            stopped = outbox.quarantine(tx, each.claimed.form, code=each.outcome.code, now=now, limit=100_000)
            logger().error("queue.quarantined", form=str(each.claimed.form), code=each.outcome.code, count=len(stopped))
            moved += stopped
    return moved


def _set_line(gateway: Gateway, tx: Connection, state: str, reason: str, now: datetime) -> None:
    probe_at = now + gateway.pace.probe_gap if state == line.PASSIVE else None
    if line.set_line(tx, state, reason=reason, probe_at=probe_at, now=now):
        stopped = state == line.PASSIVE
        gateway.trail.append(tx, [Entry("line.stopped" if stopped else "line.resumed", gateway.actor, {"code": reason})], now=now)
        logger().error("delivery.stopped", code=reason) if stopped else logger().warning("delivery.resumed")


def _log_attempt(carried: _Carried, settlement: Settlement) -> None:
    logger().info(
        "delivery.asked" if carried.claimed.state is State.UNCERTAIN else "delivery.attempted",
        sorgu_no=carried.claimed.sorgu_no,
        attempt=carried.claimed.attempt,
        outcome=settlement.outcome,
        code=settlement.code,
        state=str(settlement.end),
    )


def _give_back(gateway: Gateway, claimed: Sequence[Claimed]) -> None:
    """A worker that stops returns what it had claimed and not begun."""
    if not claimed:
        return
    now = gateway.clock.now()
    with writing(gateway.engine) as tx:
        moved = outbox.give_back(tx, claimed, now=now)
        gateway.trail.append(tx, [moved_entry(move, gateway.actor) for move in moved], now=now)


# ---- the smaller walks ---------------------------------------------------------------------------------------


def recover(gateway: Gateway) -> int:
    """Messages whose worker went silent become uncertain; returns how many."""
    now = gateway.clock.now()
    with writing(gateway.engine) as tx:
        moved = outbox.expire(tx, now=now, ask_at=now, limit=10_000)
        gateway.trail.append(tx, [moved_entry(move, gateway.actor) for move in moved], now=now)
    if moved:
        logger().warning("queue.expired", count=len(moved))
    return len(moved)


def attach(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, cms: bytes) -> None:
    """A professional's own signature over the frozen bytes arrives; raises BadSignature, NotFound, IllegalMove."""
    now = gateway.clock.now()
    sealer = gateway.keyring.sealer(kurum, now=now)
    with writing(gateway.engine) as tx:
        found = readings.read_one(tx, kurum, sorgu_no)
        salted = sealer.open(found["body"]["canonical"], _place(kurum, sorgu_no, "canonical"))
        canonical = salted[SALT_BYTES:]
        require_valid(Signature(cms, canonical, now, gateway.trust, cut_dvo(canonical).professional))
        moved = outbox.attach(tx, kurum, sorgu_no, sealer.seal(cms, _place(kurum, sorgu_no, "cms")), now=now)
        entry = moved_entry(moved, gateway.actor)
        facts = {**entry.facts, **_commitments(salted[:SALT_BYTES], b"", cms)}
        gateway.trail.append(tx, [Entry(entry.event, gateway.actor, facts)], now=now)


def release(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str) -> None:
    """A person sends a held message again, with a reason that the audit log keeps."""
    _by_hand(gateway, partial(outbox.release, kurum=kurum, sorgu_no=sorgu_no, reason=reason))


def cancel(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str) -> None:
    """The owner takes a message back that is not on its way."""
    _by_hand(gateway, partial(outbox.cancel, kurum=kurum, sorgu_no=sorgu_no, reason=reason))


def _by_hand(gateway: Gateway, act: Callable[..., Moved]) -> None:
    now = gateway.clock.now()
    with writing(gateway.engine) as tx:
        gateway.trail.append(tx, [moved_entry(act(tx, now=now), gateway.actor)], now=now)


def read_canonical(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo) -> bytes:
    """The frozen bytes of one message, to be shown to and signed by the professional."""
    with reading(gateway.engine) as tx:
        found = readings.read_one(tx, kurum, sorgu_no)
    sealed = found["body"]["canonical"]
    return gateway.keyring.sealer(kurum).open(sealed, _place(kurum, sorgu_no, "canonical"))[SALT_BYTES:]


def checkpoint(gateway: Gateway) -> tuple[int, str] | None:
    """Sign the log's present head; None when nothing was written since the last time."""
    now = gateway.clock.now()
    with writing(gateway.engine) as tx:
        return make_checkpoint(tx, gateway.checkpoint_key, now=now)


def refresh_codes(gateway: Gateway) -> int:
    """Fetch the training code list from the ministry; returns how many codes the list has. Raises Unavailable."""
    served = _ministry(gateway).fetch_training_codes()
    now = gateway.clock.now()
    with writing(gateway.engine) as tx:
        count = code_lists.refresh(tx, "egitim_kodu", served, now=now)
        gateway.trail.append(tx, [Entry("codes.refreshed", gateway.actor, {"list": "egitim_kodu", "codes": count})], now=now)
    load_codes(gateway)
    return count


def load_codes(gateway: Gateway) -> None:
    """Bring the refreshed lists into use in this process."""
    with reading(gateway.engine) as tx:
        listed = code_lists.load_refreshed(tx, "egitim_kodu")
    gateway.catalogue.refreshed = {"egitim_kodu": listed} if listed else {}


__all__ = ["Answer", "BadSignature", "Gateway", "Pace", "accept", "dispatch", "inquire", "recover"]
