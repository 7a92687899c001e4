import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from integrator import acts, hands, pipeline
from integrator.domain.errors import (
    BadReason,
    CauseGone,
    Ended,
    IllegalMove,
    MayBeStored,
    NotFound,
    NotInQuarantine,
    OnItsWay,
    StoppedForAll,
)
from integrator.domain.identifiers import KurumNo, SgkTescilNo, Tckn
from integrator.domain.states import State
from integrator.domain.texts import text
from integrator.gateway import Pace
from integrator.pipeline import dispatch, inquire
from integrator.queue import quarantines
from integrator.queue.fair import Rotation
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_entry, bildirim
from tests.factories import FOREIGNER, FORM, KURUM, PROFESSIONAL, SGK, WORKER, record, submitted, workers

S = State
WHY = {"reason": "çağrı merkezi onayı", "by": "ayse"}
OTHER_SGK = "29999010100001240070994000"


def events_of(home, event=None):
    with reading(home.gateway.database) as tx:
        rows = [json.loads(row.leaf) for row in tx.execute(select(audit_entry.c.leaf).order_by(audit_entry.c.i))]
    return [row for row in rows if event in (None, row["event"])]


def snapshot(home):
    with reading(home.gateway.database) as tx:
        rows = tx.execute(select(bildirim).order_by(bildirim.c.sorgu_no)).mappings().all()
    return [dict(row) for row in rows], len(events_of(home))


def correction_of(number, home, **changes):
    return submitted(record("K-corrected", egitimYer=0, **changes))[0]


@pytest.fixture
def accept_one(home):
    def accept(**changes):
        [answer] = home.accept(record(changes.pop("kayit_no", "K-1"), **changes))
        return answer.sorgu_no[0]

    return accept


@pytest.fixture
def bring(home, gateway, ministry, clock, accept_one):
    """One message brought to a state by the walks themselves."""

    def bring_to(state):
        if state is S.AWAITING_SIGNATURE:
            keyless = replace(gateway, cupboard=KeyCupboard([]))
            return home.accept(record(), gateway=keyless)[0].sorgu_no[0]
        number = accept_one(calisan=workers(2))
        fault = {S.UNCERTAIN: "lost_reply", S.HELD: "213", S.REFUSED: "210", S.SUPERSEDED: "210", S.QUEUED: "busy"}
        if state in fault:
            ministry.faults.append(fault[state])
        if state is S.PARTIAL:
            ministry.off_roster.add(workers(2)[0])
        if state is S.SENDING:
            pipeline.claim_to_send(gateway, pipeline.SENDING, 1, Rotation())
        elif state is S.CANCELLED:
            acts.cancel(gateway, KURUM, number, **WHY)
        elif state is S.QUARANTINED:
            acts.quarantine(gateway, KURUM, number, **WHY)
        else:
            dispatch(gateway)
        if state is S.SUPERSEDED:
            acts.correct(gateway, KURUM, number, correction_of(number, home), **WHY)
        if state is S.PENDING:  # no generation of this release answers so
            with writing(gateway.database) as tx:
                tx.execute(update(bildirim).values(state="pending"))
        assert home.row(number)["state"] == state
        return number

    return bring_to


def act(verb, gateway, home, number, *, kurum=KURUM, **why):
    if verb == "correct":
        mended = submitted(record("K-9", egitimYer=0, calisan=[WORKER]))[0]
        return acts.correct(gateway, kurum, number, mended, **{**WHY, **why})
    return getattr(acts, verb)(gateway, kurum, number, **{**WHY, **why})


MAY = {
    ("release", S.HELD): S.QUEUED,
    ("release", S.QUARANTINED): S.QUEUED,
    ("retry", S.QUEUED): S.QUEUED,
    ("retry", S.UNCERTAIN): S.UNCERTAIN,
    ("cancel", S.AWAITING_SIGNATURE): S.CANCELLED,
    ("cancel", S.QUEUED): S.CANCELLED,
    ("cancel", S.HELD): S.CANCELLED,
    ("cancel", S.QUARANTINED): S.CANCELLED,
    ("quarantine", S.QUEUED): S.QUARANTINED,
    ("correct", S.REFUSED): S.SUPERSEDED,
    ("correct", S.PARTIAL): S.PARTIAL,
}
VERBS = ("release", "retry", "cancel", "quarantine", "correct")


