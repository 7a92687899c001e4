from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from integrator.domain.errors import IllegalMove, Misconfigured, NotFound
from integrator.domain.identifiers import SORGU_NO_LAST, KurumNo, SorguNo
from integrator.domain.records import Form, Settlement
from integrator.domain.states import State
from integrator.queue import outbox, readings
from integrator.store.engine import Conflict, reading, writing
from integrator.store.tables import bildirim as bildirim_table
from integrator.store.tables import sorgu_no_counter
from tests.factories import FIRST_NUMBER, FORM, KURUM, bildirim
from tests.fakes import START

LEASE = timedelta(minutes=2)
S = State


@pytest.fixture
def claim(engine):
    def claim_them(limit=10, *, now=START, worker="w1", ask=False):
        verb = outbox.claim_to_ask if ask else outbox.claim
        with writing(engine) as tx:
            return verb(tx, outbox.Terms(now, worker, LEASE, limit, "soap-g2"))

    return claim_them


@pytest.fixture
def settle(engine):
    def settle_it(claimed, end, *, now=START, due_at=None, **facts):
        with writing(engine) as tx:
            return outbox.settle(tx, [Settlement(claimed, end, due_at or now, "outcome", "200", **facts)], now=now)

    return settle_it


@pytest.fixture
def row(engine):
    def read(number):
        with reading(engine) as tx:
            return readings.read_one(tx, KURUM, number)

    return read


@pytest.fixture
def bring(put, claim, settle, engine):
    """One message brought to a state along legal moves."""

    def bring_to(state):
        [number] = put(cms=None if state is S.AWAITING_SIGNATURE else b"cms")
        if state in (S.AWAITING_SIGNATURE, S.QUEUED):
            return number
        if state is S.QUARANTINED:
            with writing(engine) as tx:
                outbox.quarantine(tx, FORM, code="214", now=START, limit=9)
            return number
        if state is S.CANCELLED:
            with writing(engine) as tx:
                outbox.cancel(tx, KURUM, number, reason="x", now=START)
            return number
        [claimed] = claim()
        if state is not S.SENDING:
            settle(claimed, state)
        return number

    return bring_to


REACHABLE = [state for state in State if state not in (S.SUPERSEDED, S.PENDING)]


def test_a_signed_message_is_queued_and_an_unsigned_one_awaits_its_signature(put, row):
    [signed], [unsigned] = put(), put(cms=None)

    assert (row(signed)["row"]["state"], row(unsigned)["row"]["state"]) == ("queued", "awaiting_signature")


def test_what_was_put_is_told_for_the_audit_log(engine):
    with writing(engine) as tx:
        [moved] = outbox.put(tx, [bildirim()], [(b"c", b"s")], now=START)

    assert (moved.start, moved.end, moved.sorgu_no) == (None, S.QUEUED, FIRST_NUMBER)


def test_a_number_is_never_given_to_two_messages(engine, put):
    [number] = put()

    with pytest.raises(Conflict), writing(engine) as tx:
        outbox.put(tx, [bildirim(number, kurum=KurumNo("other"))], [(b"c", b"s")], now=START)


def test_numbers_are_handed_out_in_order_without_a_gap(engine):
    with writing(engine) as tx:
        first, second = outbox.take_numbers(tx, 3), outbox.take_numbers(tx, 2)

    assert [*first, *second] == list(range(FIRST_NUMBER, FIRST_NUMBER + 5))


def test_numbers_of_a_transaction_that_failed_come_again_and_those_of_others_never(engine):
    def take_and_fail(tx):
        outbox.take_numbers(tx, 3)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), writing(engine) as tx:
        take_and_fail(tx)
    with writing(engine) as tx:
        assert outbox.take_numbers(tx, 1)[0] == FIRST_NUMBER


def test_many_takers_never_get_the_same_number(engine):
    def take(_):
        with writing(engine) as tx:
            return list(outbox.take_numbers(tx, 3))

    with ThreadPoolExecutor(8) as pool:
        taken = [number for numbers in pool.map(take, range(40)) for number in numbers]

    assert len(set(taken)) == len(taken) == 120


