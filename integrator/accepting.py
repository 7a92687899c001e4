"""Steps 1 to 4 of the walk for a group of records, stored in one transaction.

Each step runs over the whole group; a record is stored whole or not at all, and its audit entries with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
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


class Group:
    """Records that are stored in one transaction."""

    def __init__(self, gateway: Gateway, kurum: KurumNo, *, may_split: bool, along: Along | None = None) -> None:
        self._along = along
        self._gateway = gateway
        self._kurum = kurum
        self._may_split = may_split
        self._now = gateway.clock.now()
        self._sealer = gateway.keyring.sealer(kurum, now=self._now)
        self._known: dict[str, bytes] = {}
        self._drafts: dict[str, _Draft] = {}
        self._doubts = Doubts()
        self._beside: Known = NothingKnown()
        self._stopped: set[SorguNo] = set()
        self._kept_back = ""
        self._indexes: dict[tuple[str, str], str] = {}

    def accept(self, several: Sequence[Submitted]) -> list[Answer]:
        """Answers in the order of the records. Each step runs over the whole group: its code stays warm."""
        named = [self._name(each) for each in several]
        with reading(self._gateway.database) as tx:
            self._read_known(tx, several, named)
            numbers = {kayit_no: records.sorgu_no_of(tx, self._kurum, kayit_no) for kayit_no in self._known}
        # 2. validate
        with stage("validate"):
            answers = [self._judge(each, fingerprint) for each, fingerprint in named]
        # 3. sign
        with stage("sign"):
            for draft in self._drafts.values():
                draft.messages = list(split(draft.kayit, draft.definition))
            answers = [self._judge_along(each) for each in answers]
            warnings = self._sign()
        # 4. queue
        if self._drafts:
            with stage("queue"):
                numbers |= self._store()
        if self._drafts:
            logger().info("queue.put", records=len(answers), stored=len(self._drafts))
        return [count(self._complete(each, numbers, warnings)) for each in answers]

    def rehearse(self, several: Sequence[Submitted], *, anew: bool = False) -> list[Answer]:
        """Step 2 alone; nothing becomes true. With `anew` it does not matter which records are here already."""
        named = [self._name(each) for each in several]
        with reading(self._gateway.database) as tx:
            self._read_known(tx, several, named)
        self._known = {} if anew else self._known
        return [self._judge(each, fingerprint) for each, fingerprint in named]

    def _read_known(self, tx: Tx, several: Sequence[Submitted], named: Sequence[tuple[Submitted, bytes]]) -> None:
        self._known = records.known_records(tx, self._kurum, [each.kayit_no for each, _ in named])
        self._doubts = read_doubts(tx, self._sealer, self._kurum, now=self._now)
        self._beside = self._gateway.known_of(tx, self._sealer, self._kurum, several, self._now)

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
        draft = self._drafts.get(kayit_no)
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
        self._drafts[kayit_no] = draft
        return Answer(each.where, kayit_no, "accepted", findings=checked.findings)

    def _judge_along(self, answer: Answer) -> Answer:
        if self._along is None or answer.kayit_no not in self._drafts:
            return answer
        found = tuple(self._along.judge(self._drafts[answer.kayit_no].messages))
        findings = (*answer.findings, *found)
        if all(each.severity is Severity.WARNING for each in found):
            return replace(answer, findings=findings)
        del self._drafts[answer.kayit_no]
        return replace(answer, status="rejected", findings=findings)

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
        contents = [(draft.kayit, draft.fingerprint, *self._seal(draft)) for draft in drafts]
        with writing(gateway.database) as tx:
            self._kept_back = standing.require_takes(tx, kurum, needs_form=gateway.needs_form)
            for sealer in {self._sealer_for(draft) for draft in drafts}:
                gateway.keyring.hold(tx, kurum, sealer)
            fresh = iter(outbox.take_numbers(tx, sum(len(draft.messages) for draft in drafts)))
            rows = [row for draft in drafts for row in self._number(draft, fresh)]
            records.put_records(tx, kurum, contents, now=self._now)
            records.put_traces(tx, kurum, {d.kayit.kayit_no: d.traceparent for d in drafts if d.traceparent})
            moved = outbox.put(tx, rows, [self._seal_body(row) for row in rows], now=self._now)
            for draft in drafts:
                draft.kept = copies.keep_answers(tx, draft.answers, now=self._now)
            stopped = quarantines.catch(tx, moved, now=self._now, forms={draft.form for draft in drafts})
            beside = (
                [e for d in drafts for e in self._along.write(tx, d.kayit.kayit_no, self._now)] if self._along else []
            )
            gateway.record(tx, [*_birth_entries(gateway.actor, kurum, drafts, rows, moved), *beside], self._now)
            gateway.record_moves(tx, stopped, self._now)
        self._stopped = {each.sorgu_no for each in stopped}
        numbers: dict[str, list[int]] = {}
        for row in rows:
            numbers.setdefault(row.kayit_no, []).append(row.sorgu_no)
        return numbers

    def _sealer_for(self, draft: _Draft) -> Sealer:
        """Health facts are under keys of their own."""
        if not draft.definition.health:
            return self._sealer
        return self._gateway.keyring.sealer(self._kurum, now=self._now, health=True)

    def _seal(self, draft: _Draft) -> tuple[bytes, bytes]:
        """(sealed body, sealed content key); the draft keeps the key for its messages."""
        kayit_no = draft.kayit.kayit_no
        stored, draft.key = self._sealer_for(draft).new_content(bodies.content_place(self._kurum, kayit_no))
        return bodies.seal_record(draft.key, self._kurum, kayit_no, draft.content), stored

    def _seal_body(self, row: Bildirim) -> tuple[bytes, bytes | None]:
        key = self._drafts[row.kayit_no].key
        assert key is not None
        return bodies.seal_body(key, row)

    def _complete(self, answer: Answer, numbers: Mapping[str, list[int]], warnings: Mapping[str, Finding]) -> Answer:
        if answer.status == "rejected":
            return answer
        mine = tuple(numbers[answer.kayit_no])
        more = [warnings[answer.kayit_no]] if answer.kayit_no in warnings else []
        if self._stopped.intersection(mine):
            form = self._drafts[answer.kayit_no].form
            told = f"{form.veri_seti} {form.version} {form.metot}"
            more.append(Finding("INT-QUE-020", "", told, "", Severity.WARNING))
        if self._kept_back and answer.kayit_no in self._drafts:
            more.append(Finding(_KEPT_BACK[self._kept_back], "", "", "", Severity.WARNING))
        return Answer(answer.where, answer.kayit_no, answer.status, mine, (*answer.findings, *more))

    def _number(self, draft: _Draft, fresh: Iterator[int]) -> Iterator[Bildirim]:
        workplace = next((f.name for f in draft.definition.fields if f.kind == "sgk_tescil_no"), "")
        isyeri = self._index("isyeri", str(draft.kayit.fields.get(workplace, "")))
        for part, (message, cms) in enumerate(zip(draft.messages, draft.signatures, strict=True), 1):
            yield Bildirim(
                sorgu_no=SorguNo(next(fresh)),
                kurum=self._kurum,
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
