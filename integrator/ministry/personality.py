"""The traits in which the stub may differ where the published text is silent: read and changed from JSON."""

from typing import Any

from integrator.ministry.ministry import ACCEPTED, OLD_SUCCESS, OURS, REFUSED, REQUIRED, SERVER, UNCHECKED, Ministry

NEVER = "never"
PERSONALITY = {
    "repeats": (REFUSED, OLD_SUCCESS),
    "g3_numbers": (SERVER, OURS),
    "g1_unsigned": (REFUSED, ACCEPTED),
    "hizmet_kaydi": (UNCHECKED, REQUIRED),
}


class BadPersonality(Exception):
    """A trait cannot be so; the text says which."""


def traits_of(ministry: Ministry) -> dict[str, Any]:
    """Every trait, in the shape in which it is changed."""
    traits = {name: getattr(ministry, name) for name in PERSONALITY}
    seconds = ministry.processing_seconds
    return traits | {"processing_seconds": NEVER if seconds is None else seconds}


def change_traits(ministry: Ministry, wanted: Any) -> None:
    """Any of the traits; all of them or, with BadPersonality, none."""
    if not isinstance(wanted, dict) or not wanted or not set(wanted) <= {*PERSONALITY, "processing_seconds"}:
        raise BadPersonality(f"an object with {', '.join(PERSONALITY)} or processing_seconds is expected")
    for name, allowed in PERSONALITY.items():
        if wanted.get(name, allowed[0]) not in allowed:
            raise BadPersonality(f"{name}: {' or '.join(allowed)} is expected")
    seconds = _seconds(wanted.get("processing_seconds", 0))
    for name in set(PERSONALITY) & set(wanted):
        setattr(ministry, name, wanted[name])
    if "processing_seconds" in wanted:
        ministry.processing_seconds = seconds


def _seconds(value: Any) -> float | None:
    if value == NEVER:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise BadPersonality(f"processing_seconds: a number from 0 to 3600 or {NEVER} is expected")
    return float(value)
