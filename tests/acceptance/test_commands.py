from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

VECTOR = (
    '<?xml version="1.0" encoding="UTF-8"?><EgitimDVO><egitimBildirim><belgeTipi>2</belgeTipi>'
    "<isgProfTckNo>81234567804</isgProfTckNo><calisanTckNo>80000000132</calisanTckNo><egitimKoduId>240</egitimKoduId>"
    "<egitimSuresi>40.0</egitimSuresi><egitimTarihi>23-10-2025</egitimTarihi><egitimYer>1</egitimYer>"
    "<egitimTur>1</egitimTur><sgkTescilNo>29999010100001230069994000</sgkTescilNo>"
    "<egiticiTckNo>81234567804</egiticiTckNo></egitimBildirim></EgitimDVO>"
)
RECORD = {
    "belgeTipi": 2,
    "isgProfTckNo": "81234567804",
    "calisan": ["80000000132"],
    "egitim": [{"egitimKoduId": 240, "egitimSuresi": 40}],
    "egitimTarihi": "23-10-2025",
    "egitimYer": 1,
    "egitimTur": 1,
    "sgkTescilNo": "29999010100001230069994000",
    "egiticiTckNo": "81234567804",
}


@pytest.fixture
def record_file(tmp_path):
    path = tmp_path / "record.json"
    path.write_text(json.dumps(RECORD))
    return path


@pytest.mark.acceptance
def test_canonical_writes_the_443_bytes_and_nothing_else(ibys, record_file):
    done = ibys.run("canonical", str(record_file), "--version", "2018-07", binary=True)

    assert done.returncode == 0
    assert len(done.stdout) == 443
    assert done.stdout.decode() == VECTOR
    assert done.stderr == b""


@pytest.mark.acceptance
def test_canonical_of_a_bad_record_writes_no_bytes(ibys, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({**RECORD, "calisan": ["80000000131"]}))

    done = ibys.run("canonical", str(path), binary=True)

    assert done.returncode == 2
    assert done.stdout == b""


