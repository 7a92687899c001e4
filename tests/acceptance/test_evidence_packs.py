"""An inspector's pack of a workplace with 200 workers, made by the command and verified where nothing of ours is."""

from __future__ import annotations

import json
import subprocess
import time
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from integrator import acts, pipeline
from integrator.domain.identifiers import KurumNo
from integrator.intake.read_json import read_file
from integrator.wiring import caps, open_gateway
from tests.acceptance.test_api import Served
from tests.browser import Screens, open_browser
from tests.desk_browser import DeskReader
from tests.factories import workers

SESSIONS, PEOPLE = 12, 200


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory):
    """A fresh virtual environment with `cryptography` and nothing of this project."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run(["python3", "-m", "venv", str(folder)], check=True, timeout=120)
    install = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "cryptography"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode != 0:
        pytest.skip(f"NOTICE: no `cryptography` to be had here, so packs were NOT verified apart: {done.stderr[-200:]}")
    return folder / "bin" / "python"


@pytest.fixture
def workplace(tmp_path, trial_with):
    """A gateway that has sent two years' sessions of one workplace, each for all of its 200 workers."""
    trial, ministry = trial_with(tmp_path / "home", records=2, seed=7, faults="none")
    first = trial.town.workplaces[0]
    trial.town.workplaces[0] = replace(first, roster=tuple(workers(PEOPLE)))
    parola = trial.settings.path(trial.settings.ministry.parola_file).read_text()
    ministry.control("PUT", "/parties", trial.town.parties(parola))
    gateway = open_gateway(trial.settings)
    day, path = gateway.clock.now().date(), tmp_path / "sessions.ndjson"
    with path.open("w") as file:
        for number in range(SESSIONS):
            session = {
                "id": f"S-{number}", "belgeTipi": 2, "isgProfTckNo": first.professional, "calisan": workers(PEOPLE),
                "egitim": [{"egitimKoduId": code, "egitimSuresi": 60} for code in (240, 24)],
                "egitimTarihi": f"{day - timedelta(days=30 * number + 1)}", "egitimYer": 1, "egitimTur": 1,
                "sgkTescilNo": first.sgk, "egiticiTckNo": first.professional,
            }  # fmt: skip
            file.write(json.dumps(session) + "\n")
    acts.refresh_codes(gateway)
    answers = list(pipeline.accept(gateway, KurumNo(trial.kurum), read_file(path, caps(trial.settings))))
    assert [each.status for each in answers] == ["accepted"] * SESSIONS, answers[0].findings
    assert pipeline.dispatch(gateway)["accepted"] == 2 * SESSIONS
    return trial, first.sgk, (day - timedelta(days=800), day)


@pytest.mark.acceptance
def test_a_workplace_of_200_is_packed_in_a_minute_and_20_mb_and_verified_where_nothing_of_ours_is(
    workplace, bare_python, tmp_path, ibys
):
    trial, sgk, (since, until) = workplace
    ibys.home, ibys.environment["IBYS_HOME"] = trial.settings.home, str(trial.settings.home)
    out = tmp_path / "pack.zip"
    began = time.monotonic()
    period = ("--from", f"{since}", "--to", f"{until}")
    made = ibys.json("evidence", "pack", "--isyeri", sgk, *period, "--out", str(out), "--as", "ayse")
    took = time.monotonic() - began
    with zipfile.ZipFile(out) as container:
        (tmp_path / "verify.py").write_bytes(container.read("verify.py"))
    trust = trial.settings.home / trial.settings.keys.trust_dir
    command = [str(bare_python), "-I", str(tmp_path / "verify.py"), str(out), "--trust", str(trust), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)

    assert (made["messages"], took < 60, out.stat().st_size < 20_000_000) == (2 * SESSIONS, True, True)
    verdicts = json.loads(done.stdout)["verdicts"]
    assert done.returncode == 0, [each for each in verdicts if each["verdict"] == "no"]
    signatures = [each for each in verdicts if each["claim"] == "signature"]
    assert [each["verdict"] for each in signatures] == ["yes"] * 2 * SESSIONS
    firma_kodu, parola = (
        trial.settings.path(each).read_bytes().strip()
        for each in (trial.settings.ministry.firma_kodu_file, trial.settings.ministry.parola_file)
    )
    with zipfile.ZipFile(out) as container:
        everything = b"".join(container.read(each) for each in container.namelist())
    assert parola not in everything
    assert b"<firmaKodu>" + firma_kodu not in everything


