import asyncio
import threading
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from integrator.domain.errors import Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.store.engine import reading, writing
from integrator.store.tables import kayit
from integrator.web import gathering
from integrator.web.bounds import Bounds
from integrator.web.draining import Busy
from integrator.web.gathering import Gathering
from integrator.web.protocol import _Transport
from tests.factories import KURUM, record, submitted

ON_ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def one(number):
    [read] = submitted(record(f"K-{number}"))
    return read


def stored(gateway):
    with reading(gateway.database) as tx:
        return tx.execute(select(func.count()).select_from(kayit)).scalar_one()


@pytest.fixture
def counted(gateway, monkeypatch):
    """Sizes of the groups that were stored, as they come."""
    sizes, walk = [], gathering.pipeline.accept

    def accept(gateway, kurum, several):
        sizes.append(len(several))
        return walk(gateway, kurum, several)

    monkeypatch.setattr(gathering.pipeline, "accept", accept)
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
    free, walk = threading.Event(), gathering.pipeline.accept

    def accept(gateway, kurum, several):
        free.wait(30)
        return walk(gateway, kurum, several)

    monkeypatch.setattr(gathering.pipeline, "accept", accept)

    async def act(here):
        whose = (KURUM, KurumNo("osgb-2"))
        first, second = (asyncio.ensure_future(here.accept(each, one(1))) for each in whose)
        with pytest.raises(Busy):
            await second
        free.set()
        return (await first).status

    assert run(gateway, act) == "accepted"
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
    walk = gathering.pipeline.accept

    def accept(gateway, kurum, several):
        if any(each.kayit_no == "K-2" for each in several):
            raise RuntimeError("a bug")
        return walk(gateway, kurum, several)

    monkeypatch.setattr(gathering.pipeline, "accept", accept)

    async def act(here):
        return await asyncio.gather(*(here.accept(KURUM, one(number)) for number in range(5)), return_exceptions=True)

    told = run(gateway, act)

    assert [type(each).__name__ for each in told] == ["Answer", "Answer", "RuntimeError", "Answer", "Answer"]
    assert stored(gateway) == 4


@ON_ONE_ENGINE
def test_an_answer_that_is_missing_is_told_and_nobody_waits_for_it(gateway, monkeypatch):
    walk = gathering.pipeline.accept
    monkeypatch.setattr(
        gathering.pipeline, "accept", lambda *given: list(walk(*given))[:1] if len(given[2]) > 1 else []
    )

    async def act(here):
        several = (here.accept(KURUM, one(number)) for number in range(3))
        return await asyncio.wait_for(asyncio.gather(*several, return_exceptions=True), 30)

    answers = run(gateway, act)

    assert [type(each) for each in answers] == [RuntimeError] * 3


@ON_ONE_ENGINE
def test_what_is_unavailable_is_told_to_all_and_tried_once(gateway, monkeypatch):
    tried = []

    def accept(gateway, kurum, several):
        tried.append(len(several))
        raise Unavailable("no disk")

    monkeypatch.setattr(gathering.pipeline, "accept", accept)

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
        monkeypatch.setattr(here._thread, "submit", no_thread)
        with pytest.raises(RuntimeError, match="new thread"):
            await asyncio.wait_for(here.accept(KURUM, one(1)), 20)
        return await asyncio.wait_for(here.accept(KURUM, one(2)), 20)

    assert run(gateway, act).status == "accepted"
    assert stored(gateway) == 1


def test_while_somebody_else_holds_the_database_the_loop_goes_on(gateway):
    free, held = threading.Event(), threading.Event()

    def hold():
        with writing(gateway.database):
            held.set()
            free.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)

    async def act(here):
        asked = asyncio.ensure_future(here.accept(KURUM, one(1)))
        for _ in range(50):
            await asyncio.sleep(0.001)
        was_waiting = not asked.done()
        free.set()
        return was_waiting, (await asked).status

    was_waiting, status = run(gateway, act)
    holder.join()

    assert status == "accepted"
    assert was_waiting or gateway.database.dialect.name == "postgresql"  # where nobody held the head of the log


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
