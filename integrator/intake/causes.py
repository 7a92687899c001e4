"""Findings of a sheet as a person wants them: by cell, and counted by cause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.columns import Column, columns_of
from integrator.domain.errors import UnknownVeriSeti
from integrator.domain.findings import Finding
from integrator.domain.texts import Language

_NOISE = re.compile(r"\[[0-9]+\]|#.*")
_SENTENCE_END = re.compile(r"(?<=[^A-ZÇĞİÖŞÜ])[.;]\s+(?=[A-ZÇĞİÖŞÜ0-9])")
MAX_CELLS = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """One finding and the cell it is about; no cell when it is about the file."""

    cell: str | None
    finding: Finding
    heading: str

    def sentence(self, language: Language) -> str:
        """What is wrong and what to do, with the column's heading instead of the field's name."""
        return replace(self.finding, path=self.heading or self.finding.path).sentence(language)


@dataclass(slots=True)
class Cause:
    """Findings with one code in one column, told once: what happened, what to do, how often, where first."""

    code: str
    heading: str
    severity: str
    happened: str
    wanted: str
    count: int = 0
    cells: list[str] = field(default_factory=list)


class Headings:
    """The heading of a finding's field, in one language."""

    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        self._catalogue = catalogue
        self._language = language
        self._known: dict[str, Mapping[str, str]] = {}

    def of(self, veri_seti: str, path: str) -> str:
        """The heading for a path of a record of this veri seti; empty when the path is about no one column."""
        plain = _NOISE.sub("", path)
        return self._by_path(veri_seti).get(plain, "") if plain else ""

    def _by_path(self, veri_seti: str) -> Mapping[str, str]:
        if veri_seti not in self._known:
            self._known[veri_seti] = dict(self._pairs(veri_seti))
        return self._known[veri_seti]

    def _pairs(self, veri_seti: str) -> Iterable[tuple[str, str]]:
        try:
            columns = columns_of(self._catalogue.newest(veri_seti))
        except UnknownVeriSeti:
            return
        for column in columns:
            shown = self._shown(column)
            yield column.path, shown
            if column.inside and sum(each.inside == column.inside for each in columns) == 1:
                yield column.inside, shown

    def _shown(self, column: Column) -> str:
        return column.tr if self._language == "tr" else column.en


def causes_of(marks: Iterable[Mark], language: Language) -> list[Cause]:
    """One cause for each code and column, the most frequent first, errors before warnings."""
    found: dict[tuple[str, str], Cause] = {}
    for mark in marks:
        finding = mark.finding
        key = (finding.code, mark.heading or _NOISE.sub("", finding.path))
        if key not in found:
            happened, wanted = _cut(mark.sentence(language))
            found[key] = Cause(finding.code, mark.heading, str(finding.severity), happened, wanted)
        cause = found[key]
        cause.count += 1
        if mark.cell and len(cause.cells) < MAX_CELLS:
            cause.cells.append(mark.cell)
    return sorted(found.values(), key=lambda each: (each.severity != "error", -each.count, each.code))


def _cut(sentence: str) -> tuple[str, str]:
    """(what happened, what to do): our texts say the one, then the other."""
    end = _SENTENCE_END.search(sentence)
    return (sentence[: end.start() + 1], sentence[end.end() :]) if end else (sentence, "")
