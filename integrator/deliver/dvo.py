"""Cuts the wire fields out of the signed bytes themselves, so that what is sent cannot differ from what was signed.

The canonical XML is our own, one line without attributes or entities; its children are moved verbatim into the
ministry's schema order (alphabetical) and never re-rendered (docs/decisions/0010).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from integrator.domain.outcomes import Pair

_RECORD = re.compile(r"<egitimBildirim>(.*)</egitimBildirim>")
_CHILD = re.compile(r"<([A-Za-z]+)>(.*?)</\1>")
_WORKER = re.compile(r"<calisanTckNo>([0-9]+)</calisanTckNo>")
_CODE = re.compile(r"<egitimKoduId>([0-9]+)</egitimKoduId>")


@dataclass(frozen=True, slots=True)
class Dvo:
    """The children of a signed message: name -> its elements, as they stand in the signed bytes."""

    elements: Mapping[str, str]
    workers: tuple[str, ...]
    codes: tuple[str, ...]
    professional: str

    @property
    def pairs(self) -> list[Pair]:
        """Every worker with every training: the parts the ministry answers for."""
        return [(worker, code) for worker in self.workers for code in self.codes]


def cut_dvo(canonical: bytes) -> Dvo:
    """The fields of one signed training message."""
    record = _RECORD.search(canonical.decode("utf-8"))
    assert record is not None  # canonical bytes are made by us and sealed since
    elements: dict[str, str] = {}
    for child in _CHILD.finditer(record[1]):
        elements[child[1]] = elements.get(child[1], "") + child[0]
    everything = record[1]
    professional = _CHILD.fullmatch(elements["isgProfTckNo"])
    assert professional is not None
    return Dvo(elements, tuple(_WORKER.findall(everything)), tuple(_CODE.findall(everything)), professional[2])
