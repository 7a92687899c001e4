import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from integrator import acts, pipeline
from integrator.desk.proofs import read_content, read_proof, read_signed
from integrator.desk.timeline import Kind, read_life
from integrator.domain.errors import BadReason, ContentWithheld, Erased, NotFound
from integrator.domain.hands import Verb
from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Moved
from integrator.domain.roles import RIGHTS, Role
from integrator.domain.states import State
from integrator.queue import outbox
from integrator.queue.erasures import destroy
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_entry
from tests.factories import KURUM, REPO, record, submitted
from tests.fakes import START

EXAMINATION = REPO / "datasets/muayene/2023-03/ornekler/diagnosis_is_cut_off/record.json"


def enter(gateway, *names, **changes):
    answers = list(pipeline.accept(gateway, KURUM, submitted(*(record(name, **changes) for name in names))))
    assert [each.status for each in answers] == ["accepted"] * len(names), answers
    return answers[0].sorgu_no[0]


def life(gateway, number, kurum=KURUM, **more):
    with reading(gateway.database) as tx:
        return read_life(tx, gateway, kurum, number, **more)


def told(found):
    return [(each.kind, each.was, each.state) for each in found.steps]


@pytest.fixture
def events(gateway):
    def read(name):
        with reading(gateway.database) as tx:
            leaves = tx.execute(audit_entry.select().order_by(audit_entry.c.i)).all()
        return [fact for row in leaves if (fact := json.loads(row.leaf))["event"] == name]

    return read


def test_an_attempt_is_one_step_with_its_planned_and_its_real_time_and_what_follows(gateway, ministry, clock):
    ministry.faults.append("connect")
    number = enter(gateway, "K-1")
    clock.advance(seconds=30)
    pipeline.dispatch(gateway)
    [born, first] = life(gateway, number).steps
    again_at = clock.advance(hours=1)
    pipeline.dispatch(gateway)
    found = life(gateway, number)

    assert (born.kind, born.state, born.at) == (Kind.TAKEN_IN, State.QUEUED, START)
    assert (first.kind, first.number, first.state, first.code) == (Kind.SEND, 1, State.QUEUED, "connect")
    assert (first.planned_at, first.late, first.took) == (START, timedelta(seconds=30), timedelta(0))
    assert first.means["tr"] and first.means["en"] and first.next_at > first.at
    second = found.steps[2]
    assert (second.number, second.planned_at, second.at) == (2, first.next_at, again_at)
    assert (second.state, second.code, second.next_at, found.state) == (State.ACCEPTED, "200", None, State.ACCEPTED)
    assert found.can == {}


def test_a_lost_answer_is_asked_about_and_both_are_told(gateway, ministry, clock):
    ministry.faults.append("lost_reply")
    number = enter(gateway, "K-1")
    pipeline.dispatch(gateway)
    assert life(gateway, number).due_at is not None
    clock.advance(hours=1)
    pipeline.inquire(gateway)

    assert told(life(gateway, number)) == [
        (Kind.TAKEN_IN, State.AWAITING_SIGNATURE, State.QUEUED), (Kind.SEND, State.QUEUED, State.UNCERTAIN),
        (Kind.ASK, None, State.ACCEPTED),
    ]  # fmt: skip


def test_a_persons_act_stands_with_name_and_reason_and_what_is_open_now(gateway, ministry, clock):
    ministry.faults.append("213")
    number = enter(gateway, "K-1")
    pipeline.dispatch(gateway)
    held = life(gateway, number)
    clock.advance(days=1)
    acts.release(gateway, KURUM, number, reason="contract approved", by="ayse", version=held.version)
    released = life(gateway, number)
    step = released.steps[-1]

    assert held.can == {Verb.RELEASE: State.QUEUED, Verb.CANCEL: State.CANCELLED}
    assert "İSG Hizmet Sözleşmeleri" in held.where["tr"]
    assert (step.kind, step.by, step.reason, step.state) == (Kind.ACT, "ayse", "contract approved", State.QUEUED)
    assert set(released.can) == {Verb.RETRY, Verb.QUARANTINE, Verb.CANCEL}


def test_an_attempt_whose_worker_went_silent_is_told_without_an_end(gateway, clock):
    number = enter(gateway, "K-1")
    with writing(gateway.database) as tx:
        claimed = outbox.claim(tx, outbox.Terms(clock.now(), "gone", timedelta(minutes=2), 1, "soap-g2"))
        moves = [Moved(c.sorgu_no, c.kurum, State.QUEUED, c.state, {"deneme_no": c.deneme_no}) for c in claimed]
        gateway.record_moves(tx, moves, clock.now())
    clock.advance(hours=1)
    assert acts.recover(gateway) == 1
    sent, lost = life(gateway, number).steps[1:]

    assert (sent.kind, sent.ended_at, sent.state) == (Kind.SEND, None, State.SENDING)
    assert (lost.kind, lost.state) == (Kind.MOVED, State.UNCERTAIN)