def test_the_last_number_has_eleven_digits_and_none_follows(engine):
    with writing(engine) as tx:
        tx.execute(update(sorgu_no_counter).values(next=SORGU_NO_LAST))
    with writing(engine) as tx:
        assert [str(each) for each in outbox.take_numbers(tx, 1)] == ["9" * 11]
    with pytest.raises(Misconfigured), writing(engine) as tx:
        outbox.take_numbers(tx, 1)


def test_a_claimed_message_carries_its_bytes_and_its_intent_is_written(put, claim, row):
    [number] = put()
    [claimed] = claim()

    assert (claimed.canonical, claimed.cms, claimed.state) == (b"sealed canonical", b"sealed cms", S.SENDING)
    assert [(each["act"], each["ended_at"]) for each in row(number)["denemeler"]] == [("send", None)]


def test_only_what_is_due_and_queued_is_claimed(put, claim):
    put(cms=None)
    put(now=START + timedelta(seconds=1))
    [due] = put()

    assert [each.sorgu_no for each in claim()] == [due]


def test_the_longest_due_is_claimed_first(put, claim):
    later, sooner = put(2, now=START - timedelta(1)), put(2, now=START - timedelta(2))

    assert {each.sorgu_no for each in claim(2)} == set(sooner)
    assert {each.sorgu_no for each in claim(2)} == set(later)


def test_a_claimed_message_is_not_claimed_again_before_nor_after_its_lease(put, claim):
    put()
    claim()

    assert claim(now=START + LEASE - timedelta(milliseconds=1)) == []
    assert claim(now=START + LEASE) == []  # it must be recovered first: it may have arrived


def test_many_claimers_never_share_a_message(put, claim):
    numbers = put(120)

    with ThreadPoolExecutor(8) as pool:
        got = [each for some in pool.map(lambda n: claim(7, worker=f"w{n}"), range(30)) for each in some]

    assert sorted(each.sorgu_no for each in got) == numbers


def test_each_claim_raises_the_fence_and_counts_the_attempt(put, claim, settle):
    put()
    fences = []
    for _ in range(3):
        [claimed] = claim()
        fences.append((claimed.fence, claimed.attempt, claimed.deneme_no))
        settle(claimed, S.QUEUED)

    assert fences == [(1, 1, 1), (2, 2, 2), (3, 3, 3)]


def test_a_settled_message_stands_where_it_was_settled(put, claim, settle, row):
    [number] = put()
    [claimed] = claim()
    [moved] = settle(claimed, S.ACCEPTED, parts_accepted=1, request=b"q", reply=b"r")
    found = row(number)

    assert (moved.start, moved.end) == (S.SENDING, S.ACCEPTED)
    assert (found["row"]["state"], found["row"]["parts_accepted"], found["row"]["claimed_by"]) == ("accepted", 1, None)
    assert [(e["outcome"], e["request"], e["reply"]) for e in found["denemeler"]] == [("outcome", b"q", b"r")]


def test_a_settlement_that_burns_no_attempt_gives_it_back(put, claim, settle, row):
    [number] = put()
    settle(claim()[0], S.QUEUED, burns_attempt=False)

    assert row(number)["row"]["attempt"] == 0


def test_a_stale_fence_cannot_settle(engine, put, claim, settle, row):
    [number] = put()
    [sleeper] = claim()
    with writing(engine) as tx:
        outbox.expire(tx, now=START + LEASE, limit=9)

    assert settle(sleeper, S.ACCEPTED) == []
    assert row(number)["row"]["state"] == "uncertain"


def test_a_stale_question_cannot_settle(put, claim, settle, row):
    [number] = put()
    settle(claim()[0], S.UNCERTAIN)
    [sleeper] = claim(ask=True)
    [holder] = claim(ask=True, now=START + LEASE)

    assert settle(sleeper, S.REFUSED, now=START + LEASE) == []
    assert settle(holder, S.ACCEPTED, now=START + LEASE) != []
    assert row(number)["row"]["state"] == "accepted"


def test_a_message_is_settled_once(put, claim, settle):
    put()
    [claimed] = claim()

    assert settle(claimed, S.ACCEPTED)
    assert settle(claimed, S.ACCEPTED) == []


