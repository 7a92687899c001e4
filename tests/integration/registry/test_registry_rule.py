from dataclasses import replace

import pytest

from integrator import acts, lookups, pipeline
from integrator.domain.errors import FirmClosed, FirmPassive, FormNotDelivered
from integrator.domain.identifiers import KurumNo
from integrator.domain.parties import Isyeri
from integrator.domain.states import State
from integrator.queue import readings
from integrator.store.engine import reading
from integrator.telling import tell_cause, tell_message
from tests.factories import KURUM, SGK, record, submitted

OTHER = KurumNo("osgb-2")
DELIVERED = {"delivered_on": "2026-03-01", "kep_reference": "KEP-1"}


@pytest.fixture
def strict(gateway):
    return replace(gateway, needs_form=True)


def accept(gateway, kayit_no, kurum=KURUM):
    [answer] = pipeline.accept(gateway, kurum, submitted(record(kayit_no)))
    return answer


def states(gateway):
    with reading(gateway.database) as tx:
        return readings.count_states(tx)


def sent(gateway):
    return len(gateway.ministry().effects)


def test_without_a_delivered_form_a_record_is_taken_with_a_warning_and_stays(strict):
    answer = accept(strict, "K-1")
    pipeline.dispatch(strict)

    assert (answer.status, [each.code for each in answer.findings]) == ("accepted", ["INT-REG-010"])
    assert (states(strict), sent(strict)) == ({"queued": 1}, 0)


@pytest.mark.parametrize("state", ["drafted", "signed", "sent", "withdrawn"])
def test_no_state_of_the_form_but_delivered_lets_a_message_go(strict, put, state):
    facts = {"signed_on": "2026-02-01", "sent_on": "2026-02-02", "withdrawn_on": "2026-03-01", **DELIVERED}
    accept(strict, "K-1")
    put("hizmet_alim_formu", KURUM, state, **facts)
    pipeline.dispatch(strict)

    assert sent(strict) == 0


def test_to_record_the_delivery_is_the_release(strict, put):
    number = accept(strict, "K-1").sorgu_no[0]
    pipeline.dispatch(strict)
    put("hizmet_alim_formu", KURUM, "delivered", **DELIVERED)
    pipeline.dispatch(strict)

    assert states(strict) == {"accepted": 1}
    assert not acts.read_causes(strict, KURUM)
    assert accept(strict, "K-1").findings == ()
    assert tell_message(strict, KURUM, number)["state"] == "accepted"


def test_another_customer_is_sent_for_though_thousands_wait_ahead_of_it(strict, put):
    for each in range(5):
        accept(strict, f"K-{each}")
    accept(strict, "K-1", OTHER)
    put("hizmet_alim_formu", OTHER, "delivered", **DELIVERED)
    pipeline.dispatch(replace(strict, pace=replace(strict.pace, window=2, concurrency=1)))

    assert states(strict) == {"queued": 5, "accepted": 1}


def test_where_no_form_is_wanted_nothing_is_looked_for(gateway):
    assert accept(gateway, "K-1").findings == ()
    pipeline.dispatch(gateway)

    assert sent(gateway) == 1


def test_a_person_is_told_why_a_message_stays_and_what_to_do(strict):
    number = accept(strict, "K-1").sorgu_no[0]
    [cause] = acts.read_causes(strict, KURUM)
    told, message = tell_cause(strict, KURUM, cause), tell_message(strict, KURUM, number)

    assert (told["reason"], told["count"], told["state"]) == ("form_not_delivered", 1, "queued")
    assert "Yazılım Hizmet Alım Formu" in told["happened"]["tr"]
    assert "ibys registry record" in message["where"]["en"]
    assert set(told["can"]) == {"cancel"}


def test_a_whole_customers_waiting_messages_are_taken_back_by_their_cause(strict):
    accept(strict, "K-1")
    accept(strict, "K-2", OTHER)
    [cause] = acts.read_causes(strict, KURUM)

    done = acts.cancel_cause(strict, KURUM, cause.cause.cause_id, reason="leaves", by="ayse")

    assert (done.count, states(strict)) == (1, {"cancelled": 1, "queued": 1})


def test_what_has_left_is_asked_about_though_the_form_was_withdrawn_since(strict, put, clock):
    put("hizmet_alim_formu", KURUM, "delivered", **DELIVERED)
    accept(strict, "K-1")
    strict.ministry().faults.append("lost_reply")
    pipeline.dispatch(strict)
    put("hizmet_alim_formu", KURUM, "withdrawn", withdrawn_on="2026-03-02")
    clock.advance(hours=1)
    pipeline.inquire(strict)

    assert states(strict) == {"accepted": 1}


def test_the_ministry_is_asked_nothing_about_parties_of_a_customer_without_a_form(strict):
    with pytest.raises(FormNotDelivered):
        lookups.look_up(strict, KURUM, Isyeri(SGK))


def test_a_passive_firm_takes_records_sends_nothing_and_asks_nothing(gateway, put, clock):
    lost = accept(gateway, "K-1").sorgu_no[0]
    gateway.ministry().faults.append("lost_reply")
    pipeline.dispatch(gateway)
    put("firma", "firma", "passive", since="2026-03-02")
    answer = accept(gateway, "K-2")
    clock.advance(hours=1)
    pipeline.dispatch(gateway)
    pipeline.inquire(gateway)

    assert [each.code for each in answer.findings] == ["INT-REG-011"]
    assert (states(gateway), sent(gateway)) == ({"uncertain": 1, "queued": 1}, 1)
    assert tell_message(gateway, KURUM, lost)["state"] == State.UNCERTAIN
    assert [each.cause.reason for each in acts.read_causes(gateway, KURUM)] == ["firm_passive"]


def test_an_active_firm_sends_what_was_taken_meanwhile(gateway, put):
    put("firma", "firma", "passive", since="2026-03-02")
    accept(gateway, "K-1")
    put("firma", "firma", "active", since="2026-03-02", reference="İlan 4")
    pipeline.dispatch(gateway)

    assert states(gateway) == {"accepted": 1}


def test_nothing_that_a_worker_has_claimed_begins_once_the_firm_is_passive(gateway, put):
    def turn_passive(_number):
        put("firma", "firma", "passive", since="2026-03-02")

    for each in range(6):
        accept(gateway, f"K-{each}")
    gateway.ministry().faults.append(turn_passive)
    pipeline.dispatch(replace(gateway, pace=replace(gateway.pace, concurrency=1)))

    assert sent(gateway) < 6
    assert states(gateway)["queued"] >= 1


def test_a_closed_firm_takes_no_new_record_and_answers_for_the_old_ones(gateway, put):
    accept(gateway, "K-1")
    put("firma", "firma", "closed", since="2026-03-02")

    with pytest.raises(FirmClosed):
        accept(gateway, "K-2")
    assert accept(gateway, "K-1").status == "known"
    assert states(gateway) == {"queued": 1}


def test_a_passive_firm_looks_nothing_up(gateway, put):
    put("firma", "firma", "passive", since="2026-03-02")

    with pytest.raises(FirmPassive):
        lookups.look_up(gateway, KURUM, Isyeri(SGK))
