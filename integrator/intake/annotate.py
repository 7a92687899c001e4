"""Gives a sheet back to who sent it: their own file, faulty cells coloured, a comment in each, a count of causes first.

The workbook keeps its sheets, widths, values and formulas. A workbook that comes a second time loses the marks of the
first time. Whatever we write is text: what begins like a formula gets an apostrophe. Nothing is judged here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.hyperlink import Hyperlink

from integrator.domain.errors import Malformed
from integrator.domain.texts import Language
from integrator.intake.archive import BROKEN, open_archive, refuse_hostile_parts
from integrator.intake.causes import Cause, Mark, causes_of
from integrator.intake.read_csv import open_csv
from integrator.intake.read_json import Unreadable

AUTHOR = "ibys"
SUMMARY, OTHER_SUMMARY = "Özet", "Özet (İBYS)"
FINDINGS = "Bulgular"
MOST_BYTES = 160 << 20
_ERROR, _WARNING = "FFFFC7CE", "FFFFEB9C"
_FORMULA = re.compile(r"[=+\-@\t\r]")
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_TITLE = "İBYS"
# What openpyxl lets through about a workbook that is not quite one; ours was judged before, and more strictly.
_BAD_BOOK = (*BROKEN, ValueError, LookupError, TypeError, AttributeError, SyntaxError, ArithmeticError, AssertionError)
_WORDS = {
    "tr": (
        "{title}: {cells} bulgu, {causes} neden",
        ("Kaç", "Sütun", "Ne oldu (ilk örnek)", "Ne yapmalı", "İlk hücre", "Diğer hücreler", "Kod"),
        "{accepted} kayıt alındı, {known} zaten vardı, {rejected} düzeltilmeli. Düzeltip bu dosyayı yeniden gönderin; "
        "Kayıt No'ları değiştirmeyin: alınmış kayıtlar ikinci kez gitmez.",
    ),
    "en": (
        "{title}: {cells} findings, {causes} causes",
        ("Count", "Column", "What happened (first instance)", "What to do", "First cell", "Other cells", "Code"),
        "{accepted} accepted, {known} known before, {rejected} to be mended. Mend this file and send it again; "
        "keep the record numbers: what was accepted is not sent twice.",
    ),
}


def guarded(text: str) -> str:
    """`text` so that no spreadsheet program takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def require_annotatable(path: Path, kind: str) -> None:
    """Raises Malformed when a file of this kind or size cannot be handed back annotated; before anything is stored."""
    if kind not in ("xlsx", "csv"):
        raise Malformed(f"{path}: only a workbook or CSV can come back annotated; this is {kind}, use --json")
    if kind == "xlsx":
        try:
            with open_archive(path) as archive:
                sheets = [each for each in archive.infolist() if each.filename.startswith("xl/worksheets/")]
        except Unreadable:  # it will be refused with the reason
            return
        if sum(each.file_size for each in sheets) > MOST_BYTES:
            raise Malformed(f"{path}: too large to come back annotated ({MOST_BYTES >> 20} MB unpacked); use --json")


def annotate(
    kind: str, source: Path, out: Path, marks: Sequence[Mark], *, tally: Mapping[str, int], language: Language
) -> list[Cause] | None:
    """Write `source` with its marks to `out`; the causes it counts, or None when the file could not be opened."""
    if kind == "csv":
        return _annotate_csv(source, out, marks, language)
    try:
        with open_archive(source) as archive:
            refuse_hostile_parts(archive)
        with source.open("rb") as stream:  # by content: openpyxl would go by the name
            book: Any = openpyxl.load_workbook(stream, keep_links=False, rich_text=True)
    except (Unreadable, *_BAD_BOOK):
        return None
    _forget_marks(book)
    for cell, of_cell in _by_cell(marks).items():
        _mark_cell(book, cell, of_cell, language)
    causes = causes_of(marks, language)
    _summarise(book, causes, tally, language)
    try:
        book.save(out)
    except _BAD_BOOK as error:
        raise Malformed(f"{out}: the annotated workbook could not be written ({type(error).__name__})") from error
    return causes


def _by_cell(marks: Iterable[Mark]) -> dict[str, list[Mark]]:
    found: dict[str, list[Mark]] = {}
    for mark in marks:
        if mark.cell:
            found.setdefault(mark.cell, []).append(mark)
    return found


def _forget_marks(book: Any) -> None:
    """Take away what an earlier run wrote: its summary, its comments, its colours."""
    for name in (SUMMARY, OTHER_SUMMARY):
        if name in book.sheetnames and str(book[name]["A1"].value or "").startswith(_TITLE):
            del book[name]
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.comment is not None and cell.comment.author == AUTHOR:
                    cell.comment = None
                    cell.fill = PatternFill()