def test_a_move_that_does_not_exist_is_not_written(put, claim, settle, row):
    [number] = put()
    [claimed] = claim()
    with pytest.raises(IllegalMove):
        settle(claimed, S.SUPERSEDED)

    assert row(number)["row"]["state"] == "sending"


def test_an_uncertain_message_is_asked_about_under_a_lease_of_its_own(put, claim, settle):
    put()
    settle(claim()[0], S.UNCERTAIN)
    [asked] = claim(ask=True)

    assert (asked.state, asked.asks, asked.attempt, asked.uncertain_since) == (S.UNCERTAIN, 1, 1, START)
    assert claim(ask=True, now=START + LEASE - timedelta(milliseconds=1)) == []
    assert len(claim(ask=True, now=START + LEASE)) == 1


def test_the_time_since_when_a_message_is_uncertain_is_kept(put, claim, settle, row):
    [number] = put()
    settle(claim()[0], S.UNCERTAIN)
    settle(claim(ask=True)[0], S.UNCERTAIN, now=START + timedelta(hours=5))
    assert row(number)["row"]["uncertain_since"] == START

    settle(claim(ask=True, now=START + timedelta(hours=6))[0], S.QUEUED)
    assert row(number)["row"]["uncertain_since"] is None


def test_a_lease_that_ended_makes_its_message_uncertain(engine, put, claim):
    [number] = put()
    claim()
    with writing(engine) as tx:
        early = outbox.expire(tx, now=START + LEASE - timedelta(milliseconds=1), limit=9)
        [moved] = outbox.expire(tx, now=START + LEASE, limit=9)

    assert early == []
    assert (moved.sorgu_no, moved.start, moved.end) == (number, S.SENDING, S.UNCERTAIN)


def test_expired_messages_are_recovered_at_most_so_many_at_once(engine, put, claim):
    put(5)
    claim()
    with writing(engine) as tx:
        assert [len(outbox.expire(tx, now=START + LEASE, limit=3)) for _ in range(3)] == [3, 2, 0]


def test_a_message_given_back_is_due_at_once_and_its_attempt_does_not_count(engine, put, claim, row):
    [number] = put()
    claimed = claim()
    with writing(engine) as tx:
        [moved] = outbox.give_back(tx, claimed, now=START)

    assert (moved.end, row(number)["row"]["attempt"]) == (S.QUEUED, 0)
    assert len(claim()) == 1


def test_a_question_is_not_given_back_to_the_queue(engine, put, claim, settle):
    put()
    settle(claim()[0], S.UNCERTAIN)
    asked = claim(ask=True)
    with writing(engine) as tx:
        [unasked] = outbox.give_back(tx, asked, now=START)

    assert (unasked.start, unasked.end) == (S.UNCERTAIN, S.UNCERTAIN)
    assert unasked.facts["outcome"] == "given_back"


def test_quarantine_stops_queued_messages_of_the_form_and_no_others(engine, put, claim, row):
    [sending] = put()
    claim()
    [same], [other] = put(), put(form=Form("egitim", "2018-11", "soap-g2"))
    [awaiting] = put(cms=None)
    with writing(engine) as tx:
        moved = outbox.quarantine(tx, FORM, code="214", now=START, limit=9)

    assert [each.sorgu_no for each in moved] == [same]
    assert [row(n)["row"]["state"] for n in (sending, other, awaiting)] == ["sending", "queued", "awaiting_signature"]


@pytest.mark.parametrize("state", [S.HELD, S.QUARANTINED])
def test_a_person_releases_what_waits_for_a_person(engine, bring, row, state):
    number = bring(state)
    with writing(engine) as tx:
        moved = outbox.release(tx, KURUM, number, reason="mended", now=START)

    assert (moved.start, moved.end, moved.facts) == (state, S.QUEUED, {"reason": "mended"})
    assert row(number)["row"]["attempt"] == 0


@pytest.mark.parametrize("state", [state for state in REACHABLE if state not in (S.HELD, S.QUARANTINED)])
def test_nothing_else_is_released_by_hand(engine, bring, row, state):
    number = bring(state)
    with pytest.raises((IllegalMove, NotFound)), writing(engine) as tx:
        outbox.release(tx, KURUM, number, reason="x", now=START)

    assert row(number)["row"]["state"] == state


