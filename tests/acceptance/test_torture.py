"""The short form of `make torture`: real processes killed at fault points, and what else is done to them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tortured(kind, engine):
    command = [sys.executable, "-m", "bench.torture", "--short", "--json", "--only", kind, "--engine", engine]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, timeout=280, check=False
    )
    if "was NOT tried" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)["trials"]


@pytest.mark.acceptance
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_process_killed_at_points_spread_over_its_run_loses_and_doubles_nothing(engine):
    [trial] = tortured("kill", engine)

    assert (trial["lost"], trial["duplicates"], trial["failures"]) == (0, 0, [])
    assert trial["blows"] >= 6
    assert trial["second_kills"] >= 1
    assert trial["messages"] >= 80


@pytest.mark.acceptance
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_sleepers_jumping_clocks_and_a_full_disk_lose_and_double_nothing(engine):
    trials = tortured("trials", engine)

    assert len(trials) == (3 if engine == "sqlite" else 2)
    assert [trial["failures"] for trial in trials if trial["failures"]] == []
    assert all(trial["blows"] for trial in trials)


@pytest.mark.acceptance
def test_a_bad_network_loses_and_doubles_nothing():
    [trial] = tortured("network", "sqlite")

    assert (trial["lost"], trial["duplicates"], trial["failures"]) == (0, 0, [])
    assert trial["blows_by_kind"]["reset_peer"] >= 3


@pytest.mark.acceptance
def test_a_database_server_restarted_and_cut_off_loses_and_doubles_nothing():
    [trial] = tortured("database", "postgresql")

    assert (trial["lost"], trial["duplicates"], trial["failures"]) == (0, 0, [])
    assert trial["blows_by_kind"]["restart immediate"] >= 1


@pytest.mark.acceptance
def test_an_api_killed_in_the_middle_of_an_upload_loses_and_doubles_nothing():
    [trial] = tortured("upload", "sqlite")

    assert (trial["lost"], trial["duplicates"], trial["failures"]) == (0, 0, [])
    assert (trial["messages"], trial["blows"], trial["notes"]["changes in the feed"]) == (2_000, 3, 2_000)


@pytest.mark.acceptance
def test_an_api_killed_at_the_commit_of_single_records_loses_and_doubles_nothing():
    [trial] = tortured("singles", "sqlite")

    assert (trial["lost"], trial["duplicates"], trial["failures"]) == (0, 0, [])
    assert (trial["messages"], trial["blows_by_kind"]) == (800, {"commit.after": 1, "commit.before": 1})
    assert trial["notes"]["stored before the kill, told later"] >= 1
