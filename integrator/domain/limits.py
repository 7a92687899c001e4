"""How much a customer may ask of this gateway: calls a second, and what is counted by the day in Turkey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from integrator.domain.errors import Malformed

MOST = 1_000_000_000_000


class Counted(StrEnum):
    """What has a quota for each day."""

    RECORDS = "records"  # stored; one that was known or refused costs nothing
    BYTES = "bytes"  # of bodies
    LOOKUPS = "lookups"  # questions to the ministry about parties


@dataclass(frozen=True, slots=True)
class Limits:
    """What one customer may do; 0 is no bound. A key may take all of its customer's calls but for its own bound."""

    key_calls_per_second: float = 200.0
    kurum_calls_per_second: float = 500.0
    records_a_day: int = 1_000_000
    bytes_a_day: int = 21_474_836_480
    lookups_a_day: int = 20_000

    def a_day(self, counted: Counted) -> int:
        """The quota of one thing."""
        quota: int = getattr(self, f"{counted}_a_day")
        return quota

    def but(self, own: Mapping[str, float | None]) -> Limits:
        """The same, with what was set for one customer in its place; raises Malformed for what is no bound."""
        told = {name: value for name, value in own.items() if value is not None}
        if not set(told) <= set(NAMES) or any(not 0 <= value <= MOST for value in told.values()):
            raise Malformed(f"a limit is one of {', '.join(NAMES)}, from 0 (no bound) to {MOST}")
        typed: dict[str, Any] = {name: KINDS[name](value) for name, value in told.items()}
        return replace(self, **typed)


NAMES = tuple(each.name for each in fields(Limits))
KINDS = {name: float if name.endswith("_second") else int for name in NAMES}
