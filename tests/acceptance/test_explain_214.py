from __future__ import annotations

import json

import pytest

from tests.acceptance.conftest import wait_until
from tests.factories import PROFESSIONAL, SINGLE, WORKER

RECORDS = 260  # more than one worker's window, so that some still wait when the answer comes


def settled(ibys):
    states = ibys.json("status")["states"]
    return not any(states.get(state) for state in ("queued", "sending", "uncertain", "pending"))


@pytest.mark.acceptance
def test_a_planted_214_is_explained_and_the_messages_of_its_form_are_stopped(ibys, trial_with, tmp_path):
    trial, ministry = trial_with(ibys.home, records=RECORDS, seed=41, faults="none")
    ibys.run("codes", "refresh")
    ibys.run("submit", str(trial.input_file))
    ministry.control("PUT", "/faults", {"scripts": [{"fault": "code_214_lie", "nth": 1}]})

    worker = ibys.start("worker")
    wait_until(lambda: settled(ibys))
    assert ibys.stop(worker) == 0

    causes = {each["state"]: each for each in ibys.json("status")["waiting_for_a_person"]}
    refused = causes["refused"]
    assert (refused["count"], refused["last_code"]) == (1, "214")
    assert causes["quarantined"]["count"] >= 1
    assert causes["quarantined"]["reason"] == refused["reason"]

    told = ibys.json("status", str(refused["example"]))["explanation"]
    named = {each["cause"] for each in told["causes"]}
    assert named == {"standalone", "name_case", "element_extra"}
    assert told["certain"] is True
    line = next(line for line in ibys.run("status", str(refused["example"])).stdout.splitlines() if line[:4] == "214:")
    assert "standalone" in line
    stopped = ibys.run("status", str(causes["quarantined"]["example"])).stdout
    assert "INT-RCP-001 standalone" in stopped

    logged = [json.loads(each) for each in (tmp_path / "worker.log").read_text().splitlines() if each[:1] == "{"]
    explained = next(each for each in logged if each["event"] == "receipt.explained")
    quarantined = next(each for each in logged if each["event"] == "queue.quarantined")
    assert explained["cause"] == quarantined["cause"] == ",".join(each["code"] for each in told["causes"])
    assert (explained["element"], explained["offset"]) == ("(prolog)", 36)
    assert ibys.json("audit", "verify")["audit_ok"] is True


@pytest.mark.acceptance
def test_two_files_are_compared_side_by_side_in_the_readers_language(ibys, tmp_path):
    ours, theirs = tmp_path / "ours.xml", tmp_path / "theirs.txt"
    ours.write_bytes(SINGLE)
    theirs.write_bytes("İmzalı içerik hatalı: ".encode() + SINGLE.replace(b"40.0", b"40"))

    done = ibys.run("explain-214", "--ours", str(ours), "--theirs", str(theirs))
    ibys.environment["IBYS_LANG"] = "tr"
    turkish = ibys.run("explain-214", "--ours", str(ours), "--theirs", str(theirs))
    told = ibys.json("explain-214", "--ours", str(ours), "--theirs", str(theirs))

    assert done.returncode == turkish.returncode == 0
    assert "<egitimSuresi>40.0</egitimSuresi>" in done.stdout
    assert "<egitimSuresi>40</egitimSuresi>" in done.stdout
    assert "double_text" in done.stdout
    assert "İlk farklı bayt" in turkish.stdout
    assert (told["causes"][0]["cause"], told["offset"], told["certain"]) == ("double_text", 217, True)
    for shown in (done.stdout, turkish.stdout, json.dumps(told)):
        assert WORKER not in shown
        assert PROFESSIONAL not in shown


@pytest.mark.acceptance
@pytest.mark.parametrize("theirs", [None, b"", b"no xml here"], ids=["absent", "empty", "words"])
def test_a_file_that_says_nothing_exits_2_without_a_traceback(ibys, tmp_path, theirs):
    ours, other = tmp_path / "ours.xml", tmp_path / "theirs.xml"
    ours.write_bytes(SINGLE)
    if theirs is not None:
        other.write_bytes(theirs)

    done = ibys.run("explain-214", "--ours", str(ours), "--theirs", str(other))

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
