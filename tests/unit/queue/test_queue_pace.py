from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from integrator.queue.pace import AHEAD, Budget, Flow, Rate, Tokens
from tests.fakes import START

RATES = st.one_of(st.sampled_from([0.5, 1.0, 2.0, 3.0, 7.5]), st.floats(0.01, 500))
GAPS = st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 50)), min_size=1, max_size=60)


def claims(rate, steps):
    """(moment, calls) of claimers who always take all that is free, up to what they want."""
    spent, now, made = None, START, []
    for gap, wanted in steps:
        now += timedelta(milliseconds=gap)
        count = min(wanted, rate.free(spent, now=now))
        if count:
            spent = rate.take(spent, count, now=now)
            made.append((now, count))
    return made


@given(RATES, GAPS)
def test_no_stretch_of_time_holds_more_calls_than_rate_and_burst_allow(per_second, steps):
    rate = Rate(per_second)
    made = claims(rate, steps)

    for place, (begins, _) in enumerate(made):
        calls = 0
        for at, count in made[place:]:
            calls += count
            assert calls <= per_second * (at - begins).total_seconds() + rate.burst + 1e-6


@given(RATES)
def test_after_a_rest_one_seconds_worth_is_free_and_at_least_one(per_second):
    rate = Rate(per_second)

    assert rate.free(None, now=START) == rate.burst == max(1, int(per_second))


@given(RATES, st.integers(1, 20))
def test_after_the_wait_one_call_is_free_and_just_before_it_none_was(per_second, count):
    rate = Rate(per_second)
    spent = rate.take(rate.take(None, rate.burst, now=START), count, now=START)
    wait = rate.wait(spent, now=START)

    assert rate.free(spent, now=START + wait) == 1
    assert rate.free(spent, now=START + wait - timedelta(microseconds=1)) == 0


def test_a_rate_that_is_used_up_is_used_whole():
    rate, spent, calls = Rate(2.0), None, 0
    for tick in range(1000):
        now = START + timedelta(milliseconds=100 * tick)
        free = rate.free(spent, now=now)
        calls += free
        spent = rate.take(spent, free, now=now) if free else spent

    assert calls == 201  # 99.9 s at 2 a second, and the burst of 2


def test_a_full_budget_lets_a_retry_go_at_once():
    assert Budget().pay(None, 5, now=START) == (Tokens(495_000, START), timedelta(0))


@given(st.lists(st.tuples(st.integers(0, 5000), st.sampled_from([5, 10])), min_size=1, max_size=200))
def test_retries_never_come_faster_than_the_bucket_and_its_refill_pay_for(steps):
    budget, tokens, now, due = Budget(100, 5.0), None, START, []
    for gap, cost in steps:
        now += timedelta(milliseconds=gap)
        tokens, wait = budget.pay(tokens, cost, now=now)
        due.append((now + wait, cost))

    for until, _ in due:
        spent = sum(cost for at, cost in due if at <= until)
        assert spent <= 100 + 5.0 * (until - START).total_seconds() + 10 + 0.1


def test_a_reservation_is_never_longer_than_the_longest_wait():
    budget, tokens = Budget(10, 1.0, longest=timedelta(minutes=1)), None
    for _ in range(1000):
        tokens, wait = budget.pay(tokens, 10, now=START)

    assert wait == timedelta(minutes=1)


def test_good_answers_fill_the_budget_and_a_full_one_is_remembered_as_nothing():
    budget = Budget(500, 5.0)
    tokens, _ = budget.pay(None, 5, now=START)
    for _ in range(5):
        assert tokens is not None
        tokens = budget.give_back(tokens, now=START)

    assert tokens is None
    assert budget.give_back(None, now=START) is None


def test_time_alone_fills_the_budget():
    budget = Budget(500, 5.0)
    tokens, _ = budget.pay(None, 10, now=START)

    assert budget.level(tokens, now=START + timedelta(seconds=1)) == 495_000
    assert budget.level(tokens, now=START + timedelta(hours=1)) == 500_000


def flow(per_second=None, concurrency=4, window=128, **facts):
    return Flow(concurrency, window, per_second=per_second, **facts)


@given(st.floats(0, 5000), st.integers(1, 16), st.integers(1, 256), st.integers(0, 300))
def test_a_worker_holds_no_more_than_half_a_seconds_work_beside_its_calls(rate, concurrency, window, under_way):
    room = flow(rate, concurrency, window).room(under_way)

    assert room == 0 or under_way + room <= min(window, concurrency + max(1, rate * AHEAD.total_seconds() + 1))


def test_a_slow_ministry_keeps_the_window_small():
    assert flow(5.0).room(0) == 4 + 3


def test_a_fast_ministry_has_the_whole_window():
    assert flow(1000.0).room(0) == 128


def test_under_a_rate_only_what_can_begin_soon_is_claimed():
    assert flow(10.0, is_capped=True).room(1) == 3 + 2
    assert flow(None, is_capped=True).room(1) == 3


def test_claims_are_large_while_work_is_fast():
    busy = flow(1000.0)

    assert (busy.room(127), busy.room(70), busy.room(66)) == (0, 0, 62)


def test_what_would_wait_because_the_ministry_became_slow_is_given_back():
    slow = flow(1000.0)
    now = START
    slow.note(0, now=now)
    for _ in range(8):
        now += timedelta(seconds=1)
        slow.note(5, now=now)

    assert slow.per_second is not None
    assert slow.per_second < 12
    assert slow.surplus(128) > 100
    assert slow.surplus(8) == 0


def test_a_clock_that_stands_still_is_no_measure():
    still = flow()
    for _ in range(3):
        still.note(50, now=START)

    assert still.per_second is None
