"""Exports of İSG-KATİP as rows of values: the sheet and its heading row are found by the names the columns go by.

What a cell says is read as in any sheet (intake/cells.py) and then by the words of İSG-KATİP (parties/isgkatip.py). A
faulty cell makes its row faulty, and each fault leads to its cell; what the file as a whole lacks is Unreadable.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from integrator.catalogue.columns import fold
from integrator.catalogue.definitions import Field
from integrator.domain.findings import Finding, Severity, seen, seen_number
from integrator.domain.identifiers import is_sgk_tescil_no, is_tckn
from integrator.intake.cells import Cell, cleaned, read_cell
from integrator.intake.read_csv import open_csv
from integrator.intake.read_json import Caps, Unreadable
from integrator.intake.recognise import kind_of
from integrator.intake.sheets import Row, Table
from integrator.intake.workbook import open_workbook
from integrator.parties.isgkatip import ONE_OF, READERS, Heading, Kind, headings_of

MOST_ROWS = 200_000
MOST_COLUMNS = 200
MOST_TEXT = 200
HEADING_ROWS = 30
_TIME = re.compile(r"[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?$")
_PRINTABLE = re.compile(rf"[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]{{1,{MOST_TEXT}}}")


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One row: its first cell, its values by column (an empty cell of a column that clears is None), its faults."""

    where: str
    values: Mapping[str, Any]
    places: Mapping[str, str]
    faults: tuple[tuple[str, Finding], ...]


@dataclass(frozen=True, slots=True)
class Export:
    """A sheet whose headings are known. `notes` are what is to be told of the file, each with its cell."""

    table: Table
    heading_row: int
    columns: Mapping[int, Heading]
    notes: tuple[tuple[str, Finding], ...]

    def rows(self) -> Iterator[ExportRow]:
        """The rows below the headings."""
        return map(self._read, self._filled())

    def _filled(self) -> Iterator[Row]:
        for row in self.table.rows():
            if row.number > self.heading_row and (row.trouble or self.columns.keys() & row.cells.keys()):
                yield row

    def walk(self) -> None:
        """Once through the whole sheet before anything is taken of it; raises Unreadable for what it cannot be."""
        if sum(1 for _ in islice(self._filled(), MOST_ROWS + 1)) > MOST_ROWS:
            raise Unreadable("INT-PTY-003", f"> {MOST_ROWS}", f"<= {MOST_ROWS}", "#file")

    def _read(self, row: Row) -> ExportRow:
        first = self.table.address(row.number, min(row.cells, default=0))
        values: dict[str, Any] = {}
        places: dict[str, str] = {}
        faults = [(first, row.trouble)] if row.trouble else []
        if row.hidden:
            faults.append((first, Finding("INT-INT-023", f"#{row.number}", str(row.number), "")))
        if any(top <= row.number <= bottom for top, _, bottom, _ in self.table.merged):
            faults.append((first, Finding("INT-INT-022", f"#{row.number}", first, "")))
        for at, heading in self.columns.items():
            places[heading.name] = self.table.address(row.number, at)
            value, fault = _value(heading, row.cells.get(at, _EMPTY))
            if fault:
                faults.append((places[heading.name], fault))
            elif value is not None or heading.clears:
                values[heading.name] = value
        return ExportRow(first, values, places, tuple(faults))


@contextmanager
def open_export(path: Path, kind: Kind, caps: Caps, *, told: frozenset[str] = frozenset()) -> Iterator[Export]:
    """The sheet of an XLSX or CSV file that holds an export of `kind`, walked through once; raises Unreadable.

    `told` are compulsory columns whose value is known from elsewhere.
    """
    size = path.stat().st_size
    if size > caps.file_bytes:
        raise Unreadable("INT-INT-003", str(size), f"<= {caps.file_bytes}", "#file")
    with _open_tables(path) as (tables, notes):
        export = _survey(tables, notes, kind, told)
        export.walk()
        yield export


@contextmanager
def _open_tables(path: Path) -> Iterator[tuple[list[Table], list[Finding]]]:
    form = kind_of(path)
    if form == "csv":
        table, notes = open_csv(path)
        yield [table], notes
    elif form == "xlsx":
        workbook = open_workbook(path)
        try:
            yield list(workbook.sheets), workbook.notes
        finally:
            workbook.close()
    else:
        raise Unreadable("INT-PTY-001", form, "XLSX, CSV", "#file")