@pytest.mark.parametrize(("verb", "state"), [(verb, state) for verb in VERBS for state in State])
def test_a_person_goes_every_way_of_the_table_and_no_other(home, gateway, bring, verb, state):
    number = bring(state)
    before = snapshot(home)

    if (verb, state) in MAY:
        act(verb, gateway, home, number)
        assert home.row(number)["state"] == MAY[verb, state]
        assert events_of(home)[-1 if verb != "correct" else -2]["actor"] == gateway.actor
        assert any(each.get("by") == "ayse" and each["reason"] == WHY["reason"] for each in events_of(home))
        assert home.broken() is None
    else:
        with pytest.raises(IllegalMove) as refused:
            act(verb, gateway, home, number)
        assert snapshot(home) == before
        assert text(refused.value.code, "tr", path="", seen="", wanted="") != text(
            refused.value.code, "en", path="", seen="", wanted=""
        )


@pytest.mark.parametrize(
    ("verb", "state", "kind"),
    [
        ("cancel", S.SENDING, OnItsWay),
        ("release", S.SENDING, OnItsWay),
        ("cancel", S.UNCERTAIN, MayBeStored),
        ("cancel", S.PENDING, MayBeStored),
        ("cancel", S.ACCEPTED, Ended),
        ("release", S.CANCELLED, Ended),
    ],
)
def test_a_refusal_says_what_kind_it_is(home, gateway, bring, verb, state, kind):
    number = bring(state)

    with pytest.raises(kind):
        act(verb, gateway, home, number)


@pytest.mark.parametrize("verb", VERBS)
def test_a_message_of_another_customer_does_not_exist(home, gateway, accept_one, verb):
    number = accept_one()
    stranger = KurumNo("osgb-2")
    gateway.keyring.sealer(stranger, now=gateway.clock.now())

    with pytest.raises(NotFound):
        act(verb, gateway, home, number, kurum=stranger)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, f"calisan {WORKER} listede yok", "iki\nsatır"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_reason_that_the_log_must_not_keep_is_refused_before_anything_changes(
    home, gateway, accept_one, verb, reason
):
    number = accept_one()
    before = snapshot(home)

    with pytest.raises(BadReason):
        act(verb, gateway, home, number, reason=reason)
    assert snapshot(home) == before


def test_a_name_with_an_identity_number_in_it_is_refused(gateway, accept_one):
    number = accept_one()

    with pytest.raises(BadReason):
        acts.cancel(gateway, KURUM, number, reason="x", by=PROFESSIONAL)


def test_a_retry_brings_a_message_that_backs_off_forward(home, gateway, ministry, bring):
    number = bring(S.QUEUED)
    assert dispatch(gateway) == {}

    done = acts.retry(gateway, KURUM, number, **WHY)
    dispatch(gateway)

    assert (done.changed, done.was_due_at is not None) == (True, True)
    assert home.row(number)["state"] == "accepted"
    [told] = events_of(home, "bildirim.hastened")
    assert (told["by"], told["sorgu_no"]) == ("ayse", number)


def test_a_retry_of_an_uncertain_message_asks_and_never_sends(home, gateway, ministry, bring):
    number = bring(S.UNCERTAIN)

    acts.retry(gateway, KURUM, number, **WHY)
    dispatch(gateway)
    inquire(gateway)

    assert (home.row(number)["state"], len(ministry.sent), ministry.asked) == ("accepted", 1, [number])


def test_a_retry_of_what_is_due_already_changes_nothing(home, gateway, accept_one):
    number = accept_one()
    before = snapshot(home)

    assert acts.retry(gateway, KURUM, number, **WHY).changed is False
    assert snapshot(home) == before


