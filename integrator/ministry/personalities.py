"""Three ministries that all satisfy the published text and differ where it is silent.

A personality is a set of traits, each of which can also be changed alone through the control port. Where its faces
are found is decided at the start.
"""

from hashlib import sha256
from typing import Any

from integrator.ministry.ministry import (
    ACCEPTED,
    DECIDED,
    OLD_SUCCESS,
    OURS,
    REFUSED,
    REQUIRED,
    SERVER,
    UNCHECKED,
    Ministry,
)

TRAITS: dict[str, tuple[str, ...]] = {
    "dress": ("metro", "axis", "dotnet"),
    "repeats": (REFUSED, OLD_SUCCESS),
    "g3_numbers": (SERVER, OURS),
    "g3_answers": (ACCEPTED, DECIDED),
    "g1_unsigned": (REFUSED, ACCEPTED),
    "hizmet_kaydi": (UNCHECKED, REQUIRED),
}
PERSONALITIES: dict[str, dict[str, Any]] = {
    "metro": {
        "dress": "metro",
        "repeats": REFUSED,
        "g3_numbers": SERVER,
        "g3_answers": ACCEPTED,
        "g1_unsigned": REFUSED,
        "processing_seconds": 0.05,
    },
    "axis": {
        "dress": "axis",
        "repeats": OLD_SUCCESS,
        "g3_numbers": OURS,
        "g3_answers": DECIDED,
        "g1_unsigned": REFUSED,
        "processing_seconds": 0.0,
    },
    "dotnet": {
        "dress": "dotnet",
        "repeats": REFUSED,
        "g3_numbers": SERVER,
        "g3_answers": DECIDED,
        "g1_unsigned": ACCEPTED,
        "processing_seconds": 0.3,
    },
}


def put_on(ministry: Ministry, name: str) -> None:
    """Give `ministry` every trait of the personality `name`."""
    for trait, value in PERSONALITIES[name].items():
        setattr(ministry, trait, value)


def folder_of(name: str, seed: int) -> str:
    """Under which folder a personality has its faces; one of them moves with every seed."""
    moving = sha256(str(seed).encode()).hexdigest()[:8]
    return {"metro": "", "axis": "/axis2/services", "dotnet": f"/{moving}/v1"}[name]
