from __future__ import annotations

import json

import pytest


@pytest.fixture
def town(ibys, trial_with):
    trial, _ = trial_with(ibys.home, records=2, seed=1, faults="none")
    return trial.town


@pytest.mark.acceptance
def test_a_workplace_and_a_professional_are_looked_up_without_a_number_on_the_command_line(ibys, town, tmp_path):
    place, person = town.workplaces[0], tmp_path / "person"
    person.write_text(place.professional + "\n")
    workplace = ibys.json("lookup", "workplace", place.sgk)
    asked = ("lookup", "professional", "--sgk", place.sgk, "--file", str(person))
    shown = ibys.run(*asked)

    assert (workplace["tehlike_sinifi"], workplace["calisan_sayisi"]) == ("Çok Tehlikeli", len(place.roster))
    assert "authorised: yes" in shown.stdout and place.professional not in shown.stdout


@pytest.mark.acceptance
def test_a_look_up_that_cannot_be_answered_or_asked_has_its_exit_code(ibys, town, tmp_path):
    person, wrong = tmp_path / "person", tmp_path / "wrong"
    person.write_text(town.workplaces[0].roster[0])
    wrong.write_text("80000000131")
    asked = ("lookup", "worker", "--sgk", town.workplaces[0].sgk, "--file")

    assert ibys.run(*asked, str(person)).returncode == 4  # soap-g2 cannot be asked that
    assert ibys.run(*asked, str(wrong)).returncode == 2


@pytest.mark.acceptance
def test_a_worker_is_looked_up_by_json_g4_and_a_record_is_warned(ibys, trial_with, tmp_path):
    trial, _ = trial_with(ibys.home, records=2, seed=1, faults="none", metot="json-g4")
    first, other = trial.town.workplaces[:2]
    person = tmp_path / "person"
    person.write_text(other.roster[0])
    answer = ibys.json("lookup", "worker", "--sgk", first.sgk, "--file", str(person))
    record = next(trial.town.records()) | {"calisan": [other.roster[0]], "id": "W-1"}
    (tmp_path / "record.json").write_text(json.dumps(record))
    told = ibys.json("submit", str(tmp_path / "record.json"))

    assert answer["holds"] is False
    assert (told["accepted"], told["records"][0]["findings"][0]["code"]) == (1, "INT-VAL-041")
