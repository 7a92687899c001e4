"""The walk of a record through the seven rooms. Read this file first; docs/flow.md tells the same story.

    bytes -> 1 intake -> 2 validate -> 3 sign -> 4 queue            accept()
             4 queue -> 5 deliver -> 6 receipt -> 4 queue           dispatch(), inquire()
             7 audit                                                in the transaction of every step

Rooms do not know one another; only this file does. Two transactions frame every call to the ministry: the one
that writes the intent, and the one that writes what came of it. ``acts.py`` holds the smaller walks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from integrator.audit.checkpoint import CheckpointKey
from integrator.audit.trail import Entry, Trail, moved_entry
from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.definitions import Definition
from integrator.deliver.courier import Courier
from integrator.deliver.dvo import Dvo, cut_dvo
from integrator.deliver.generation import Exchange, Generation
from integrator.domain.clock import ISTANBUL, Clock, Jitter
from integrator.domain.errors import BadSignature, Duplicate, IntegratorError, Misconfigured, Unavailable
from integrator.domain.findings import Finding, Severity
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.outcomes import Kind, Outcome
from integrator.domain.records import Bildirim, Claimed, Form, Kayit, Message, Moved, Settlement, Submitted
from integrator.domain.states import State
from integrator.log import logger
from integrator.protect.seal import new_salt
from integrator.queue import bodies, copies, line, outbox, records
from integrator.queue.patience import Patience, next_step
from integrator.receipt.explain_214 import Explanation, explain, words_of_214
from integrator.receipt.judge import PAIRS_MISSING, judge_found, judge_reply
from integrator.sign.canonical import split
from integrator.sign.certificates import TrustStore
from integrator.sign.keys import KeyCupboard
from integrator.sign.revocation import Revocation
from integrator.sign.verify import TRIAL, Policy, Signature, require_valid
from integrator.store.engine import Conflict, Database, Tx, reading, writing
from integrator.store.keyring import KeyRing
from integrator.validate.check import check

ASKS_TO_CONFIRM = 3
CONFLICTS_AT_MOST = 10
QUARANTINE_AT_ONCE = 100_000


@dataclass(frozen=True)
class Pace:
    """How much the gateway does at once."""

    group: int = 128  # records in one accepting transaction
    window: int = 128  # messages one worker holds claimed
    concurrency: int = 4  # calls under way
    lease: timedelta = timedelta(minutes=2)
    probe_gap: timedelta = timedelta(minutes=1)
    gather: timedelta = timedelta(milliseconds=30)  # an answer waits this long for company in its transaction


@dataclass(frozen=True)
class Gateway:
    """The parts, put together by wiring. Holds no state of its own: what is true stands in the database."""

    database: Database
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
    patience: Patience = field(default_factory=Patience)
    policy: Policy = TRIAL
    revocation: Revocation | None = None

    def signature(self, cms: bytes, canonical: bytes, professional: str, now: datetime) -> Signature:
        """A signature under this gateway's policy; `judge` and `require_valid` take it."""
        return Signature(cms, canonical, now, self.trust, professional, self.policy, self.revocation)

    def record(self, tx: Tx, entries: Iterable[Entry], now: datetime) -> None:
        """Step 7, in the transaction of whatever happened."""
        self.trail.append(tx, entries, now=now)

    def record_moves(self, tx: Tx, moves: Iterable[Moved], now: datetime) -> None:
        """Step 7 for moves of messages."""
        self.record(tx, (moved_entry(move, self.actor) for move in moves), now)

    def ministry(self) -> Generation:
        """The ministry's service; raises Misconfigured when no address is set."""
        if self.generation is None:
            raise Misconfigured("no ministry is set: ministry.address, firma_kodu_file and parola_file are wanted")
        return self.generation


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told about one record. `status` is accepted, known (same id and content) or rejected."""

    where: str
    kayit_no: str
    status: str
    sorgu_no: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()


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
            return _Group(gateway, kurum, may_split=may_split).accept(several)
        except Conflict:  # another process took one of these ids meanwhile: next time round it is known
            continue
    raise Unavailable("other processes keep submitting the same records")


@dataclass(slots=True)
class _Draft:
    """A good record on its way to the outbox; an empty signature means that it is awaited."""

    kayit: Kayit
    definition: Definition
    content: bytes
    fingerprint: bytes
    form: Form
    messages: list[Message] = field(default_factory=list)
    signatures: list[bytes] = field(default_factory=list)
    answers: list[tuple[str, bytes]] = field(default_factory=list)  # about revocation, as (source, response)
    kept: list[str] = field(default_factory=list)  # their digests, once they are stored


class _Group:
    """Records that are stored in one transaction."""

    def __init__(self, gateway: Gateway, kurum: KurumNo, *, may_split: bool) -> None:
        self._gateway = gateway
        self._kurum = kurum
        self._may_split = may_split
        self._now = gateway.clock.now()
        self._sealer = gateway.keyring.sealer(kurum, now=self._now)
        self._known: dict[str, bytes] = {}
        self._drafts: dict[str, _Draft] = {}

    def accept(self, several: Sequence[Submitted]) -> list[Answer]:
        """Answers in the order of the records. Each step runs over the whole group: its code stays warm."""
        named = [self._name(each) for each in several]
        with reading(self._gateway.database) as tx:
            self._known = records.known_records(tx, self._kurum, [each.kayit_no for each, _ in named])
            numbers = {kayit_no: records.sorgu_no_of(tx, self._kurum, kayit_no) for kayit_no in self._known}
        # 2. validate
        answers = [self._judge(each, fingerprint) for each, fingerprint in named]
        # 3. sign
        for draft in self._drafts.values():
            draft.messages = list(split(draft.kayit, draft.definition))
        warnings = self._sign()
        # 4. queue
        if self._drafts:
            numbers |= self._store()
        return [_complete(each, numbers, warnings) for each in answers]

    def _name(self, each: Submitted) -> tuple[Submitted, bytes]:
        """The record with its id (made from its content when the customer gave none), and its fingerprint."""
        fingerprint = self._sealer.fingerprint(each.content)
        named = each if each.kayit_no or each.fault else replace(each, kayit_no=f"icerik:{fingerprint.hex()[:32]}")
        return named, fingerprint

    def _judge(self, each: Submitted, fingerprint: bytes) -> Answer:
        """Step 2 for one record; a good one becomes a draft."""
        kayit_no = each.kayit_no
        if each.fault:
            return Answer(each.where, kayit_no, "rejected", findings=(each.fault,))
        # the same id again: the same content gets the same answer, other content is refused
        draft = self._drafts.get(kayit_no)
        before = draft.fingerprint if draft else self._known.get(kayit_no)
        if before == fingerprint:
            return Answer(each.where, kayit_no, "known")
        if before is not None:
            return Answer(each.where, kayit_no, "rejected", findings=(Finding(Duplicate.code, "id", kayit_no, "1"),))
        today = self._now.astimezone(ISTANBUL).date()
        metot = self._gateway.metot
        checked = check(each, self._gateway.catalogue, today=today, metot=metot, split=self._may_split)
        if checked.kayit is None or checked.definition is None:
            return Answer(each.where, kayit_no, "rejected", findings=checked.findings)
        form = Form(checked.kayit.veri_seti, checked.kayit.version, metot)
        self._drafts[kayit_no] = _Draft(checked.kayit, checked.definition, each.content, fingerprint, form)
        return Answer(each.where, kayit_no, "accepted", findings=checked.findings)

    def _sign(self) -> dict[str, Finding]:
        """Step 3: sign where the professional's key is at hand, then judge every signature as the ministry would.

        A message without a key, or whose signature would be refused, awaits its signature; the latter is told as
        a warning of its record.
        """
        cupboard, warnings = self._gateway.cupboard, dict[str, Finding]()
        for draft in self._drafts.values():
            signers = [cupboard.signer_of(message.signer) for message in draft.messages]
            draft.signatures = [
                signer.sign(message.canonical, at=self._now) if signer else b""
                for signer, message in zip(signers, draft.messages, strict=True)
            ]
        for draft in self._drafts.values():
            for place, (message, cms) in enumerate(zip(draft.messages, draft.signatures, strict=True)):
                refusal = self._refusal(draft, message, cms) if cms else None
                if refusal:
                    draft.signatures[place] = b""
                    warnings[draft.kayit.kayit_no] = refusal
        return warnings

    def _refusal(self, draft: _Draft, message: Message, cms: bytes) -> Finding | None:
        signature = self._gateway.signature(cms, message.canonical, message.signer, self._now)
        try:
            require_valid(signature)
            draft.answers += [(each.source, each.response) for each in signature.answers]
        except BadSignature as error:
            return Finding("INT-SGN-001", "", error.detail, "", Severity.WARNING)
        return None

    def _store(self) -> dict[str, list[int]]:
        """Step 4, and 7 in the same transaction: numbers, rows and audit entries become true together."""
        gateway, kurum, drafts = self._gateway, self._kurum, list(self._drafts.values())
        contents = [
            (
                draft.kayit,
                draft.fingerprint,
                bodies.seal_record(self._sealer, kurum, draft.kayit.kayit_no, draft.content),
            )
            for draft in drafts
        ]
        with writing(gateway.database) as tx:
            fresh = iter(outbox.take_numbers(tx, sum(len(draft.messages) for draft in drafts)))
            rows = [row for draft in drafts for row in _number(kurum, draft, fresh)]
            records.put_records(tx, kurum, contents, now=self._now)
            moved = outbox.put(tx, rows, [bodies.seal_body(self._sealer, row) for row in rows], now=self._now)
            for draft in drafts:
                draft.kept = copies.keep_answers(tx, draft.answers, now=self._now)
            gateway.record(tx, _birth_entries(gateway.actor, kurum, drafts, rows, moved), self._now)
        numbers: dict[str, list[int]] = {}
        for row in rows:
            numbers.setdefault(row.kayit_no, []).append(row.sorgu_no)
        return numbers


def _complete(answer: Answer, numbers: Mapping[str, list[int]], warnings: Mapping[str, Finding]) -> Answer:
    if answer.status == "rejected":
        return answer
    more = [warnings[answer.kayit_no]] if answer.kayit_no in warnings else []
    findings = (*answer.findings, *more)
    return Answer(answer.where, answer.kayit_no, answer.status, tuple(numbers[answer.kayit_no]), findings)


def _number(kurum: KurumNo, draft: _Draft, fresh: Iterator[int]) -> Iterator[Bildirim]:
    for part, (message, cms) in enumerate(zip(draft.messages, draft.signatures, strict=True), 1):
        yield Bildirim(
            sorgu_no=SorguNo(next(fresh)),
            kurum=kurum,
            kayit_no=draft.kayit.kayit_no,
            part=part,
            form=draft.form,
            parts_total=message.parts_total,
            canonical=message.canonical,
            cms=cms,
            salt=new_salt(),
        )


def _birth_entries(
    actor: str, kurum: KurumNo, drafts: Sequence[_Draft], rows: Sequence[Bildirim], moved: Sequence[Moved]
) -> Iterator[Entry]:
    for draft in drafts:
        form = draft.form
        facts: dict[str, Any] = {"veri_seti": form.veri_seti, "version": form.version, "messages": len(draft.messages)}
        facts |= {"revocation": draft.kept} if draft.kept else {}
        yield Entry("kayit.accepted", actor, {"kurum": kurum, "kayit_no": draft.kayit.kayit_no, **facts})
    for row, move in zip(rows, moved, strict=True):
        entry = moved_entry(move, actor)
        yield entry.with_facts(bodies.commitments(row.salt, canonical=row.canonical, cms=row.cms))


@dataclass(frozen=True, slots=True)
class _Carried:
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
    gateway.ministry()  # without an address nothing may be claimed
    pace, tally = gateway.pace, Counter[str]()
    courier: Courier[Claimed, _Carried] = Courier(partial(carry, gateway), concurrency=pace.concurrency)
    try:
        while not stop():
            room = pace.window - len(courier)
            for each in claim(gateway, room) if room * 2 >= pace.window else []:
                courier.take(each)
            if not len(courier):
                break
            _settle(gateway, courier.collect(timedelta(milliseconds=200), pace.gather), tally)
    finally:
        unsent, carried = courier.close()
        _give_back(gateway, unsent)
        _settle(gateway, carried, tally)
    return tally


def _claim_to_send(gateway: Gateway, room: int) -> list[Claimed]:
    """The intent, committed before the first byte leaves (invariant 4); while the firm is passive, one probe."""
    now, pace = gateway.clock.now(), gateway.pace
    with writing(gateway.database) as tx:
        room = line.room_on_line(tx, room, now=now)
        claimed = outbox.claim(tx, now=now, worker=gateway.actor, lease=pace.lease, limit=room) if room else []
        line.note_probe(tx, claimed, now=now, probe_gap=pace.probe_gap)
        intents = [Moved(c.sorgu_no, c.kurum, State.QUEUED, c.state, {"deneme_no": c.deneme_no}) for c in claimed]
        gateway.record_moves(tx, intents, now)
    return claimed


def _claim_to_ask(gateway: Gateway, room: int) -> list[Claimed]:
    now, pace = gateway.clock.now(), gateway.pace
    with writing(gateway.database) as tx:
        room = line.room_on_line(tx, room, now=now)
        if room == 0:
            return []
        claimed = outbox.claim_uncertain(tx, now=now, worker=gateway.actor, lease=pace.lease, limit=room)
        line.note_probe(tx, claimed, now=now, probe_gap=pace.probe_gap)
    return claimed


def _send(gateway: Gateway, claimed: Claimed) -> _Carried:
    """Steps 5 and 6 for one message; runs in a courier's thread and touches no table."""

    def call(dvo: Dvo, cms: bytes) -> tuple[Outcome, Exchange[Any]]:
        exchange = gateway.ministry().send(claimed.sorgu_no, dvo, cms)
        said, codes = exchange.said, gateway.catalogue.result_codes
        if isinstance(said, Outcome):
            return said, exchange
        return judge_reply(said, claimed.sorgu_no, dvo.pairs, codes), exchange

    return _carry(gateway, claimed, call)


