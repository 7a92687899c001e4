"""Rows of the table, and the one way to compare: in turn, round by round, the median of the pair ratios.

The machine is never quiet. What is measured a second apart shares its noise, so ratios hold where rates do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


class Void(Exception):
    """A run that did not do what it claims (a message missing, an effect twice): its figures mean nothing."""


@dataclass(frozen=True)
class Scale:
    """How much is done; `--quick` takes a fraction, and its figures are for a first look only."""

    rounds: int = 5
    seconds: float = 0.4  # of one slice of a tight loop
    accepted: int = 1500  # records in one bulk accept
    delivered: int = 1500  # records in one run of ours from end to end
    plain: int = 300  # records in one run of the plain pipeline
    single: int = 400  # records accepted one at a time
    queued: int = 100_000  # messages in the large outbox, entries in the large log
    claims: int = 40
    churned: int = 20_000  # messages claimed and settled by workers that do nothing else
    millions: int = 10_000_000  # messages in the longest queue
    stream: int = 200_000_000  # bytes of NDJSON
    day_seconds: float = 60.0  # that a day at the hostile stub takes
    api_seconds: float = 6.0  # of one load on the API
    idle: int = 10_000  # connections that rest beside it


QUICK = Scale(
    rounds=2, seconds=0.2, accepted=600, delivered=600, plain=100, single=100, queued=10_000, claims=15,
    churned=4_000, millions=100_000,
    stream=20_000_000, day_seconds=12.0, api_seconds=2.0, idle=1_000,
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of the table. `ratio` is the median of pair ratios; `target` is its bound (or the value's)."""

    name: str
    value: float
    unit: str
    against: str = ""
    against_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None when there is none."""
        if self.target is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured <= self.target if self.at_most else measured >= self.target

    def as_json(self) -> dict[str, Any]:
        """The row, for machines; figures to four digits."""
        shown = {name: _short(value) for name, value in asdict(self).items()}
        return {**shown, "met": self.is_met}


def in_turn(rounds: int, *runs: Callable[[], float]) -> list[list[float]]:
    """What each run gave, taken A B C A B C ...; one list per run."""
    taken = [[run() for run in runs] for _ in range(rounds)]
    return [list(column) for column in zip(*taken, strict=True)]


def compared(name: str, ours: Sequence[float], against: str, theirs: Sequence[float], **more: Any) -> Row:
    """The row of two runs taken in turn."""
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    return Row(name, median(ours), more.pop("unit", "/s"), against, median(theirs), ratio, **more)


def rate_of(step: Callable[[], Any], seconds: float, batch: int = 16) -> float:
    """Calls per second of `step` over about `seconds`."""
    began = now = time.perf_counter()
    count = 0
    while now - began < seconds:
        for _ in range(batch):
            step()
        count += batch
        now = time.perf_counter()
    return count / (now - began)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of `values` do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
