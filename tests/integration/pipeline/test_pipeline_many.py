import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from integrator import acts
from integrator.domain.errors import Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Pace
from integrator.pipeline import accept, dispatch, inquire
from integrator.queue import outbox
from integrator.store.engine import writing
from tests.factories import FORM, record, submitted
from tests.fakes import START

WORKERS = 4
LEASE = timedelta(minutes=2)


@pytest.fixture
def team(gateway, another_worker):
    """Four gateways on one database, each with connections, key ring and trail of its own, as processes have."""
    pace = Pace(window=8, concurrency=2, gather=timedelta(milliseconds=5))
    return [another_worker(actor=f"test:{n}", pace=pace) for n in range(WORKERS)]


def at_once(act, several):
    with ThreadPoolExecutor(len(several)) as pool:
        return list(pool.map(act, several))


def records(count, prefix="K"):
    return [record(f"{prefix}-{number}") for number in range(count)]


def test_four_who_send_at_once_send_every_message_once(home, team, ministry):
    home.accept(*records(60))
    tallies = at_once(dispatch, team)

    assert sum(tallies, Counter()) == {"accepted": 60}
    assert max(Counter(number for number, _, _ in ministry.sent).values()) == 1
    assert home.states() == {"accepted": 60}
    assert home.broken() is None


def test_the_log_of_four_who_accept_at_once_is_one_log(home, team):
    def take_in(numbered):
        number, gateway = numbered
        return [a.status for a in accept(gateway, KurumNo(f"osgb-{number}"), submitted(*records(20)))]

    told = at_once(take_in, list(enumerate(team)))

    assert told == [["accepted"] * 20] * WORKERS
    assert home.states() == {"queued": 80}
    assert home.broken() is None


def test_a_record_four_take_in_at_once_is_stored_once(home, team):
    told = at_once(lambda gateway: home.accept(*records(10), gateway=gateway), team)

    assert Counter(answer.status for answers in told for answer in answers) == {"accepted": 10, "known": 30}
    assert len({tuple(answer.sorgu_no for answer in answers) for answers in told}) == 1
    assert home.states() == {"queued": 10}
    assert home.broken() is None


def test_records_in_another_order_do_not_block_one_another(home, team):
    backwards = records(30)[::-1]
    orders = [records(30), backwards, records(30), backwards]
    at_once(lambda pair: home.accept(*pair[0], gateway=pair[1]), list(zip(orders, team, strict=True)))

    assert home.states() == {"queued": 30}
    assert home.broken() is None


def test_accepting_sending_asking_and_recovering_at_once_lose_nothing(home, team, ministry):
    ministry.faults.extend(["lost_reply", "busy", "connect", "lost_request"] * 6)
    home.accept(*records(40, "A"))

    def work(numbered):
        number, gateway = numbered
        for each in range(5):
            home.accept(*records(4, f"{number}.{each}"), gateway=gateway)
            acts.recover(gateway)
            dispatch(gateway)
            inquire(gateway)
            acts.checkpoint(gateway)

    at_once(work, list(enumerate(team)))
    for _ in range(20):
        team[0].clock.advance(minutes=5)
        dispatch(team[0])
        inquire(team[0])

    assert home.states() == {"accepted": 40 + WORKERS * 5 * 4}
    assert max(Counter(ministry.effects).values()) == 1
    assert home.broken() is None


def test_of_expiring_and_settling_at_once_one_wins_and_the_log_says_which(home, team, clock):
    home.accept(*records(24))
    with writing(team[0].database) as tx:
        claimed = outbox.claim(tx, outbox.Terms(START, "w", LEASE, 24, "soap-g2"))
        intents = [outbox.Moved(c.sorgu_no, c.kurum, outbox.State.QUEUED, c.state, {}) for c in claimed]
        team[0].record_moves(tx, intents, START)
    clock.advance(minutes=2)
    now = clock.now()

    def settle(gateway, some):
        ends = [outbox.Settlement(each, outbox.State.ACCEPTED, now, "accepted", "200") for each in some]
        with writing(gateway.database) as tx:
            moved = outbox.settle(tx, ends, now=now)
            gateway.record_moves(tx, moved, now)
        return len(moved)

    def expire(gateway):
        with writing(gateway.database) as tx:
            moved = outbox.expire(tx, now=now, limit=5)
            gateway.record_moves(tx, moved, now)
        return len(moved)

    with ThreadPoolExecutor(8) as pool:
        settled = [pool.submit(settle, team[n % 2], claimed[n::6]) for n in range(6)]
        expired = [pool.submit(expire, team[2 + n % 2]) for n in range(6)]
        counts = sum(each.result() for each in settled), sum(each.result() for each in expired)

    assert sum(counts) == 24
    assert home.states() == {
        state: count for state, count in zip(("accepted", "uncertain"), counts, strict=True) if count
    }
    assert home.broken() is None


