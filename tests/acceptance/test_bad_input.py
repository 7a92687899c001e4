from __future__ import annotations

import json

import pytest

GOOD = {
    "id": "R-1",
    "belgeTipi": 2,
    "isgProfTckNo": "81234567804",
    "calisan": ["80000000132"],
    "egitim": [{"egitimKoduId": 240, "egitimSuresi": 40}],
    "egitimTarihi": "2025-10-23",
    "egitimYer": 1,
    "egitimTur": 1,
    "sgkTescilNo": "29999010100001230069994000",
    "egiticiTckNo": "81234567804",
}


def record(**changes):
    changed = {**GOOD, **changes}
    return json.dumps({name: value for name, value in changed.items() if value is not None}, ensure_ascii=False)


ELEVEN = [{"egitimKoduId": code, "egitimSuresi": 45} for code in range(1, 12)]

BAD = {
    "broken JSON": ('{"id": "R-1", "calisan": [', [("INT-INT-001", "")]),
    "wrong check digit": (record(calisan=["80000000131"]), [("INT-VAL-010", "calisan[0]")]),
    "unknown code": (
        record(egitim=[{"egitimKoduId": 7, "egitimSuresi": 45}]),
        [("INT-VAL-013", "egitim[0].egitimKoduId")],
    ),
    "future date": (record(egitimTarihi="2199-12-31"), [("INT-VAL-030", "egitimTarihi")]),
    "full-width digits": (record(calisan=["８００００００１３２"]), [("INT-VAL-010", "calisan[0]")]),
    "four faults": (
        record(calisan=["80000000131", "80000000142"], egitimYer=5, egiticiTckNo=None),
        [
            ("INT-VAL-010", "calisan[0]"),
            ("INT-VAL-010", "calisan[1]"),
            ("INT-VAL-001", "egiticiTckNo"),
            ("INT-VAL-013", "egitimYer"),
        ],
    ),
}


@pytest.fixture
def ready(ibys):
    assert ibys.run("init").returncode == 0
    return ibys


@pytest.mark.acceptance
@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_with_one_finding_per_fault_and_nothing_stored(ready, tmp_path, name):
    content, expected = BAD[name]
    file = tmp_path / "in.json"
    file.write_text(content, encoding="utf-8")

    done = ready.run("submit", str(file), "--json")
    answer = json.loads(done.stdout)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    found = [(each["code"], each["path"]) for each in answer["records"][0]["findings"]]
    assert sorted(found) == sorted(expected)
    assert all(each["tr"] and each["en"] for each in answer["records"][0]["findings"])
    assert ready.json("status")["kayit"] == 0


@pytest.mark.acceptance
def test_eleven_trainings_with_splitting_off_are_refused_before_the_ministry_says_216(ready, tmp_path):
    file = tmp_path / "in.json"
    file.write_text(record(egitim=ELEVEN))

    done = ready.run("submit", str(file), "--no-split", "--json")
    codes = [(each["code"], each["path"]) for each in json.loads(done.stdout)["records"][0]["findings"]]

    assert done.returncode == 2
    assert ("INT-VAL-022", "egitim") in codes


@pytest.mark.acceptance
def test_a_line_of_200_mb_is_refused_and_the_lines_around_it_are_not(ready, tmp_path):
    file = tmp_path / "in.ndjson"
    with file.open("wb") as stream:
        stream.write(record(id="before").encode() + b"\n")
        stream.write(b'{"id": "huge", "calisan": ["')
        for _ in range(200):
            stream.write(b"8" * (1 << 20))
        stream.write(b'"]}\n' + record(id="after").encode() + b"\n")

    done = ready.run("submit", str(file), "--json")
    answer = json.loads(done.stdout)

    assert done.returncode == 2
    assert (answer["accepted"], answer["rejected"]) == (2, 1)
    refused = [each for each in answer["records"] if each["status"] == "rejected"]
    assert [(each["where"], each["findings"][0]["code"]) for each in refused] == [("line 2", "INT-INT-003")]


@pytest.mark.acceptance
def test_the_same_id_with_other_content_is_a_duplicate_and_with_the_same_content_is_known(ready, tmp_path):
    first, other = tmp_path / "a.json", tmp_path / "b.json"
    first.write_text(record())
    other.write_text(record(egitimYer=0))
    number = ready.json("submit", str(first))["records"][0]["sorgu_no"]

    again = ready.json("submit", str(first))["records"][0]
    clash = ready.json("submit", str(other))["records"][0]

    assert (again["status"], again["sorgu_no"]) == ("known", number)
    assert (clash["status"], clash["findings"][0]["code"]) == ("rejected", "INT-INT-002")


@pytest.mark.acceptance
def test_findings_come_in_turkish_for_a_turkish_locale(ready, tmp_path):
    file = tmp_path / "in.json"
    file.write_text(record(calisan=["80000000131"]))
    ready.environment["IBYS_LANG"] = "tr"

    done = ready.run("submit", str(file))

    assert done.returncode == 2
    assert "geçerli bir T.C. kimlik numarası değil" in done.stdout
    assert "80000000131" not in done.stdout