def test_the_signature_is_judged_once_more_and_digests_are_those_of_the_bytes(gateway, ministry):
    number = enter(gateway, "K-1")
    canonical = acts.read_canonical(gateway, KURUM, number)
    with reading(gateway.database) as tx:
        signed = read_signed(tx, gateway, KURUM, number)

    assert signed.digests["canonical"] == sha256(canonical).hexdigest()
    assert (signed.canonical_bytes, signed.is_commitment, signed.attached_at) == (len(canonical), False, START)
    assert len(signed.verdicts) == 15 and all(each.ok is not False for each in signed.verdicts)


def test_what_awaits_its_signature_has_no_verdict_yet(gateway):
    number = enter(replace(gateway, cupboard=KeyCupboard([])), "K-1")
    with reading(gateway.database) as tx:
        signed = read_signed(tx, gateway, KURUM, number)

    assert (list(signed.verdicts), signed.cms_bytes, signed.attached_at) == ([], 0, None)


def test_of_an_examination_there_are_commitments_and_no_digest(gateway):
    by_json = replace(gateway, metot="json-g4")
    [answer] = pipeline.accept(by_json, KURUM, submitted(json.loads(EXAMINATION.read_text(encoding="utf-8"))))
    canonical = acts.read_canonical(gateway, KURUM, answer.sorgu_no[0])
    with reading(gateway.database) as tx:
        signed = read_signed(tx, gateway, KURUM, answer.sorgu_no[0])

    assert signed.is_commitment and sha256(canonical).hexdigest() not in signed.digests.values()
    assert life(gateway, answer.sorgu_no[0]).is_health


def test_the_proof_tells_what_is_under_a_checkpoint_and_what_waits_for_one(gateway):
    number = enter(gateway, "K-1")
    with reading(gateway.database) as tx:
        before = read_proof(tx, KURUM, number)
    acts.checkpoint(gateway)
    pipeline.dispatch(gateway)
    with reading(gateway.database) as tx:
        after = read_proof(tx, KURUM, number)

    assert (before.size, list(before.entries), before.waiting) == (0, [], 1)
    assert ([each.event for each in after.entries], after.waiting) == (["bildirim.moved"], 2)
    assert after.size > 0 and len(after.root) == 64


def test_content_is_opened_by_right_only_and_both_are_audited(gateway, events):
    number = enter(gateway, "K-1")
    with pytest.raises(ContentWithheld):
        read_content(gateway, KURUM, number, rights=RIGHTS[Role.MANAGER], by="mehmet")
    content = read_content(gateway, KURUM, number, rights=RIGHTS[Role.AUDITOR], by="ayse")

    assert content.canonical == acts.read_canonical(gateway, KURUM, number)
    assert [(each["by"], each["messages"]) for each in events("content.withheld")] == [("mehmet", [number])]
    assert [each["by"] for each in events("content.opened")] == ["ayse"]
    with pytest.raises(BadReason):
        read_content(gateway, KURUM, number, rights=RIGHTS[Role.AUDITOR], by="81234567804")


def test_of_an_erased_record_the_life_stays_and_the_bytes_open_for_nobody(gateway, events):
    number = enter(gateway, "K-1")
    pipeline.dispatch(gateway)
    with writing(gateway.database) as tx:
        assert destroy(tx, KURUM, "K-1", day="2026-01-01", named="training")

    assert life(gateway, number).erased == {"on": "2026-01-01", "class": "training"}
    assert len(life(gateway, number).steps) == 2
    with pytest.raises(Erased):
        read_content(gateway, KURUM, number, rights=RIGHTS[Role.AUDITOR], by="ayse")
    assert events("content.opened") == events("content.opening") == []


def test_another_customers_or_another_professionals_message_is_not_there(gateway):
    number = enter(gateway, "K-1")
    other = KurumNo("osgb-2")
    gateway.keyring.sealer(other, now=START)
    for kurum, more in ((other, {}), (KURUM, {"signer": ""})):
        with pytest.raises(NotFound):
            life(gateway, number, kurum, **more)
        with pytest.raises(NotFound):
            read_content(gateway, kurum, number, rights=RIGHTS[Role.AUDITOR], by="ayse", **more)
        with reading(gateway.database) as tx, pytest.raises(NotFound):
            read_proof(tx, kurum, number, **more)