def test_two_who_settle_the_same_messages_in_another_order_do_not_block_one_another(home, team):
    home.accept(*records(16))
    with writing(team[0].database) as tx:
        claimed = outbox.claim(tx, outbox.Terms(START, "w", LEASE, 16, "soap-g2"))
        intents = [outbox.Moved(c.sorgu_no, c.kurum, outbox.State.QUEUED, c.state, {}) for c in claimed]
        team[0].record_moves(tx, intents, START)

    def settle(numbered):
        number, gateway = numbered
        ends = [outbox.Settlement(each, outbox.State.ACCEPTED, START, "accepted", "200") for each in claimed]
        with writing(gateway.database) as tx:
            moved = outbox.settle(tx, ends[::-1] if number % 2 else ends, now=START)
            gateway.record_moves(tx, moved, START)
        return len(moved)

    assert sorted(at_once(settle, list(enumerate(team)))) == [0, 0, 0, 16]
    assert home.broken() is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_run_goes_on_through_a_server_that_crashes_and_connections_that_are_cut(postgres, home, team, ministry):
    home.accept(*records(120))
    ministry.faults.extend([lambda _: time.sleep(0.01)] * 120)
    left, told, clock = threading.Event(), Counter(), team[0].clock

    def work(gateway):
        while not left.is_set():
            try:
                acts.recover(gateway)
                dispatch(gateway)
                inquire(gateway)
            except Unavailable:
                told["unavailable"] += 1
            time.sleep(0.01)

    threads = [threading.Thread(target=work, args=(gateway,)) for gateway in team]
    for each in threads:
        each.start()
    for _ in range(3):
        time.sleep(0.25)
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ibys_suite'")
        time.sleep(0.15)
        postgres.restart(immediate=True)
    left.set()
    for each in threads:
        each.join(60)
    before = home.states()
    for _ in range(30):
        clock.advance(minutes=5)
        acts.recover(team[0])
        dispatch(team[0])
        inquire(team[0])

    assert told["unavailable"] > 0
    assert before != {"queued": 120}
    assert home.states() == {"accepted": 120}
    assert max(Counter(ministry.effects).values()) == 1
    assert home.broken() is None


def test_four_who_quarantine_one_form_while_it_is_claimed_stop_each_message_once(home, team):
    home.accept(*records(40))

    def claim(gateway):
        with writing(gateway.database) as tx:
            got = outbox.claim(tx, outbox.Terms(START, gateway.actor, LEASE, 5, "soap-g2"))
            moved = [outbox.Moved(c.sorgu_no, c.kurum, outbox.State.QUEUED, c.state, {}) for c in got]
            gateway.record_moves(tx, moved, START)
        return len(got), 0

    def quarantine(gateway):
        with writing(gateway.database) as tx:
            moved = outbox.quarantine(tx, FORM, code="214", now=START, limit=1000)
            gateway.record_moves(tx, moved, START)
        return 0, len(moved)

    acts_at_once = [claim, quarantine] * 4
    with ThreadPoolExecutor(8) as pool:
        counts = [each.result() for each in [pool.submit(a, team[n % 4]) for n, a in enumerate(acts_at_once)]]

    claimed, stopped = (sum(each) for each in zip(*counts, strict=True))
    assert claimed + stopped == 40
    assert home.states() == {s: n for s, n in (("sending", claimed), ("quarantined", stopped)) if n}
    assert home.broken() is None