def test_a_retry_leaves_the_lease_of_a_running_question_alone(home, gateway, clock, bring):
    number = bring(S.UNCERTAIN)
    clock.advance(hours=1)
    pipeline.claim_to_ask(gateway, pipeline.ASKING, 1, Rotation())
    before = snapshot(home)

    assert acts.retry(gateway, KURUM, number, **WHY).changed is False
    assert snapshot(home) == before


def test_a_cancel_and_a_claim_of_the_same_message_have_one_winner(home, gateway, ministry, another_worker, accept_one):
    numbers = [accept_one(kayit_no=f"K-{n}") for n in range(30)]
    pace = Pace(window=4, concurrency=2, gather=timedelta(0))

    def cancel_all():
        for number in reversed(numbers):
            try:
                acts.cancel(gateway, KURUM, number, **WHY)
            except IllegalMove:
                pass

    with ThreadPoolExecutor(2) as pool:
        sending = pool.submit(dispatch, another_worker(pace=pace))
        pool.submit(cancel_all).result()
        sending.result()

    sent = {number for number, _, _ in ministry.sent}
    cancelled = {number for number in numbers if home.row(number)["state"] == "cancelled"}
    assert sent | cancelled == set(numbers)
    assert not sent & cancelled
    assert home.broken() is None


def test_a_message_whose_lease_ended_is_not_cancelled(home, gateway, clock, bring):
    number = bring(S.SENDING)
    clock.advance(minutes=10)
    acts.recover(gateway)

    with pytest.raises(MayBeStored):
        acts.cancel(gateway, KURUM, number, **WHY)


# groups


@pytest.fixture
def held(home, gateway, ministry):
    """Seven messages of two workplaces and two professionals: 213 for five of the first one's, 212 for two."""

    def hold(count=5):
        home.accept(*(record(f"C-{n}") for n in range(count)))
        ministry.faults.extend(["213"] * count)
        dispatch(replace(gateway, pace=Pace(concurrency=1)))
        home.accept(record("R-1"), record("R-2", sgkTescilNo=OTHER_SGK))
        ministry.faults.extend(["212"] * 2)
        dispatch(replace(gateway, pace=Pace(concurrency=1)))
        assert home.states() == {"held": count + 2}

    return hold


def test_a_cause_is_one_row_for_one_thing_to_mend(gateway, held):
    held()

    found = acts.read_causes(gateway, KURUM)

    assert [(each.cause.code, each.count) for each in found] == [("213", 5), ("212", 1), ("212", 1)]
    assert len({each.cause.cause_id for each in found}) == 3
    assert found[0].cause.cause_id.startswith("213-")


def test_the_cause_of_one_customer_is_not_seen_by_another(gateway, held):
    held()

    assert acts.read_causes(gateway, KurumNo("osgb-2")) == []


def test_a_whole_cause_is_released_in_bounded_transactions(monkeypatch, home, gateway, ministry, held):
    held()
    monkeypatch.setattr(hands, "AT_ONCE", 2)
    cause = acts.read_causes(gateway, KURUM)[0].cause

    done = acts.release_cause(gateway, KURUM, cause.cause_id, **WHY)

    assert (done.count, home.states()) == (5, {"queued": 5, "held": 2})
    told = [each for each in events_of(home, "bildirim.moved") if each.get("cause_id") == cause.cause_id]
    assert (len(told), {each["by"] for each in told}, {each["move"] for each in told}) == (5, {"ayse"}, {"j"})
    assert home.broken() is None


