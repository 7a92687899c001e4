"""An OSGB's morning: what İSG-KATİP knows is looked at, taken in, and at hand for the next record."""

from __future__ import annotations

import json

import pytest

from tests.integration.pipeline.exports import NEW, ROSTER, contract, worker
from tests.unit.intake.sheets import write_csv, write_xlsx


@pytest.fixture
def town(ibys, trial_with):
    trial, _ = trial_with(ibys.home, records=2, seed=1, faults="none")
    return trial.town


@pytest.mark.acceptance
def test_contracts_and_a_roster_are_imported_and_a_record_is_accepted(ibys, town, tmp_path):
    place, other = town.workplaces[:2]
    contracts, roster, people = tmp_path / "s.xlsx", tmp_path / "c.csv", tmp_path / "p.xlsx"
    write_xlsx(contracts, [contract(sgk=place.sgk, person=place.professional)], headings=NEW)
    write_csv(roster, [worker(each, sgk=place.sgk) for each in place.roster], headings=ROSTER)
    write_xlsx(people, [[place.professional, "İşyeri Hekimi"]], headings=["TC", "Belge Tipi"])
    (tmp_path / "record.json").write_text(json.dumps(next(town.records())))

    preview = ibys.json("parties", "import", str(contracts), "--kind", "contracts", "--preview")
    empty = ibys.json("parties", "list")
    taken = ibys.json("parties", "import", str(contracts), "--kind", "contracts")
    workers = ibys.json("parties", "import", str(roster), "--kind", "roster", "--refreshed-on", "2025-03-31")
    ibys.json("parties", "import", str(people), "--kind", "professionals")
    shown, told = ibys.run("parties", "show", place.sgk), ibys.json("parties", "show", place.sgk)
    ibys.json("codes", "refresh")
    submitted = ibys.json("submit", str(tmp_path / "record.json"))

    assert (preview["counts"]["new"], empty["workplaces"]) == (1, [])
    assert (taken["counts"]["new"], workers["counts"]["new"]) == (1, len(place.roster))
    assert (told["roster_on"], told["workers"], told["contracts"][0]["durum"]) == ("2025-03-31", 130, "onaylandi")
    assert place.professional not in shown.stdout + json.dumps([preview, taken, told]) and "D***" in shown.stdout
    assert submitted["accepted"] == 1
    assert "INT-VAL-042" in [each["code"] for each in submitted["records"][0]["findings"]]
    assert other.sgk not in shown.stdout


@pytest.mark.acceptance
def test_a_spoiled_export_says_where_and_has_its_exit_code(ibys, town, tmp_path):
    spoiled = tmp_path / "s.xlsx"
    write_xlsx(spoiled, [contract(), contract("7002", person="80000000131")], headings=NEW)
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.4")
    asked = ("parties", "import", str(spoiled), "--kind", "contracts")
    done = ibys.run(*asked)

    assert done.returncode == 2 and "Kayıtlar!D3" in done.stdout and "80000000131" not in done.stdout
    assert ibys.run("parties", "import", str(tmp_path / "x.pdf"), "--kind", "roster").returncode == 2
    assert ibys.run("parties", "import", str(tmp_path / "x.pdf"), "--kind", "contracts").returncode == 2
    assert ibys.run("parties", "show", "29999010100001230069994000", "--kurum", "yabanci").returncode == 2


@pytest.mark.acceptance
def test_operators_hands_on_parties_are_one_command_each(ibys, town):
    one, two = (each.sgk for each in town.workplaces[:2])
    told = ("--reason", "SGK nakil", "--as", "sekreter")
    changed = ibys.json("parties", "number-changed", one, two, *told)
    ibys.json("parties", "set", two, "--auto-update", "yes", "--auto-update-on", "2026-03-01", *told)
    own = ibys.json("parties", "kurum", "--type", "OSGB", "--follow-served", "yes", *told)

    assert changed["changed"] is True
    assert ibys.json("parties", "show", one)["replaced_by"] == two
    assert ibys.json("parties", "show", two)["otomatik_on"] == "2026-03-01"
    assert own == ibys.json("parties", "kurum") == {"kurum": "deneme-osgb", "type": "OSGB", "follow_served": True}
    assert ibys.run("parties", "set", two, *told).returncode == 2
    assert ibys.run("audit", "verify").returncode == 0