def _mark_cell(book: Any, address: str, marks: Sequence[Mark], language: Language) -> None:
    sheet, _, cell_name = address.rpartition("!")
    if sheet not in book.sheetnames or not _CELL.fullmatch(cell_name):
        return
    cell = book[sheet][cell_name]
    if type(cell).__name__ == "MergedCell":  # only the first cell of a merged range can hold a comment
        ranges = book[sheet].merged_cells.ranges
        within = next(each for each in ranges if cell_name in each)
        cell = book[sheet].cell(within.min_row, within.min_col)
    colour = _ERROR if any(mark.finding.severity == "error" for mark in marks) else _WARNING
    cell.fill = PatternFill("solid", fgColor=colour)
    said = [f"{mark.sentence(language)} [{mark.finding.code}]" for mark in marks]
    before = [cell.comment.text] if cell.comment is not None else []
    comment = Comment(_legal("\n\n".join([*said, *before])), AUTHOR)
    comment.width, comment.height = 460, 70 + 60 * len(said)
    cell.comment = comment


def _summarise(book: Any, causes: Sequence[Cause], tally: Mapping[str, int], language: Language) -> None:
    name = OTHER_SUMMARY if SUMMARY in book.sheetnames else SUMMARY
    sheet = book.create_sheet(name, 0)
    book.active = 0
    for other in book.worksheets:
        other.sheet_view.tabSelected = other is sheet
    title, headings, words = _WORDS[language]
    _write(sheet, 1, 1, title.format(title=_TITLE, cells=sum(each.count for each in causes), causes=len(causes)))
    sheet["A1"].font = Font(bold=True, size=14)
    _write(sheet, 2, 1, words.format(**tally))
    for at, (heading, width) in enumerate(zip(headings, (8, 30, 60, 60, 18, 40, 14), strict=True), 1):
        _write(sheet, 4, at, heading)
        sheet.cell(4, at).font = Font(bold=True)
        sheet.column_dimensions[openpyxl.utils.get_column_letter(at)].width = width
    for number, cause in enumerate(causes, 5):
        _write_cause(sheet, number, cause)
    sheet.freeze_panes = "A5"


def _write_cause(sheet: Any, number: int, cause: Cause) -> None:
    sheet.cell(number, 1).value = cause.count
    sheet.cell(number, 1).fill = PatternFill("solid", fgColor=_ERROR if cause.severity == "error" else _WARNING)
    first, others = cause.cells[:1], cause.cells[1:]
    more = cause.count - len(cause.cells)
    listed = ", ".join(others) + (f" ... (+{more})" if more > 0 and others else "")
    for at, text in enumerate((cause.heading, cause.happened, cause.wanted, *(first or [""]), listed, cause.code), 2):
        _write(sheet, number, at, text)
    if first:
        name, _, cell = first[0].rpartition("!")
        location = f"'{name.replace(chr(39), chr(39) * 2)}'!{cell}"
        sheet.cell(number, 5).hyperlink = Hyperlink(ref=f"E{number}", location=location)
        sheet.cell(number, 5).font = Font(underline="single", color="FF0563C1")


def _write(sheet: Any, row: int, column: int, text: str) -> None:
    """A text, never a formula."""
    cell = sheet.cell(row, column)
    cell.value = _legal(guarded(text)) or None
    cell.alignment = Alignment(wrap_text=row > 3, vertical="top")


def _legal(text: str) -> str:
    """`text` without what the XML of a workbook cannot hold."""
    return str(ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))


def _annotate_csv(source: Path, out: Path, marks: Sequence[Mark], language: Language) -> list[Cause] | None:
    """The same rows with one more column, in UTF-8 with a BOM, which every spreadsheet program opens rightly."""
    try:
        table, _ = open_csv(source)
        first = next(iter(table.rows()), None)
        wide = max((max(row.cells, default=-1) + 1 for row in table.rows()), default=0)
    except Unreadable:
        return None
    heading = first.number if first else 1
    kept = [at for at in range(wide) if not first or at not in first.cells or first.cells[at].text != FINDINGS]
    said: dict[int, list[str]] = {heading: [FINDINGS]}
    for mark in marks:
        match = _CELL.fullmatch(mark.cell or "")
        if match:
            said.setdefault(int(match[2]), []).append(f"{mark.cell}: {mark.sentence(language)} [{mark.finding.code}]")
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer, written = csv.writer(file, delimiter=table.delimiter), 0
        for row in table.rows():
            for _ in range(row.number - written - 1):  # empty rows stay, so that row numbers do
                writer.writerow([])
            written = row.number
            texts = [guarded(row.cells[at].text) if at in row.cells else "" for at in kept]
            writer.writerow([*texts, "\n".join(said.get(row.number, ()))])
    return causes_of(marks, language)
