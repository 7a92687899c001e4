"""The state machine of the tests (tests/integration/state_machine), for longer: more runs, more steps, other seeds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from bench.torture.kill import Tally

PROCESSES = 2
COUNTED = re.compile(r"STORM runs=(\d+) steps=(\d+) messages=(\d+) effects=(\d+)")


def storms(engine: str, folder: Path, *, runs: int, steps: int, seed: int) -> Tally:
    """`runs` storms of up to `steps` steps, half in each of two processes; a failing one is printed as it was found."""
    tally, began = Tally(f"storm, {engine}"), time.perf_counter()
    share = max(1, runs // PROCESSES)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-x", "tests/integration/state_machine", "-k", engine]
    started = []
    for number in range(PROCESSES):
        log = folder / f"storm-{number}.log"
        facts = {"TORTURE_RUNS": share, "TORTURE_STEPS": steps, "TORTURE_SEED": seed + number}
        environment = {**os.environ, **{name: str(value) for name, value in facts.items()}}
        started.append(
            (log, subprocess.Popen(command, stdout=log.open("wb"), stderr=subprocess.STDOUT, env=environment))
        )
    for log, process in started:
        code = process.wait()
        said = log.read_text(errors="replace")
        counted = COUNTED.search(said)
        if counted:
            tally.trials += int(counted[1])
            tally.blows["steps"] += int(counted[2])
            tally.counts["messages"] += int(counted[3])
        if code or not counted:
            tally.failures.append(f"{log.name} ended with {code}: {said[-3000:]}")
    tally.seconds = time.perf_counter() - began
    return tally
