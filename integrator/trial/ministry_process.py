"""Starts the stub as a process of its own and speaks to its control port. Loopback only."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from integrator.domain.errors import Unavailable


class MinistryProcess:
    """A running stub; leaving the block ends it by its id."""

    def __init__(
        self,
        *,
        faults: str,
        seed: int,
        slow_seconds: float = 3.0,
        personality: str = "metro",
        log: Path | None = None,
    ) -> None:
        arguments = ["--faults", faults, "--seed", str(seed), "--slow-seconds", str(slow_seconds)]
        arguments += ["--personality", personality]
        self._log = (log or Path("/dev/null")).open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "integrator.ministry", "serve", *arguments], stdout=subprocess.PIPE, stderr=self._log
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        if not ready:
            raise Unavailable("the stub did not start")
        self.greeting: dict[str, Any] = json.loads(ready)
        self.address: str = self.greeting["soap_g2"]

    def address_of(self, metot: str) -> str:
        """Where the face of `metot` answers."""
        found: str = self.greeting[metot.replace("-", "_")]
        return found

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One call to the control port."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.greeting["control"] + path, content, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.loads(reply.read() or b"null")

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._log.close()
