import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event, Lock

import pytest
from sqlalchemy import select, update

from integrator import acts, pipeline
from integrator.deliver.courier import Courier
from integrator.domain.clock import SystemClock
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.outcomes import Kind, Outcome
from integrator.domain.records import Bildirim, Form
from integrator.driving import claim_to_send
from integrator.gateway import Pace
from integrator.pipeline import dispatch, inquire
from integrator.queue import bodies, outbox
from integrator.queue.backoff import Backoff
from integrator.queue.fair import Rotation
from integrator.queue.line import Rules, stop
from integrator.queue.line_row import lock_line, read_line, write_line
from integrator.queue.pace import Rate
from integrator.queue.watch import Watch
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_entry, bildirim, deneme, ministry_line
from tests.factories import KURUM, content_of, record, submitted
from tests.fakes import FakeClock, FakeMinistry

AT_ONCE = Pace(concurrency=2, gather=timedelta(0))
THREE = Rules(breaker=Backoff(timedelta(seconds=10), timedelta(minutes=1), 3))
A, B = KurumNo("A"), KurumNo("B")


class LockedClock(FakeClock):
    """Many threads move its hands."""

    def __init__(self):
        super().__init__()
        self._lock = Lock()

    def sleep(self, span):
        with self._lock:
            self.at += span


class PacedMinistry(FakeMinistry):
    """Each call takes its time on the clock; remembers when each number was sent, and does what a test asks then."""

    def __init__(self, clock, seconds=0.0, turns=None):
        super().__init__()
        self.clock, self.seconds, self._one_by_one, self._turns = clock, seconds, Lock(), turns
        self.sent_at, self.at_call, self.failing, self.calls = {}, {}, {}, 0

    def _call(self, sorgu_no):
        self.sent_at.setdefault(sorgu_no, self.clock.now())
        with self._one_by_one:
            self.calls += 1
            self.at_call.pop(self.calls, lambda: None)()  # nobody's call goes on, and no hand moves, while a test acts
            if self._turns:
                self._turns.wait_for_worker()
            self.clock.sleep(timedelta(seconds=self.seconds))

    def send(self, sorgu_no, dvo, cms):
        self._call(sorgu_no)
        if sorgu_no in self.failing:
            return self._exchange(Outcome(*self.failing[sorgu_no]))
        return super().send(sorgu_no, dvo, cms)

    def ask(self, sorgu_no, dvo):
        self._call(sorgu_no)
        return super().ask(sorgu_no, dvo)


class Turns(Courier):
    """A call ends, and the clock moves, only while the worker waits for answers: a busy machine is no slow worker."""

    waits, is_over = Event(), False

    def collect(self, patience, gather):
        self.waits.set()
        return super().collect(patience, gather)

    def close(self):
        Turns.is_over = True
        self.waits.set()
        try:
            return super().close()
        finally:
            Turns.is_over = False
            self.waits.clear()

    @classmethod
    def wait_for_worker(cls):
        cls.waits.wait()
        if not cls.is_over:
            cls.waits.clear()


@pytest.fixture
def many(gateway):
    """Queues messages of a customer without signing each: one is made, the others are its copies."""
    made = {}

    def queue(kurum, count, *, state="queued", of=gateway):
        if kurum not in made:
            [answer] = pipeline.accept(of, kurum, submitted(record("first")))
            with reading(of.database) as tx:
                row = tx.execute(select(outbox.bildirim_body).where(outbox.bildirim_body.c.kurum_id == kurum)).one()
            key = content_of(of, kurum, answer.sorgu_no[0])
            salt, canonical = bodies.open_canonical(key, kurum, answer.sorgu_no[0], row.canonical)
            cms = bodies.open_cms(key, kurum, answer.sorgu_no[0], row.cms)
            made[kurum] = (salt, canonical, cms)
            acts.cancel(of, kurum, answer.sorgu_no[0], reason="only a pattern")
        salt, canonical, cms = made[kurum]
        now, sealer = of.clock.now(), of.keyring.sealer(kurum)
        with writing(of.database) as tx:
            rows = [
                Bildirim(SorguNo(n), kurum, f"K-{n}", 1, Form("egitim", "2018-10", "soap-g2"), 1, canonical, cms, salt)
                for n in outbox.take_numbers(tx, count)
            ]
            outbox.put(tx, rows, [bodies.seal_body(sealer, row) for row in rows], now=now)
            numbers = [row.sorgu_no for row in rows]
            if state != "queued":
                which = update(bildirim).where(bildirim.c.sorgu_no.in_(numbers))
                tx.execute(which.values(state=state, uncertain_since=now))
        return numbers

    return queue


