import asyncio
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from integrator.audit.verify import verify
from integrator.domain.errors import Unavailable
from integrator.domain.haste import WouldWait
from integrator.domain.identifiers import KurumNo
from integrator.evidence.fsck import fsck
from integrator.store.engine import DatabaseAway, reading, writing
from integrator.store.tables import bildirim, kayit
from integrator.web import gathering
from integrator.web.bounds import Bounds
from integrator.web.draining import Busy
from integrator.web.gathering import Gathering
from integrator.web.protocol import _Transport
from tests.factories import KURUM, record, submitted

OTHER = KurumNo("osgb-2")
SLOWER_THAN_ANY = timedelta(seconds=10)
"""So that no stall of the machine sends a group to the thread."""
ON_ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def one(number):
    [read] = submitted(record(f"K-{number}"))
    return read


def stored(gateway):
    with reading(gateway.database) as tx:
        return tx.execute(select(func.count()).select_from(kayit)).scalar_one()


def of_all(several):
    """The records of a group, whosesoever they are."""
    return [each for mine in several.values() for each in mine]


@pytest.fixture
def counted(gateway, monkeypatch):
    """Sizes of the groups that were stored, as they come."""
    sizes, walk = [], gathering.pipeline.accept_together

    def accept(gateway, several):
        sizes.append(len(of_all(several)))
        try:
            return walk(gateway, several)
        except WouldWait:  # it comes again, by a thread
            sizes.pop()
            raise

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)
    return sizes


def run(gateway, act):
    """What `act` gives with a Gathering, and the Gathering closed behind it."""

    async def walk():
        here = Gathering(gateway)
        try:
            return await act(here)
        finally:
            await here.close()

    return asyncio.run(walk())


def test_records_that_come_together_are_stored_together(gateway, counted):
    async def act(here):
        return await asyncio.gather(*(here.accept(KURUM, one(number)) for number in range(20)))

    answers = run(gateway, act)

    assert [each.status for each in answers] == ["accepted"] * 20
    assert [each.kayit_no for each in answers] == [f"K-{number}" for number in range(20)]
    assert (stored(gateway), sum(counted)) == (20, 20)
    assert len(counted) <= 2


def test_who_comes_while_the_loop_still_reads_is_of_the_same_group(gateway, counted, monkeypatch):
    monkeypatch.setattr(gathering, "HEARS_FOR", timedelta(seconds=20))

    async def late(here, number):
        for _ in range(2 * number):
            await asyncio.sleep(0)
        return await here.accept(KURUM, one(number))

    async def act(here):
        return await asyncio.gather(*(late(here, number) for number in range(10)))

    answers = run(gateway, act)

    assert [each.status for each in answers] == ["accepted"] * 10
    assert counted == [10]


def test_a_group_begins_though_somebody_comes_all_the_time(gateway, counted, monkeypatch):
    gateway.keyring.sealer(KURUM, now=gateway.clock.now())
    monkeypatch.setattr(gathering, "HEARS_FOR", timedelta(milliseconds=1))

    async def act(here):
        first, several = asyncio.ensure_future(here.accept(KURUM, one(0))), []
        while not counted and len(several) < 900:
            several.append(asyncio.ensure_future(here.accept(KURUM, one(len(several) + 1))))
            await asyncio.sleep(0)
        return await asyncio.gather(first, *several)

    answers = run(gateway, act)

    assert len(answers) == sum(counted) < 900


@ON_ONE_ENGINE
def test_groups_begin_apart_and_on_an_idle_line_nobody_waits(gateway, counted, monkeypatch):
    monkeypatch.setattr(gathering, "APART", timedelta(seconds=2))
    began = []

    async def act(here):
        for number in range(2):
            began.append(time.monotonic())
            await here.accept(KURUM, one(number))
        began.append(time.monotonic())

    run(gateway, act)

    assert counted == [1, 1]
    assert began[1] - began[0] < 1.9
    assert began[2] - began[0] >= 2.0


