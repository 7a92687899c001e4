from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from integrator import access, pipeline
from integrator.domain.roles import Role
from tests.factories import KURUM, REPO, record

EXAMPLES = REPO / "docs" / "api" / "examples"
RUNTIMES = {
    "submit.sh": ["sh"],
    "submit.py": [sys.executable],
    "submit.js": ["node"],
    "Submit.java": ["java"],
    "Submit.cs": ["dotnet", "run"],
    "submit.php": ["php"],
}


@pytest.fixture
def delivering(gateway):
    ended = threading.Event()

    def deliver():
        while not ended.wait(0.1):
            pipeline.dispatch(gateway)

    thread = threading.Thread(target=deliver)
    thread.start()
    yield
    ended.set()
    thread.join()


def command_of(example, folder):
    if shutil.which(RUNTIMES[example][0]) is None:
        pytest.skip(f"NOTICE: no {RUNTIMES[example][0]} here, so docs/api/examples/{example} was NOT run")
    if example != "Submit.cs":
        return [*RUNTIMES[example], str(EXAMPLES / example)]
    shutil.copy(EXAMPLES / example, folder / "Program.cs")
    subprocess.run(["dotnet", "new", "console", "--force", "-o", folder], check=True, capture_output=True)
    shutil.copy(EXAMPLES / example, folder / "Program.cs")
    return ["dotnet", "run", "--project", folder, "--"]


def test_every_example_is_run_where_its_runtime_is():
    assert {each.name for each in EXAMPLES.iterdir()} == set(RUNTIMES)


@pytest.mark.parametrize("example", RUNTIMES)
def test_an_example_goes_from_a_finding_to_the_receipt(example, served, gateway, delivering, tmp_path):
    token = access.make_api_key(gateway, KURUM, Role.SYSTEM, "test", lives=timedelta(days=1))[1]
    (tmp_path / "record.json").write_text(json.dumps(record()))
    facts = [served.address, token, str(tmp_path / "record.json"), str(tmp_path / "receipt.json")]
    command = [*command_of(example, tmp_path), *facts]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=REPO, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert [line for line in told if line.startswith("finding: egitimYer")]
    assert told[-2].endswith(": accepted")
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    [receipt] = receipt.get("makbuz", [receipt])
    assert receipt["state"] == "accepted"