def line_of(gateway):
    with reading(gateway.database) as tx:
        return read_line(tx, gateway.address)


def rows_of(gateway):
    with reading(gateway.database) as tx:
        return [(row.state, row.attempt) for row in tx.execute(select(bildirim.c.state, bildirim.c.attempt))]


def starts_of(gateway):
    with reading(gateway.database) as tx:
        return sorted(tx.execute(select(deneme.c.started_at).where(deneme.c.outcome != "given_back")).scalars())


def at_the_same_time(*calls):
    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


# The breaker


def test_failures_in_a_row_open_the_breaker_and_what_was_not_begun_goes_back(home, gateway, ministry, several_queued):
    ministry.faults.extend(["connect"] * 50)
    dispatch(replace(gateway, rules=THREE, pace=Pace(concurrency=1, gather=timedelta(0))))

    assert line_of(gateway).opened == 1
    assert len(ministry.sent) <= 5
    assert {state for state, _ in rows_of(gateway)} == {"queued"}
    assert sum(attempt for _, attempt in rows_of(gateway)) == len(ministry.sent)


@pytest.fixture
def several_queued(home):
    return [each.sorgu_no[0] for each in home.accept(*(record(f"K-{n}") for n in range(20)))]


def test_one_probe_goes_out_across_all_workers_and_a_success_lets_all_go(
    home, gateway, ministry, clock, another_worker, several_queued
):
    ministry.faults.extend(["connect"] * 50)
    mine = replace(gateway, rules=THREE, pace=Pace(concurrency=1, gather=timedelta(0)))
    dispatch(mine)
    clock.advance(minutes=2)
    seen, before = [], len(ministry.sent)
    workers = [mine, *(another_worker(rules=THREE, actor=f"w{n}") for n in range(3))]

    def while_the_probe_is_out(_):
        seen.extend(dispatch(each) for each in workers[1:])

    ministry.faults.clear()
    ministry.faults.append(while_the_probe_is_out)
    ministry._lock = Unlocked()
    dispatch(mine)

    assert seen == [{}] * 3
    assert (line_of(gateway).opened, home.states()) == (0, {"accepted": 20})
    assert len(ministry.sent) - before == 20
    assert home.broken() is None