@ON_ONE_ENGINE
def test_a_record_that_waits_too_long_is_sent_away_and_not_stored(gateway, monkeypatch):
    gateway.keyring.sealer(KURUM, now=gateway.clock.now())
    monkeypatch.setattr(gathering, "APART", timedelta(seconds=1))
    monkeypatch.setattr(gathering, "PATIENCE", timedelta(milliseconds=200))

    async def act(here):
        await here.accept(KURUM, one(1))
        with pytest.raises(Busy):
            await here.accept(KURUM, one(2))

    run(gateway, act)

    assert stored(gateway) == 1


@ON_ONE_ENGINE
def test_who_waits_behind_another_customers_group_is_sent_away_as_well(gateway, monkeypatch):
    monkeypatch.setattr(gathering, "PATIENCE", timedelta(milliseconds=200))
    for each in (KURUM, OTHER):
        gateway.keyring.sealer(each, now=gateway.clock.now())

    async def act(here, free):
        first = asyncio.ensure_future(here.accept(KURUM, one(1)))
        await asyncio.sleep(0.1)
        with pytest.raises(Busy):
            await here.accept(OTHER, one(1))
        free.set()
        return (await first).status

    with somebody_writing(gateway.database) as free:
        assert run(gateway, lambda here: act(here, free)) == "accepted"
    assert stored(gateway) == 1


@ON_ONE_ENGINE
def test_no_more_wait_than_may(gateway, monkeypatch):
    monkeypatch.setattr(gathering, "WAITING_AT_MOST", 3)

    async def act(here):
        return await asyncio.gather(*(here.accept(KURUM, one(number)) for number in range(5)), return_exceptions=True)

    told = run(gateway, act)

    assert [isinstance(each, Busy) for each in told] == [False, False, False, True, True]
    assert stored(gateway) == 3


@ON_ONE_ENGINE
def test_who_goes_away_costs_nobody_an_answer_and_what_has_come_is_stored_at_the_end(gateway):
    async def act(here):
        gone, stays = (asyncio.ensure_future(here.accept(KURUM, one(number))) for number in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
        return stays

    stays = run(gateway, act)

    assert stays.result().status == "accepted"
    assert stored(gateway) >= 1


@ON_ONE_ENGINE
def test_a_bug_that_one_record_meets_is_told_to_that_one_only(gateway, monkeypatch):
    walk = gathering.pipeline.accept_together

    def accept(gateway, several):
        if any(each.kayit_no == "K-2" for each in of_all(several)):
            raise RuntimeError("a bug")
        return walk(gateway, several)

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)

    async def act(here):
        return await asyncio.gather(*(here.accept(KURUM, one(number)) for number in range(5)), return_exceptions=True)

    told = run(gateway, act)

    assert [type(each).__name__ for each in told] == ["Answer", "Answer", "RuntimeError", "Answer", "Answer"]
    assert stored(gateway) == 4


@ON_ONE_ENGINE
def test_one_after_the_other_is_work_for_a_thread_and_nobody_is_told_of_a_record_that_is_known(
    gateway, places, monkeypatch
):
    walk = gathering.pipeline.accept_together

    def accept(gateway, several):
        if len(of_all(several)) > 1:
            raise RuntimeError("a bug")
        return walk(gateway, several)

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)

    async def act(here):
        return await asyncio.gather(*(here.accept(KURUM, one(number)) for number in range(3)))

    assert [each.status for each in run(gateway, act)] == ["accepted"] * 3
    assert places == ["thread"] * 3


@ON_ONE_ENGINE
def test_a_group_is_one_transaction_however_small_the_operator_wants_them(gateway, places, counted):
    gateway = replace(gateway, pace=replace(gateway.pace, group=2))

    run(gateway, lambda here: asyncio.gather(*(here.accept(KURUM, one(number)) for number in range(5))))

    assert counted == [2, 2, 1]


@ON_ONE_ENGINE
def test_an_answer_that_is_missing_is_told_and_nobody_waits_for_it(gateway, monkeypatch):
    walk = gathering.pipeline.accept_together

    def accept(gateway, several):
        return {kurum: told[:1] if len(told) > 1 else [] for kurum, told in walk(gateway, several).items()}

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)

    async def act(here):
        several = (here.accept(KURUM, one(number)) for number in range(3))
        return await asyncio.wait_for(asyncio.gather(*several, return_exceptions=True), 30)

    answers = run(gateway, act)

    assert [type(each) for each in answers] == [RuntimeError] * 3


