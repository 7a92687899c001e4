"""What left and was never answered may still arrive: whoever cancels it would call undone what the ministry stores."""

import pytest

from integrator import acts
from integrator.domain.errors import IllegalMove
from integrator.pipeline import accept, dispatch, inquire
from tests.factories import KURUM, record, submitted
from tests.fakes import FakeMinistry


@pytest.fixture
def one(gateway):
    [answer] = accept(gateway, KURUM, submitted(record()))
    return answer.sorgu_no[0]


def test_a_message_whose_request_was_lost_is_not_cancelled_although_the_ministry_did_not_find_it(
    home, gateway, ministry, clock, one
):
    ministry.faults.extend(["lost_request"])
    dispatch(gateway)
    clock.advance(seconds=10)
    inquire(gateway)
    assert (home.states(), ministry.effects) == ({"queued": 1}, [])

    with pytest.raises(IllegalMove):
        acts.cancel(gateway, KURUM, one, reason="no longer wanted")

    assert home.states() == {"queued": 1}


def test_a_message_whose_worker_slept_past_its_lease_is_not_cancelled_before_it_wakes(
    home, gateway, ministry, clock, another_worker, one
):
    other, refused = another_worker(generation=FakeMinistry()), []  # which holds nothing yet, and says so

    def sleep(_):
        clock.advance(minutes=3)
        acts.recover(other)
        inquire(other)
        try:
            acts.cancel(other, KURUM, one, reason="it never left")
        except IllegalMove:
            refused.append(one)

    ministry.faults.append(sleep)
    dispatch(gateway)

    assert refused == [one]
    assert "cancelled" not in home.states()


def test_a_message_that_never_reached_the_ministry_can_be_cancelled(home, gateway, ministry, one):
    ministry.faults.extend(["connect"])
    dispatch(gateway)

    acts.cancel(gateway, KURUM, one, reason="no longer wanted")

    assert home.states() == {"cancelled": 1}
