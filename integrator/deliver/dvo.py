"""Cuts the wire fields out of the signed bytes themselves, so that what is sent cannot differ from what was signed.

The canonical XML is our own, one line without attributes or entities; its children are moved verbatim into the
ministry's schema order (alphabetical) and never re-rendered (docs/decisions/0010).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from integrator.domain.outcomes import Pair

VERI_SETI = "egitim"
"""The only veri seti whose messages any generation sends: the others wait in the queue for one that can."""

_OPEN, _CLOSE = "<egitimBildirim>", "</egitimBildirim>"
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
    text = canonical.decode("utf-8")
    record = text[text.index(_OPEN) + len(_OPEN) : text.rindex(_CLOSE)]
    elements: dict[str, str] = {}
    for name, element in _children(record):
        elements[name] = elements.get(name, "") + element
    professional = _text_of(elements["isgProfTckNo"])
    return Dvo(elements, tuple(_WORKER.findall(record)), tuple(_CODE.findall(record)), professional)


def _children(record: str) -> Iterator[tuple[str, str]]:
    """(name, whole element) of each child, in order. No child holds one of its own name."""
    at = 0
    while at < len(record):
        name = record[at + 1 : record.index(">", at)]
        end = record.index(f"</{name}>", at) + len(name) + 3
        yield name, record[at:end]
        at = end


def _text_of(element: str) -> str:
    return element[element.index(">") + 1 : element.rindex("<")]