@pytest.mark.acceptance
def test_a_click_at_the_desk_makes_the_same_pack_with_progress_and_it_verifies(workplace, bare_python, tmp_path, ibys):
    trial, sgk, (since, until) = workplace
    ibys.home, ibys.environment["IBYS_HOME"] = trial.settings.home, str(trial.settings.home)
    ibys.environment["IBYS_PEOPLE_SECURE_COOKIES"] = "false"  # the loopback has no TLS
    ibys.json("parties", "set", sgk, "--auto-update", "yes", "--reason", "deneme", "--as", "ayse")
    screens, served = Screens("kanit"), Served(ibys)
    code = ibys.json("person", "make", "uyum@osgb.test", "--role", "compliance")["setup_code"]
    out = tmp_path / "pack.zip"
    try:
        with open_browser() as browser:
            reader = DeskReader(browser, screens, served.address)
            reader.come_in("uyum@osgb.test", code)
            page = reader.page
            page.goto(f"{served.address}/desk/paper/{sgk}")
            form = page.locator("form").filter(has=page.get_by_role("button", name="Paketi hazırla"))
            form.get_by_label("İlk gün").fill(f"{since}")
            form.get_by_label("Son gün").fill(f"{until}")
            began = time.monotonic()
            form.get_by_role("button").click()
            seen = page.locator("progress").count()
            screens.keep(page, "hazirlaniyor")
            with page.expect_download() as download:
                page.get_by_role("link", name="Paketi indir").click()
            download.value.save_as(out)
            took = time.monotonic() - began
    finally:
        assert served.stop() == 0
    with zipfile.ZipFile(out) as container:
        (tmp_path / "verify.py").write_bytes(container.read("verify.py"))
    trust = trial.settings.home / trial.settings.keys.trust_dir
    command = [str(bare_python), "-I", str(tmp_path / "verify.py"), str(out), "--trust", str(trust), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)

    (screens.folder / "seconds.txt").write_text(f"{took:.1f}")
    assert (seen, took < 60, done.returncode) == (1, True, 0)
    assert screens.complaints == []


@pytest.mark.acceptance
def test_the_commands_of_evidence_answer_and_refuse_with_their_exit_codes(ibys, tmp_path, trial_with):
    trial, _ = trial_with(ibys.home, records=2, seed=3, faults="none")
    gateway = open_gateway(trial.settings)
    acts.refresh_codes(gateway)
    answers = list(pipeline.accept(gateway, KurumNo(trial.kurum), read_file(trial.input_file, caps(trial.settings))))
    pipeline.dispatch(gateway)
    number = str(answers[0].sorgu_no[0])
    kept = ibys.json("audit", "checkpoint")["file"]
    receipt = ibys.json("receipt", number, "--pdf", str(tmp_path / "makbuz.pdf"))
    altered, odd = tmp_path / "altered.checkpoint", tmp_path / "odd.checkpoint"
    altered.write_text(Path(kept).read_text().replace("ibys-trial\n", "ibys-trial\n1", 1))
    odd.write_bytes(b"\xff\xfe")

    assert receipt["state"] == "accepted"
    assert (tmp_path / "makbuz.pdf").read_bytes().startswith(b"%PDF-")
    assert ibys.json("audit", "fsck")["audit_ok"]
    assert ibys.json("audit", "verify", "--from", kept)["from"] > 0
    grown = ibys.json("audit", "consistency", kept)
    assert grown["second"] > grown["first"] > 0
    assert ibys.json("audit", "hand") == []
    refused = [
        ibys.run("audit", "verify", "--from", str(altered)),
        ibys.run("audit", "consistency", str(odd)),
        ibys.run("receipt", "1"),
        ibys.run("evidence", "pack", "--out", str(tmp_path / "p.zip")),
        ibys.run("evidence", "pack", "--sorgu-no", "1", "--out", str(tmp_path / "p.zip")),
    ]
    assert [each.returncode for each in refused] == [5, 2, 2, 2, 2]
    assert not any("Traceback" in each.stderr for each in refused)
    assert not (tmp_path / "p.zip").exists()