def test_a_group_that_was_interrupted_goes_on_with_the_rest(monkeypatch, home, gateway, held):
    held()
    monkeypatch.setattr(hands, "AT_ONCE", 2)
    cause_id = acts.read_causes(gateway, KURUM)[0].cause.cause_id
    calls = iter([True, False])

    def failing(tx, moved, *, now, real=quarantines.catch):
        if next(calls, True):
            return real(tx, moved, now=now)
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(quarantines, "catch", failing)
        with pytest.raises(ConnectionError):
            acts.release_cause(gateway, KURUM, cause_id, **WHY)
    assert home.states() == {"queued": 2, "held": 5}

    assert acts.release_cause(gateway, KURUM, cause_id, **WHY).count == 3
    assert home.broken() is None


def test_a_cause_that_is_gone_is_said_to_be_gone(gateway, held):
    held()
    cause_id = acts.read_causes(gateway, KURUM)[0].cause.cause_id
    acts.release_cause(gateway, KURUM, cause_id, **WHY)

    with pytest.raises(CauseGone):
        acts.release_cause(gateway, KURUM, cause_id, **WHY)


def test_two_operators_who_release_the_same_cause_move_each_message_once(
    monkeypatch, home, gateway, another_worker, held
):
    held(20)
    monkeypatch.setattr(hands, "AT_ONCE", 3)
    cause_id = acts.read_causes(gateway, KURUM)[0].cause.cause_id

    def release(each):
        try:
            return acts.release_cause(each, KURUM, cause_id, **WHY).count
        except CauseGone:
            return 0

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(release, [gateway, another_worker()]))

    assert sum(counts) == 20
    assert len([each for each in events_of(home) if each.get("cause_id") == cause_id]) == 20
    assert home.broken() is None


def test_a_group_is_released_while_a_worker_sends_it_and_each_goes_once(
    monkeypatch, home, gateway, ministry, another_worker, held
):
    held(20)
    monkeypatch.setattr(hands, "AT_ONCE", 3)
    before = len(ministry.sent)
    cause_id = acts.read_causes(gateway, KURUM)[0].cause.cause_id
    worker = another_worker(pace=Pace(window=4, concurrency=2, gather=timedelta(0)))

    with ThreadPoolExecutor(2) as pool:
        releasing = pool.submit(acts.release_cause, gateway, KURUM, cause_id, **WHY)
        while not releasing.done():
            dispatch(worker)
    dispatch(worker)

    assert releasing.result().count == 20
    assert (home.states(), len(ministry.sent) - before) == ({"accepted": 20, "held": 2}, 20)
    assert home.broken() is None


def test_a_whole_cause_is_cancelled(home, gateway, held):
    held()
    cause_id = acts.read_causes(gateway, KURUM)[0].cause.cause_id

    assert acts.cancel_cause(gateway, KURUM, cause_id, **WHY).count == 5
    assert home.states() == {"cancelled": 5, "held": 2}


def test_a_cause_whose_messages_may_be_stored_is_released_to_be_asked_and_not_cancelled(
    home, gateway, ministry, accept_one
):
    accept_one()
    ministry.faults.append("stored_299")
    dispatch(gateway)
    [group] = acts.read_causes(gateway, KURUM)

    with pytest.raises(MayBeStored):
        acts.cancel_cause(gateway, KURUM, group.cause.cause_id, **WHY)
    assert acts.release_cause(gateway, KURUM, group.cause.cause_id, **WHY).state == S.UNCERTAIN
    inquire(gateway)
    assert (home.states(), len(ministry.sent)) == ({"accepted": 1}, 1)


def test_refused_messages_are_a_cause_that_is_not_released(home, gateway, bring):
    bring(S.REFUSED)
    [group] = acts.read_causes(gateway, KURUM)

    with pytest.raises(IllegalMove):
        acts.release_cause(gateway, KURUM, group.cause.cause_id, **WHY)
    assert home.states() == {"refused": 1}


def test_awaited_signatures_are_a_cause_for_each_professional(home, gateway):
    keyless = replace(gateway, cupboard=KeyCupboard([]))
    home.accept(record("A"), record("B"), record("C", isgProfTckNo=FOREIGNER), gateway=keyless)

    assert [each.count for each in acts.read_causes(gateway, KURUM)] == [2, 1]


