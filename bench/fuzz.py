"""schemathesis over the whole API, all checks, stateful links: `make fuzz`. Exit code 1 when anything failed.

The API runs in this process over a SQLite file, with a ministry that answers; one key holds every right that a key may
hold, and people call what no key opens. Half of the calls are good ones about something that is there (tests/fuzzing),
and an operation whose good path was never taken fails the run: nothing was learnt about it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from integrator.domain.clock import SystemClock
from integrator.domain.roles import RIGHTS, Right, Role
from integrator.log import set_up_log
from integrator.settings import WebSettings
from integrator.web.server import listen
from tests.fuzzing import ANSWERS, FOLDER, HOOKS, PLANTED
from tests.planting import make_planted
from tests.receiver import Receiver

CONFIG = Path(__file__).parent / "schemathesis.toml"
NEVER_GOOD = {
    "POST /v1/oturum/oidc/{provider}": "no provider of OpenID Connect is configured, so none is found",
    "GET /v1/oturum/oidc/{provider}/back": "the same",
}
"""Operations whose good path no run takes, and why."""


def main() -> int:
    """Serve, run, tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz")
    parser.add_argument("--examples", type=int, default=40)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    parser.add_argument(
        "--include-path", action="append", default=[], metavar="PATH", help="as /v1/kayit; again for more"
    )
    told = parser.parse_args()
    set_up_log(level="ERROR")  # one line for each of thousands of calls says nothing
    RIGHTS[Role.SYSTEM] = frozenset(Right)
    hook = Receiver()
    with tempfile.TemporaryDirectory() as folder:
        app, _, planted = make_planted(Path(folder), hook.address, SystemClock())  # one that stands still is not ready
        (Path(folder) / PLANTED).write_text(planted.told())
        door = listen(WebSettings(port=0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            failed = _run(f"http://127.0.0.1:{door.getsockname()[1]}", told, folder)
            answers = json.loads((Path(folder) / ANSWERS).read_text())
        finally:
            server.should_exit = True
            thread.join(30)
            hook.close()
    return tell(answers, _operations(app, told.include_path)) or failed


def _operations(app: FastAPI, only: list[str]) -> list[str]:
    paths = app.openapi()["paths"]
    return [f"{method.upper()} {path}" for path in paths if not only or path in only for method in paths[path]]


def tell(answers: dict[str, dict[str, int]], operations: list[str]) -> int:
    """Say which operations were never answered as they are meant to be; 1 when one of them should have been."""
    never = [each for each in operations if not any("200" <= status < "400" for status in answers.get(each, ()))]
    print(f"\n{len(operations) - len(never)} of {len(operations)} operations met a 2xx or 3xx. Never:")
    for each in never:
        why = NEVER_GOOD.get(each, "MUST BE REACHED (tests/planting.py)")
        print(f"  {each}: {why}; met {answers.get(each, 'nothing')}")
    for each in sorted(set(NEVER_GOOD) & set(operations) - set(never)):
        print(f"  {each} met one: it is no exception any more (NEVER_GOOD)")
    return int(any((each in NEVER_GOOD) != (each in never) for each in operations))


def _run(address: str, told: argparse.Namespace, folder: str) -> int:
    words = ["schemathesis", "--config-file", str(CONFIG), "run", f"{address}/v1/openapi.json", "--url", address]
    words += ["--max-examples", str(told.examples), "--seed", str(told.seed)]
    words += ["--checks", "all", "--phases", told.phases, "--no-color", "--workers", "1"]
    words += [word for path in told.include_path for word in ("--include-path", path)]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": HOOKS,
        "PYTHONPATH": str(CONFIG.parent.parent),
        FOLDER: folder,
    }
    program = str(Path(sys.executable).parent / words[0])
    return subprocess.run([program, *words[1:]], check=False, env=environment, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main())