@ON_ONE_ENGINE
def test_what_is_unavailable_is_told_to_all_and_tried_once(gateway, monkeypatch):
    tried = []

    def accept(gateway, several):
        tried.append(len(of_all(several)))
        raise Unavailable("no disk")

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)

    async def act(here):
        return await asyncio.gather(*(here.accept(KURUM, one(number)) for number in range(3)), return_exceptions=True)

    assert all(isinstance(each, Unavailable) for each in run(gateway, act))
    assert tried == [3]


@ON_ONE_ENGINE
def test_who_finds_no_thread_is_told_and_the_next_one_is_stored(gateway, monkeypatch):
    def no_thread(*_):
        monkeypatch.undo()
        raise RuntimeError("can't start new thread")

    async def act(here):
        monkeypatch.setattr(gathering, "BYTES_ON_THE_LOOP", 0)
        monkeypatch.setattr(here._thread, "submit", no_thread)
        with pytest.raises(RuntimeError, match="new thread"):
            await asyncio.wait_for(here.accept(KURUM, one(1)), 20)
        return await asyncio.wait_for(here.accept(KURUM, one(2)), 20)

    assert run(gateway, act).status == "accepted"
    assert stored(gateway) == 1


@contextmanager
def somebody_writing(database):
    """Another thread holds the database until the event that this gives is set."""
    free, held = threading.Event(), threading.Event()

    def hold():
        with writing(database):
            held.set()
            free.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    try:
        yield free
    finally:
        free.set()
        holder.join()


@pytest.mark.parametrize("keys_at_hand", [False, True])
def test_while_somebody_else_holds_the_database_the_loop_goes_on(gateway, keys_at_hand):
    if keys_at_hand:
        gateway.keyring.sealer(KURUM, now=gateway.clock.now())

    async def act(here, free):
        asked = asyncio.ensure_future(here.accept(KURUM, one(1)))
        for _ in range(50):
            await asyncio.sleep(0.001)
        was_waiting = not asked.done()
        free.set()
        return was_waiting, (await asked).status

    with somebody_writing(gateway.database) as free:
        was_waiting, status = run(gateway, lambda here: act(here, free))

    assert status == "accepted"
    assert was_waiting or gateway.database.dialect.name == "postgresql"  # where nobody held the head of the log
    assert stored(gateway) == 1


@pytest.fixture
def places(gateway, monkeypatch):
    """Where each group that was stored was stored: on the event loop's thread, or on another."""
    told, walk, loop = [], gathering.pipeline.accept_together, threading.get_ident()
    gateway.keyring.sealer(KURUM, now=gateway.clock.now())

    def accept(gateway, several):
        answers = walk(gateway, several)
        told.append("loop" if threading.get_ident() == loop else "thread")
        return answers

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)
    return told


def test_a_small_group_is_stored_where_it_is_when_the_database_is_here(gateway, places):
    run(gateway, lambda here: here.accept(KURUM, one(1)))

    assert places == ["loop" if gateway.database.dialect.name == "sqlite" else "thread"]


@ON_ONE_ENGINE
def test_a_large_group_goes_by_a_thread(gateway, places, monkeypatch):
    monkeypatch.setattr(gathering, "BYTES_ON_THE_LOOP", 2 * len(one(0).content))

    async def act(here):
        await here.accept(KURUM, one(0))
        await asyncio.gather(*(here.accept(KURUM, one(number)) for number in range(1, 4)))

    run(gateway, act)

    assert places == ["loop", "thread"]
    assert stored(gateway) == 4


@ON_ONE_ENGINE
def test_many_are_stored_on_the_loop_in_groups_that_do_not_stop_it_for_long(gateway, places, counted, monkeypatch):
    monkeypatch.setattr(gathering, "RECORDS_ON_THE_LOOP", 4)

    run(gateway, lambda here: asyncio.gather(*(here.accept(KURUM, one(number)) for number in range(10))))

    assert counted == [4, 4, 2]
    assert set(places) == {"loop"}


