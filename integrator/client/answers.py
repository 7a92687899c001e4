"""What the server tells, as frozen types; whole answers stay at hand in `told` where there is more in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrator.client.problems import Finding

ENDED = frozenset({"accepted", "partial", "refused", "superseded", "cancelled"})
NEEDS_A_PERSON = frozenset({"awaiting_signature", "held", "quarantined", "refused", "partial"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one record that was handed over: `status` is accepted, known or rejected.

    `place` counts the records of an upload from 1; `where` is the line, or the cell, that the server names.
    """

    kayit_no: str
    status: str
    sorgu_no: tuple[int, ...]
    findings: tuple[Finding, ...]
    where: str = ""
    place: int = 1

    @classmethod
    def of(cls, told: Mapping[str, Any], *, place: int = 1, where: str = "") -> Answer:
        """The answer of one line or of one call."""
        findings = tuple(Finding.of(each) for each in told["findings"])
        return cls(told["kayit_no"], told["status"], tuple(told["sorgu_no"]), findings, where or told["where"], place)

    @property
    def is_stored(self) -> bool:
        """Whether it is on the server's disk, now or since before."""
        return self.status != "rejected"


@dataclass(frozen=True, slots=True)
class Bildirim:
    """Where one message stands. `happened`, `who`, `where` are told in "tr" and "en"."""

    sorgu_no: int
    kayit_no: str
    state: str
    last_code: str
    happened: Mapping[str, str]
    who: Mapping[str, str]
    where: Mapping[str, str]
    told: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Bildirim:
        """The message of a list or of its own page."""
        names = [each for each in cls.__slots__ if each != "told"]
        return cls(**{name: told[name] for name in names}, told=told)

    @property
    def has_ended(self) -> bool:
        """Whether no more moves are to come but by a person."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message whose professional's signature is awaited; the professional's number is masked."""

    sorgu_no: int
    since: str
    professional: str


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing to mend that `count` messages wait for; `can` tells the acts that are open."""

    cause: str
    state: str
    code: str
    count: int
    since: str
    examples: Sequence[int]
    happened: Mapping[str, str]
    who: Mapping[str, str]
    where: Mapping[str, str]
    can: Mapping[str, Mapping[str, str]]
    told: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Cause:
        """The cause of a list."""
        names = [each for each in cls.__slots__ if each != "told"]
        return cls(**{name: told[name] for name in names}, told=told)
