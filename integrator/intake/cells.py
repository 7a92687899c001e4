"""What a cell of a sheet says, as the text that its column's kind wants; or what is wrong with the cell itself.

Only what a spreadsheet program did to a value is undone here (space, apostrophes, a date kept as a number). What the
program destroyed (digits beyond the fifteenth) is told. No formula is ever evaluated, nor its last value believed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.codes import CodeList
from integrator.catalogue.columns import fold
from integrator.catalogue.definitions import Definition, Field
from integrator.domain.findings import Finding, seen, seen_number

EXACT = Decimal(10) ** 15
_REMEMBERED = 10_000
NUMBERS = frozenset({"tckn", "sgk_tescil_no"})
_INVISIBLE = "\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff\u00ad"
_EDGE = re.compile(rf"^[\s{_INVISIBLE}]+|[\s{_INVISIBLE}]+$")
_BETWEEN = re.compile(rf"[\s{_INVISIBLE}.-]+")
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}")
_LABELLED = re.compile(r"([0-9]{1,18}|[0-9A-Za-z_.]{1,32}(?=\s))\s*[-–—:]\s*(\S.*)")
_PARTS = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_WORDED = re.compile(r"([0-9]{1,2})\s+(\w+)\s+([0-9]{4})(?:\s+\w+)?")
_MONTHS = dict(
    zip(
        ["ocak", "subat", "mart", "nisan", "mayis", "haziran", "temmuz", "agustos", "eylul", "ekim", "kasim", "aralik"],
        range(1, 13),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as stored. `kind` is text, number, date, bool, error or formula; `text` of a date is ISO."""

    text: str
    kind: str = "text"


def cleaned(text: str) -> str:
    """`text` without space of any kind, and without the apostrophe of a spreadsheet, around it."""
    return _EDGE.sub("", _EDGE.sub("", text).removeprefix("'"))


def read_cell(cell: Cell, field: Field | None, codes: Codes | None, path: str) -> tuple[str, Finding | None]:
    """(text, None), or ("", what is wrong with the cell). An empty text means that nothing stands there."""
    kind = field.kind if field else ""
    if cell.kind == "formula":
        return "", Finding("INT-INT-020", path, seen(cell.text), "")
    if cell.kind == "error":
        return "", Finding("INT-INT-032", path, seen(cell.text), "")
    if cell.kind == "number":
        return _number(cell.text, kind, path)
    text = cleaned(cell.text)
    if kind in NUMBERS:
        return _identity(text, kind, path)
    if kind == "date":
        return _day(text), None
    if kind == "codes":
        parts = [cleaned(part) for part in re.split(r"[;,\n]", text)]
        return ";".join(codes.code(part) if codes else part for part in parts if part), None
    if codes:
        return codes.code(text), None
    return text, None


def _number(text: str, kind: str, path: str) -> tuple[str, Finding | None]:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text, None
    if not value.is_finite() or abs(value) >= EXACT:
        return "", Finding("INT-INT-021", path, _shown(text, kind), "")
    if kind == "date":
        return "", Finding("INT-INT-030", path, seen(text), _serial_day(value))
    whole = value == value.to_integral_value()
    return (str(int(value)) if whole else format(round(value, 10).normalize(), "f")), None


def _identity(text: str, kind: str, path: str) -> tuple[str, Finding | None]:
    if _ROUNDED.fullmatch(text):
        return "", Finding("INT-INT-021", path, _shown(text, kind), "")
    return _BETWEEN.sub("", text), None


def _shown(text: str, kind: str) -> str:
    return seen_number(text) if kind == "sgk_tescil_no" else seen(text)


def _serial_day(value: Decimal) -> str:
    """The day that a spreadsheet program would show for the number; for the finding only."""
    if not 36526 <= value < 73051:  # the years 2000 to 2099
        return "2025-10-23"
    return (date(1899, 12, 30) + timedelta(days=int(value))).isoformat() + " ?"


def _day(text: str) -> str:
    """ISO where the text is a day that can be read in one way only; else the text."""
    worded = _WORDED.fullmatch(text)
    if worded and fold(worded[2]) in _MONTHS:
        return _iso(int(worded[3]), _MONTHS[fold(worded[2])], int(worded[1]), text)
    parts = _PARTS.fullmatch(text)
    if not parts:
        return text
    first, sign, middle, last = parts[1], parts[2], int(parts[3]), parts[4]
    if len(first) == 4 and len(last) <= 2:
        return _iso(int(first), middle, int(last), text)
    if len(last) != 4 or len(first) > 2:
        return text
    if sign == "/" and int(first) <= 12 and int(first) != middle:  # 03/04/2025: whose month comes first?
        return text
    return _iso(int(last), middle, int(first), text)


def _iso(year: int, month: int, day: int, otherwise: str) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return otherwise


class Codes:
    """One code list as a reader of cells wants it: labels folded once, answers remembered."""

    def __init__(self, codes: CodeList) -> None:
        self._bearers: dict[str, list[str]] = {}
        for code in codes.values():
            for label in {fold(code.tr), fold(code.en)}:
                self._bearers.setdefault(label, []).append(code.code)
        self._known: dict[str, str] = {}

    def code(self, text: str) -> str:
        """The code of ``1 - İşyerinde`` or of ``işyerinde``; with a label that is another code's, the text it was."""
        if text not in self._known:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
            self._known[text] = self._read(text)
        return self._known[text]

    def _read(self, text: str) -> str:
        labelled = _LABELLED.fullmatch(text)
        if labelled:
            bearers = self._bearers.get(fold(labelled[2]), [labelled[1]])  # a label nobody bears is an old one
            return labelled[1] if labelled[1] in bearers else text
        if not text or text.isdigit():
            return text
        found = self._bearers.get(fold(text), [])
        return found[0] if len(found) == 1 else text


class Lists:
    """The code lists of a veri seti, made ready when a column first asks."""

    def __init__(self, catalogue: Catalogue, definition: Definition) -> None:
        self._catalogue = catalogue
        self._definition = definition
        self._ready: dict[str, Codes] = {}

    def of(self, field: Field | None) -> Codes | None:
        """The list of a column's codes; None where it has none."""
        name = field.code_list if field else None
        if not name:
            return None
        if name not in self._ready:
            self._ready[name] = Codes(self._catalogue.code_list(self._definition, name))
        return self._ready[name]
