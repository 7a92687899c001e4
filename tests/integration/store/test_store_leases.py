from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from integrator import acts
from integrator.queue import leases
from integrator.queue.leases import Duties
from integrator.store.engine import reading, writing
from tests.fakes import START, FakeClock

LASTING = timedelta(seconds=90)


@pytest.fixture
def take(engine):
    def take_it(holder="w1", *, now=START, name="checkpoint"):
        with writing(engine) as tx:
            return leases.take(tx, name, holder, now=now, lasting=LASTING)

    return take_it


@pytest.fixture
def is_held(engine):
    def ask(lease, *, now=START):
        with writing(engine) as tx:
            return leases.is_held(tx, lease, now=now)

    return ask


def test_a_lease_has_one_holder(take):
    assert take("w1").holder == "w1"
    assert take("w2") is None


def test_the_leases_of_two_ticks_are_two(take):
    assert take("w1", name="checkpoint") and take("w2", name="codes")


def test_a_lease_is_renewed_by_its_holder_under_the_same_fence(take):
    first = take("w1")
    again = take("w1", now=START + LASTING / 2)

    assert (again.fence, again.until_at) == (first.fence, START + LASTING / 2 + LASTING)


def test_a_lease_that_ended_goes_to_whoever_asks_under_a_higher_fence(take, is_held):
    first = take("w1")
    second = take("w2", now=START + LASTING)

    assert second.fence == first.fence + 1
    assert not is_held(first, now=START + LASTING)
    assert is_held(second, now=START + LASTING)


def test_a_worker_that_slept_past_its_lease_holds_it_no_more_though_nobody_took_it(take, is_held):
    assert not is_held(take("w1"), now=START + LASTING)


def test_a_restarted_worker_of_the_same_name_does_not_revive_its_old_lease(take, is_held):
    before = take("w1")
    after = take("w1", now=START + LASTING)

    assert not is_held(before, now=START + LASTING)
    assert is_held(after, now=START + LASTING)


def test_a_lease_given_up_is_free_at_once(engine, take):
    with writing(engine) as tx:
        leases.give_up(tx, leases.take(tx, "checkpoint", "w1", now=START, lasting=LASTING), now=START)

    assert take("w2").holder == "w2"


def test_many_who_ask_at_once_get_one_lease(take):
    with ThreadPoolExecutor(8) as pool:
        got = [each for each in pool.map(lambda n: take(f"w{n}"), range(24)) if each]

    assert len(got) == 1


def test_a_worker_does_not_ask_again_before_half_of_its_lease_is_over(engine, open_database):
    clock = FakeClock()
    duties = Duties(engine, clock, "w1", lasting=LASTING)
    first = duties.hold("codes")
    clock.advance(seconds=44)
    assert duties.hold("codes") is first
    clock.advance(seconds=2)
    assert duties.hold("codes").until_at == clock.now() + LASTING


def test_a_worker_that_lost_its_lease_is_told_at_its_next_tick(engine):
    clock = FakeClock()
    sleeper, other = (Duties(engine, clock, name, lasting=LASTING) for name in ("w1", "w2"))
    assert sleeper.hold("codes")
    clock.advance(seconds=91)
    assert other.hold("codes")
    assert sleeper.hold("codes") is None


def test_a_worker_that_stops_leaves_its_duties_to_the_others(engine):
    clock = FakeClock()
    one, two = (Duties(engine, clock, name, lasting=LASTING) for name in ("w1", "w2"))
    one.hold("codes")
    assert two.hold("codes") is None
    one.give_up()

    assert two.hold("codes").holder == "w2"


def test_a_worker_that_slept_past_its_lease_makes_no_checkpoint(gateway, another_worker, clock):
    with writing(gateway.database) as tx:
        gateway.trail.append(tx, [acts.Entry("gateway.created", "a", {})], now=START)
        slept = leases.take(tx, "checkpoint", "w1", now=START, lasting=LASTING)
    clock.advance(seconds=90)
    with writing(gateway.database) as tx:
        held = leases.take(tx, "checkpoint", "w2", now=clock.now(), lasting=LASTING)

    assert acts.checkpoint(gateway, slept) is None
    assert acts.checkpoint(another_worker(), held)[0] == 1


def test_a_worker_without_the_lease_recovers_nothing(gateway, clock):
    with writing(gateway.database) as tx:
        lease = leases.take(tx, "recover", "w1", now=START, lasting=LASTING)
    clock.advance(seconds=91)

    assert acts.recover(gateway, lease) == 0


def test_nobody_takes_a_lease_over_while_its_holder_acts(engine, open_database):
    with writing(engine) as tx:
        mine = leases.take(tx, "checkpoint", "w1", now=START, lasting=LASTING)
    with ThreadPoolExecutor(1) as pool, writing(engine) as tx:
        assert leases.is_held(tx, mine, now=START)
        later = START + LASTING

        def take_over():
            with writing(open_database()) as other:
                return leases.take(other, "checkpoint", "w2", now=later, lasting=LASTING)

        taking = pool.submit(take_over)
        with pytest.raises(TimeoutError):
            taking.result(timeout=0.3)
        tx.rollback()
        assert taking.result(timeout=10).holder == "w2"


def test_a_lease_nobody_asked_for_is_not_written(engine):
    with reading(engine) as tx:
        assert leases.read_lease(tx, "checkpoint") is None
