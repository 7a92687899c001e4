"""The bounds of one server process, as the settings give them."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrator.domain.limits import Limits
from integrator.settings import Settings


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of customers, of addresses, and of what is under way at once. Times in seconds."""

    limits: Limits = field(default_factory=Limits)
    failures_per_minute: float = 60.0


def bounds_of(settings: Settings) -> Bounds:
    """The bounds that an operator set."""
    return Bounds(settings.limits, settings.web.failures_per_minute)
