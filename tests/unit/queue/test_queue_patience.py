from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Kind, Outcome
from integrator.domain.records import Claimed
from integrator.domain.states import State, advance
from integrator.queue.patience import ASKED_TOO_LONG, ATTEMPTS_SPENT, NOT_FOUND, Patience, next_step
from tests.factories import FIRST_NUMBER, FORM, KURUM
from tests.fakes import START

PATIENCE = Patience()
S = State


def claimed(state, **facts):
    known = {"fence": 1, "attempt": 1, "asks": 0, "deneme_no": 1, "parts_total": 1, "last_code": ""}
    since = START if state is S.UNCERTAIN else None
    nouns = {
        "sorgu_no": SorguNo(FIRST_NUMBER),
        "kurum": KURUM,
        "form": FORM,
        "state": state,
        "until_at": START,
        "canonical": b"",
        "cms": b"",
    }
    return Claimed(**{**nouns, **known, "uncertain_since": since, **facts})


def step(state, kind, code="x", *, now=START, jitter=0.5, retry_after=None, **facts):
    outcome = Outcome(kind, code, retry_after=retry_after)
    return next_step(claimed(state, **facts), outcome, PATIENCE, now=now, jitter=jitter)


FROM_SENDING = {
    Kind.ACCEPTED: S.ACCEPTED,
    Kind.PARTIAL: S.PARTIAL,
    Kind.REFUSED: S.REFUSED,
    Kind.OWN_FAULT: S.REFUSED,
    Kind.RELATION: S.HELD,
    Kind.UNKNOWN_CODE: S.HELD,
    Kind.NOT_ARRIVED: S.QUEUED,
    Kind.BUSY: S.QUEUED,
    Kind.PASSIVE: S.QUEUED,
    Kind.UNCERTAIN: S.UNCERTAIN,
    Kind.PENDING: S.PENDING,
    Kind.NO_QUERY: S.HELD,
    Kind.FOREIGN: S.HELD,
    Kind.BROKEN: S.HELD,
}


def test_the_table_has_every_kind():
    assert set(FROM_SENDING) == set(Kind)


@pytest.mark.parametrize(("kind", "end"), FROM_SENDING.items())
def test_each_outcome_of_a_send_leads_where_the_design_says(kind, end):
    assert step(S.SENDING, kind).end is end


@pytest.mark.parametrize(("kind", "end"), FROM_SENDING.items())
def test_an_unanswered_question_never_sends_a_message_again(kind, end):
    expected = S.UNCERTAIN if end is S.QUEUED else end

    assert step(S.UNCERTAIN, kind).end is expected


def test_only_the_answer_that_nothing_is_there_sends_an_uncertain_message_again():
    assert step(S.UNCERTAIN, Kind.NOT_ARRIVED, NOT_FOUND).end is S.QUEUED


@pytest.mark.parametrize(("kind", "end"), FROM_SENDING.items())
def test_no_answer_takes_back_that_a_message_was_taken_for_processing(kind, end):
    expected = S.PENDING if end in (S.QUEUED, S.UNCERTAIN) else end

    assert step(S.PENDING, kind).end is expected
    assert step(S.PENDING, kind, NOT_FOUND).end is expected


def test_a_message_processed_for_too_long_waits_for_a_person():
    late = START + PATIENCE.ask_for_at_most + timedelta(milliseconds=1)
    then = step(S.PENDING, Kind.PENDING, now=late, uncertain_since=START)

    assert (then.end, then.reason) == (S.HELD, ASKED_TOO_LONG)


@given(
    st.sampled_from([S.SENDING, S.UNCERTAIN, S.PENDING]),
    st.sampled_from(Kind),
    st.sampled_from([NOT_FOUND, "200", "x"]),
)
def test_every_step_is_a_legal_move_or_none(state, kind, code):
    end = step(state, kind, code).end

    assert end is state or advance(state, end)


@pytest.mark.parametrize("kind", [Kind.NOT_ARRIVED, Kind.BUSY])
def test_a_message_whose_attempts_are_spent_waits_for_a_person(kind):
    then = step(S.SENDING, kind, attempt=PATIENCE.resend.max_attempts)

    assert (then.end, then.reason) == (S.HELD, ATTEMPTS_SPENT)


def test_the_last_attempt_but_one_is_followed_by_the_last():
    assert step(S.SENDING, Kind.BUSY, attempt=PATIENCE.resend.max_attempts - 1).end is S.QUEUED


def test_a_passive_firm_never_spends_the_attempts():
    assert step(S.SENDING, Kind.PASSIVE, attempt=1000).end is S.QUEUED


@pytest.mark.parametrize("kind", [Kind.UNCERTAIN, Kind.PASSIVE, Kind.BUSY, Kind.NOT_ARRIVED])
def test_a_message_asked_about_for_too_long_waits_for_a_person(kind):
    then = step(S.UNCERTAIN, kind, now=START + PATIENCE.ask_for_at_most + timedelta(milliseconds=1))

    assert (then.end, then.reason) == (S.HELD, ASKED_TOO_LONG)


def test_a_question_at_the_end_of_patience_is_asked_once_more():
    assert step(S.UNCERTAIN, Kind.UNCERTAIN, now=START + PATIENCE.ask_for_at_most).end is S.UNCERTAIN


def test_an_answer_after_the_end_of_patience_still_counts():
    assert step(S.UNCERTAIN, Kind.ACCEPTED, now=START + timedelta(days=99)).end is S.ACCEPTED


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_a_message_that_did_not_arrive_is_due_within_the_ceiling(attempt, jitter):
    patience = replace(PATIENCE, resend=replace(PATIENCE.resend, max_attempts=99))
    one = claimed(S.SENDING, attempt=attempt)
    then = next_step(one, Outcome(Kind.NOT_ARRIVED, "connect"), patience, now=START, jitter=jitter)

    assert START <= then.due_at <= START + patience.resend.ceiling


def test_a_busy_ministry_is_given_the_time_it_asks_for():
    then = step(S.SENDING, Kind.BUSY, retry_after=timedelta(minutes=7))

    assert then.due_at == START + timedelta(minutes=7)


def test_later_questions_wait_longer():
    waits = [step(S.UNCERTAIN, Kind.UNCERTAIN, asks=asks).due_at - START for asks in range(1, 6)]

    assert waits == sorted(waits) and waits[0] < waits[-1]
