"""The ministry to test against: a stub in a process of its own, and its control port. Reached by HTTP only."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class StubFault(Exception):
    """The stub does not answer, or refuses what the suite asks of its control port."""


class Control:
    """The control port of a running stub."""

    def __init__(self, address: str) -> None:
        host = urlsplit(address).hostname
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise StubFault(f"control port {address}: a loopback address is wanted; only a stub has a control port")
        self._address = address

    def ask(self, method: str, path: str, content: Any = None) -> Any:
        """One call; raises StubFault with the stub's own words."""
        body = content if isinstance(content, bytes) else None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self._address + path, body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return json.loads(reply.read())
        except urllib.error.HTTPError as error:
            raise StubFault(f"{method} {path}: {error.read().decode(errors='replace')[:300]}") from error
        except OSError as error:
            raise StubFault(f"{method} {path}: {error}") from error

    def offers(self, method: str, path: str) -> bool:
        """Is there such a route? (The list of a 404 tells.)"""
        try:
            self.ask("GET", "/no-such-path")
        except StubFault as error:
            return f"{method} {path}" in str(error)
        return False


class Stub:
    """A running stub; `close` ends it by its id."""

    def __init__(self, log: Path, *options: str) -> None:
        command = [sys.executable, "-m", "integrator.ministry", "serve", "--seed", "1", "--slow-seconds", "2", *options]
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr)
        assert self._process.stdout is not None
        greeting = self._process.stdout.readline()
        if not greeting:
            raise StubFault(f"the stub did not start: see {log}")
        self.greeting: dict[str, Any] = json.loads(greeting)
        self.control = Control(self.greeting["control"])
        parts = urlsplit(self.greeting["soap_g2"])
        self.host, self.port = str(parts.hostname), int(parts.port or 0)

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
