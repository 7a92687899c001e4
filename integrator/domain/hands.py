"""A person's hand on a message: who acts and why. Both go into the audit log for good, so neither may hold a person.

Whoever holds a `Hand` may trust it: it cannot be built without a reason, or with an identity number in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from integrator.domain.errors import BadReason
from integrator.domain.identifiers import holds_tckn

LONGEST_REASON = 500
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Hand:
    """`by` is the operator's name, `reason` why they act; raises BadReason for what the log must not keep."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        _check("reason", self.reason, LONGEST_REASON)
        _check("name", self.by, LONGEST_NAME)

    @property
    def facts(self) -> dict[str, str]:
        """As they stand in an audit entry."""
        return {"by": self.by.strip(), "reason": self.reason.strip()}


def _check(what: str, value: str, longest: int) -> None:
    if not value.strip():
        raise BadReason(f"the {what} is empty")
    if len(value) > longest:
        raise BadReason(f"the {what} has {len(value)} characters; {longest} are taken")
    if not value.isprintable():
        raise BadReason(f"the {what} holds a line break or a sign that cannot be printed")
    if holds_tckn(value):
        raise BadReason(f"the {what} holds an identity number")


class Verb(StrEnum):
    """What a person can do with one message; `ibys` has a command for each."""

    RELEASE = "release"
    RETRY = "retry"
    CANCEL = "cancel"
    CORRECT = "correct"
    QUARANTINE = "quarantine"
    ATTACH = "attach"
