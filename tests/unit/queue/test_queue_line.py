from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.outcomes import Kind, Outcome
from integrator.domain.records import Claimed
from integrator.domain.states import State
from integrator.queue import line
from integrator.queue.backoff import Backoff
from integrator.queue.line import ACTIVE, PASSIVE, STOPPED, Breaker, Heard, Line, Rules
from integrator.queue.pace import Rate
from tests.factories import FORM
from tests.fakes import START

SECOND = timedelta(seconds=1)
LEASE = timedelta(minutes=2)
RULES = Rules(breaker=Backoff(SECOND, timedelta(minutes=1), 3))
FRESH = Line("http://m:80/s")
FAILED, GOOD, FIRM = (
    Outcome(Kind.NOT_ARRIVED, "connect"),
    Outcome(Kind.ACCEPTED, "200"),
    Outcome(Kind.PASSIVE, "401"),
)


def claimed(number=1, kurum="A", fence=1):
    return Claimed(
        SorguNo(number), KurumNo(kurum), FORM, State.SENDING, fence, 1, 0, 1, 1, None, "", START, canonical=b"", cms=b""
    )


def hear(found, *outcomes, kurum="A", now=START, rules=RULES, jitter=0.0, of=None, began_at=None):
    for outcome in outcomes:
        heard = Heard(of or claimed(kurum=kurum), outcome, began_at or now)
        found, _ = line.hear(found, heard, rules, now=now, jitter=jitter)
    return found


def opened(**facts):
    return hear(FRESH, FAILED, FAILED, FAILED, **facts)


def probing(found, now, kurum="A"):
    """A probe goes out at its time."""
    assert line.admit(found, 9, RULES, now=now).limit == 1
    probe = claimed(99, kurum, fence=7)
    return probe, line.took(found, [probe], RULES, now=now, lease=LEASE)


UNHEALTHY = (Kind.NOT_ARRIVED, Kind.BUSY, Kind.PASSIVE, Kind.UNCERTAIN)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in UNHEALTHY])
def test_a_healthy_line_changes_nothing(kind):
    assert hear(FRESH, Outcome(kind, "200")) == FRESH


def test_failures_in_a_row_open_the_breaker():
    assert hear(FRESH, FAILED, FAILED).opened == 0
    assert opened().opened == 1


@pytest.mark.parametrize("good", [GOOD, Outcome(Kind.REFUSED, "210"), Outcome(Kind.NOT_ARRIVED, "not_found")])
def test_an_answer_between_failures_keeps_it_closed(good):
    assert hear(FRESH, FAILED, FAILED, good, FAILED, FAILED).opened == 0


@pytest.mark.parametrize(
    "ours",
    [
        Outcome(Kind.UNCERTAIN, "internal_error"),
        Outcome(Kind.BROKEN, "INT-AUD-001"),
        Outcome(Kind.NOT_ARRIVED, "not_opened"),
    ],
)
def test_our_own_faults_say_nothing_about_the_address(ours):
    assert hear(FRESH, ours, ours, ours).failures == 0


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.NOT_ARRIVED, "tls_expired"),
        (Kind.BUSY, "http_503"),
        (Kind.UNCERTAIN, "timeout"),
        (Kind.UNCERTAIN, "http_502"),
    ],
)
def test_what_speaks_about_the_address_counts(kind, code):
    assert hear(FRESH, Outcome(kind, code)).failures == 1


def test_an_open_breaker_lets_nothing_through_before_its_gap():
    alone = replace(opened(), failing_kurum=None)

    assert line.admit(alone, 9, RULES, now=START + timedelta(milliseconds=499)).limit == 0
    assert line.admit(alone, 9, RULES, now=START + timedelta(milliseconds=500)) == line.Admission(1, is_probe=True)


def test_while_the_probe_is_out_no_second_one_goes():
    _, found = probing(opened(), START + SECOND)

    assert line.admit(found, 9, RULES, now=START + 2 * SECOND).limit == 0
    assert line.breaker_of(found, now=START + 2 * SECOND) is Breaker.HALF_OPEN


def test_a_probe_that_is_lost_with_its_worker_is_followed_by_another():
    _, found = probing(opened(), START + SECOND)

    assert line.admit(found, 9, RULES, now=START + SECOND + LEASE).is_probe


def test_a_good_probe_closes_the_breaker():
    probe, found = probing(opened(), START + SECOND)
    found = hear(found, GOOD, of=probe, now=START + 2 * SECOND)

    assert (found.opened, found.failures, found.probe_by) == (0, 0, "")
    assert line.admit(found, 9, RULES, now=START + 2 * SECOND) == line.Admission(9)


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True))
def test_each_probe_that_fails_makes_the_gap_grow_up_to_its_ceiling(rounds, jitter):
    found, now = opened(jitter=jitter), START
    for n in range(1, rounds + 1):
        assert found.probe_at is not None
        gap, bound = found.probe_at - now, RULES.breaker.bound(n)
        assert bound / 2 <= gap <= bound <= timedelta(minutes=1)
        now = found.probe_at
        probe, found = probing(found, now)
        found = hear(found, FAILED, of=probe, now=now, jitter=jitter)


def test_what_began_before_the_breaker_opened_does_not_close_it():
    late = hear(opened(), GOOD, began_at=START - SECOND, now=START + SECOND)

    assert late.opened == 1


def test_when_one_customer_alone_has_failed_anothers_message_is_tried_at_once():
    found = opened(kurum="A")

    assert line.admit(found, 9, RULES, now=START) == line.Admission(1, is_probe=True, but_not="A")


