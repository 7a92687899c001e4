from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.queue.backoff import Backoff
from tests.fakes import START

spans = st.timedeltas(timedelta(milliseconds=1), timedelta(days=3))
jitters = st.floats(0, 1, exclude_max=True)


@given(spans, spans, st.integers(1, 10**6), jitters)
def test_every_wait_lies_between_nothing_and_the_ceiling(base, ceiling, attempt, jitter):
    wait = Backoff(base, ceiling, 9).next_at(attempt, now=START, jitter=jitter) - START

    assert timedelta(0) <= wait <= ceiling


@given(spans, spans, st.integers(1, 100), jitters, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_wait_is_never_shorter_than_what_was_asked_for_nor_longer_than_the_ceiling(base, ceiling, n, jitter, asked):
    wait = Backoff(base, ceiling, 9).next_at(n, now=START, jitter=jitter, retry_after=asked) - START

    assert min(asked, ceiling) <= wait <= ceiling


@given(spans, spans, st.integers(1, 100))
def test_the_bound_never_shrinks(base, ceiling, attempt):
    backoff = Backoff(base, ceiling, 9)

    assert backoff.bound(attempt) <= backoff.bound(attempt + 1)


def test_the_bound_doubles_up_to_the_ceiling():
    backoff = Backoff(timedelta(seconds=2), timedelta(seconds=30), 9)

    assert [backoff.bound(n).seconds for n in range(1, 8)] == [2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(("attempt", "spent"), [(1, False), (11, False), (12, True), (13, True)])
def test_the_attempts_are_spent_at_the_ceiling(attempt, spent):
    assert Backoff(timedelta(1), timedelta(1), 12).is_spent(attempt) is spent
