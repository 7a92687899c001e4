"""Webhooks with real processes: a worker that is killed, a receiver with faults by a random script."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter

import pytest
from standardwebhooks.webhooks import Webhook

from integrator import acts, pipeline
from integrator.feed import read_changes
from integrator.intake.read_json import read_file
from integrator.queue import readings
from integrator.store.engine import reading
from integrator.wiring import caps, open_gateway
from tests.acceptance.conftest import wait_until
from tests.factories import REPO
from tests.receiver import first_of_each, read_note

RECORDS = 20
QUICK = {
    "IBYS_WEBHOOK_ALLOW_HTTP": "true", "IBYS_WEBHOOK_PORTS": "0", "IBYS_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "IBYS_WEBHOOK_CONNECT_SECONDS": "0.5", "IBYS_WEBHOOK_SILENCE_SECONDS": "0.4", "IBYS_WEBHOOK_TOTAL_SECONDS": "0.5",
    "IBYS_WEBHOOK_TURN_SECONDS": "0.3", "IBYS_WEBHOOK_BASE_SECONDS": "0.02", "IBYS_WEBHOOK_CEILING_SECONDS": "0.1",
    "IBYS_WORKER_WEBHOOK_SECONDS": "0.05",
}  # fmt: skip
FAULTS = ["500", "503:0", "reset", "deaf", "drip", "shut", "huge", "302:http://127.0.0.1:1/", "404"]


def script(seed, words=120):
    draw = random.Random(seed)
    return [draw.choice(FAULTS) if draw.random() < 0.3 else "ok" for _ in range(words)]


@pytest.fixture
def receive(tmp_path):
    """Starts a receiver in a process of its own: (its address, what it has noted so far)."""
    started = []

    def start(words):
        note = tmp_path / f"received-{len(started)}.ndjson"
        command = [sys.executable, "-m", "tests.receiver", str(note), *words]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPO)
        started.append(process)
        return f"http://127.0.0.1:{int(process.stdout.readline())}/hook", lambda: read_note(note)

    yield start
    for each in started:
        each.kill()
        each.wait(10)


def feed_of(gateway, kurum):
    with reading(gateway.database) as tx:
        return [each.told_cursor for each in read_changes(tx, kurum, limit=100_000)]


@pytest.mark.acceptance
def test_a_killed_worker_and_a_bad_receiver_lose_nothing_and_each_change_comes_first_in_its_order(
    ibys, trial_with, receive
):
    trial, _ = trial_with(ibys.home, records=RECORDS, seed=7, faults="usual")
    ibys.environment |= QUICK
    address, received = receive(script(7))
    made = ibys.json("webhook", "make", address, "--name", "kill")
    gateway = open_gateway(trial.settings)
    acts.refresh_codes(gateway)
    list(pipeline.accept(gateway, trial.kurum, read_file(trial.input_file, caps(trial.settings))))

    for _ in range(2):
        before = len(received())
        worker = ibys.start("worker")
        wait_until(lambda before=before: len(received()) > before + 20)
        worker.kill()
        worker.wait(10)
    last = ibys.start("worker")
    wait_until(lambda: settled(gateway) and told(received()) >= set(feed_of(gateway, trial.kurum)))

    assert ibys.stop(last) == 0
    first = first_of_each(received())
    assert [each.told["data"]["cursor"] for each in first] == feed_of(gateway, trial.kurum)
    assert all(Webhook(made["secret"]).verify(each.body, each.headers) for each in received()[-50:])
    assert len(received()) > len(first)
    assert Counter(each.fault.partition(":")[0] for each in received()).keys() >= {"ok", "500", "deaf", "reset", "302"}


def told(received):
    return {each.told["data"]["cursor"] for each in received}


def settled(gateway):
    with reading(gateway.database) as tx:
        states = readings.count_states(tx)
    return not any(states.get(state) for state in ("queued", "sending", "uncertain", "pending"))