class Unlocked:
    """The ministry's lock, when a call calls."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def test_a_healthy_path_writes_nothing_to_the_row(gateway, ministry, several_queued):
    dispatch(gateway)

    with reading(gateway.database) as tx:
        [row] = tx.execute(select(ministry_line)).mappings()
    assert (row["changed_at"], row["tokens_left"], row["spent_until"], row["failures"]) == (None, None, None, 0)


def test_a_retry_after_rests_the_line_for_every_worker(gateway, ministry, clock, another_worker, several_queued):
    busy = PacedMinistry(clock)
    busy.at_call[1] = lambda: None
    answer = Outcome(Kind.BUSY, "http_503", retry_after=timedelta(seconds=30))
    busy.send = lambda *_: busy._exchange(answer)
    dispatch(replace(gateway, generation=busy, pace=Pace(window=1, concurrency=1)))

    assert dispatch(another_worker()) == {}
    clock.advance(seconds=31)
    assert dispatch(another_worker())["accepted"] >= 19


# The operator's rate


def test_four_workers_together_never_make_more_calls_than_the_rate_allows(gateway, another_worker, many):
    clock = LockedClock()
    ministry = PacedMinistry(clock)
    many(A, 30)
    many(B, 30)
    many(A, 15, state="uncertain")
    facts = {"clock": clock, "generation": ministry, "rules": Rules(rate=Rate(4.0)), "pace": AT_ONCE}
    workers = [another_worker(actor=f"w{n}", **facts) for n in range(4)]
    at_the_same_time(*(lambda each=each: (dispatch(each), inquire(each)) for each in workers))

    starts = starts_of(gateway)
    assert len(starts) >= 75
    for place, begins in enumerate(starts):
        for count, at in enumerate(starts[place:], 1):
            assert count <= 4.0 * (at - begins).total_seconds() + 4 + 1e-6


def test_a_rate_holds_on_the_wire_of_a_real_clock(gateway, another_worker, many):
    clock = SystemClock()
    ministry = PacedMinistry(LockedClock())
    called = []
    real_send = ministry.send
    ministry.send = lambda *given: called.append(time.monotonic()) or real_send(*given)
    many(A, 30, of=replace(gateway, clock=clock))
    facts = {"clock": clock, "generation": ministry, "rules": Rules(rate=Rate(10.0)), "pace": AT_ONCE}
    began = time.monotonic()
    at_the_same_time(*(lambda n=n: dispatch(another_worker(actor=f"w{n}", **facts)) for n in range(2)))

    assert len(called) == 30
    assert time.monotonic() - began >= 1.9
    late = 0.4  # between taking the token, which is exact, and the call, on a busy machine
    for place, begins in enumerate(called):
        for count, at in enumerate(called[place:], 1):
            assert count <= 10.0 * (at - begins + late) + 10


def test_a_worker_claims_no_more_than_it_can_send(gateway, many, clock):
    ministry = PacedMinistry(clock)
    many(A, 50)
    held = []

    def look():
        held.append(sum(state == "sending" for state, _ in rows_of(gateway)))

    ministry.at_call = dict.fromkeys(range(1, 9), look)
    dispatch(
        replace(gateway, generation=ministry, rules=Rules(rate=Rate(2.0)), pace=AT_ONCE), stop=lambda: len(held) > 7
    )

    assert max(held) <= 2


# The kill switch


def test_a_stop_is_obeyed_before_each_attempt_and_burns_none(home, gateway, many, another_worker, clock):
    ministry = PacedMinistry(clock)
    many(KURUM, 150)
    hand = another_worker(actor="hand")
    stopped_at = []

    def stop_it():
        acts.stop_line(hand, reason="ministry asks for quiet")
        stopped_at.append(time.monotonic())

    late = []

    def send(*given):
        time.sleep(0.01)
        if stopped_at:
            late.append(time.monotonic() - stopped_at[0])
        return PacedMinistry.send(ministry, *given)

    ministry.at_call[5] = stop_it
    slow = type("Slow", (), {"metot": "soap-g2", "send": staticmethod(send), "ask": ministry.ask})()
    dispatch(replace(gateway, generation=slow))

    assert max(late, default=0.0) < 0.4  # a tenth of a second, and a busy machine
    states = home.states()
    assert (states["queued"] + states["accepted"], home.line()) == (151 - states["cancelled"], "STOPPED")
    assert {attempt for state, attempt in rows_of(gateway) if state == "queued"} == {0}
    assert dispatch(gateway) == inquire(gateway) == {}

    acts.resume_line(hand, reason="they called back")
    dispatch(replace(gateway, generation=ministry))
    assert home.states()["accepted"] == 150
    assert home.broken() is None


def test_stop_and_resume_are_in_the_audit_log_with_their_reasons(home, gateway):
    assert acts.stop_line(gateway, reason="quiet please")
    assert not acts.stop_line(gateway, reason="again")
    assert acts.resume_line(gateway, reason="done")
    assert not acts.resume_line(gateway, reason="again")

    with reading(gateway.database) as tx:
        leaves = [row.leaf.decode() for row in tx.execute(audit_entry.select().order_by(audit_entry.c.i))]
    assert ['"line.stopped"' in leaves[-2], "quiet please" in leaves[-2]] == [True, True]
    assert ['"line.resumed"' in leaves[-1], "done" in leaves[-1]] == [True, True]


def test_a_question_that_was_not_put_is_due_again_and_does_not_count(gateway, many, another_worker, clock):
    ministry = PacedMinistry(clock)
    many(KURUM, 40, state="uncertain")
    ministry.at_call[1] = lambda: acts.stop_line(another_worker(), reason="x")
    real = ministry.ask
    ministry.ask = lambda *given: time.sleep(0.03) or real(*given)
    inquire(replace(gateway, generation=ministry, pace=Pace(concurrency=1)))

    with reading(gateway.database) as tx:
        rows = tx.execute(select(bildirim.c.asks, bildirim.c.due_at).where(bildirim.c.state == "uncertain")).all()
    assert len(rows) > 20
    assert {row.asks for row in rows} == {0}
    assert max(row.due_at for row in rows) <= clock.now()


def test_what_was_claimed_by_a_worker_that_did_not_see_the_stop_is_not_sent(gateway, ministry, several_queued):
    batch = claim_to_send(gateway, pipeline.SENDING, 5, Rotation())
    with writing(gateway.database) as tx:
        found = lock_line(tx, "")
        write_line(tx, found, stop(found, "x", now=gateway.clock.now()))
    watch = Watch(lambda: line_of(gateway), gateway.clock)

    assert [watch.lets_pass(each) for [each] in batch.bundles] == [False] * 5


# 401


def test_a_401_stops_every_worker_and_burns_no_attempt(home, gateway, another_worker, several_queued, clock):
    ministry = PacedMinistry(clock)
    real = ministry.send
    ministry.send = lambda *given: time.sleep(0.01) or real(*given)
    ministry.is_firm_active = False
    workers = [another_worker(actor=f"w{n}", generation=ministry, pace=AT_ONCE) for n in range(3)]
    at_the_same_time(*(lambda each=each: dispatch(each) for each in workers))

    assert (home.line(), home.states()) == ("PASSIVE", {"queued": 20})
    assert {attempt for _, attempt in rows_of(gateway)} == {0}
    assert len(ministry.sent) <= 12


def test_two_workers_never_probe_at_once(home, gateway, ministry, clock, another_worker, several_queued):
    ministry.is_firm_active = False
    dispatch(gateway)
    clock.advance(seconds=61)
    before = len(ministry.sent)
    workers = [another_worker(actor=f"w{n}") for n in range(4)]
    at_the_same_time(*(lambda each=each: dispatch(each) for each in workers))

    assert len(ministry.sent) - before == 1


def test_an_operator_ends_passive(home, gateway, ministry, several_queued):
    ministry.is_firm_active = False
    dispatch(gateway)
    ministry.is_firm_active = True
    assert acts.resume_line(gateway, reason="parola renewed")
    dispatch(gateway)

    assert (home.line(), home.states()) == ("ACTIVE", {"accepted": 20})


# Turns


def delay_of_one(gateway, many, *, of_a, seconds, rate=None, failing=None, others=0, state="queued"):
    """How long B's only message waits, which is accepted when the ministry takes its 30th call."""
    clock = LockedClock()
    ministry = PacedMinistry(clock, seconds, Turns)
    mine = replace(
        gateway,
        clock=clock,
        generation=ministry,
        pace=Pace(concurrency=4, gather=timedelta(0)),
        rules=Rules(breaker=Backoff(timedelta(seconds=1), timedelta(seconds=4), 10), rate=Rate(rate) if rate else None),
    )
    numbers = many(A, of_a, of=mine, state=state)
    for n in range(others):
        many(KurumNo(f"C{n:02}"), 30, of=mine, state=state)
    many(B, 1, of=mine, state="cancelled")  # B's key and pattern are there
    ministry.failing = dict.fromkeys(numbers, failing) if failing else {}
    accepted = {}

    def accept_one():
        [number] = many(B, 1, of=mine, state=state)
        accepted.update(number=number, at=clock.now())

    ministry.at_call[30] = accept_one
    walk = dispatch if state == "queued" else inquire

    def is_sent():
        return accepted.get("number") in ministry.sent_at

    for _ in range(2000):
        walk(mine, stop=is_sent)
        if is_sent():
            break
        clock.sleep(timedelta(seconds=0.5))  # the worker's tick
    return (ministry.sent_at[accepted["number"]] - accepted["at"]).total_seconds()