# evidence


def test_new_evidence_releases_what_a_workplace_waits_with_and_nothing_else(home, gateway, held):
    held()

    done = acts.release_for_evidence(gateway, KURUM, SgkTescilNo(SGK), **WHY)

    assert (done.count, home.states()) == (6, {"queued": 6, "held": 1})
    assert {each["evidence"] for each in events_of(home) if each.get("by")} == {"workplace"}


@pytest.mark.parametrize(("evidence", "count"), [("roster", 1), ("contract", 5)])
def test_evidence_releases_only_what_it_mends(gateway, held, evidence, count):
    held()

    done = acts.release_for_evidence(gateway, KURUM, SgkTescilNo(SGK), evidence=acts.Evidence(evidence), **WHY)

    assert done.count == count


def test_evidence_about_another_professional_releases_nothing(gateway, held):
    held()

    done = acts.release_for_evidence(gateway, KURUM, SgkTescilNo(SGK), professional=Tckn(FOREIGNER), **WHY)

    assert done.count == 0


def test_the_indexes_of_two_customers_differ_and_hold_no_number(home, gateway, accept_one):
    number = accept_one()
    row = home.row(number)
    other = gateway.keyring.sealer(KurumNo("osgb-2"), now=gateway.clock.now())

    assert row["isyeri_index"] not in ("", other.blind_index("isyeri", SGK))
    assert len({row["isyeri_index"], row["profesyonel_index"]}) == 2
    assert SGK not in row["isyeri_index"]


# quarantine


@pytest.fixture
def stopped(home, gateway, ministry):
    """One message refused with 214, two more of its form stopped by it."""
    home.accept(*(record(f"K-{n}") for n in range(3)))
    ministry.faults.append("214")
    dispatch(replace(gateway, pace=Pace(window=1, concurrency=1)))
    assert home.states() == {"refused": 1, "quarantined": 2}


def test_what_is_accepted_while_its_form_is_stopped_is_stopped_and_the_sender_is_told(home, gateway, ministry, stopped):
    [answer] = home.accept(record("K-late"))

    assert home.states() == {"refused": 1, "quarantined": 3}
    assert (answer.status, [each.code for each in answer.findings]) == ("accepted", ["INT-QUE-020"])
    assert dispatch(gateway) == {}
    assert (len(ministry.sent), home.broken()) == (1, None)


def test_the_reason_of_what_came_late_is_that_of_its_form(home, gateway, stopped):
    home.accept(record("K-late"))

    assert [(each.cause.state, each.count) for each in acts.read_causes(gateway, KURUM)] == [
        (S.QUARANTINED, 3),
        (S.REFUSED, 1),
    ]


def test_a_signature_that_arrives_while_the_form_is_stopped_stops_the_message(home, gateway, ministry, pki, clock):
    keyless = replace(gateway, cupboard=KeyCupboard([]))
    [number] = home.accept(record(), gateway=keyless)[0].sorgu_no
    acts.quarantine_form(gateway, FORM, **WHY)
    cms = pki.signer().sign(acts.read_canonical(gateway, KURUM, number), at=clock.now())

    assert acts.attach(gateway, KURUM, number, cms) is S.QUARANTINED
    assert (home.states(), home.broken()) == ({"quarantined": 1}, None)


def test_what_comes_back_into_the_queue_while_its_form_is_stopped_is_stopped(home, gateway, ministry, bring, clock):
    number = bring(S.UNCERTAIN)
    ministry.effects.clear()  # the reply was lost, and so was the request
    acts.quarantine_form(gateway, FORM, **WHY)
    clock.advance(hours=1)

    inquire(gateway)

    assert (home.row(number)["state"], home.broken()) == ("quarantined", None)


def test_what_is_released_from_hold_while_its_form_is_stopped_is_stopped(home, gateway, bring):
    number = bring(S.HELD)
    acts.quarantine_form(gateway, FORM, **WHY)

    assert acts.release(gateway, KURUM, number, **WHY).state is S.QUARANTINED
    assert home.broken() is None


