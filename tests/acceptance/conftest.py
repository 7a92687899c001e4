from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from integrator.trial.ministry_process import MinistryProcess
from integrator.trial.run import SLOW_SECONDS, Trial, prepare
from tests import leaks
from tests.warm import COLD, Started, Warm


class Ibys:
    """The command line as a process of its own, on one home."""

    def __init__(self, home: Path, warm: Warm) -> None:
        self.home, self.warm = home, warm
        self.environment = {**os.environ, "IBYS_HOME": str(home), "IBYS_LANG": "en"}

    def run(
        self, *arguments: str, binary: bool = False, env: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[Any]:
        code, *told = self.warm.run(arguments, env=env or self.environment, stdin=stdin.encode())
        leaks.of_command(arguments, *told)
        out, err = told if binary else (each.decode() for each in told)
        return subprocess.CompletedProcess([*COLD, *arguments], code, out, err)

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        return json.loads(done.stdout)

    def start(self, *arguments: str, **more: str) -> Started:
        """Begin a command; its standard error goes to a file of its name, `more` into its environment."""
        return self._begin(arguments, more, subprocess.DEVNULL)

    def serve(self, *arguments: str, **more: str) -> tuple[Started, Any]:
        """Begin a command and read the one JSON document that it greets with."""
        reader, writer = os.pipe()
        started = self._begin(arguments, more, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as out:
            return started, json.loads(b"".join(iter(out.readline, b"}\n")) + b"}")

    def _begin(self, arguments: tuple[str, ...], more: dict[str, str], stdout: int) -> Started:
        log = self.home.parent / f"{arguments[0]}.log"
        with log.open("ab") as stderr, open(os.devnull, "r+b") as null:
            out = null.fileno() if stdout == subprocess.DEVNULL else stdout
            environment = {**self.environment, **more}
            return self.warm.start(arguments, env=environment, stdin=null.fileno(), stdout=out, stderr=stderr.fileno())

    def stop(self, worker: Started) -> int:
        """End a worker the polite way; one that does not end tells where its threads stand."""
        worker.terminate()
        try:
            return worker.wait(45)
        except subprocess.TimeoutExpired:
            worker.send_signal(signal.SIGUSR1)
            time.sleep(1)
            worker.kill()
            pytest.fail((self.home.parent / "worker.log").read_text()[-6000:])


@pytest.fixture(scope="session")
def warm():
    made = Warm()
    yield made
    made.close()


@pytest.fixture
def ibys(tmp_path, warm):
    return Ibys(tmp_path / "home", warm)


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
