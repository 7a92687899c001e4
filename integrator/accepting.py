"""Steps 1 to 4 of the walk for a group of records, stored in one transaction.

Each step runs over the whole group; a record is stored whole or not at all, and its audit entries with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from integrator import tracing
from integrator.audit.trail import Entry, moved_entry
from integrator.catalogue.definitions import Definition
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import BadSignature, Duplicate
from integrator.domain.findings import Finding, Severity
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.records import Bildirim, Form, Kayit, Message, Moved, Submitted
from integrator.domain.workplaces import Known, NothingKnown
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.metrics import count_record, stage
from integrator.parties.mirror import Doubts, read_doubts
from integrator.protect.seal import Sealer, Seals, new_salt
from integrator.queue import bodies, copies, outbox, quarantines, records, standing
from integrator.sign.canonical import split
from integrator.sign.verify import require_valid
from integrator.store.engine import Tx, reading, writing
from integrator.validate.check import check

_KEPT_BACK = {standing.NOT_DELIVERED: "INT-REG-010", standing.FIRM_PASSIVE: "INT-REG-011"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told about one record. `status` is accepted, known (same id and content) or rejected."""

    where: str
    kayit_no: str
    status: str
    sorgu_no: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()


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
    key: Seals | None = None
    traceparent: str = ""


def count(answer: Answer) -> Answer:
    """The same answer, counted."""
    count_record(answer.status)
    return answer


def id_from_content(fingerprint: bytes) -> str:
    """The id of a record whose sender gave none."""
    return f"icerik:{fingerprint.hex()[:32]}"


class Along(Protocol):
    """What must become true together with a record, or keep it out: its being the correction of another."""

    def judge(self, messages: list[Message]) -> Iterator[Finding]:
        """What speaks against the record beside its own faults."""

    def write(self, tx: Tx, kayit_no: str, now: datetime) -> list[Entry]:
        """Write what belongs to the record's acceptance; returns the audit entries of it."""


def store_together(gateway: Gateway, groups: Sequence[Group]) -> list[list[Answer]]:
    """Steps 2 to 4 for groups of different customers, in one transaction: what is good in them is stored, or nothing.

    Each step runs over all of them: its code stays warm. Raises Conflict when another process was first.
    """
    with reading(gateway.database) as tx:
        for each in groups:
            each.read(tx)
            each.read_numbers(tx)
    # 2. validate
    with stage("validate"):
        for each in groups:
            each.judge()
    # 3. sign
    with stage("sign"):
        for each in groups:
            each.sign()
    # 4. queue
    stopped: AbstractSet[SorguNo] = frozenset()
    if good := [each for each in groups if each.drafts]:
        with stage("queue"):
            stopped = _store(gateway, good)
    return [each.answers(stopped) for each in groups]


def _store(gateway: Gateway, groups: Sequence[Group]) -> AbstractSet[SorguNo]:
    """Step 4, and 7 in the same transaction: numbers, rows and audit entries become true together.

    Returns the messages that a quarantine caught.
    """
    now = gateway.clock.now()
    contents = [content for each in groups for content in each.seal()]
    with writing(gateway.database) as tx:
        for each in groups:
            each.require_takes(tx)
        gateway.keyring.hold_all(tx, {pair for each in groups for pair in each.sealers()})
        drafts = [draft for each in groups for draft in each.drafts.values()]
        fresh = iter(outbox.take_numbers(tx, sum(len(draft.messages) for draft in drafts)))
        sealed = [body for each in groups for body in each.number(fresh)]
        records.put_records(tx, contents, now=now)
        moved = outbox.put(tx, [row for each in groups for row in each.rows], sealed, now=now)
        caught = quarantines.catch(tx, moved, now=now, forms={draft.form for draft in drafts})
        beside = [entry for each in groups for entry in each.write_beside(tx, now)]
        ahead = iter(moved)
        births = [entry for each in groups for entry in each.births(list(islice(ahead, len(each.rows))))]
        gateway.record(tx, [*births, *beside], now)
        gateway.record_moves(tx, caught, now)
    return {each.sorgu_no for each in caught}


