"""All published versions, and which of them governs an event: chosen by the event's date."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from integrator.catalogue.codes import CodeList
from integrator.catalogue.definitions import Definition, read_definition
from integrator.catalogue.published import published
from integrator.domain.errors import UnknownVeriSeti
from integrator.domain.findings import seen


@dataclass(frozen=True, slots=True)
class ResultCode:
    """One of the ministry's codes: its class decides what happens, its texts tell a person."""

    code: str
    kind: str
    tr: str
    en: str


class Catalogue:
    """Definitions by veri seti and version, result codes, and the code lists in use."""

    def __init__(self, definitions: list[Definition], result_codes: Mapping[str, ResultCode]) -> None:
        self._definitions = {(each.veri_seti, each.version): each for each in definitions}
        self._by_veri_seti = {
            name: tuple(each for each in reversed(self.definitions) if each.veri_seti == name)
            for name in {each.veri_seti for each in definitions}
        }
        self.result_codes = result_codes
        self.signers = tuple(sorted({each.signer for each in definitions}))
        self.refreshed: Mapping[str, CodeList] = {}

    @property
    def definitions(self) -> list[Definition]:
        """All versions, oldest first within a veri seti."""
        return sorted(self._definitions.values(), key=lambda each: (each.veri_seti, each.version))

    def is_health(self, veri_seti: str) -> bool:
        """Whether records of this set hold health facts, by any of its versions."""
        return any(each.health for each in self._by_veri_seti.get(veri_seti, ()))

    def definition(self, veri_seti: str, version: str) -> Definition:
        """One named version; raises UnknownVeriSeti."""
        found = self._definitions.get((veri_seti, version))
        if found is None:
            known = ", ".join(f"{name} {number}" for name, number in sorted(self._definitions))
            told = f"no veri seti {seen(veri_seti)!r} version {seen(version)!r}"
            raise UnknownVeriSeti(f"{told}; published: {known}")
        return found

    def in_force(
        self, veri_seti: str, day: date, *, version: str | None = None, metot: str | None = None
    ) -> list[Definition]:
        """The versions an event of `day` may use, newest first. Two in an overlap; none before the first.

        A version that is taken by choice is among them only when `version` or `metot` asks for it, and last.
        """
        found = [
            each
            for each in self._of(veri_seti)
            if each.in_force_on(day)
            and version in (None, each.version)
            and (not each.by_choice or version is not None or metot in each.metot)
        ]
        return sorted(found, key=lambda each: each.by_choice)

    def newest(self, veri_seti: str) -> Definition:
        """The version that governs an event whose date is not yet known to be readable."""
        of_set = self._of(veri_seti)
        return next((each for each in of_set if not each.by_choice), of_set[0])

    def _of(self, veri_seti: str) -> tuple[Definition, ...]:
        """All versions, newest first; raises UnknownVeriSeti with the list of what is published."""
        of_set = self._by_veri_seti.get(veri_seti)
        return of_set if of_set else (self.definition(veri_seti, ""),)

    def with_announced(self, announced: Definition) -> Catalogue:
        """The same catalogue with one version more, or another text of one, as if it were in force on every day."""
        always = replace(announced, in_force_from=date.min, in_force_until=None, by_choice=False)
        others = [each for each in self.definitions if each.veri_seti != announced.veri_seti]
        other = Catalogue([*others, always], self.result_codes)
        other.refreshed = {
            name: {**listed, **_dated(announced.code_lists.get(name, {}))} for name, listed in self.refreshed.items()
        }
        return other

    def code_list(self, definition: Definition, name: str) -> CodeList:
        """The list as the ministry last served it, else the published start list."""
        return self.refreshed.get(name) or definition.code_lists[name]


def _dated(listed: CodeList) -> CodeList:
    """The codes that a published list closes: a list served earlier does not know of it yet."""
    return {code: each for code, each in listed.items() if each.valid_until is not None}


@cache
def read_catalogue() -> Catalogue:
    """Everything under ``datasets/``; read once, because published files do not change under a process."""
    root = published("datasets")
    folders = sorted(path.parent for path in root.glob("*/*/veri_seti.toml"))
    return Catalogue([read_definition(folder) for folder in folders], _result_codes(root / "sonuc_kodlari.csv"))


def _result_codes(path: Path) -> dict[str, ResultCode]:
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: ResultCode(row["code"], row["class"], row["tr"], row["en"]) for row in csv.DictReader(file)
        }