def test_when_the_second_customer_fails_too_everybody_waits():
    probe, found = probing(opened(kurum="A"), START, kurum="B")
    found = hear(found, FAILED, of=probe, now=START)

    assert line.admit(found, 9, RULES, now=START).limit == 0


def test_failures_of_several_customers_give_nobody_a_second_opinion():
    found = hear(hear(FRESH, FAILED, kurum="A"), FAILED, FAILED, kurum="B")

    assert (found.opened, found.failing_kurum) == (1, None)


def test_401_makes_the_line_passive_and_one_probe_at_a_time_goes_at_its_gap():
    found = hear(FRESH, FIRM)
    assert (found.state, found.reason) == (PASSIVE, "401")
    assert line.admit(found, 9, RULES, now=START + timedelta(seconds=59)).limit == 0

    probe, found = probing(found, START + timedelta(seconds=60))
    assert line.admit(found, 9, RULES, now=START + timedelta(seconds=90)).limit == 0

    found = hear(found, FIRM, of=probe, now=START + timedelta(seconds=61))
    assert line.admit(found, 9, RULES, now=START + timedelta(seconds=120)).limit == 0
    assert line.admit(found, 9, RULES, now=START + timedelta(seconds=121)).limit == 1


def test_a_good_answer_ends_passive_unless_it_began_before_it():
    found = hear(FRESH, FIRM)

    assert hear(found, GOOD, now=START + SECOND).state == ACTIVE
    assert hear(found, GOOD, began_at=START - SECOND, now=START + SECOND).state == PASSIVE


def test_a_401_of_a_call_that_began_before_an_operator_resumed_says_nothing():
    found = line.resume(hear(FRESH, FIRM), now=START + SECOND)

    assert hear(found, FIRM, began_at=START, now=START + 2 * SECOND).state == ACTIVE


@pytest.mark.parametrize("outcome", [GOOD, FAILED, FIRM])
def test_nothing_but_an_operator_ends_stopped(outcome):
    found = line.stop(FRESH, "their wish", now=START)

    assert hear(found, outcome, now=START + SECOND).state == STOPPED
    assert line.admit(found, 9, RULES, now=START + timedelta(days=9)).limit == 0
    assert line.resume(found, now=START + SECOND).state == ACTIVE


def test_an_operator_who_resumes_an_open_breaker_closes_it():
    found = line.resume(opened(), now=START + SECOND)

    assert line.admit(found, 9, RULES, now=START + SECOND) == line.Admission(9)


def test_resuming_a_line_that_is_open_changes_nothing():
    assert line.resume(FRESH, now=START) == FRESH


def test_a_retry_after_rests_the_whole_line_up_to_its_ceiling():
    busy = Outcome(Kind.BUSY, "http_429", retry_after=timedelta(seconds=30))
    found = hear(FRESH, busy)
    assert line.admit(found, 9, RULES, now=START + timedelta(seconds=29)).limit == 0
    assert line.admit(found, 9, RULES, now=START + timedelta(seconds=30)).limit == 9

    never = Outcome(Kind.BUSY, "http_429", retry_after=timedelta(days=9))
    assert hear(FRESH, never).rest_until == START + RULES.rest_at_most


def test_a_shorter_rest_does_not_end_a_longer_one():
    long, short = (Outcome(Kind.BUSY, "http_503", retry_after=timedelta(seconds=n)) for n in (60, 1))

    assert hear(FRESH, long, short).rest_until == START + timedelta(seconds=60)


def test_what_was_claimed_before_the_line_was_shut_does_not_pass():
    mine = claimed()

    assert line.lets_pass(FRESH, mine, now=START)
    for shut in (line.stop(FRESH, "x", now=START), hear(FRESH, FIRM), opened()):
        assert not line.lets_pass(shut, mine, now=START)


def test_the_probe_itself_passes():
    probe, found = probing(opened(), START + SECOND)

    assert line.lets_pass(found, probe, now=START + SECOND)
    assert not line.lets_pass(found, claimed(99, fence=8), now=START + SECOND)


def test_a_probe_that_was_given_back_makes_room_for_the_next():
    probe, found = probing(opened(), START + SECOND)

    assert line.admit(line.freed(found, [probe], now=START + SECOND), 9, RULES, now=START + SECOND).is_probe
    assert line.freed(found, [claimed(5)], now=START + SECOND) == found


def test_under_a_rate_no_more_is_admitted_than_there_are_tokens():
    rules = replace(RULES, rate=Rate(2.0))
    first = line.admit(FRESH, 9, rules, now=START)
    found = line.took(FRESH, [claimed(1), claimed(2)], rules, now=START, lease=LEASE)

    assert (first.limit, first.wait) == (2, None)
    assert line.admit(found, 9, rules, now=START) == line.Admission(0, wait=SECOND / 2)


def test_a_retry_pays_and_an_empty_budget_puts_it_off():
    found, waits = FRESH, []
    for _ in range(102):
        found, wait = line.hear(found, Heard(claimed(), FAILED, START), Rules(), now=START, jitter=0.0)
        waits.append(wait)

    assert waits[:100] == [timedelta(0)] * 100
    assert waits[100:] == [SECOND, 2 * SECOND]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://u:p@Bakanlik.Example/ws/Egitim?wsdl", "https://bakanlik.example:443/ws/Egitim"),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090/"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("", ""),
    ],
)
def test_a_row_is_kept_under_the_address_without_credentials(given, kept):
    assert line.line_address(given) == kept
