"""The commands about published veri setleri, as processes."""

import json
import shutil
from pathlib import Path

import pytest

from integrator.catalogue.catalogue import read_catalogue

REPO = Path(__file__).resolve().parents[2]
RECORD = json.loads((REPO / "docs/tour/record.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.acceptance


def test_every_version_is_listed_with_its_status_and_source(ibys):
    listed = ibys.json("veri-seti", "list")["definitions"]

    assert [(each["veri_seti"], each["version"]) for each in listed] == [
        (each.veri_seti, each.version) for each in read_catalogue().definitions
    ]
    assert all(each["status"] in ("official", "assumed", "draft") and each["source"] for each in listed)


def test_a_version_is_shown_field_by_field(ibys):
    shown = ibys.json("veri-seti", "show", "muayene/2023-03")
    fields = {each["path"]: each for each in shown["fields"]}

    assert fields["raporTarihi"]["wire"]["json-g4"]["name"] == "muayeneRaporTarihi"
    assert shown["code_lists"]["is_ekipmanlari"] == 99


def test_a_difference_is_told_in_turkish(ibys):
    ibys.environment["IBYS_LANG"] = "tr"
    done = ibys.run("veri-seti", "diff", "muayene/2022-02", "muayene/2023-03")

    assert "Çalışanın mesleği (calisanMeslegi) artık zorunlu." in done.stdout


@pytest.mark.parametrize("named", ["egitim/1999", "yok", "yok/1"])
def test_an_unknown_version_is_the_callers_fault(ibys, named):
    done = ibys.run("veri-seti", "diff", named, "egitim/2018-10")

    assert done.returncode == 2
    assert "egitim/2018-10" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_register_counts_the_days(ibys):
    assert {each["state"] for each in ibys.json("veri-seti", "changes")["changes"]} <= {"done", "seen"}
    row = next(c for c in ibys.json("veri-seti", "changes", "--on", "2018-07-19")["changes"] if c["no"] == "2018-03")

    assert (row["due"], row["state"]) == ("2018-08-17", "done")


def test_an_announced_version_is_tried_on_what_is_stored(ibys, tmp_path):
    ibys.run("init")
    path = tmp_path / "r.json"
    path.write_text(json.dumps([{**RECORD, "id": f"R-{n}"} for n in range(3)]), encoding="utf-8")
    assert ibys.run("submit", str(path)).returncode == 0
    folder = tmp_path / "next"
    shutil.copytree(REPO / "datasets/egitim/2018-10", folder)
    text = (folder / "veri_seti.toml").read_text(encoding="utf-8")
    (folder / "veri_seti.toml").write_text(text.replace("max = 200", "max = 1", 1), encoding="utf-8")
    found = ibys.json("veri-seti", "impact", str(folder))

    assert (found["records"], found["failing"]) == (3, 3)
    assert [(each["code"], each["path"], each["records"]) for each in found["causes"]] == [("INT-VAL-004", "egitim", 3)]


def test_occupations_are_loaded_and_remembered(ibys, tmp_path):
    ibys.run("init")
    (tmp_path / "m.csv").write_text("kod;ad\n2263.01;İSG uzmanı\n", encoding="utf-8")

    assert ibys.json("codes", "load", "meslek", str(tmp_path / "m.csv"))["codes"] == 1
    assert [each["change"] for each in ibys.json("codes", "history", "meslek")["history"]] == ["first_seen"]