def _survey(tables: list[Table], notes: list[Finding], kind: Kind, told: frozenset[str]) -> Export:
    """The row with the most known headings; what it lacks or has twice refuses the file."""
    headings = headings_of(kind)
    by_name = {fold(name): each for each in headings for name in (each.name, *each.names)}
    heads = [(table, row) for table in tables for row in islice(table.rows(), HEADING_ROWS)]
    found = [(_known(row, by_name), table, row) for table, row in heads]
    columns, table, row = max(found, key=lambda each: len(each[0]), default=({}, None, None))
    if not table or not row or not columns:
        raise Unreadable("INT-PTY-002", "", ", ".join(each.names[0] for each in headings), "#file")
    names = Counter(each.name for each in columns.values())
    for heading in columns.values():
        if names[heading.name] > 1:
            places = ", ".join(table.address(row.number, at) for at, each in columns.items() if each is heading)
            raise Unreadable("INT-INT-052", heading.names[0], places, "#file")
    missing = [each.names[0] for each in headings if each.required and each.name not in {*names, *told}]
    several = ONE_OF.get(kind, ())
    if several and not names.keys() & set(several):
        missing.append(" / ".join(each.names[0] for each in headings if each.name in several))
    if missing:
        raise Unreadable("INT-INT-051", ", ".join(missing), kind, "#file")
    unknown = [
        (table.address(row.number, at), cleaned(cell.text)) for at, cell in row.cells.items() if at not in columns
    ]
    more = [(cell, Finding("INT-PTY-011", "#file", seen(text), cell, Severity.INFO)) for cell, text in unknown if text]
    return Export(table, row.number, columns, (*(("", note) for note in notes), *more[:MOST_COLUMNS]))


def _known(row: Row, by_name: Mapping[str, Heading]) -> dict[int, Heading]:
    texts = {at: fold(cell.text[:MOST_TEXT]) for at, cell in row.cells.items() if at < MOST_COLUMNS}
    return {at: by_name[text] for at, text in texts.items() if text in by_name}


_EMPTY = Cell("")


def _value(heading: Heading, cell: Cell) -> tuple[Any, Finding | None]:
    """(value, None), (None, None) when nothing stands there, or (None, what is wrong with the cell)."""
    name = heading.names[0]
    text, fault = read_cell(cell, Field(heading.name, heading.kind, heading.required), None, name)
    if fault:
        return None, fault
    if not text:
        return None, Finding("INT-PTY-012", name, "", "") if heading.required else None
    if heading.kind in READERS:
        read, wanted = READERS[heading.kind]
        value = read(text)
        return value, None if value is not None else Finding("INT-PTY-004", name, seen(text), wanted)
    return _plain(heading.kind, text, name)


def _plain(kind: str, text: str, name: str) -> tuple[Any, Finding | None]:
    if kind == "tckn":
        return (text, None) if is_tckn(text) else (None, Finding("INT-VAL-010", name, seen(text), "11 x 0-9"))
    if kind == "sgk_tescil_no":
        wanted = "26 x 0-9, il 001-081"
        return (
            (text, None) if is_sgk_tescil_no(text) else (None, Finding("INT-VAL-011", name, seen_number(text), wanted))
        )
    if kind == "date":
        day = _day(text)
        return day, None if day else Finding("INT-VAL-012", name, seen(text), "2025-10-23")
    fits = _PRINTABLE.fullmatch(text)
    return (text, None) if fits else (None, Finding("INT-VAL-017", name, seen(text), f"1-{MOST_TEXT}"))


def _day(text: str) -> date | None:
    """The day of ``2025-10-23`` or of ``23.10.2025 14:30``: approvals are told with their time, which is not kept."""
    whole = _TIME.sub("", text)
    if whole != text:
        whole, _ = read_cell(Cell(whole), Field("", "date", False), None, "")
    try:
        return date.fromisoformat(whole) if len(whole) == 10 else None
    except ValueError:
        return None