@ON_ONE_ENGINE
def test_whose_keys_are_not_at_hand_waits_for_them_and_nobody_behind(gateway, places, monkeypatch):
    free, fetch = threading.Event(), gateway.keyring.sealer

    def sealer(kurum, **given):
        if kurum == OTHER and not gateway.keyring.is_at_hand(OTHER):
            free.wait(30)
        return fetch(kurum, **given)

    monkeypatch.setattr(gateway.keyring, "sealer", sealer)
    monkeypatch.setattr(gathering, "WAITS_ON_THE_LOOP", SLOWER_THAN_ANY)

    async def act(here):
        waits = [asyncio.ensure_future(here.accept(OTHER, one(number))) for number in range(2)]
        told = [(await here.accept(KURUM, one(number))).status for number in range(3)]
        were_waiting = not any(each.done() for each in waits)
        free.set()
        return were_waiting, told, [(await each).status for each in waits]

    assert run(gateway, act) == (True, ["accepted"] * 3, ["accepted"] * 2)
    assert set(places) == {"loop"}


@ON_ONE_ENGINE
def test_whose_keys_cannot_be_had_is_told_and_what_comes_later_asks_again(gateway, monkeypatch):
    fetch, tried = gateway.keyring.sealer, []

    def sealer(kurum, **given):
        tried.append(kurum)
        if len(tried) == 1:
            raise Unavailable("the master key is away")
        return fetch(kurum, **given)

    gateway.keyring.forget(KURUM)
    monkeypatch.setattr(gateway.keyring, "sealer", sealer)

    async def act(here):
        several = [here.accept(KURUM, one(number)) for number in range(3)]
        told = await asyncio.gather(*several, return_exceptions=True)
        return told, (await here.accept(KURUM, one(3))).status

    told, after = run(gateway, act)

    assert [type(each) for each in told] == [Unavailable] * 3
    assert (after, stored(gateway)) == ("accepted", 1)


@ON_ONE_ENGINE
def test_what_waits_for_keys_when_the_server_ends_is_stored(gateway, monkeypatch):
    fetch = gateway.keyring.sealer

    def sealer(*given, **more):
        time.sleep(0.2)
        return fetch(*given, **more)

    gateway.keyring.forget(KURUM)
    monkeypatch.setattr(gateway.keyring, "sealer", sealer)

    async def act(here):
        asked = asyncio.ensure_future(here.accept(KURUM, one(1)))
        await asyncio.sleep(0)
        return asked

    assert run(gateway, act).result().status == "accepted"
    assert stored(gateway) == 1


@ON_ONE_ENGINE
def test_a_lock_of_another_process_is_waited_for_on_a_thread(gateway, places):
    other = sqlite3.connect(gateway.database.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def act(here):
        asked = asyncio.ensure_future(here.accept(KURUM, one(1)))
        for _ in range(50):
            await asyncio.sleep(0.001)
        was_waiting = not asked.done()
        other.execute("COMMIT")
        first = await asked
        return was_waiting, first.status, (await here.accept(KURUM, one(2))).status

    assert run(gateway, act) == (True, "accepted", "accepted")
    assert places == ["thread", "loop"]
    other.close()


@ON_ONE_ENGINE
def test_a_slow_disk_keeps_a_thread_and_by_and_by_the_loop_is_tried_again(gateway, places, monkeypatch):
    monkeypatch.setattr(gathering, "WAITS_ON_THE_LOOP", timedelta(milliseconds=50))  # beside other tests all are slow
    pauses, walk = iter([0.5, *[0] * 9, *[0.5] * 5]), gathering.pipeline.accept_together

    def accept(*given):
        time.sleep(next(pauses, 0))
        return walk(*given)

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)

    async def act(here):
        for number in range(120):
            await here.accept(KURUM, one(number))

    run(gateway, act)

    first = places.index("thread")
    assert 10 < first < 15  # one stall is no slow disk
    assert set(places[first : first + 5]) == {"thread"}
    assert places[-1] == "loop"