@pytest.mark.acceptance
def test_openssl_accepts_what_sign_makes_and_verify_agrees(ibys, record_file, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("NOTICE: no openssl on this machine, its opinion on our signatures was not asked")
    ibys.run("certs", str(tmp_path / "pki"))
    content, cms = tmp_path / "content.xml", tmp_path / "content.p7s"
    content.write_bytes(ibys.run("canonical", str(record_file), binary=True).stdout)
    signer = tmp_path / "pki" / "signers" / "signer-1"
    ibys.run("sign", "--p12", f"{signer}.p12", "--pin-file", f"{signer}.pin", str(content), "--out", str(cms))

    root = str(tmp_path / "pki" / "trust" / "root.pem")
    asked = [
        "openssl",
        "cms",
        "-verify",
        "-cades",
        "-binary",
        "-inform",
        "DER",
        "-in",
        str(cms),
        "-content",
        str(content),
    ]
    theirs = subprocess.run(
        [*asked, "-CAfile", root, "-purpose", "any", "-out", "/dev/null"], capture_output=True, check=False
    )
    ours = ibys.json("verify", "--cms", str(cms), "--content", str(content), "--trust", str(tmp_path / "pki" / "trust"))

    assert theirs.returncode == 0, theirs.stderr
    assert ours["valid"] is True
    assert len(ours["verdicts"]) == 15


@pytest.mark.acceptance
def test_verify_of_other_content_exits_5_and_names_the_check(ibys, record_file, tmp_path):
    ibys.run("certs", str(tmp_path / "pki"))
    signer = tmp_path / "pki" / "signers" / "signer-1"
    cms, other = tmp_path / "x.p7s", tmp_path / "other.xml"
    ibys.run("sign", "--p12", f"{signer}.p12", "--pin-file", f"{signer}.pin", str(record_file), "--out", str(cms))
    other.write_bytes(b"other")

    done = ibys.run("verify", "--cms", str(cms), "--content", str(other), "--json")

    assert done.returncode == 5
    assert [each["check"] for each in json.loads(done.stdout)["verdicts"] if each["ok"] is False] == ["message_digest"]


@pytest.mark.acceptance
def test_audit_verify_names_the_first_broken_place_and_exits_5(ibys, trial_with):
    trial, _ = trial_with(ibys.home, records=20, seed=3, faults="none")
    ibys.run("codes", "refresh")
    ibys.run("submit", str(trial.input_file))
    ibys.run("audit", "checkpoint")
    assert ibys.run("audit", "verify").returncode == 0

    with sqlite3.connect(ibys.home / "ibys.sqlite3") as database:
        changed = "UPDATE audit_entry SET leaf = CAST(replace(leaf, ?, ?) AS BLOB) WHERE i = 9"
        database.execute(changed, ('"v":1', '"v":2'))
    done = ibys.run("audit", "verify", "--json")

    assert done.returncode == 5
    assert json.loads(done.stdout)["broken"].startswith("entry 9:")


@pytest.mark.acceptance
def test_prove_gives_entries_with_proofs_under_a_checkpoint(ibys, trial_with):
    trial, _ = trial_with(ibys.home, records=20, seed=3, faults="none")
    ibys.run("codes", "refresh")
    number = ibys.json("submit", str(trial.input_file))["records"][0]["sorgu_no"][0]
    ibys.run("audit", "checkpoint")

    proof = ibys.json("audit", "prove", str(number))

    assert proof["checkpoint"].startswith("ibys-trial\n")
    assert all(entry["proof"] for entry in proof["entries"])


@pytest.mark.acceptance
def test_a_message_without_a_key_waits_is_signed_elsewhere_and_attached(ibys, tmp_path, record_file):
    ibys.run("init")
    ibys.run("certs", str(tmp_path / "pki"))
    number = ibys.json("submit", str(record_file))["records"][0]["sorgu_no"][0]
    ibys.run("waiting", "--write-to", str(tmp_path / "out"))
    content, cms = tmp_path / "out" / f"{number}.xml", tmp_path / "signed.p7s"
    signer = tmp_path / "pki" / "signers" / "signer-1"
    ibys.run("sign", "--p12", f"{signer}.p12", "--pin-file", f"{signer}.pin", str(content), "--out", str(cms))

    done = ibys.run("attach", str(number), "--cms", str(cms))

    assert done.returncode == 0, done.stderr
    assert ibys.json("status", str(number))["state"] == "queued"
    assert ibys.json("audit", "verify")["audit_ok"] is True


@pytest.mark.acceptance
def test_a_held_message_is_accepted_after_the_contract_is_approved_and_it_is_released(ibys, trial_with):
    trial, ministry = trial_with(ibys.home, records=100, seed=3, faults="none")
    waiting = trial.town.workplaces[-1]
    ibys.run("codes", "refresh")
    ibys.run("submit", str(trial.input_file))
    worker = ibys.start("worker")
    _until(lambda: not ibys.json("status")["states"].get("queued"))
    held = ibys.json("status")["waiting_for_a_person"][0]

    parties = trial.town.parties("unused")
    approved = [
        {**each, "durum": "Onaylandı"} for each in parties["sozlesmeler"] if each["sgk_tescil_no"] == waiting.sgk
    ]
    ministry.control("PUT", "/parties", {"sozlesmeler": approved})
    ibys.run("release", str(held["example"]), "--reason", "contract approved on the phone")
    _until(lambda: ibys.json("status", str(held["example"]))["state"] == "accepted")

    assert ibys.stop(worker) == 0
    assert held["last_code"] == "213"
    assert ibys.json("audit", "verify")["audit_ok"] is True


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["status"], 3),
        (["worker"], 3),
        (["submit", "absent.json"], 2),
        (["no-such-command"], 2),
    ],
)
def test_a_command_that_cannot_work_says_so_without_a_traceback(ibys, arguments, exit_code):
    done = ibys.run(*arguments)

    assert done.returncode == exit_code
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


@pytest.mark.acceptance
def test_init_never_overwrites_a_home(ibys):
    ibys.run("init")
    key = (ibys.home / "keys" / "master.key").read_bytes()

    done = ibys.run("init")

    assert done.returncode == 3
    assert (ibys.home / "keys" / "master.key").read_bytes() == key
    assert Path(ibys.home / "keys" / "master.key").stat().st_mode & 0o077 == 0


@pytest.mark.acceptance
def test_no_identity_number_or_secret_stands_in_the_database_or_the_log(ibys, trial_with):
    trial, _ = trial_with(ibys.home, records=60, seed=3, faults="none")
    ibys.run("codes", "refresh")
    told = [ibys.run("submit", str(trial.input_file), "--json")]
    worker = ibys.start("worker")
    _until(lambda: not ibys.json("status")["states"].get("queued"))
    ibys.stop(worker)

    parola = (ibys.home / "keys" / "parola").read_text()
    people = {each for record in trial.town.records() for each in (*record["calisan"], record["isgProfTckNo"])}
    stored = b"".join(path.read_bytes() for path in ibys.home.glob("ibys.sqlite3*"))
    said = "".join(each.stdout + each.stderr for each in told)

    assert not [person for person in people if person.encode() in stored or person in said]
    assert parola.encode() not in stored
    assert b"DENEME00001" not in stored


def _until(claim, seconds=90.0):
    import time

    ends = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.2)
