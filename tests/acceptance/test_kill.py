from __future__ import annotations

import json
import signal
import time

import pytest

from integrator.trial.count import count_effects
from integrator.wiring import open_gateway

RECORDS = 300


def settled(ibys):
    states = ibys.json("status")["states"]
    return not any(states.get(state) for state in ("queued", "sending", "uncertain", "pending"))


def counted(trial, ministry, numbers):
    gateway = open_gateway(trial.settings, sending=False)
    records = [json.loads(line) for line in trial.input_file.open("rb")]
    return count_effects(gateway, trial.kurum, records, numbers, ministry.control("GET", "/ledger"))


@pytest.mark.acceptance
@pytest.mark.parametrize("faults", ["usual", "hostile"])
def test_a_worker_killed_three_times_loses_and_doubles_nothing(ibys, trial_with, faults):
    trial, ministry = trial_with(ibys.home, records=RECORDS, seed=31, faults=faults)
    ibys.run("codes", "refresh")
    submitted = ibys.json("submit", str(trial.input_file))
    numbers = [number for record in submitted["records"] for number in record["sorgu_no"]]

    for _ in range(3):
        worker = ibys.start("worker")
        before = ministry.control("GET", "/ledger/summary")["messages"]
        ends = time.monotonic() + 30
        while ministry.control("GET", "/ledger/summary")["messages"] < before + 25 and time.monotonic() < ends:
            time.sleep(0.02)
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    last = ibys.start("worker")
    ends = time.monotonic() + 150
    while not settled(ibys) and time.monotonic() < ends:
        time.sleep(0.5)

    assert ibys.stop(last) == 0
    assert settled(ibys)
    count = counted(trial, ministry, numbers)
    assert (count.lost, count.duplicate_effects, count.unexpected, count.misjudged) == (0, 0, 0, 0)
    assert ibys.json("audit", "verify")["audit_ok"] is True


@pytest.mark.acceptance
def test_a_submit_that_is_killed_and_repeated_stores_each_record_once(ibys, trial_with):
    trial, _ = trial_with(ibys.home, records=RECORDS, seed=32, faults="none")
    ibys.run("codes", "refresh")

    for _ in range(3):
        submitting = ibys.start("submit", str(trial.input_file))
        time.sleep(1.4)
        submitting.send_signal(signal.SIGKILL)
        submitting.wait(10)
    answer = ibys.json("submit", str(trial.input_file))

    assert answer["rejected"] == 0
    assert answer["accepted"] + answer["known"] == RECORDS
    assert ibys.json("status")["kayit"] == RECORDS
    assert ibys.json("audit", "verify")["audit_ok"] is True


@pytest.mark.acceptance
def test_a_worker_told_to_stop_finishes_what_is_under_way(ibys, trial_with):
    trial, _ = trial_with(ibys.home, records=RECORDS, seed=33, faults="none")
    ibys.run("codes", "refresh")
    ibys.run("submit", str(trial.input_file))

    worker = ibys.start("worker")
    time.sleep(2.5)

    assert ibys.stop(worker) == 0
    states = ibys.json("status")["states"]
    assert "sending" not in states
    assert "uncertain" not in states
