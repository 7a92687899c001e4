"""Any list as a workbook: rows of one frozen dataclass in, one sheet out, at the same memory however many rows.

What a row holds decides its cell: dates are dates, moments are times in Istanbul, words of ours are said in the
reader's language, and text stays text whatever it begins with, so that no cell of a customer's becomes a formula.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import Enum
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import xlsxwriter

from integrator.domain.clock import ISTANBUL
from integrator.domain.texts import Language
from integrator.paper.words import heading, say, value_word

MOST_ROWS = 100_000
LONGEST_TEXT = 32_000  # a cell takes 32,767 characters, and drops a longer one without a word
WIDEST, NARROWEST = 60, 6
_EXACT = 10**15  # a spreadsheet keeps fifteen digits of a number
_FIRST_YEAR = 1900  # of a spreadsheet's calendar
_IN_MEMORY = 1 << 20
_COMMANDS = ("=", "+", "-", "@", "\t", "\n")
_TITLE, _HEAD, _FIRST = 0, 1, 2  # rows of the sheet

Cell = str | int | float | date | datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What is written: `rows` are frozen dataclasses of `row_type`, whose fields are the columns, in their order."""

    title: str
    row_type: type
    rows: Iterable[Any] = field(repr=False)
    most: int = MOST_ROWS

    @property
    def columns(self) -> list[str]:
        """The names of the fields."""
        return [each.name for each in fields(self.row_type)]


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows stand in the sheet, and whether there were more."""

    rows: int
    is_cut: bool


def write_sheet(out: IO[bytes], listing: Listing, language: Language, *, made_at: datetime) -> Written:
    """Write the workbook of a list to `out`. At most `listing.most` rows; that there are more says the first line."""
    with SpooledTemporaryFile(_IN_MEMORY) as spool:
        kept = _Kept(spool, listing, language)
        book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_urls": False})
        book.set_properties({"title": _clean(listing.title)})
        _Page(book, listing, language).write(kept, made_at)
        book.close()
    return kept.written


class _Kept:
    """The rows as cells, on disk: their number and widths must be known before the first line is written."""

    def __init__(self, spool: Any, listing: Listing, language: Language) -> None:
        self._spool = spool
        self.widths = [len(heading(each, language)) + 4 for each in listing.columns]  # and the arrow of the filter
        rows = iter(listing.rows)
        count = sum(map(self._keep, _cells_of(islice(rows, listing.most), listing.columns, language)))
        self.written = Written(count, next(rows, None) is not None)

    def _keep(self, cells: tuple[Cell, ...]) -> int:
        self.widths = [max(known, _width(cell)) for known, cell in zip(self.widths, cells, strict=True)]
        pickle.dump(cells, self._spool, pickle.HIGHEST_PROTOCOL)
        return 1

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        self._spool.seek(0)
        for _ in range(self.written.rows):
            yield pickle.load(self._spool)  # noqa: S301 - written a moment ago, by us, to a file without a name


class _Page:
    def __init__(self, book: Any, listing: Listing, language: Language) -> None:
        self._sheet = book.add_worksheet(say("sheet", language))
        self._listing, self._language = listing, language
        made = book.add_format
        self._bold, self._head = made({"bold": True}), made({"bold": True, "bottom": 1, "text_wrap": True})
        self._day, self._moment = made({"num_format": "dd.mm.yyyy"}), made({"num_format": "dd.mm.yyyy hh:mm"})
        self._number, self._text = made({"num_format": "0.##"}), made({"num_format": "@"})
        self._quoted = made({"num_format": "@", "quote_prefix": True})  # stays text when somebody edits the cell
        self._whole = made({"num_format": "0"})

    def write(self, kept: _Kept, made_at: datetime) -> None:
        """Title, headings, rows in their order: memory holds one at a time."""
        sheet, columns = self._sheet, self._listing.columns
        sheet.write_string(_TITLE, 0, self._title(kept.written, made_at), self._bold)
        for at, name in enumerate(columns):
            sheet.write_string(_HEAD, at, heading(name, self._language), self._head)
        for number, cells in enumerate(kept, _FIRST):
            for at, cell in enumerate(cells):
                self._write(number, at, cell)
        last = max(_HEAD, _FIRST + kept.written.rows - 1)
        sheet.autofilter(_HEAD, 0, last, len(columns) - 1)
        sheet.freeze_panes(_FIRST, 1)
        for at, width in enumerate(kept.widths):
            sheet.set_column(at, at, min(max(width, NARROWEST), WIDEST))
        self._set_up_print(made_at)

    def _title(self, written: Written, made_at: datetime) -> str:
        told = say("sheet_title", self._language, title=self._listing.title, at=_moment(made_at), count=written.rows)
        return _clean(told + (say("sheet_cut", self._language, most=written.rows) if written.is_cut else ""))

    def _write(self, row: int, at: int, cell: Cell) -> None:
        if isinstance(cell, str):
            self._sheet.write_string(row, at, cell, self._quoted if cell.startswith(_COMMANDS) else self._text)
        elif isinstance(cell, datetime):
            self._sheet.write_datetime(row, at, cell, self._moment)
        elif isinstance(cell, date):
            self._sheet.write_datetime(row, at, cell, self._day)
        elif cell is not None:
            self._sheet.write_number(row, at, cell, self._whole if isinstance(cell, int) else self._number)

    def _set_up_print(self, made_at: datetime) -> None:
        sheet = self._sheet
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_TITLE, _HEAD)
        sheet.set_footer(f"&L{_moment(made_at)}&R&P / &N")


def _cells_of(rows: Iterable[Any], columns: Sequence[str], language: Language) -> Iterator[tuple[Cell, ...]]:
    for row in rows:
        yield tuple(cell_of(getattr(row, name), language) for name in columns)


def cell_of(value: Any, language: Language) -> Cell:
    """A value as its cell holds it; what no cell can hold becomes text."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(ISTANBUL).replace(tzinfo=None)
    if isinstance(value, date):
        return value if value.year >= _FIRST_YEAR else value.isoformat()
    if isinstance(value, bool):
        return value_word("yes" if value else "no", language)
    if isinstance(value, Enum):
        return value_word(str(value.value), language)
    if isinstance(value, (int, float)) and abs(value) < _EXACT:  # neither endless nor no number
        return value
    return _clean(str(value))


def _clean(text: str) -> str:
    """Without what no sheet may hold; cut, and marked so, where a cell would not take it."""
    shown = text.encode("utf-8", "replace").decode()
    if not shown.isprintable():
        shown = "".join(each if each.isprintable() or each in "\t\n" else "\ufffd" for each in shown)
    return shown if len(shown) <= LONGEST_TEXT else shown[:LONGEST_TEXT] + "…"


def _width(cell: Cell) -> int:
    if isinstance(cell, str):
        return len(cell) + 1
    return 17 if isinstance(cell, datetime) else 11 if isinstance(cell, date) else len(str(cell or "")) + 1


def _moment(at: datetime) -> str:
    return at.astimezone(ISTANBUL).strftime("%d.%m.%Y %H:%M")