def _ask(gateway: Gateway, claimed: Claimed) -> _Carried:
    """Steps 5 and 6 for a message whose fate is unknown: ask by its number, believe only rows about our pairs."""

    def call(dvo: Dvo, _cms: bytes) -> tuple[Outcome, Exchange[Any]]:
        exchange = gateway.ministry().ask(claimed.sorgu_no, dvo)
        said, codes = exchange.said, gateway.catalogue.result_codes
        if isinstance(said, Outcome):
            return said, exchange
        confirmed = claimed.asks >= ASKS_TO_CONFIRM and claimed.last_code == PAIRS_MISSING
        return judge_found(said, dvo.pairs, codes, confirmed=confirmed), exchange

    return _carry(gateway, claimed, call)


def _carry(gateway: Gateway, claimed: Claimed, call: Callable[[Dvo, bytes], tuple[Outcome, Exchange[Any]]]) -> _Carried:
    """Open, call, seal. One message that cannot be opened or trips over a bug never stops the others (invariant 7)."""
    try:
        sealer = gateway.keyring.sealer(claimed.kurum)
        canonical, cms = bodies.open_claimed(sealer, claimed)
    except IntegratorError as error:
        logger().error("delivery.broken", sorgu_no=claimed.sorgu_no, error=error.code)
        return _Carried(claimed, Outcome(Kind.BROKEN, error.code), b"", b"", None)
    try:
        outcome, exchange = call(cut_dvo(canonical), cms)
    except Exception as error:  # noqa: BLE001 - a bug after bytes may have left: unknown, never lost, never blind again
        logger().error("delivery.broken", sorgu_no=claimed.sorgu_no, error=type(error).__name__)
        return _Carried(claimed, Outcome(Kind.UNCERTAIN, "internal_error"), b"", b"", None)
    request, reply = bodies.seal_exchange(sealer, claimed, exchange.request, exchange.reply)
    words = words_of_214(outcome)
    explanation = explain(canonical, words.encode("utf-8", "replace")) if words is not None else None
    refused = bodies.seal_refused(sealer, claimed, outcome, explanation.as_json() if explanation else None)
    return _Carried(claimed, outcome, request, reply, refused, explanation)


