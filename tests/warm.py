"""Starts the gateway's commands as forks of one process that has imported them: 20 ms of a start, not 1.5 s.

Every command still is a process of its own, with its own environment and streams, and it can be signalled and killed.
``COLD_STARTS=1`` starts each as a new interpreter instead.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

COLD = [sys.executable, "-c", "from integrator.cli import main; main()"]


class Started:
    """A command that runs; what `subprocess.Popen` can, as far as tests ask for it."""

    def __init__(self, arguments: Sequence[str], told: int) -> None:
        self.args = [*COLD, *arguments]
        self.returncode: int | None = None
        self._told = os.fdopen(told, "rb", buffering=0)
        self.pid = int(self._line())

    def poll(self) -> int | None:
        """How it ended; None as long as it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, -9 for SIGKILL; raises TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._line())
            self._told.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing happens to one that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a word."""
        self.send_signal(signal.SIGKILL)

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            piece = self._told.read(1)
            if not piece:
                raise RuntimeError(f"the warm process told no more about {self.args[3:]}; it said {line!r}")
            line += piece
        return line


class Warm:
    """The process that forks; one for a whole session of tests."""

    def __init__(self) -> None:
        self._door, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()

    def start(self, arguments: Sequence[str], *, env: Mapping[str, str], stdin: int, stdout: int, stderr: int) -> Any:
        """Begin a command on these file descriptors; the caller closes them."""
        if os.environ.get("COLD_STARTS"):
            return subprocess.Popen([*COLD, *arguments], env=dict(env), stdin=stdin, stdout=stdout, stderr=stderr)
        asked = json.dumps({"argv": list(arguments), "env": dict(env), "cwd": os.getcwd()}).encode()
        mine, theirs = os.pipe()
        with self._lock:
            socket.send_fds(self._door, [len(asked).to_bytes(4, "big")], [stdin, stdout, stderr, theirs])
            self._door.sendall(asked)
        os.close(theirs)
        return Started(arguments, mine)

    def run(
        self, arguments: Sequence[str], *, env: Mapping[str, str], stdin: bytes = b"", timeout: float = 240
    ) -> tuple[int, bytes, bytes]:
        """A command to its end: exit code, standard output, standard error."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.seek(0)
            started = self.start(arguments, env=env, stdin=given.fileno(), stdout=out.fileno(), stderr=err.fileno())
            try:
                code = started.wait(timeout)
            except subprocess.TimeoutExpired:
                started.kill()
                raise
            return code, _all(out), _all(err)

    def close(self) -> None:
        """End it; what it started and still runs is left alone."""
        self._door.close()
        self._process.wait(30)


def _all(file: Any) -> bytes:
    file.seek(0)
    return bytes(file.read())


def _serve(door: socket.socket) -> list[str]:
    """In the warm process: fork for every request until the door closes. Comes back in a fork, with its words."""
    while True:
        head, streams, _, _ = socket.recv_fds(door, 4, 4)
        if not head:
            sys.exit(0)
        content = b""
        while len(content) < int.from_bytes(head, "big"):
            content += door.recv(int.from_bytes(head, "big") - len(content))
        if os.fork() == 0:
            door.close()
            return _watch(json.loads(content), *streams)
        for each in streams:
            os.close(each)


def _watch(asked: dict[str, Any], stdin: int, stdout: int, stderr: int, told: int) -> list[str]:
    """Fork the command, tell its process id and its exit code. Comes back in the command only."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        os.write(told, b"%d\n" % child)
        for each in (stdin, stdout, stderr):
            os.close(each)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        try:
            os.write(told, b"%d\n" % code)
        finally:
            os._exit(0)
    os.close(told)
    for number, each in enumerate((stdin, stdout, stderr)):
        os.dup2(each, number)
        os.close(each)
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.chdir(asked["cwd"])
    return list(asked["argv"])


if __name__ == "__main__":
    import integrator.web.app  # what `serve` imports when it is asked for
    import integrator.web.processes  # noqa: F401 - as above
    from integrator.cli import main

    assert threading.active_count() == 1, "fork with one thread only"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for those that watch
    words = _serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = ["-c", *words]
    main()
