"""XLSX as sheets, read in flat memory by the house's XML parser, because the traps lie in what other readers hide.

Seen here and not there: that a cell is a formula, the digits a number was stored with, merged cells, hidden rows and
sheets. Formulas are not evaluated, external links and comments are not looked at. Dates obey the workbook's 1900 or
1904 system. Standard: ECMA-376, parts 1 and 4 (SpreadsheetML).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from lxml import etree

from integrator.domain.findings import Finding, Severity, seen
from integrator.intake.archive import chunks, open_archive
from integrator.intake.cells import Cell
from integrator.intake.read_csv import CELL_CHARACTERS, column_letters
from integrator.intake.read_json import Unreadable
from integrator.intake.sheets import Row
from integrator.protect.safe_xml import UnsafeXml, parse_xml, pull_parser

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
STRING_BYTES, STRINGS = 96 << 20, 2_000_000
ROW_BYTES = 8 << 20
PART_BYTES = 16 << 20
MAX_MERGED = 10_000
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_RANGE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6}):([A-Z]{1,3})([1-9][0-9]{0,6})")
_FORMAT_NOISE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DATE_FORMATS = frozenset([*range(14, 18), 22, *range(27, 37), *range(50, 59)])
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RELATION_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


@dataclass(slots=True)
class Workbook:
    """A workbook that passed the caps. Close it when its sheets were read."""

    archive: zipfile.ZipFile
    sheets: list[Sheet]
    notes: list[Finding]

    def close(self) -> None:
        """Let go of the file."""
        self.archive.close()


@dataclass(slots=True)
class _Shared:
    """What all sheets of a workbook share."""

    strings: list[str]
    date_styles: frozenset[int]
    epoch: datetime


@dataclass(slots=True)
class Sheet:
    """One visible sheet."""

    name: str
    archive: zipfile.ZipFile
    part: str
    shared: _Shared
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def address(self, row: int, column: int) -> str:
        """``Kayıtlar!K17``."""
        return f"{self.name}!{column_letters(column)}{row}"

    def rows(self) -> Iterator[Row]:
        """Rows with a cell that is not empty. Merged cells are known when the last one was given."""
        merged: list[tuple[int, int, int, int]] = []
        before = 0
        for element in _elements(self.archive, self.part, ROW_BYTES, "{*}row", "{*}mergeCell"):
            if element.tag.endswith("}mergeCell"):
                _note_merged(str(element.get("ref", "")), merged)
                continue
            number = _row_number(element, before)
            before = number
            cells = {at: cell for at, cell in _cells(element, self.shared) if cell.text}
            if cells:
                yield Row(number, cells, hidden=element.get("hidden") in ("1", "true"))
        self.merged = merged


def open_workbook(path: Path) -> Workbook:
    """The visible sheets of an ``.xlsx`` file and what is to be told of it; raises Unreadable for anything else."""
    archive = open_archive(path)
    try:
        return _open(archive)
    except (Unreadable, UnsafeXml, ValueError) as error:
        archive.close()
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("INT-INT-014", "XML", "", "#file") from error


def _open(archive: zipfile.ZipFile) -> Workbook:
    main = next((each for _, kind, each in _relations(archive, "") if kind.endswith("/officeDocument")), "")
    book = _tree(archive, main)
    rows = list(_relations(archive, main))
    targets = {name: target for name, _, target in rows}
    kinds = {kind.rpartition("/")[2]: target for _, kind, target in rows}
    shared = _Shared(
        _strings(archive, kinds.get("sharedStrings", "")),
        _date_styles(archive, kinds.get("styles", "")),
        _epoch(book),
    )
    sheets, notes = [], []
    for element in book.iterfind(".//{*}sheets/{*}sheet"):
        name = str(element.get("name", ""))
        part = targets.get(str(element.get(_RELATION) or element.get(_RELATION_STRICT) or ""), "")
        if element.get("state") in ("hidden", "veryHidden"):
            notes.append(Finding("INT-INT-024", "#file", seen(name), "", Severity.WARNING))
        elif "chartsheet" not in part:
            sheets.append(Sheet(name, archive, part, shared))
    return Workbook(archive, sheets, notes)


def _tree(archive: zipfile.ZipFile, part: str) -> etree._Element:
    """A small part, whole."""
    content = b""
    for chunk in chunks(archive, part):
        content += chunk
        if len(content) > PART_BYTES:
            raise Unreadable("INT-INT-013", seen(part), f"<= {PART_BYTES >> 20} MB", "#file")
    try:
        return parse_xml(content)
    except UnsafeXml as error:
        raise Unreadable("INT-INT-014", seen(f"{part}: {error}"), "", "#file") from error


def _relations(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, str, str]]:
    """(id, type, part) of what a part refers to inside the archive."""
    folder, name = posixpath.split(part)
    for each in _tree(archive, posixpath.join(folder, "_rels", f"{name}.rels")):
        if each.get("TargetMode") == "External":  # links to other files are not followed
            continue
        target = str(each.get("Target", ""))
        whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        yield str(each.get("Id", "")), str(each.get("Type", "")), whole


def _epoch(book: etree._Element) -> datetime:
    properties = book.find("{*}workbookPr")
    is_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    return datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - a day, not a moment


def _strings(archive: zipfile.ZipFile, part: str) -> list[str]:
    """The shared strings; runs of rich text put together, phonetic readings left out."""
    strings: list[str] = []
    held = 0
    for element in _elements(archive, part, ROW_BYTES, "{*}si") if part else ():
        text = _text_of(element)
        held += len(text)
        strings.append(text)
        if held > STRING_BYTES or len(strings) > STRINGS:
            raise Unreadable("INT-INT-013", "sharedStrings", f"<= {STRINGS}", "#file")
    return strings


def _text_of(element: etree._Element) -> str:
    runs = [
        part.text or ""
        for part in element.iter("{*}t")
        if (parent := part.getparent()) is None or not str(parent.tag).endswith("}rPh")
    ]
    return "".join(runs)[: CELL_CHARACTERS + 1]


def _date_styles(archive: zipfile.ZipFile, part: str) -> frozenset[int]:
    """Indexes of the cell styles that show a number as a day."""
    if not part:
        return frozenset()
    tree = _tree(archive, part)
    formats = {str(each.get("numFmtId")): str(each.get("formatCode", "")) for each in tree.iterfind(".//{*}numFmt")}
    own = {number for number, code in formats.items() if re.search("[dy]", _FORMAT_NOISE.sub("", code), re.IGNORECASE)}
    styles = tree.find("{*}cellXfs")
    return frozenset(
        index
        for index, style in enumerate(styles if styles is not None else ())
        if (number := str(style.get("numFmtId", "0"))) in own
        or (number not in formats and number.isdigit() and int(number[:9]) in _DATE_FORMATS)
    )


def _elements(archive: zipfile.ZipFile, part: str, most: int, *tags: str) -> Iterator[etree._Element]:
    """The wanted elements of a part, one at a time, each forgotten when the next is asked for."""
    parser, fed = pull_parser(*tags), 0
    try:
        for chunk in chunks(archive, part):
            fed += len(chunk)
            if fed > most:
                raise Unreadable("INT-INT-013", seen(part), f"<= {most >> 20} MB", "#file")
            parser.feed(chunk)
            for _, element in parser.read_events():
                assert isinstance(element, etree._Element)  # the stubs also know events of namespaces
                fed = 0
                yield element
                element.clear(keep_tail=True)  # type: ignore[call-arg]  # the stubs are older
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
        parser.close()
    except etree.XMLSyntaxError as error:
        raise Unreadable("INT-INT-014", seen(part), "", "#file") from error


def _note_merged(reference: str, merged: list[tuple[int, int, int, int]]) -> None:
    match = _RANGE.fullmatch(reference)
    if match and len(merged) < MAX_MERGED:
        merged.append((int(match[2]), _column(match[1]), int(match[4]), _column(match[3])))


def _row_number(element: etree._Element, before: int) -> int:
    named = str(element.get("r", ""))
    number = int(named) if named.isascii() and named.isdigit() and len(named) < 9 else before + 1
    if number <= before or number > MAX_ROW:
        raise Unreadable("INT-INT-014", f"row {number}", "", "#file")
    return number


def _cells(row: etree._Element, shared: _Shared) -> Iterator[tuple[int, Cell]]:
    at = -1
    for element in row:
        match = _ADDRESS.fullmatch(str(element.get("r", "")))
        at = _column(match[1]) if match else at + 1
        if at >= MAX_COLUMN:
            raise Unreadable("INT-INT-014", f"column {at + 1}", "", "#file")
        yield at, _cell(element, shared)


def _cell(element: etree._Element, shared: _Shared) -> Cell:
    value, kind = "", element.get("t", "n")
    for child in element:
        tag = str(child.tag)
        if tag.endswith("}f"):
            return Cell("=" + (child.text or ""), "formula")
        if tag.endswith("}v"):
            value = child.text or ""
        elif tag.endswith("}is"):
            return Cell(_text_of(child))
    if kind == "s":
        index = int(value) if value.isascii() and value.isdigit() and len(value) < 9 else -1
        if not 0 <= index < len(shared.strings):
            if not value:
                return Cell("")
            raise Unreadable("INT-INT-014", "sharedStrings", "", "#file")
        return Cell(shared.strings[index])
    if kind == "n" and value:
        return _number(value, element.get("s"), shared)
    kinds: Mapping[str, str] = {"e": "error", "b": "bool", "d": "date"}
    return Cell(value[: CELL_CHARACTERS + 1], kinds.get(str(kind), "text"))


def _number(value: str, style: object, shared: _Shared) -> Cell:
    text = value[:64]
    if style is None or not str(style).isdigit() or int(str(style)[:9]) not in shared.date_styles:
        return Cell(text, "number")
    try:
        moment = shared.epoch + timedelta(days=float(text))
    except (ValueError, OverflowError):
        return Cell(text, "number")
    return Cell(moment.date().isoformat(), "date")


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
