"""What a sheet is, whether it came from a workbook or from CSV: rows of cells, and what the headings mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from integrator.catalogue.columns import Column
from integrator.catalogue.definitions import Definition
from integrator.domain.findings import Finding
from integrator.intake.cells import Cell


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty: its number in the sheet and its cells by column number (0 is A)."""

    number: int
    cells: Mapping[int, Cell]
    hidden: bool = False
    trouble: Finding | None = None


class Table(Protocol):
    """A sheet, or a CSV file. `rows` may be asked for again and again; `merged` is known after the first time."""

    name: str
    merged: list[tuple[int, int, int, int]]

    def rows(self) -> Iterator[Row]:
        """The rows in order, empty ones left out."""
        ...

    def address(self, row: int, column: int) -> str:
        """How a person finds the cell."""
        ...


@dataclass(slots=True)
class Survey:
    """What the first walk over one sheet found."""

    table: Table
    definition: Definition
    heading_row: int
    columns: dict[int, Column]
    unknown: list[tuple[int, str]]

    @property
    def is_companion(self) -> bool:
        """Whether it holds nothing but members of lists, for records that stand elsewhere."""
        return all(each.inside or each.field is None for each in self.columns.values())
