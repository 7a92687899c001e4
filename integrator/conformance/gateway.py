"""One gateway under test: a home prepared through its adapter, its commands run, its worker started and killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from integrator.conformance.adapter import Adapter, Command

PATIENCE = 60.0


class GatewayFault(Exception):
    """A command of the gateway did not do what its contract says; the text says which, and what it printed."""


@dataclass(frozen=True, slots=True)
class Done:
    """A finished command."""

    command: str
    exit: int
    out: str
    err: str

    def json(self) -> Any:
        """Its answer; raises GatewayFault when it printed no JSON."""
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise GatewayFault(f"{self.command}: no JSON on stdout, exit {self.exit}: {self.err[-300:]}") from error


class Warm:
    """The helper process that runs commands of one console script in forks (warm.py)."""

    def __init__(self, script: str, file: str = "") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "integrator.conformance.warm", script, *([file] if file else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        greeting = self._read()
        if "ready" not in greeting:
            raise GatewayFault(greeting.get("error", "the console script cannot be loaded"))

    def ask(self, **asked: Any) -> dict[str, Any]:
        """One line there, one line back."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise GatewayFault("the console script's helper process ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class Gateway:
    """A home of the gateway. `places` fills the placeholders of the adapter's commands."""

    def __init__(self, adapter: Adapter, folder: Path, places: Mapping[str, str], warm: Warm | None) -> None:
        self.adapter = adapter
        self.folder = folder
        self.printed: list[Done] = []
        self._places = {"home": str(folder / "home"), "tenant": "ana", "adapter": str(adapter.folder), **places}
        self._warm = warm
        self._serial = count(1)
        self._worker: _Started | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def do(self, operation: str, **places: Any) -> Done:
        """Run the commands of an operation, one after another; the last one's answer. All but it must exit with 0."""
        done: Done | None = None
        for command in self.adapter.operations[operation]:
            if done is not None and done.exit != 0:
                raise GatewayFault(f"{done.command}: exit {done.exit}: {(done.err or done.out)[-400:]}")
            done = self._run(command, places)
        assert done is not None
        return done

    def answer(self, operation: str, **places: Any) -> Any:
        """The JSON an operation prints, with the contract's names for its keys."""
        done = self.do(operation, **places)
        answer = done.json()
        if isinstance(answer, dict):
            answer |= {ours: answer[theirs] for ours, theirs in self.adapter.answers.items() if theirs in answer}
        return answer

    def start(self) -> None:
        """Let it send; does nothing when it does."""
        if self._worker is None:
            self._worker = self.begin("worker")

    def stop(self) -> int:
        """Ask it to stop, wait, and give its exit code; 0 when it did not run."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a word."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        if self._worker is None:
            return 0
        worker, self._worker = self._worker, None
        return worker.end(how)

    def begin(self, operation: str, **places: Any) -> _Started:
        """Start an operation's only command and do not wait for it."""
        (command,) = self.adapter.operations[operation]
        argv, environment = self._filled(command, places)
        out, err = self._files(operation)
        if self._is_warm(argv):
            assert self._warm is not None
            asked = {"argv": argv[1:], "env": environment, "out": str(out), "err": str(err), "cwd": str(self.folder)}
            return _Started(self._warm.ask(**asked, wait=False)["pid"], self._warm, None)
        with out.open("ab") as stdout, err.open("ab") as stderr:
            process = subprocess.Popen(argv, env=environment, stdout=stdout, stderr=stderr, cwd=self.folder)
        return _Started(process.pid, None, process)

    def everything_printed(self) -> str:
        """All that its commands and its worker wrote to stdout and stderr."""
        return "".join(path.read_text(errors="replace") for path in sorted((self.folder / "printed").glob("*")))

    def _run(self, command: Command, places: Mapping[str, Any]) -> Done:
        argv, environment = self._filled(command, places)
        out, err = self._files(argv[0].rpartition("/")[2])
        if self._is_warm(argv):
            assert self._warm is not None
            asked = {"argv": argv[1:], "env": environment, "out": str(out), "err": str(err), "cwd": str(self.folder)}
            code = self._warm.ask(**asked, wait=True)["exit"]
        else:
            code = self._run_cold(argv, environment, out, err)
        done = Done(" ".join(argv), code, out.read_text(errors="replace"), err.read_text(errors="replace"))
        self.printed.append(done)
        return done

    def _run_cold(self, argv: Command, environment: Mapping[str, str], out: Path, err: Path) -> int:
        try:
            with out.open("wb") as stdout, err.open("wb") as stderr:
                return subprocess.run(
                    argv, env=environment, stdout=stdout, stderr=stderr, timeout=PATIENCE, check=False, cwd=self.folder
                ).returncode
        except subprocess.TimeoutExpired as error:
            raise GatewayFault(f"{' '.join(argv)}: not done after {PATIENCE:.0f} s") from error

    def _filled(self, command: Command, places: Mapping[str, Any]) -> tuple[Command, dict[str, str]]:
        """The words with their placeholders filled, and the environment; leading NAME=value words go into it."""
        known = {**self._places, **{name: str(value) for name, value in places.items()}}
        told = {name: _fill(value, known) for name, value in self.adapter.environment.items()}
        words = [_fill(word, known) for word in command]
        while "=" in words[0] and words[0].partition("=")[0].isupper():
            name, _, value = words.pop(0).partition("=")
            told[name] = value
        keep = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "IBYS_PUBLISHED_DIR")
        return words, {**{name: os.environ[name] for name in keep if name in os.environ}, **told}

    def _is_warm(self, argv: Command) -> bool:
        return self._warm is not None and argv[0] == self.adapter.warm

    def _files(self, name: str) -> tuple[Path, Path]:
        folder = self.folder / "printed"
        folder.mkdir(exist_ok=True)
        number = next(self._serial)
        return folder / f"{number:04}-{name}.out", folder / f"{number:04}-{name}.err"


@dataclass
class _Started:
    """A command that runs."""

    pid: int
    warm: Warm | None
    process: subprocess.Popen[bytes] | None

    def end(self, how: signal.Signals) -> int:
        """Signal it and wait for its end; one that ignores SIGTERM for long is killed."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, how)
        if self.warm is not None:
            last_word = threading.Timer(PATIENCE, os.kill, (self.pid, signal.SIGKILL))
            last_word.start()
            code = int(self.warm.ask(reap=self.pid)["exit"])
            last_word.cancel()
            return code
        assert self.process is not None
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def _fill(word: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        word = word.replace("{" + name + "}", value)
    return word
