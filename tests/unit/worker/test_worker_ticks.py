import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from integrator.deliver.courier import Courier
from integrator.domain.clock import SystemClock
from integrator.domain.errors import Misconfigured
from integrator.settings import Settings, WorkerSettings
from integrator.worker import ticks
from integrator.worker.ticks import Worker


def test_a_worker_without_a_ministry_is_a_mistake_heard_at_start(gateway, tmp_path):
    with pytest.raises(Misconfigured):
        Worker(replace(gateway, generation=None), Settings(home=tmp_path))


def test_a_tick_that_fails_is_logged_and_does_not_end_the_worker(gateway, tmp_path, monkeypatch):
    class Log:
        def error(self, event, **facts):
            told.append((event, facts))

    told = []
    monkeypatch.setattr(ticks, "logger", Log)

    def breaks():
        raise ValueError("bad")

    Worker(gateway, Settings(home=tmp_path))._guarded(breaks)()

    assert [(event, facts["error"]) for event, facts in told] == [("worker.failed", "ValueError")]


def test_the_ticks_send_ask_and_sign_until_the_worker_is_stopped(gateway, tmp_path, monkeypatch):
    counted, seen = threading.Semaphore(0), set()
    running = replace(gateway, clock=SystemClock())  # APScheduler has a clock of its own
    worker = Worker(running, Settings(home=tmp_path, worker=WorkerSettings(0.02, 0.02, 0.02)))
    for name in ("_dispatch", "_inquire", "_checkpoint", "_refresh_codes"):

        def tick(name=name):
            seen.add(name)
            counted.release()

        tick.__name__ = name
        monkeypatch.setattr(worker, name, tick)
    monkeypatch.setattr(ticks.signal, "signal", lambda *_: None)
    thread = threading.Thread(target=worker.run)
    thread.start()
    for _ in range(12):
        assert counted.acquire(timeout=5)
    worker._stopping.set()
    thread.join(10)

    assert not thread.is_alive()
    assert {"_dispatch", "_inquire", "_checkpoint"} <= seen


def test_a_courier_brings_back_every_result():
    courier = Courier(lambda job: job * 2, concurrency=3)
    for job in range(20):
        courier.take(job)
    found = []
    while len(courier):
        found += courier.collect(timedelta(seconds=1), timedelta(0))

    assert sorted(found) == [job * 2 for job in range(20)]
    assert courier.close() == ([], [])


def test_a_closed_courier_returns_what_it_had_not_begun():
    gate = threading.Event()
    courier = Courier(lambda job: gate.wait(5) and job, concurrency=1)
    for job in range(5):
        courier.take(job)
    threading.Timer(0.1, gate.set).start()
    while courier._jobs.qsize() == 5:
        pass
    back, done = courier.close()

    assert sorted([*back, *done]) == list(range(5))
    assert 0 in done
