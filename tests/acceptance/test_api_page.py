from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.factories import REPO

PAGE = (REPO / "docs" / "api" / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
DONE = "-- done --"


def free_ports(count):
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(door.getsockname()[1]) for door in doors]
    for door in doors:
        door.close()
    return ports


class Person:
    """Types blocks into one shell, one after another, and reads what comes back."""

    def __init__(self, home: Path) -> None:
        ministry, control, api = free_ports(3)
        self._renamed = {"8090": ministry, "8091": control, "8080": api, "/tmp/ibys-api": str(home)}
        here = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "IBYS_WEB_PORT": api}
        self.shell = subprocess.Popen(
            ["bash", "-e"],
            cwd=REPO,
            env={**os.environ, **here},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def type(self, block: str) -> str:
        for ours, mine in self._renamed.items():
            block = block.replace(ours, mine)
        block = block.replace(". .venv/bin/activate\n", "")  # the tests' own environment is open already
        self.shell.stdin.write(f"{block}\necho; echo '{DONE}'\n")
        self.shell.stdin.flush()
        return "".join(iter(self.shell.stdout.readline, f"{DONE}\n" if self.shell.poll() is None else ""))

    def leave(self):
        if self.shell.poll() is None:
            os.killpg(self.shell.pid, signal.SIGTERM)
        self.shell.wait(30)


@pytest.fixture
def person(tmp_path):
    made = Person(tmp_path / "home")
    yield made
    made.leave()


def test_every_call_of_the_page_stands_in_a_block_that_is_run():
    elsewhere = re.sub(r"^```sh\n.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)

    assert len(BLOCKS) >= 8
    assert not re.search(r"^curl ", elsewhere, re.MULTILINE)


@pytest.mark.acceptance
def test_a_newcomer_who_types_the_page_ends_with_a_receipt(person, tmp_path):
    home, began = tmp_path / "home", time.monotonic()
    told = [person.type(block) for block in BLOCKS]
    everything = "\n".join(told)

    assert '"ready":true' in told[1], everything
    assert ("422" in told[2], "INT-VAL-010" in told[2], "INT-VAL-013" in told[2]) == (True, True, True)
    assert [line[-3:] for line in told[3].splitlines() if line.startswith("{")] == ["201", "200"]
    assert '"state":"accepted"' in told[4], everything
    assert json.loads((home / "makbuz.json").read_text())["makbuz"][0]["state"] == "accepted"
    assert (home / "makbuz.pdf").read_bytes().startswith(b"%PDF")
    assert (home / "kanit.zip").read_bytes().startswith(b"PK")
    assert '"done": true, "accepted": 1, "known": 0, "rejected": 1' in everything
    assert '"kayit_no": "TUR-1", "status": "accepted"' in everything
    assert person.shell.poll() in (None, 0)
    assert time.monotonic() - began < 600