@pytest.fixture
def in_turns(monkeypatch):
    monkeypatch.setattr("integrator.driving.Courier", Turns)


@pytest.mark.usefixtures("in_turns")
@pytest.mark.parametrize("state", ["queued", "uncertain"])
@pytest.mark.parametrize("seconds", [0.2, 0.02, 0.002], ids=["5 a second", "50 a second", "500 a second"])
def test_one_customers_thousand_delays_anothers_one_by_less_than_a_second(gateway, many, seconds, state):
    assert delay_of_one(gateway, many, of_a=1000, seconds=seconds, state=state) < 1.0


@pytest.mark.usefixtures("in_turns")
def test_so_it_is_under_a_rate_of_two_a_second(gateway, many):
    assert delay_of_one(gateway, many, of_a=1000, seconds=0.001, rate=2.0) < 1.0


@pytest.mark.usefixtures("in_turns")
@pytest.mark.parametrize(
    "failing",
    [(Kind.BUSY, "http_503"), (Kind.UNCERTAIN, "timeout"), (Kind.NOT_ARRIVED, "http_413"), (Kind.REFUSED, "210")],
)
def test_so_it_is_while_all_the_messages_of_the_other_fail(gateway, many, failing):
    assert delay_of_one(gateway, many, of_a=1000, seconds=0.01, failing=failing) < 1.0


@pytest.mark.usefixtures("in_turns")
def test_so_it_is_among_fifty_customers(gateway, many):
    assert delay_of_one(gateway, many, of_a=500, seconds=0.01, others=50) < 1.0