def _settle(gateway: Gateway, carried: Sequence[_Carried], tally: Counter[str]) -> None:
    """Write what came of a group of calls, and its audit entries, in one transaction."""
    if not carried:
        return
    now = gateway.clock.now()
    settlements = [_settlement(gateway, each, now) for each in carried]
    with writing(gateway.database) as tx:
        moved = outbox.settle(tx, settlements, now=now)
        copies.owe(tx, moved, now=now)
        moved += _consequences(gateway, tx, carried, now)
        gateway.record_moves(tx, moved, now)
    for settlement in settlements:
        tally[settlement.outcome] += 1
        _log_attempt(settlement)
    for each in carried:
        _log_explanation(each)


def _settlement(gateway: Gateway, carried: _Carried, now: datetime) -> Settlement:
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


def _consequences(gateway: Gateway, tx: Tx, carried: Sequence[_Carried], now: datetime) -> list[Moved]:
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
        "delivery.asked" if claimed.state is State.UNCERTAIN else "delivery.attempted",
        sorgu_no=claimed.sorgu_no,
        attempt=claimed.attempt,
        outcome=settlement.outcome,
        code=settlement.code,
        state=str(settlement.end),
    )


def _log_explanation(carried: _Carried) -> None:
    """What a 214 was about, in one line without a value: the element's name, never what stands in it."""
    found = carried.explanation
    if found:
        facts = {"cause": found.codes, "certain": found.certain, "element": found.last_step, "offset": found.offset}
        logger().error("receipt.explained", sorgu_no=carried.claimed.sorgu_no, code=carried.outcome.code, **facts)


def _give_back(gateway: Gateway, claimed: Sequence[Claimed]) -> None:
    """A worker that stops returns what it had claimed and not begun."""
    if claimed:
        now = gateway.clock.now()
        with writing(gateway.database) as tx:
            gateway.record_moves(tx, outbox.give_back(tx, claimed, now=now), now)
