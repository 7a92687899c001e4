from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from integrator.conformance.people import FIRMA_KODU, Cast
from integrator.conformance.run import teach
from integrator.conformance.signer import Authority, write_private
from integrator.conformance.soap import Credentials
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


@pytest.mark.acceptance
def test_a_ministry_that_cannot_be_taught_is_examined_with_the_people_it_knows(tmp_path):
    now, cast = datetime.now(UTC), Cast(9_000)
    credentials, authority = Credentials(FIRMA_KODU, "yalnız deneme 1"), Authority(now)
    workers = tuple(f"calisan{at}" for at in range(1, 41))
    named = ("uzman", "hekim", "dsp", "stranger", "isyeri", "unapproved", "outsider", *workers)
    write_people(tmp_path / "known", authority, credentials, {name: cast.named(name) for name in named})
    stub = Stub(tmp_path / "stub.log")
    try:
        teach(stub.control, cast, credentials, authority.root_pem)
        people = ("--people", str(tmp_path / "known" / "people.toml"))
        done = run(tmp_path / "report", "--ministry", f"http://{stub.host}:{stub.port}", *people, "--accept-declared")
    finally:
        stub.close()

    told = json.loads(done.stdout)
    assert (done.returncode, told["undeclared"], told["counts"]["failed"]) == (0, [], 0), told["failed"]
    assert told["executed"] >= 65
    assert told["counts"]["not_offered"] > 0  # what only a stub can show is told, not skipped


def write_people(folder, authority, credentials, numbers):
    for name, text in (("firma_kodu", credentials.firma_kodu), ("parola", credentials.parola)):
        write_private(folder / name, text.encode())
    lines = ['firma = { kodu = "firma_kodu", parola = "parola" }', "[numbers]"]
    lines += [f'{name} = "{number}"' for name, number in numbers.items()]
    for name in ("uzman", "hekim", "dsp", "stranger"):
        authority.write_pkcs12(folder, name, numbers[name])
        lines += [f"[signers.{name}]", f'p12 = "{name}.p12"', f'pin = "{name}.pin"']
    (folder / "people.toml").write_text("\n".join(lines) + "\n")
