"""The change register: what was announced or seen, and how many of the 30 calendar days are left (circular 3-0b).

``datasets/degisiklikler.toml`` holds the rows; a row that contradicts the circular stops the program like any other
mistake in a published file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from integrator.catalogue.published import published
from integrator.domain.errors import Misconfigured

ADAPT_WITHIN = timedelta(days=30)  # calendar days, not working days
ALARMS = (1, 7, 14)
KINDS = frozenset({"veri_seti", "metot", "mevzuat", "sozlesme"})


@dataclass(frozen=True, slots=True)
class Change:
    """One row. `announced` says that an official text exists; only then the clock runs."""

    no: str
    kind: str
    announced: bool
    published_on: date
    effective_from: date
    tr: str
    en: str
    source: str
    done_on: date | None = None
    veri_seti: str = ""

    @property
    def due(self) -> date:
        """The last day to adapt."""
        return self.published_on + ADAPT_WITHIN

    def days_left(self, today: date) -> int | None:
        """Calendar days until `due`, negative when it has passed; None when no clock runs."""
        return (self.due - today).days if self.announced and not self._is_done(today) else None

    def state(self, today: date) -> str:
        """``done``, ``seen`` (nothing official), ``overdue``, ``T-1``, ``T-7``, ``T-14``, or ``open``."""
        if self._is_done(today):
            return "done"
        left = self.days_left(today)
        if left is None:
            return "seen"
        if left < 0:
            return "overdue"
        return next((f"T-{days}" for days in ALARMS if left <= days), "open")

    def _is_done(self, today: date) -> bool:
        return self.done_on is not None and self.done_on <= today


def read_changes(path: Path | None = None) -> list[Change]:
    """All rows, newest first; raises Misconfigured naming the file and every row that is wrong."""
    path = path or published("datasets", "degisiklikler.toml")
    try:
        rows: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8")).get("degisiklik", [])
        changes = [Change(**row) for row in rows]
    except (OSError, ValueError, TypeError) as error:
        raise Misconfigured(f"{path}: {error}") from error
    problems = [problem for each in changes for problem in _problems(each)]
    numbers = [each.no for each in changes]
    problems += [f"{no}: stands twice" for no in sorted({no for no in numbers if numbers.count(no) > 1})]
    if problems:
        raise Misconfigured(f"{path}: " + "; ".join(problems))
    return sorted(changes, key=lambda each: (each.published_on, each.no), reverse=True)


def _problems(change: Change) -> Iterator[str]:
    dates = {each.name for each in fields(Change) if each.name.endswith(("_on", "_from"))}
    for name in sorted(dates):
        value = getattr(change, name)
        if type(value) is not date and not (name == "done_on" and value is None):
            yield f"{change.no}: {name} is no day"
            return
    if change.kind not in KINDS:
        yield f"{change.no}: unknown kind {change.kind!r}"
    if change.kind == "sozlesme" and change.effective_from < change.due:
        yield f"{change.no}: takes effect before {change.due}, 30 days after its notice (3b-3)"
    if change.effective_from < change.published_on:
        yield f"{change.no}: takes effect before it was published"
