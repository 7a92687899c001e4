"""CSV as a sheet: comma, semicolon or tab; UTF-8, or UTF-16 with a BOM, else Windows-1254, which is told.

Lines are cut by bytes under a cap before the csv module sees them, so one line of 200 MB costs nothing. A quoted
value may hold line ends; a quote that never closes is told with the row where it opened.
"""

from __future__ import annotations

import codecs
import csv
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from integrator.domain.findings import Finding, Severity
from integrator.intake.cells import Cell
from integrator.intake.lines import CHUNK, Bytes, capped_lines
from integrator.intake.read_json import Unreadable
from integrator.intake.sheets import Row

LINE_BYTES = 1 << 17
CELL_CHARACTERS = 32_767  # what a cell of Excel holds
_SNIFFED_LINES = 20
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF_32 = codecs.BOM_UTF32_LE  # begins as UTF-16 does


@dataclass(slots=True)
class CsvTable:
    """One CSV file as a sheet without a name. `encoding` is that of the bytes `opened` gives."""

    path: Path
    encoding: str
    delimiter: str
    name: str = ""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def address(self, row: int, column: int) -> str:
        """``K17``, as a spreadsheet program shows it."""
        return f"{column_letters(column)}{row}"

    def rows(self) -> Iterator[Row]:
        """Rows by their number in the file as a spreadsheet program counts them."""
        with opened(self.path) as stream:
            overlong: list[int] = []
            reader = csv.reader(self._lines(stream, overlong), delimiter=self.delimiter, strict=False)
            number, wide = 0, 0
            while True:
                try:
                    texts = next(reader, None)
                except csv.Error as error:
                    raise Unreadable("INT-INT-041", f"{number + 1}", "", "#file") from error
                if texts is None:
                    return
                number += 1
                if number == 1 and texts and texts[0].lower().startswith("sep="):
                    continue
                wide = wide or len(texts)
                cells = {at: Cell(text[: CELL_CHARACTERS + 1]) for at, text in enumerate(texts) if text.strip()}
                trouble = self._trouble(texts, wide, overlong)
                if cells or trouble:
                    yield Row(number, cells, trouble=trouble)

    def _trouble(self, texts: list[str], wide: int, overlong: list[int]) -> Finding | None:
        if overlong:
            overlong.clear()
            return Finding("INT-INT-003", "", f"> {LINE_BYTES}", f"<= {LINE_BYTES}")
        if any(len(text) > CELL_CHARACTERS for text in texts):
            return Finding("INT-INT-041", "", "", "")
        if len(texts) > wide and any(text.strip() for text in texts[wide:]):
            return Finding("INT-INT-040", "", str(len(texts)), str(wide))
        return None

    def _lines(self, stream: Bytes, overlong: list[int]) -> Iterator[str]:
        for number, line in capped_lines(stream, LINE_BYTES):
            if line is None:
                overlong.append(number)
                yield "?\n"
                continue
            text = line.decode(self.encoding, "replace")
            text = text.removeprefix("\ufeff") if number == 1 else text
            yield text.replace("\0", "\ufffd").rstrip("\r").replace("\r", " ") + "\n"


def open_csv(path: Path) -> tuple[CsvTable, list[Finding]]:
    """The sheet and what is to be told of the file; raises Unreadable when it is no text in either encoding."""
    encoding = _encoding(path)
    notes = []
    if encoding != "utf-8":
        notes.append(Finding("INT-INT-033", "#file", "Windows-1254", "UTF-8", Severity.WARNING))
    return CsvTable(path, encoding, _delimiter(path, encoding)), notes


def opened(path: Path) -> BinaryIO | codecs.StreamRecoder:
    """The file's bytes; of one in UTF-16, which says so with its first two, the same text in UTF-8."""
    stream = path.open("rb")
    head = stream.read(4)
    stream.seek(0)
    if not head.startswith(_UTF_16):
        return stream
    if head.startswith(_UTF_32) or path.stat().st_size % 2:  # a byte short: the end is missing
        stream.close()
        raise Unreadable("INT-INT-005", "UTF-16 ?", "CSV UTF-8", "#file")
    return codecs.EncodedFile(stream, "utf-8", "utf-16")


def _encoding(path: Path) -> str:
    """UTF-8 when every byte of the file is; else Windows-1254 when every byte is a letter there."""
    try:
        return _encoding_of(path)
    except UnicodeDecodeError as error:  # it began as UTF-16
        raise Unreadable("INT-INT-005", "UTF-16", "CSV UTF-8", "#file") from error


def _encoding_of(path: Path) -> str:
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "cp1254")}
    with opened(path) as stream:
        while chunk := stream.read(CHUNK):
            for name in list(decoders):
                try:
                    decoders[name].decode(chunk)
                except UnicodeDecodeError:
                    del decoders[name]
            if not decoders or b"\0" in chunk:
                raise Unreadable("INT-INT-005", "UTF-16 ?" if b"\0" in chunk else "?", "CSV UTF-8", "#file")
    if "utf-8" in decoders:
        try:
            decoders["utf-8"].decode(b"", True)
            return "utf-8"
        except UnicodeDecodeError:
            pass
    if "cp1254" not in decoders:
        raise Unreadable("INT-INT-005", "?", "CSV UTF-8", "#file")
    return "cp1254"


def _delimiter(path: Path, encoding: str) -> str:
    """The sign that stands most often, outside quotes, in the first line that has any; ``sep=;`` says it itself."""
    with opened(path) as stream:
        for number, line in capped_lines(stream, LINE_BYTES):
            text = (line or b"").decode(encoding, "replace").removeprefix("\ufeff").strip("\r")
            if text.lower().startswith("sep=") and len(text) == 5 and text[4] in ";,\t":
                return text[4]
            plain = "".join(text.split('"')[::2])
            best = max(";\t,", key=plain.count)
            if plain.count(best):
                return best
            if number >= _SNIFFED_LINES:
                break
    return ";"


def column_letters(column: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = string.ascii_uppercase[rest] + letters
    return letters
