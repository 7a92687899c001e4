"""Whom a message is about, read out of its own frozen bytes: the workplace, its workers, and until when it counts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

EGITIM, MUAYENE = "egitim", "muayene"
KINDS = (EGITIM, MUAYENE)
"""The veri setleri that say something of single workers."""

_FIELD = re.compile(
    r"<(calisanTckNo|calisanTcKimlikNo|sgkTescilNo|raporSonGecerlilikTarihi)>([^<]*)</\1>"
)  # contract 2, 8.2: the canonical XML is our own, without attributes, entities in these fields or nesting of a name


@dataclass(frozen=True, slots=True)
class Subject:
    """`until` is the last day the message itself names; None where a rule counts it."""

    sgk_tescil_no: str
    workers: tuple[str, ...] = field(repr=False)
    until: date | None = None


def subject_of(canonical: bytes) -> Subject:
    """The subject of a training or an examination; raises KeyError for bytes that name no workplace."""
    found: dict[str, list[str]] = {}
    for name, value in _FIELD.findall(canonical.decode("utf-8")):
        found.setdefault(name, []).append(value)
    workers = found.get("calisanTckNo", []) + found.get("calisanTcKimlikNo", [])
    until = found.get("raporSonGecerlilikTarihi", [""])[0]
    return Subject(found["sgkTescilNo"][0], tuple(workers), _day(until) if until else None)


def _day(text: str) -> date:
    """dd-MM-yyyy, as the canonical XML writes days (contract 6)."""
    day, month, year = text.split("-")
    return date(int(year), int(month), int(day))
