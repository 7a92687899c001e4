"""How long to wait before the next try. No clock, no random source, no sleep inside, so every input can be checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter under a doubling bound: a draw between nothing and the bound, so that nobody marches in step."""

    base: timedelta
    ceiling: timedelta
    max_attempts: int

    def bound(self, attempt: int) -> timedelta:
        """The longest wait after failed attempt number `attempt` (from 1)."""
        factor: int = 2 ** min(attempt - 1, 32)
        return self.base * factor if factor <= self.ceiling / self.base else self.ceiling

    def next_at(self, attempt: int, *, now: datetime, jitter: float, retry_after: timedelta | None = None) -> datetime:
        """When to try again after `attempt`; never before what the other side asked for, never past the ceiling."""
        wait = self.bound(attempt) * jitter
        asked = min(retry_after or timedelta(0), self.ceiling)
        return now + max(wait, asked)

    def is_spent(self, attempt: int) -> bool:
        """Whether a person must decide instead of another try."""
        return attempt >= self.max_attempts
