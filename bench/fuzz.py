"""schemathesis over the whole API, all checks, stateful links: `make fuzz`. Exit code 1 when anything failed.

The API runs in this process over a SQLite file, with a ministry that answers; one key holds every right. Half of the
records that are sent are good ones, or no link would lead anywhere.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import uvicorn

from integrator import access
from integrator.domain.clock import SystemClock
from integrator.domain.roles import NEVER_A_KEYS, RIGHTS, Right, Role
from integrator.intake.read_json import Caps
from integrator.log import set_up_log
from integrator.settings import WebSettings
from integrator.web import description
from integrator.web.app import create_app
from integrator.web.server import listen
from tests.factories import KURUM
from tests.fuzzing import HOOKS, UNBOUND, make_gateway

CONFIG = Path(__file__).parent / "schemathesis.toml"


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
    access.NEVER_A_KEYS = description.NEVER_A_KEYS = NEVER_A_KEYS - {Right.KEEP_ACCESS}
    with tempfile.TemporaryDirectory() as folder:
        gateway = replace(make_gateway(Path(folder)), clock=SystemClock())  # one that stands still is not ready
        _, token = access.make_api_key(gateway, KURUM, Role.SYSTEM, "fuzz", lives=timedelta(days=400))
        door = listen(WebSettings(port=0))
        app = create_app(gateway, Caps(record_bytes=100_000, file_bytes=2_000_000), Path(folder), bounds=UNBOUND)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            return _run(f"http://127.0.0.1:{door.getsockname()[1]}", token, told, folder)
        finally:
            server.should_exit = True
            thread.join(30)


def _run(address: str, token: str, told: argparse.Namespace, folder: str) -> int:
    words = ["schemathesis", "--config-file", str(CONFIG), "run", f"{address}/v1/openapi.json", "--url", address]
    words += [
        "--header",
        f"Authorization: Bearer {token}",
        "--max-examples",
        str(told.examples),
        "--seed",
        str(told.seed),
    ]
    words += ["--checks", "all", "--phases", told.phases, "--no-color", "--workers", "1"]
    words += [word for path in told.include_path for word in ("--include-path", path)]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(CONFIG.parent.parent)}
    program = str(Path(sys.executable).parent / words[0])
    return subprocess.run([program, *words[1:]], check=False, env=environment, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main())
