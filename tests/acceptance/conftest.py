from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from integrator.trial.ministry_process import MinistryProcess
from integrator.trial.run import SLOW_SECONDS, Trial, prepare

IBYS = [sys.executable, "-c", "from integrator.cli import main; main()"]


class Ibys:
    """The command line as a process of its own, on one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {**os.environ, "IBYS_HOME": str(home), "IBYS_LANG": "en"}

    def run(self, *arguments: str, binary: bool = False) -> subprocess.CompletedProcess[Any]:
        return subprocess.run(
            [*IBYS, *arguments], capture_output=True, text=not binary, env=self.environment, timeout=240, check=False
        )

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        return json.loads(done.stdout)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.home.parent / f"{arguments[0]}.log").open("ab")
        return subprocess.Popen([*IBYS, *arguments], env=self.environment, stdout=subprocess.DEVNULL, stderr=log)

    def stop(self, worker: subprocess.Popen[bytes]) -> int:
        """End a worker the polite way; one that does not end tells where its threads stand."""
        worker.terminate()
        try:
            return worker.wait(45)
        except subprocess.TimeoutExpired:
            worker.send_signal(signal.SIGUSR1)
            time.sleep(1)
            worker.kill()
            pytest.fail((self.home.parent / "worker.log").read_text()[-6000:])


@pytest.fixture
def ibys(tmp_path):
    return Ibys(tmp_path / "home")


@pytest.fixture
def trial_with():
    """A prepared home and a running ministry: call with records, seed and faults."""
    running: list[MinistryProcess] = []

    def start(home: Path, *, records: int, seed: int, faults: str, **more: str) -> tuple[Trial, MinistryProcess]:
        ministry = MinistryProcess(faults=faults, seed=seed, slow_seconds=SLOW_SECONDS)
        running.append(ministry)
        return prepare(home, ministry, records=records, seed=seed, faults=faults, key="p-256", **more), ministry

    yield start
    for ministry in running:
        ministry.__exit__(None, None, None)


def wait_until(claim: Any, seconds: float = 120.0) -> None:
    ends = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.1)