@ON_ONE_ENGINE
def test_a_group_is_not_the_work_of_whoever_came_first(gateway, places, monkeypatch):
    mine, seen, walk = ContextVar("mine", default=""), [], gathering.pipeline.accept_together

    def accept(*given):
        seen.append(mine.get())
        return walk(*given)

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)

    async def act(here):
        mine.set("of one caller")
        await here.accept(KURUM, one(1))

    run(gateway, act)

    assert (seen, places) == ([""], ["loop"])


def test_records_of_many_customers_are_one_group_and_each_gets_its_own_answer(gateway, counted):
    whose = [KurumNo(f"osgb-{number % 5}") for number in range(20)]
    for each in set(whose):
        gateway.keyring.sealer(each, now=gateway.clock.now())

    async def act(here):
        return await asyncio.gather(*(here.accept(each, one(number)) for number, each in enumerate(whose)))

    answers = run(gateway, act)

    assert [each.kayit_no for each in answers] == [f"K-{number}" for number in range(20)]
    assert counted == [20]
    with reading(gateway.database) as tx:
        rows = tx.execute(select(bildirim.c.sorgu_no, bildirim.c.kurum_id, bildirim.c.kayit_no)).all()
        report = verify(tx, gateway.checkpoint_key.public, gateway.checkpoint_key.origin)
    assert sorted((row.kurum_id, row.kayit_no) for row in rows) == sorted(
        (each, f"K-{number}") for number, each in enumerate(whose)
    )
    told = {number: answer.kayit_no for answer in answers for number in answer.sorgu_no}
    assert told == {row.sorgu_no: row.kayit_no for row in rows}
    assert report.broken is None
    assert fsck(gateway).broken is None


@ON_ONE_ENGINE
def test_a_bug_that_a_record_meets_does_not_touch_other_customers_in_its_group(gateway, monkeypatch):
    walk = gathering.pipeline.accept_together
    gateway.keyring.sealer(OTHER, now=gateway.clock.now())

    def accept(gateway, several):
        if any(each.kayit_no == "K-1" for each in several.get(OTHER, ())):
            raise RuntimeError("a bug")
        return walk(gateway, several)

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)

    async def act(here):
        several = (here.accept(each, one(number)) for number in range(3) for each in (KURUM, OTHER))
        return await asyncio.gather(*several, return_exceptions=True)

    told = run(gateway, act)

    assert [type(each).__name__ for each in told] == ["Answer"] * 3 + ["RuntimeError"] + ["Answer"] * 2
    assert stored(gateway) == 5


@ON_ONE_ENGINE
def test_nobody_stands_behind_another_customers_thousand(gateway, places, monkeypatch):
    monkeypatch.setattr(gathering, "RECORDS_ON_THE_LOOP", 4)
    gateway.keyring.sealer(OTHER, now=gateway.clock.now())

    async def act(here):
        many = [asyncio.ensure_future(here.accept(KURUM, one(number))) for number in range(20)]
        told, groups = (await here.accept(OTHER, one(1))).status, len(places)
        await asyncio.gather(*many)
        return told, groups

    assert run(gateway, act) == ("accepted", 1)


@ON_ONE_ENGINE
def test_whoever_was_served_last_comes_last(gateway, places, monkeypatch):
    monkeypatch.setattr(gathering, "RECORDS_ON_THE_LOOP", 1)
    monkeypatch.setattr(gathering, "WAITS_ON_THE_LOOP", SLOWER_THAN_ANY)
    whose = [KURUM, KURUM, KURUM, OTHER, OTHER]
    gateway.keyring.sealer(OTHER, now=gateway.clock.now())

    async def act(here):
        await asyncio.gather(*(here.accept(each, one(number)) for number, each in enumerate(whose)))

    run(gateway, act)

    with reading(gateway.database) as tx:
        rows = tx.execute(select(bildirim.c.kurum_id).order_by(bildirim.c.sorgu_no)).scalars().all()
    assert rows == [KURUM, OTHER, KURUM, OTHER, KURUM]


