"""Whoever was erased from the registers and is named again by an export: told with the cell, and left out.

An old file must not undo an erasure in silence. Where there is a new ground (a new contract, hired again), whoever
imports says so, and the mark goes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrator.domain.findings import Finding, Severity
from integrator.parties.forgetting import CONTACT, Mark, mark_of, mark_of_contact
from integrator.protect.seal import Sealer


@dataclass(slots=True)
class Returning:
    """`marks` are those that stood when the import began; `readmit` lets everybody in. `came_back`: who did."""

    sealer: Sealer = field(repr=False)
    marks: dict[str, Mark]
    readmit: bool
    came_back: set[str] = field(default_factory=set)

    def admit(self, values: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[Finding]]:
        """The row's values without erased contact facts; None when it is about an erased person. And what to tell."""
        if not self.marks:
            return dict(values), []
        if values.get("tckn") and (finding := self._erased("tckn", mark_of(self.sealer, values["tckn"]))):
            return None, [finding]
        contact = {name: mark_of_contact(self.sealer, name, values[name]) for name in CONTACT if values.get(name)}
        found = {name: told for name, mark in contact.items() if (told := self._erased(name, mark))}
        return {name: value for name, value in values.items() if name not in found}, list(found.values())

    def _erased(self, path: str, mark: str) -> Finding | None:
        was = self.marks.get(mark)
        if was is None:
            return None
        if self.readmit:
            self.came_back.add(mark)
            return None
        return Finding("INT-PTY-018", path, f"{was.erased_on}", f"{was.certificate_no}", Severity.WARNING)

    def is_in(self) -> None:
        """The page that held them is committed: they are not erased any more."""
        for each in self.came_back:
            del self.marks[each]
        self.came_back.clear()