def test_one_message_released_out_of_quarantine_tries_the_mend(home, gateway, ministry, stopped):
    number = next(each.first for each in acts.read_causes(gateway, KURUM) if each.cause.state is S.QUARANTINED)

    acts.release(gateway, KURUM, number, **WHY)
    dispatch(gateway)

    assert home.states() == {"accepted": 1, "refused": 1, "quarantined": 1}


def test_lifting_a_quarantine_releases_its_messages_and_ends_it_for_later_ones(home, gateway, ministry, stopped):
    done = acts.lift_form(gateway, FORM, **WHY)
    [answer] = home.accept(record("K-late"))
    dispatch(gateway)

    assert (done.count, answer.findings) == (2, ())
    assert home.states() == {"refused": 1, "accepted": 3}
    assert [each["by"] for each in events_of(home, "quarantine.lifted")] == ["ayse"]


def test_a_stopped_form_is_let_go_for_all_or_by_nobody(home, gateway, stopped):
    cause = next(each.cause for each in acts.read_causes(gateway, KURUM) if each.cause.state is S.QUARANTINED)

    with pytest.raises(StoppedForAll):
        acts.release_cause(gateway, KURUM, cause.cause_id, **WHY)
    assert events_of(home, "quarantine.lifted") == []
    assert acts.release_cause(gateway, KURUM, cause.cause_id, for_all=True, **WHY).count == 2
    assert len(events_of(home, "quarantine.lifted")) == 1


def test_lifting_what_is_not_stopped_is_refused(home, gateway, accept_one):
    accept_one()

    with pytest.raises(NotInQuarantine):
        acts.lift_form(gateway, FORM, **WHY)
    assert home.states() == {"queued": 1}


def test_lifting_leaves_a_message_that_was_stopped_by_itself(home, gateway, accept_one):
    alone, other = accept_one(kayit_no="A"), accept_one(kayit_no="B")
    acts.quarantine(gateway, KURUM, alone, **WHY)
    acts.quarantine_form(gateway, FORM, **WHY)

    assert acts.lift_form(gateway, FORM, **WHY).count == 1
    assert (home.row(alone)["state"], home.row(other)["state"]) == ("quarantined", "queued")


def test_a_second_214_keeps_the_first_cause_and_begins_no_second_quarantine(home, gateway, ministry, stopped):
    number = next(each.first for each in acts.read_causes(gateway, KURUM) if each.cause.state is S.QUARANTINED)
    acts.release(gateway, KURUM, number, **WHY)
    ministry.faults.append("222")
    dispatch(gateway)

    with reading(gateway.database) as tx:
        [stop] = quarantines.read_open(tx)
    assert stop.code == "214"
    assert len(events_of(home, "quarantine.began")) == 1


def test_the_rest_of_a_large_queue_is_not_claimed_and_swept_up(monkeypatch, home, gateway, ministry):
    monkeypatch.setattr("integrator.settling.QUARANTINE_AT_ONCE", 1)
    home.accept(*(record(f"K-{n}") for n in range(5)))
    ministry.faults.append("214")
    dispatch(replace(gateway, pace=Pace(window=1, concurrency=1)))
    assert (home.states(), len(ministry.sent)) == ({"refused": 1, "quarantined": 1, "queued": 3}, 1)

    acts.recover(gateway)
    assert (home.states(), home.broken()) == ({"refused": 1, "quarantined": 4}, None)


def test_a_form_stopped_while_others_accept_lets_none_through(home, gateway, another_worker):
    def accept_many():
        for n in range(40):
            home.accept(record(f"K-{n}"))

    with ThreadPoolExecutor(2) as pool:
        accepting = pool.submit(accept_many)
        acts.quarantine_form(another_worker(), FORM, **WHY)
        accepting.result()

    assert (home.states(), home.broken()) == ({"quarantined": 40}, None)