class Group:
    """Records of one customer that are stored in one transaction, alone or with other customers' (`store_together`)."""

    def __init__(
        self, gateway: Gateway, kurum: KurumNo, several: Sequence[Submitted], *, may_split: bool,
        along: Along | None = None,
    ) -> None:  # fmt: skip
        self.kurum = kurum
        self.drafts: dict[str, _Draft] = {}
        self.rows: list[Bildirim] = []
        self._along = along
        self._gateway = gateway
        self._may_split = may_split
        self._now = gateway.clock.now()
        self._sealer = gateway.keyring.sealer(kurum, now=self._now)
        self._of_health: Sealer | None = None
        self._named = [self._name(each) for each in several]
        self._answers: list[Answer] = []
        self._warnings: dict[str, Finding] = {}
        self._numbers: dict[str, list[int]] = {}
        self._known: dict[str, bytes] = {}
        self._doubts = Doubts()
        self._beside: Known = NothingKnown()
        self._stopped: set[SorguNo] = set()
        self._kept_back = ""
        self._indexes: dict[tuple[str, str], str] = {}

    def rehearse(self, *, anew: bool = False) -> list[Answer]:
        """Step 2 alone; nothing becomes true. With `anew` it does not matter which records are here already."""
        with reading(self._gateway.database) as tx:
            self.read(tx)
        self._known = {} if anew else self._known
        return [self._judge(each, fingerprint) for each, fingerprint in self._named]

    def read(self, tx: Tx) -> None:
        """What is here already, and what is known beside the records."""
        several = [each for each, _ in self._named]
        self._known = records.known_records(tx, self.kurum, [each.kayit_no for each in several])
        self._doubts = read_doubts(tx, self._sealer, self.kurum, now=self._now)
        self._beside = self._gateway.known_of(tx, self._sealer, self.kurum, several, self._now)

    def read_numbers(self, tx: Tx) -> None:
        """The numbers of what is here already, to be told once more."""
        self._numbers = {kayit_no: records.sorgu_no_of(tx, self.kurum, kayit_no) for kayit_no in self._known}

    def judge(self) -> None:
        """Step 2: each record is rejected, known, or a draft."""
        self._answers = [self._judge(each, fingerprint) for each, fingerprint in self._named]

    def sign(self) -> None:
        """Step 3: sign where the professional's key is at hand, then judge every signature as the ministry would.

        A message without a key, or whose signature would be refused, awaits its signature; the latter is told as
        a warning of its record.
        """
        for draft in self.drafts.values():
            draft.messages = list(split(draft.kayit, draft.definition))
        self._answers = [self._judge_along(each) for each in self._answers]
        cupboard = self._gateway.cupboard
        for draft in self.drafts.values():
            signers = [cupboard.signer_of(message.signer) for message in draft.messages]
            draft.signatures = [
                signer.sign(message.canonical, at=self._now) if signer else b""
                for signer, message in zip(signers, draft.messages, strict=True)
            ]
        for draft in self.drafts.values():
            for place, (message, cms) in enumerate(zip(draft.messages, draft.signatures, strict=True)):
                refusal = self._refusal(draft, message, cms) if cms else None
                if refusal:
                    draft.signatures[place] = b""
                    self._warnings[draft.kayit.kayit_no] = refusal

    def seal(self) -> list[records.NewRecord]:
        """The drafts as they are stored."""
        return [
            records.NewRecord(self.kurum, draft.kayit, draft.fingerprint, *self._seal(draft), draft.traceparent)
            for draft in self.drafts.values()
        ]

    def require_takes(self, tx: Tx) -> None:
        """Raises FirmClosed where no records are taken."""
        self._kept_back = standing.require_takes(tx, self.kurum, needs_form=self._gateway.needs_form)

    def sealers(self) -> Iterator[tuple[KurumNo, Sealer]]:
        """What the drafts were sealed with."""
        for draft in self.drafts.values():
            yield self.kurum, self._sealer_for(draft)

    def number(self, fresh: Iterator[int]) -> list[tuple[bytes, bytes | None]]:
        """Let each message have the next of these numbers: it becomes one of `rows`; returns their sealed bodies."""
        self.rows = [row for draft in self.drafts.values() for row in self._number(draft, fresh)]
        for row in self.rows:
            self._numbers.setdefault(row.kayit_no, []).append(row.sorgu_no)
        return [self._seal_body(row) for row in self.rows]

    def write_beside(self, tx: Tx, now: datetime) -> Iterator[Entry]:
        """What else becomes true with the drafts, at the moment that the log will tell."""
        for draft in self.drafts.values():
            draft.kept = copies.keep_answers(tx, draft.answers, now=now)
            if self._along:
                yield from self._along.write(tx, draft.kayit.kayit_no, now)

    def births(self, moved: Sequence[Moved]) -> Iterator[Entry]:
        """The audit entries of the drafts and of their messages, whose first moves these are."""
        return _birth_entries(self._gateway.actor, self.kurum, list(self.drafts.values()), self.rows, moved)

    def answers(self, stopped: AbstractSet[SorguNo] = frozenset()) -> list[Answer]:
        """What is told, in the order of the records; messages of `stopped` were caught by a quarantine."""
        self._stopped = {each.sorgu_no for each in self.rows if each.sorgu_no in stopped}
        if self.drafts:
            logger().info("queue.put", records=len(self._answers), stored=len(self.drafts))
        return [count(self._complete(each)) for each in self._answers]

    def _name(self, each: Submitted) -> tuple[Submitted, bytes]:
        """The record with its id (made from its content when the customer gave none), and its fingerprint."""
        fingerprint = self._sealer.fingerprint(each.content)
        named = each if each.kayit_no or each.fault else replace(each, kayit_no=id_from_content(fingerprint))
        return named, fingerprint

    def _judge(self, each: Submitted, fingerprint: bytes) -> Answer:
        """Step 2 for one record; a good one becomes a draft."""
        kayit_no = each.kayit_no
        if each.fault:
            return Answer(each.where, kayit_no, "rejected", findings=(each.fault, *each.remarks))
        # the same id again: the same content gets the same answer, other content is refused
        draft = self.drafts.get(kayit_no)
        before = draft.fingerprint if draft else self._known.get(kayit_no)
        if before == fingerprint:
            return Answer(each.where, kayit_no, "known")
        if before is not None:
            return Answer(each.where, kayit_no, "rejected", findings=(Finding(Duplicate.code, "id", kayit_no, "1"),))
        today = self._now.astimezone(ISTANBUL).date()
        metot = self._gateway.metot
        checked = check(
            each,
            self._gateway.catalogue,
            today=today,
            metot=metot,
            split=self._may_split,
            leaving=self._gateway.leaving,
            known=self._beside,
            doubts=self._doubts,
        )
        if checked.kayit is None or checked.definition is None:
            return Answer(each.where, kayit_no, "rejected", findings=checked.findings)
        form = Form(checked.kayit.veri_seti, checked.kayit.version, metot)
        draft = _Draft(checked.kayit, checked.definition, checked.content, fingerprint, form)
        draft.traceparent = each.traceparent or tracing.present()
        self.drafts[kayit_no] = draft
        return Answer(each.where, kayit_no, "accepted", findings=checked.findings)

    def _judge_along(self, answer: Answer) -> Answer:
        if self._along is None or answer.kayit_no not in self.drafts:
            return answer
        found = tuple(self._along.judge(self.drafts[answer.kayit_no].messages))
        findings = (*answer.findings, *found)
        if all(each.severity is Severity.WARNING for each in found):
            return replace(answer, findings=findings)
        del self.drafts[answer.kayit_no]
        return replace(answer, status="rejected", findings=findings)

    def _refusal(self, draft: _Draft, message: Message, cms: bytes) -> Finding | None:
        signature = self._gateway.signature(cms, message.canonical, message.signer, self._now)
        try:
            require_valid(signature)
            draft.answers += [(each.source, each.response) for each in signature.answers]
        except BadSignature as error:
            return Finding("INT-SGN-001", "", error.detail, "", Severity.WARNING)
        return None

    def _sealer_for(self, draft: _Draft) -> Sealer:
        """Health facts are under keys of their own."""
        if not draft.definition.health:
            return self._sealer
        if self._of_health is None:  # asked once: what was sealed with it is held with it
            self._of_health = self._gateway.keyring.sealer(self.kurum, now=self._now, health=True)
        return self._of_health

    def _seal(self, draft: _Draft) -> tuple[bytes, bytes]:
        """(sealed body, sealed content key); the draft keeps the key for its messages."""
        kayit_no = draft.kayit.kayit_no
        stored, draft.key = self._sealer_for(draft).new_content(bodies.content_place(self.kurum, kayit_no))
        return bodies.seal_record(draft.key, self.kurum, kayit_no, draft.content), stored

    def _seal_body(self, row: Bildirim) -> tuple[bytes, bytes | None]:
        key = self.drafts[row.kayit_no].key
        assert key is not None
        return bodies.seal_body(key, row)

    def _complete(self, answer: Answer) -> Answer:
        if answer.status == "rejected":
            return answer
        mine = tuple(self._numbers[answer.kayit_no])
        more = [self._warnings[answer.kayit_no]] if answer.kayit_no in self._warnings else []
        if self._stopped.intersection(mine):
            form = self.drafts[answer.kayit_no].form
            told = f"{form.veri_seti} {form.version} {form.metot}"
            more.append(Finding("INT-QUE-020", "", told, "", Severity.WARNING))
        if self._kept_back and answer.kayit_no in self.drafts:
            more.append(Finding(_KEPT_BACK[self._kept_back], "", "", "", Severity.WARNING))
        return Answer(answer.where, answer.kayit_no, answer.status, mine, (*answer.findings, *more))

    def _number(self, draft: _Draft, fresh: Iterator[int]) -> Iterator[Bildirim]:
        workplace = next((f.name for f in draft.definition.fields if f.kind == "sgk_tescil_no"), "")
        isyeri = self._index("isyeri", str(draft.kayit.fields.get(workplace, "")))
        for part, (message, cms) in enumerate(zip(draft.messages, draft.signatures, strict=True), 1):
            yield Bildirim(
                sorgu_no=SorguNo(next(fresh)),
                kurum=self.kurum,
                kayit_no=draft.kayit.kayit_no,
                part=part,
                form=draft.form,
                parts_total=message.parts_total,
                canonical=message.canonical,
                cms=cms,
                salt=new_salt(),
                isyeri_index=isyeri,
                profesyonel_index=self._index("profesyonel", message.signer),
            )

    def _index(self, kind: str, value: str) -> str:
        """The blind index of a workplace or a person, made once in a group; nothing has none."""
        if not value:
            return ""
        found = self._indexes.get((kind, value))
        if found is None:
            found = self._indexes[kind, value] = self._sealer.blind_index(kind, value)
        return found


def _birth_entries(
    actor: str, kurum: KurumNo, drafts: Sequence[_Draft], rows: Sequence[Bildirim], moved: Sequence[Moved]
) -> Iterator[Entry]:
    for draft in drafts:
        form = draft.form
        facts: dict[str, Any] = {"veri_seti": form.veri_seti, "version": form.version, "messages": len(draft.messages)}
        facts |= {"event_date": draft.kayit.event_date.isoformat(), "fingerprint": draft.fingerprint.hex()}
        facts |= {"revocation": draft.kept} if draft.kept else {}
        yield Entry("kayit.accepted", actor, {"kurum": kurum, "kayit_no": draft.kayit.kayit_no, **facts})
    kept = {draft.kayit.kayit_no: draft.kept for draft in drafts if draft.kept}
    for row, move in zip(rows, moved, strict=True):
        answers = {"revocation": kept[row.kayit_no]} if row.kayit_no in kept and row.cms else {}
        entry = moved_entry(move, actor)
        indexes = bodies.index_bytes(row.isyeri_index, row.profesyonel_index)
        told = bodies.commitments(row.salt, canonical=row.canonical, cms=row.cms, indexes=indexes)
        yield entry.with_facts(told | answers)
