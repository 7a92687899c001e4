from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from integrator import acts, pipeline
from integrator.deliver.generation import NUMBERS_AT_ONCE, AsksByNumber
from integrator.domain.errors import IllegalMove, Unavailable
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.outcomes import Kind, Outcome
from integrator.queue import bodies
from integrator.queue.fair import Rotation
from integrator.queue.outbox import release
from integrator.store.engine import writing
from tests.factories import FIRST_NUMBER, KURUM, record, submitted
from tests.fakes import FakeProcessing


@pytest.fixture
def ministry():
    return FakeProcessing()


@pytest.fixture
def gateway(gateway):
    return replace(gateway, metot="soap-g3")


def records(count):
    return [record(f"K-{each}", egitimTarihi=f"2025-10-{each + 1:02}") for each in range(count)]


def number(home, place=0):
    return home.row(FIRST_NUMBER + place)


def ask(home, clock, **span):
    clock.advance(**(span or {"hours": 2}))
    return pipeline.inquire(home.gateway)


def test_the_fake_cannot_be_asked_by_our_number(ministry):
    assert not isinstance(ministry, AsksByNumber)


def test_a_message_is_pending_until_it_is_learnt_that_it_is_stored(home, ministry, clock):
    home.accept(record())
    pipeline.dispatch(home.gateway)
    between = number(home)["state"], list(ministry.effects)
    ask(home, clock)

    assert between == ("pending", [])
    assert (number(home)["state"], number(home)["parts_accepted"], len(ministry.effects)) == ("accepted", 1, 1)
    assert home.broken() is None


def test_pending_messages_of_one_customer_share_a_question(home, ministry, clock):
    home.accept(*records(5))
    pipeline.dispatch(home.gateway)
    ask(home, clock)

    assert [len(each) for each in ministry.learnt] == [5]
    assert home.states() == {"accepted": 5}


def test_an_answer_about_messages_that_cannot_be_opened_is_asked_for_again_and_the_firm_is_heard(
    home, gateway, ministry, clock, monkeypatch
):
    home.accept(*records(3))
    pipeline.dispatch(gateway)
    opened, before = bodies.open_claimed, number(home)

    def is_away(key, claimed):
        if claimed.sorgu_no == FIRST_NUMBER:
            raise Unavailable("the KMS does not answer")
        return opened(key, claimed)

    monkeypatch.setattr(bodies, "open_claimed", is_away)
    ministry.is_firm_active = False
    ask(home, clock)
    assert home.line() == "PASSIVE"

    acts.resume_line(gateway, reason="the firm is active again")
    ministry.is_firm_active = True
    ask(home, clock)
    assert home.states() == {"accepted": 2, "pending": 1}
    after = number(home)
    assert (after["asks"], after["last_code"]) == (before["asks"], before["last_code"])

    monkeypatch.undo()
    ask(home, clock)
    assert (home.states(), len(ministry.effects), home.broken()) == ({"accepted": 3}, 3, None)


def test_customers_never_share_a_question(home, ministry, clock):
    home.accept(*records(2))
    list(pipeline.accept(home.gateway, KurumNo("other"), submitted(*records(3))))
    pipeline.dispatch(home.gateway)
    ask(home, clock)

    assert sorted(len(each) for each in ministry.learnt) == [2, 3]


def test_a_question_names_no_more_numbers_than_it_may(home, ministry, clock):
    home.accept(*(record(f"K-{each}", egitim=[{"egitimKoduId": 24, "egitimSuresi": 1 + each}]) for each in range(120)))
    pipeline.dispatch(home.gateway)
    ask(home, clock)

    assert max(map(len, ministry.learnt)) <= NUMBERS_AT_ONCE
    assert home.states() == {"accepted": 120}


def test_what_is_still_processed_is_asked_again_with_growing_gaps(home, ministry, clock):
    home.accept(record())
    pipeline.dispatch(home.gateway)
    ministry.decisions["m1"] = "204"
    gaps = []
    for _ in range(6):
        ask(home, clock)
        gaps.append(number(home)["due_at"] - clock.now())

    assert number(home)["state"] == "pending"
    assert gaps == sorted(gaps) and gaps[0] < gaps[-1]


def test_what_is_processed_for_too_long_waits_for_a_person_and_is_asked_when_released(home, ministry, clock):
    home.accept(record())
    pipeline.dispatch(home.gateway)
    ministry.decisions["m1"] = "204"
    ask(home, clock, hours=73)
    held = number(home)
    del ministry.decisions["m1"]
    acts_release(home)
    ask(home, clock)

    assert (held["state"], held["reason"], held["last_code"]) == ("held", "asked_too_long", "204")
    assert (number(home)["state"], len(ministry.sent)) == ("accepted", 1)


def acts_release(home):
    with writing(home.gateway.database) as tx:
        now = home.gateway.clock.now()
        moved = release(tx, KURUM, SorguNo(FIRST_NUMBER), reason="asked", now=now)
        home.gateway.record_moves(tx, [moved], now)


@pytest.mark.parametrize(
    ("code", "state"),
    [("213", "held"), ("210", "refused"), ("214", "refused"), ("777", "held"), ("1111", "pending")],
)
def test_the_final_code_decides(home, ministry, clock, code, state):
    home.accept(record())
    pipeline.dispatch(home.gateway)
    ministry.decisions["m1"] = code
    ask(home, clock)

    assert (number(home)["state"], number(home)["last_code"]) == (state, code)


def test_a_poisoned_row_does_not_hold_up_the_others_and_is_asked_about_alone(home, ministry, clock):
    home.accept(*records(4))
    pipeline.dispatch(home.gateway)
    ministry.decisions["m2"] = Outcome(Kind.UNCERTAIN, "no_row")
    ask(home, clock)
    ask(home, clock)

    assert home.states() == {"accepted": 3, "pending": 1}
    assert ministry.learnt[1:] == [["m2"]]


