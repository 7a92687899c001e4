from __future__ import annotations

import json
import subprocess
import sys

import pytest

from integrator.conformance.stub import Stub


def run(report, *arguments):
    command = [sys.executable, "-m", "integrator.conformance", "run", "--report", str(report), "--json", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.acceptance
def test_our_gateway_passes_a_handful_of_scenarios_of_every_tier(tmp_path):
    chosen = ("single_record_443_bytes", "one_record_is_accepted", "reply_lost_after_commit", "another_customer_*")

    done = run(tmp_path, "--gateway", "ibys", *(word for each in chosen for word in ("--only", each)))

    told = json.loads(done.stdout)
    assert (done.returncode, told["counts"]["passed"], told["failed"]) == (0, 4, {})
    assert (tmp_path / "report.html").read_text().count("<article") == 4


@pytest.mark.acceptance
def test_the_ministry_in_miniature_passes_every_scenario_of_its_side(tmp_path):
    stub = Stub(tmp_path / "stub.log")
    try:
        base = f"http://{stub.host}:{stub.port}"
        done = run(tmp_path / "report", "--ministry", base, "--control", stub.greeting["control"])
    finally:
        stub.close()

    told = json.loads(done.stdout)
    assert (done.returncode, told["failed"]) == (0, {})
    assert told["executed"] >= 70


@pytest.mark.acceptance
def test_an_address_without_a_control_port_wants_people(tmp_path):
    done = run(tmp_path, "--ministry", "http://127.0.0.1:9")

    assert done.returncode == 2
    assert "--people" in done.stderr


@pytest.mark.acceptance
def test_a_run_that_executes_nothing_fails(tmp_path):
    done = run(tmp_path, "--gateway", "ibys", "--only", "no-such-scenario")

    assert done.returncode == 5
    assert json.loads(done.stdout)["executed"] == 0