@ON_ONE_ENGINE
@pytest.mark.parametrize("error", [Unavailable("its key is away"), RuntimeError("its row was altered")])
def test_what_is_wrong_with_one_customer_is_told_to_that_one_and_the_others_are_stored(gateway, monkeypatch, error):
    walk, tried = gathering.pipeline.accept_together, []
    gateway.keyring.sealer(OTHER, now=gateway.clock.now())

    def accept(gateway, several):
        tried.append({kurum: len(mine) for kurum, mine in several.items()})
        if OTHER in several:
            raise error
        return walk(gateway, several)

    gateway.keyring.sealer(KURUM, now=gateway.clock.now())
    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)

    async def act(here):
        several = (here.accept(each, one(number)) for number in range(3) for each in (KURUM, OTHER))
        return await asyncio.gather(*several, return_exceptions=True)

    told = run(gateway, act)

    assert [type(each).__name__ for each in told] == ["Answer", type(error).__name__] * 3
    assert {KURUM: 3} in tried
    assert stored(gateway) == 3


@ON_ONE_ENGINE
def test_what_the_database_does_not_do_is_told_to_all_customers_and_tried_once(gateway, monkeypatch):
    tried = []
    for each in (KURUM, OTHER):
        gateway.keyring.sealer(each, now=gateway.clock.now())

    def accept(_gateway, several):
        tried.append(len(of_all(several)))
        raise DatabaseAway("no disk")

    monkeypatch.setattr(gathering.pipeline, "accept_together", accept)

    async def act(here):
        several = (here.accept(each, one(1)) for each in (KURUM, OTHER))
        return await asyncio.gather(*several, return_exceptions=True)

    assert [type(each) for each in run(gateway, act)] == [DatabaseAway] * 2
    assert tried == [2]


@ON_ONE_ENGINE
def test_no_more_of_one_customer_wait_for_its_keys_than_may(gateway, monkeypatch):
    free, fetch = threading.Event(), gateway.keyring.sealer
    monkeypatch.setattr(gathering, "FOR_KEYS_AT_MOST", 2)
    monkeypatch.setattr(gateway.keyring, "sealer", lambda *given, **more: free.wait(30) and fetch(*given, **more))

    async def act(here):
        waits = [asyncio.ensure_future(here.accept(KURUM, one(number))) for number in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await here.accept(KURUM, one(3))
        free.set()
        return [(await each).status for each in waits]

    assert run(gateway, act) == ["accepted"] * 2


@ON_ONE_ENGINE
def test_between_two_groups_others_have_a_turn(gateway, places, monkeypatch):
    monkeypatch.setattr(gathering, "RECORDS_ON_THE_LOOP", 1)
    monkeypatch.setattr(gathering, "WAITS_ON_THE_LOOP", SLOWER_THAN_ANY)

    async def act(here):
        first, second = (asyncio.ensure_future(here.accept(KURUM, one(number))) for number in range(2))
        await first
        return second.done()

    assert run(gateway, act) is False
    assert places == ["loop", "loop"]


class Inner:
    """A transport that remembers."""

    def __init__(self):
        self.told = []

    def write(self, piece):
        self.told.append(piece)

    def close(self):
        self.told.append("closed")

    def is_closing(self):
        return False

    def write_eof(self):
        self.told.append("eof")

    def resume_reading(self):
        self.told.append("reads")

    def abort(self):
        self.told.append("aborted")


def test_the_head_of_an_answer_leaves_with_its_body_and_nothing_is_kept_back():
    async def walk(*acts, rounds=0):
        inner = Inner()
        held = _Transport(inner, Bounds())
        for name, *told in acts:
            getattr(held, name)(*told)
        for _ in range(rounds):
            await asyncio.sleep(0)
        held.lost()
        return list(inner.told)

    def told(*acts, **facts):
        return asyncio.run(walk(*acts, **facts))

    assert told(("write", b"head"), ("write", b"body"), rounds=2) == [b"headbody"]
    assert told(("write", b"head")) == []
    assert told(("write", b"head"), rounds=2) == [b"head"]
    assert told(("write", b"head"), ("write", b""), rounds=2) == [b"head"]
    assert told(("write", b"1"), ("write", b"2"), ("write", b"3"), rounds=2) == [b"12", b"3"]
    assert told(("write", b"head"), ("close",)) == [b"head", "closed"]
    assert told(("write", b"head"), ("linger",)) == [b"head", "eof", "reads"]
    assert told(("linger",), ("write", b"late"), rounds=2) == ["eof", "reads"]
