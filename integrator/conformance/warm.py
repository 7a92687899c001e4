"""Runs commands of a Python console script without paying for its imports each time: ``-m ...warm SCRIPT [FILE]``.

One JSON object a line on stdin: ``{"argv", "env", "out", "err", "wait"}`` runs a command in a fork and answers
``{"pid"}``, with ``"exit"`` when it was waited for; ``{"reap": pid}`` waits for one that was not. Every command still
is a process of its own with its own environment. Nothing of the script is known here but its name, or the FILE whose
``main`` it is.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

PATIENCE = 60


def main(script: str, file: str = "") -> int:
    """Serve until stdin ends; 3 when there is no such console script."""
    found = list(entry_points(group="console_scripts", name=script))
    if not found and not file:
        print(json.dumps({"error": f"no console script {script!r} is installed for {sys.executable}"}), flush=True)
        return 3
    entry: Callable[[], Any] = runpy.run_path(file)["main"] if file else found[0].load()
    print(json.dumps({"ready": script}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_reap(asked["reap"]) if "reap" in asked else _run(entry, script, asked)), flush=True)
    return 0


def _reap(pid: int) -> dict[str, int]:
    return {"pid": pid, "exit": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}


def _run(entry: Callable[[], Any], script: str, asked: Mapping[str, Any]) -> dict[str, int]:
    pid = os.fork()
    if pid == 0:
        _be(entry, script, asked)
    return _reap(pid) if asked["wait"] else {"pid": pid}


def _be(entry: Callable[[], Any], script: str, asked: Mapping[str, Any]) -> None:
    """In the child: become the command. Never returns."""
    code = 1
    try:
        for name, number in (("out", 1), ("err", 2)):
            file = os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(file, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        if asked["wait"]:
            signal.alarm(PATIENCE)  # one that hangs is ended, or the whole run would
        sys.argv = [script, *asked["argv"]]
        sys.modules["__main__"].__package__ = None  # or a command would take our name for its own
        code = int(entry() or 0)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the child must not fall back into the parent's loop
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
