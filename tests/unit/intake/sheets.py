"""Makes sheets for tests: rows of a training session, as CSV text and as workbooks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import xlsxwriter

from integrator.catalogue.catalogue import read_catalogue
from integrator.intake.read_json import Caps
from integrator.intake.recognise import read_records
from integrator.validate.check import check
from tests.factories import PROFESSIONAL, SGK, WORKER

HEADINGS = [
    "Kayıt No", "Belge Tipi", "İSG Profesyoneli T.C. Kimlik No", "Eğitim Tarihi", "Eğitim Yeri", "Eğitim Yöntemi",
    "İşyeri SGK Tescil No", "Eğitici T.C. Kimlik No", "Eğitim Kodu", "Süre (dk)", "Çalışan T.C. Kimlik No",
]  # fmt: skip
LOCAL_HEADINGS = ["Eğitim Çeşidi", "Tehlike Sınıfı", "Çalışan Sayısı", "Kamu İşyeri (1/0)"]
CATALOGUE = read_catalogue()


def row(kayit_no="K-1", worker=WORKER, **changes):
    """One row by heading; a change names the heading's first word."""
    values = dict(zip(HEADINGS, [
        kayit_no, "2", PROFESSIONAL, "23.10.2025", "1", "1", SGK, PROFESSIONAL, "240", "40", worker,
    ], strict=True))  # fmt: skip
    values |= {next(h for h in HEADINGS if h.replace(" ", "").startswith(key)): value for key, value in changes.items()}
    return list(values.values())


def write_csv(path: Path, rows, *, delimiter=";", encoding="utf-8", headings=HEADINGS) -> Path:
    def quoted(text):
        text = str(text)
        return '"' + text.replace('"', '""') + '"' if set(text) & {delimiter, '"', "\n"} else text

    lines = [delimiter.join(map(quoted, each)) for each in ([headings] if headings else []) + rows]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def write_xlsx(path: Path, rows, *, headings=HEADINGS, sheet="Kayıtlar", options=None, prepare=None, more=()) -> Path:
    """A workbook; `prepare(workbook, sheet)` may spoil it. Cells are written by their Python type."""
    book = xlsxwriter.Workbook(str(path), options or {})
    page = book.add_worksheet(sheet)
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    for name, cells in [(sheet, [headings, *rows] if headings else rows), *more]:
        target = page if name == sheet else book.add_worksheet(name)
        for number, each in enumerate(cells):
            for at, value in enumerate(each):
                if value is None:
                    continue
                if isinstance(value, date):
                    target.write_datetime(number, at, value, day)
                elif isinstance(value, (int, float)):
                    target.write_number(number, at, value)
                elif isinstance(value, str) and value.startswith("="):
                    target.write_formula(number, at, value)
                else:
                    target.write_string(number, at, value)
    if prepare:
        prepare(book, page)
    book.close()
    return path


def read(path, **caps):
    return list(read_records(path, Caps(**caps), CATALOGUE))


def judged(path):
    """(record, its findings) for each record of the file."""
    return [(each, check(each, CATALOGUE, today=date(2026, 11, 21), metot="soap-g2").findings) for each in read(path)]


def codes(path):
    return sorted(finding.code for _, findings in judged(path) for finding in findings)
