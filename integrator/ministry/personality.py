"""The traits in which the stub may differ where the published text is silent: read and changed from JSON."""

from typing import Any

from integrator.ministry.ministry import Ministry
from integrator.ministry.personalities import PERSONALITIES, TRAITS, put_on

NEVER = "never"


class BadPersonality(Exception):
    """A trait cannot be so; the text says which."""


def traits_of(ministry: Ministry) -> dict[str, Any]:
    """Every trait, in the shape in which it is changed."""
    traits = {name: getattr(ministry, name) for name in TRAITS}
    seconds = ministry.processing_seconds
    return traits | {"processing_seconds": NEVER if seconds is None else seconds}


def change_traits(ministry: Ministry, wanted: Any) -> None:
    """A personality by its name, or any of the traits; all of them or, with BadPersonality, none."""
    if isinstance(wanted, dict) and wanted.get("personality") in list(PERSONALITIES) and len(wanted) == 1:
        put_on(ministry, wanted["personality"])
        return
    if not isinstance(wanted, dict) or not wanted or not set(wanted) <= {*TRAITS, "processing_seconds"}:
        told = f"personality ({', '.join(PERSONALITIES)}) alone, or {', '.join(TRAITS)}, processing_seconds"
        raise BadPersonality(f"an object with {told} is expected")
    for name, allowed in TRAITS.items():
        if wanted.get(name, allowed[0]) not in allowed:
            raise BadPersonality(f"{name}: {' or '.join(allowed)} is expected")
    seconds = _seconds(wanted.get("processing_seconds", 0))
    for name in set(TRAITS) & set(wanted):
        setattr(ministry, name, wanted[name])
    if "processing_seconds" in wanted:
        ministry.processing_seconds = seconds


def _seconds(value: Any) -> float | None:
    if value == NEVER:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise BadPersonality(f"processing_seconds: a number from 0 to 3600 or {NEVER} is expected")
    return float(value)
