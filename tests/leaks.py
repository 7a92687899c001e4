"""Nothing that a test run writes for eyes names anybody: each test is searched when it ends, and fails by its own name.

Searched are: what a test and the processes it starts print, log lines, what commands echo, error texts and their
diagnostics, addresses that are called, answers that are errors, and files that are no place for content (logs,
checkpoints, certificates of destruction). Looked for are: eleven digits that pass the checksum of an identity number,
every parola and firma kodu that the test used, and the health facts of the samples. Results whose purpose is content
(`CONTENT`) are not searched.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _pytest.capture
import click
import httpx2
import pytest
import requests
import structlog

from integrator import log
from integrator.domain.errors import IntegratorError
from tests.factories import tckn

HEALTH = ("Hipertansiyon", "9.1 g/dL", "bel ağrısı")
FIRMA_KODU = ("DENEME00001", "UYUMLULUK01", "ABCDEF12345")
OURS = range(10_000_000_001, 10_100_000_000)
"""Numbers of messages: also eleven digits, and no test gives a person one of these."""
CONTENT = ("canonical", "agent")
"""Commands whose standard output is content."""
FILES = ("*.log", "checkpoints/*", "destroyed/*")
_ELEVEN = re.compile(r"(?<![0-9a-f])[0-9]{11}(?![0-9a-f])")  # a request id is hex, and may hold such a run by chance


class Sink:
    """What one test wrote so far, piece by piece with its source."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, str]] = []
        self.log = io.StringIO()

    def take(self, source: str, piece: Any) -> None:
        """Keep a piece; bytes are read as UTF-8, whatever they are."""
        if piece:
            text = piece.decode("utf-8", "replace") if isinstance(piece, bytes) else str(piece)
            self.pieces.append((source, text))

    def empty(self) -> list[tuple[str, str]]:
        """All of it, once."""
        taken = [*self.pieces, ("log", self.log.getvalue())]
        self.pieces.clear()
        self.log.seek(0)
        self.log.truncate()
        return taken


SINK = Sink()


def leaks(text: str, secrets: tuple[str, ...]) -> Iterator[str]:
    """Every secret that stands in `text`, and every identity number."""
    yield from (each for each in secrets if each in text)
    for run in _ELEVEN.findall(text):
        if int(run) not in OURS and tckn(int(run[:9])) == run:
            yield run


def secrets_of(folder: Path | None) -> tuple[str, ...]:
    """What must not be seen, as text and as JSON writes it."""
    parolas = {each.read_text().strip() for each in folder.rglob("keys/parola")} if folder else set[str]()
    told = {*HEALTH, *FIRMA_KODU, *log._hidden, *parolas}
    return tuple(sorted({*told, *(json.dumps(each)[1:-1] for each in told)}))


def _files(folder: Path | None) -> Iterator[tuple[str, str]]:
    for pattern in FILES if folder else ():
        for path in folder.rglob(pattern):
            if path.is_file():
                yield f"file {path.name}", path.read_text(encoding="utf-8", errors="replace")


def found(folder: Path | None, captured: list[tuple[str, str]]) -> list[str]:
    """One line for each leak of the test that ends now: where, what, and what stands around it."""
    secrets = secrets_of(folder)
    printed = [each for each in captured if not each[0].startswith("Captured log")]  # the same lines before redaction
    pieces = [*SINK.empty(), *printed, *_files(folder)]
    lines = {
        f"{source}: ...{text[max(0, text.find(each) - 60) : text.find(each) + 60]!r}..."
        for source, text in pieces
        for each in leaks(text, secrets)
    }
    return sorted(lines)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test that leaked fails when it is over."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when != "teardown":
        return
    lines = found(getattr(item, "funcargs", {}).get("tmp_path"), report.sections)
    if lines:
        told = f"{item.nodeid} let out what nobody may see (tests/leaks.py):\n" + "\n".join(lines)
        report.outcome, report.longrepr = "failed", told


def _watch(owner: Any, name: str, tell: Any, *, after: bool = True) -> None:
    """Let `tell(result, *arguments)` see each call of `owner.name`."""
    before = getattr(owner, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        result = before(*arguments, **named)
        tell(result, *arguments, **named)
        return result

    setattr(owner, name, watched)


def _printed(result: Any, *_: Any, **__: Any) -> None:
    SINK.take("stdout", result.out)
    SINK.take("stderr", result.err)


def _echoed(_: Any, message: Any = None, *__: Any, err: bool = False, **___: Any) -> None:
    context = click.get_current_context(silent=True)
    if err or context is None or context.info_name not in CONTENT:
        SINK.take(f"echo of {context.command_path if context else 'ibys'}", message)


def _of_process(result: Any, process: Any, *_: Any, **__: Any) -> None:
    words = process.args if isinstance(process.args, list) else [process.args]
    if any("integrator" in str(each) for each in words[:3]):
        of_command(words[3:], *result)


def of_command(words: Any, out: Any, err: Any) -> None:
    """Keep what a command of the gateway printed."""
    told = next((str(each) for each in words if not str(each).startswith("-")), "")
    SINK.take(f"stderr of {told}", err)
    if told not in CONTENT:
        SINK.take(f"stdout of {told}", out)


def _answered(response: Any, *_: Any, **__: Any) -> None:
    SINK.take("URL", str(response.url))
    if response.status_code >= 400:
        SINK.take(f"answer {response.status_code}", response.content)


def _called(response: Any, *_: Any, **__: Any) -> None:
    SINK.take("URL", str(response.url))


def _raised(_: Any, error: Any, *__: Any, **___: Any) -> None:
    SINK.take(type(error).__name__, error.detail)


_watch(_pytest.capture.CaptureFixture, "readouterr", _printed)
_watch(click, "echo", _echoed)
_watch(subprocess.Popen, "communicate", _of_process)
_watch(httpx2.Client, "send", _answered)
_watch(requests.Session, "send", _called)
_watch(IntegratorError, "__init__", _raised)


def _given(_logger: Any, _method: str, event: Any) -> Any:
    """What a caller passes: redaction is the second line of defence, and hides no first one that broke."""
    SINK.take("log, before redaction", {name: value for name, value in event.items() if name != "sorgu_no"})
    return event


@pytest.fixture(autouse=True)
def _log_is_searched() -> Iterator[None]:
    """Log lines as the processes of the gateway write them; whoever sets up a log of their own looks there."""
    log.set_up_log(level="DEBUG", stream=SINK.log)
    structlog.configure(processors=[_given, *structlog.get_config()["processors"]])
    yield
    structlog.reset_defaults()