CANCELLABLE = [S.AWAITING_SIGNATURE, S.QUEUED, S.HELD, S.QUARANTINED]


@pytest.mark.parametrize("state", REACHABLE)
def test_only_what_is_not_on_its_way_is_cancelled(engine, bring, row, state):
    number = bring(state)
    try:
        with writing(engine) as tx:
            outbox.cancel(tx, KURUM, number, reason="x", now=START)
    except IllegalMove:
        assert row(number)["row"]["state"] == state
        assert state not in CANCELLABLE
    else:
        assert row(number)["row"]["state"] == "cancelled"
        assert state in CANCELLABLE


def test_an_attached_signature_queues_its_message(engine, bring, row, claim):
    number = bring(S.AWAITING_SIGNATURE)
    with writing(engine) as tx:
        moved = outbox.attach(tx, KURUM, number, b"new cms", now=START)

    assert (moved.start, moved.end) == (S.AWAITING_SIGNATURE, S.QUEUED)
    assert row(number)["body"]["cms"] == b"new cms"
    assert [each.cms for each in claim()] == [b"new cms"]


@pytest.mark.parametrize("state", [state for state in REACHABLE if state is not S.AWAITING_SIGNATURE])
def test_a_signature_is_attached_only_where_one_is_awaited(engine, bring, row, state):
    number = bring(state)
    with pytest.raises((NotFound, IllegalMove)), writing(engine) as tx:
        outbox.attach(tx, KURUM, number, b"new cms", now=START)

    assert row(number)["body"]["cms"] == b"cms"


@pytest.mark.parametrize("verb", [outbox.release, outbox.cancel])
def test_a_customer_does_not_reach_the_message_of_another(engine, bring, row, verb):
    number = bring(S.HELD)
    with pytest.raises(NotFound), writing(engine) as tx:
        verb(tx, KurumNo("other"), number, reason="x", now=START)

    assert row(number)["row"]["state"] == "held"


def test_an_unknown_number_is_not_found(engine):
    with pytest.raises(NotFound), writing(engine) as tx:
        outbox.release(tx, KURUM, SorguNo(1), reason="x", now=START)


def test_the_refused_parts_of_a_message_are_kept(put, claim, settle, row):
    [number] = put()
    settle(claim()[0], S.PARTIAL, parts_accepted=1, refused_parts=b"sealed list")

    assert row(number)["refused_parts"] == b"sealed list"


def test_settlements_of_a_group_do_not_disturb_one_another(engine, put, claim):
    put(3)
    one, two, three = claim()
    with writing(engine) as tx:
        outbox.settle(tx, [Settlement(two, S.HELD, START, "x", "212")], now=START)
        group = [Settlement(each, S.ACCEPTED, START, "accepted", "200") for each in (one, two, three)]
        moved = outbox.settle(tx, group, now=START)

    assert sorted(each.sorgu_no for each in moved) == sorted([one.sorgu_no, three.sorgu_no])


def test_counts_tell_where_messages_stand(engine, put, claim, settle):
    put(3)
    settle(claim(1)[0], S.HELD)
    with reading(engine) as tx:
        assert readings.count_states(tx) == {"queued": 2, "held": 1}
        assert [each["count"] for each in readings.held_by_cause(tx)] == [1]
        assert readings.next_due(tx) == START


def test_nothing_is_due_when_all_is_settled(engine, bring):
    bring(S.ACCEPTED)
    bring(S.AWAITING_SIGNATURE)
    with reading(engine) as tx:
        assert readings.next_due(tx) is None
        assert len(readings.awaiting(tx, KURUM)) == 1


def test_a_move_never_rewrites_the_signed_bytes(engine, put, claim, settle):
    [number] = put()
    settle(claim()[0], S.UNCERTAIN)
    settle(claim(ask=True)[0], S.ACCEPTED)
    with reading(engine) as tx:
        body = readings.read_one(tx, KURUM, SorguNo(number))["body"]
        assert tx.execute(select(bildirim_table.c.fence)).scalar_one() == 2

    assert (body["canonical"], body["cms"]) == (b"sealed canonical", b"sealed cms")