def test_a_message_whose_bytes_do_not_open_does_not_hold_up_the_others(home, ministry, clock, monkeypatch):
    home.accept(*records(3))
    pipeline.dispatch(home.gateway)
    with writing(home.gateway.database) as tx:
        spoilt = text("UPDATE bildirim_body SET canonical = :spoilt WHERE sorgu_no = :number")
        tx.execute(spoilt, {"spoilt": bytes(99), "number": FIRST_NUMBER})
    ask(home, clock)

    assert home.states() == {"accepted": 2, "held": 1}


def test_after_a_lost_reply_the_same_bytes_go_again_and_211_tells_the_number(home, ministry, clock):
    ministry.faults.append("lost_reply")
    home.accept(record())
    pipeline.dispatch(home.gateway)
    lost = number(home)["state"]
    ask(home, clock)
    found = number(home)
    ask(home, clock)

    assert (lost, found["state"], found["ministry_no"], found["last_code"]) == ("uncertain", "pending", "m1", "211")
    assert (number(home)["state"], len(ministry.effects)) == ("accepted", 1)
    assert ministry.sent[0] == ministry.sent[1]


def test_a_message_that_never_arrived_is_taken_when_it_is_asked_about(home, ministry, clock):
    ministry.faults.append("lost_request")
    home.accept(record())
    pipeline.dispatch(home.gateway)
    ask(home, clock)
    ask(home, clock)

    assert (number(home)["state"], len(ministry.effects)) == ("accepted", 1)


def test_a_number_told_to_two_messages_is_believed_of_neither(home, ministry, clock):
    home.accept(*records(2))
    ministry.told.append("m2")  # the first message hears the second one's number
    pipeline.dispatch(home.gateway)
    ministry.told.clear()
    for _ in range(3):
        ask(home, clock)

    assert home.states() == {"accepted": 2}
    assert sorted({no for no, _ in ministry.effects}) == [FIRST_NUMBER, FIRST_NUMBER + 1]


def test_a_number_that_nobody_knows_is_forgotten_and_learnt_anew(home, ministry, clock):
    home.accept(record())
    ministry.told.append("nobody")
    pipeline.dispatch(home.gateway)
    for _ in range(3):
        ask(home, clock)

    assert (number(home)["state"], number(home)["ministry_no"], len(ministry.effects)) == ("accepted", "m1", 1)


def test_401_to_a_question_stops_the_line_and_leaves_the_messages_pending(home, ministry, clock):
    home.accept(*records(2))
    pipeline.dispatch(home.gateway)
    ministry.is_firm_active = False
    ask(home, clock)
    stopped = home.line(), home.states()
    ministry.is_firm_active = True
    ask(home, clock)
    ask(home, clock)

    assert stopped == ("PASSIVE", {"pending": 2})
    assert (home.line(), home.states()) == ("ACTIVE", {"accepted": 2})


def test_a_released_message_does_not_follow_its_old_number(home, ministry, clock):
    home.accept(record())
    pipeline.dispatch(home.gateway)
    ministry.decisions["m1"] = "213"
    ask(home, clock)
    acts.release(home.gateway, KURUM, SorguNo(FIRST_NUMBER), reason="contract approved")
    ministry.faults.append("lost_request")
    clock.advance(hours=1)
    pipeline.dispatch(home.gateway)

    assert (number(home)["state"], number(home)["ministry_no"]) == ("uncertain", None)


def test_a_gateway_of_another_metot_leaves_the_messages_alone(home, ministry, clock):
    home.accept(record())
    other = replace(home.gateway, metot="soap-g2")

    assert pipeline.dispatch(other) == {}
    assert (home.states(), ministry.sent) == ({"queued": 1}, [])


@pytest.fixture
def unasked(gateway, ministry):
    """Generation 4 as it is by default: no number, no query, no repetition."""
    ministry.may_repeat = False
    ministry.faults.append("lost_reply")
    return gateway


def test_what_cannot_be_asked_about_waits_for_a_person_and_is_never_sent_again(unasked, home, ministry, clock):
    home.accept(record())
    pipeline.dispatch(unasked)
    for _ in range(3):
        ask(home, clock)
    row = number(home)

    assert (row["state"], row["reason"], row["last_code"]) == ("held", "no_query", "timeout")
    assert len(ministry.sent) == 1


def test_what_cannot_be_asked_about_ends_by_its_owners_hand(unasked, home, ministry, clock):
    home.accept(record())
    pipeline.dispatch(unasked)
    ask(home, clock)
    acts.release(unasked, KURUM, SorguNo(FIRST_NUMBER), reason="try")
    asked_again = number(home)["state"]
    ask(home, clock)
    acts.cancel(unasked, KURUM, SorguNo(FIRST_NUMBER), reason="the ministry says: stored")

    assert (asked_again, number(home)["state"], len(ministry.sent)) == ("uncertain", "cancelled", 1)
    with pytest.raises(IllegalMove):
        acts.cancel(unasked, KURUM, SorguNo(FIRST_NUMBER), reason="again")


def test_a_lease_that_ends_in_processing_is_claimed_again(home, ministry, clock, another_worker):
    home.accept(record())
    pipeline.dispatch(home.gateway)
    clock.advance(hours=1)
    pipeline.claim_to_ask(home.gateway, pipeline.ASKING, 10, Rotation())  # a worker that dies with its claim
    at_once = pipeline.inquire(another_worker())
    clock.advance(seconds=home.gateway.pace.lease / timedelta(seconds=1) + 1)

    assert at_once == {}
    assert pipeline.inquire(another_worker()) == {"accepted": 1}
