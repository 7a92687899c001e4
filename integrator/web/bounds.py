"""The bounds of one server process, as the settings give them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from integrator.domain.limits import Limits
from integrator.settings import Settings


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of customers, of addresses, and of what is under way at once. Times in seconds."""

    limits: Limits = field(default_factory=Limits)
    failures_per_minute: float = 60.0
    connections_at_most: int = 20_000
    calls_at_most: int = 256
    uploads_at_most: int = 8
    idle_seconds: float = 60.0
    head_seconds: float = 10.0
    head_bytes: int = 65_536
    headers_at_most: int = 100
    body_seconds: float = 60.0
    upload_seconds: float = 3600.0
    body_bytes_per_second: int = 1024
    stall_seconds: float = 30.0
    answer_seconds: float = 30.0
    linger_seconds: float = 2.0


def bounds_of(settings: Settings) -> Bounds:
    """The bounds that an operator set."""
    own = {each.name: getattr(settings.web, each.name) for each in fields(Bounds) if hasattr(settings.web, each.name)}
    return Bounds(**{**own, "limits": settings.limits})
