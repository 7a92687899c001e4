"""The secretary's way: a workbook of 5,000 workers, 40 faults of 12 kinds, back annotated, mended, sent again."""

from __future__ import annotations

import time
from datetime import date

import openpyxl
import pytest

from tests.factories import SGK, tckn
from tests.unit.intake.sheets import HEADINGS, row, write_csv, write_xlsx

WORKERS, PER_RECORD = 5000, 50
COLUMN = {heading: at for at, heading in enumerate(HEADINGS)}
WORKER, DAY, PLACE, METHOD, CODE, MINUTES, KIND, WORKPLACE, PROFESSIONAL, TRAINER, ID = (
    COLUMN[name]
    for name in (
        "Çalışan T.C. Kimlik No", "Eğitim Tarihi", "Eğitim Yeri", "Eğitim Yöntemi", "Eğitim Kodu", "Süre (dk)",
        "Belge Tipi", "İşyeri SGK Tescil No", "İSG Profesyoneli T.C. Kimlik No", "Eğitici T.C. Kimlik No", "Kayıt No",
    )
)  # fmt: skip

# (what stands in the cell, column, how many, its code): twelve kinds, forty cells
KINDS = [
    ("80000000131", WORKER, 9, "INT-VAL-010"),
    ("=A1", WORKER, 6, "INT-INT-020"),
    (8.1e25, WORKPLACE, 3, "INT-INT-021"),
    (45953, DAY, 4, "INT-INT-030"),
    ("31.02.2025", DAY, 2, "INT-VAL-012"),
    ("23.10.2199", DAY, 2, "INT-VAL-030"),
    ("7", PLACE, 3, "INT-VAL-013"),
    ("evde", METHOD, 2, "INT-VAL-0"),
    ("9", KIND, 2, "INT-VAL-013"),
    ("yarım gün", MINUTES, 3, "INT-VAL-014"),
    ("81234567805", TRAINER, 2, "INT-VAL-010"),
    ("29999010100001230829994000", WORKPLACE, 2, "INT-VAL-011"),
]


def sheet_rows():
    rows = []
    for number in range(WORKERS):
        worker = tckn(810_000_000 + 7 * number)
        rows.append(row(f"OSGB-{number // PER_RECORD:03}", worker, EğitimTarihi=date(2025, 10, 23), Süre=40))
    return rows


def planted(rows):
    """The rows with forty faults, each in a record of its own; {cell: (its code, its good value)}."""
    rows, faults, record = [list(each) for each in rows], {}, 0
    for value, column, count, code in KINDS:
        for _ in range(count):
            # a value of the whole record is spoiled where it stands first and left empty below: it is one cell
            first = record * PER_RECORD + (0 if column != WORKER else 3 + record % 40)
            faults[f"{'ABCDEFGHIJK'[column]}{first + 2}"] = (code, rows[first][column])
            rows[first][column] = value
            if column not in (WORKER, MINUTES):
                for below in range(first + 1, (record + 1) * PER_RECORD):
                    rows[below][column] = None
            if column == MINUTES:
                for below in range(first + 1, (record + 1) * PER_RECORD):
                    rows[below][CODE] = rows[below][MINUTES] = None
            record += 1
    return rows, faults


@pytest.fixture
def ready(ibys):
    assert ibys.run("init").returncode == 0
    return ibys


@pytest.mark.acceptance
def test_a_workbook_of_5000_workers_comes_back_annotated_and_mended_is_accepted(ready, tmp_path):
    rows, faults = planted(sheet_rows())
    source, back = tmp_path / "ekim.xlsx", tmp_path / "ekim-bulgular.xlsx"
    write_xlsx(source, rows, prepare=lambda _, sheet: sheet.set_column(0, 0, 31.5))
    ready.environment["IBYS_LANG"] = "tr"
    assert len(faults) == 40 and len(KINDS) == 12

    began = time.monotonic()
    first = ready.json("submit", str(source), "--annotated", str(back))
    took = time.monotonic() - began

    book = openpyxl.load_workbook(back)
    marked = {cell.coordinate: cell for line in book["Kayıtlar"] for cell in line if cell.comment}
    assert (first["accepted"], first["rejected"]) == (60, 40)
    assert set(marked) == set(faults)
    assert all(code in marked[cell].comment.text for cell, (code, _) in faults.items())
    assert all(cell.fill.fgColor.rgb == "FFFFC7CE" for cell in marked.values())
    assert len(first["causes"]) == 12
    assert sorted(each["count"] for each in first["causes"]) == sorted(count for _, _, count, _ in KINDS)
    assert "80000000131" not in "".join(cell.comment.text for cell in marked.values())
    assert took < 30

    summary = book["Özet"]
    assert book.sheetnames[0] == "Özet"
    assert "40 bulgu, 12 neden" in summary["A1"].value
    assert summary["A5"].value == 9
    assert summary["E5"].hyperlink.location.startswith("'Kayıtlar'!")
    assert book["Kayıtlar"].column_dimensions["A"].width == pytest.approx(31.5, abs=1)

    # mended in the very workbook that came back, and sent again
    for cell, (_, good) in faults.items():
        book["Kayıtlar"][cell].value = good
    mended, clean = tmp_path / "ekim-2.xlsx", tmp_path / "ekim-2-bulgular.xlsx"
    book.save(mended)
    second = ready.json("submit", str(mended), "--annotated", str(clean))

    assert (second["accepted"], second["known"], second["rejected"]) == (40, 60, 0)
    status = ready.json("status")
    assert status["kayit"] == 100
    assert second["causes"] == []
    left = openpyxl.load_workbook(clean)
    assert not [cell for line in left["Kayıtlar"] for cell in line if cell.comment]
    assert left.sheetnames == ["Özet", "Kayıtlar"]


@pytest.mark.acceptance
def test_a_csv_comes_back_with_a_column_of_findings(ready, tmp_path):
    source, back = tmp_path / "a.csv", tmp_path / "b.csv"
    write_csv(source, [row("A", worker="80000000131"), row("B", EğitimYeri="=1+1"), row("C")], encoding="cp1254")

    done = ready.json("submit", str(source), "--annotated", str(back))
    lines = back.read_text(encoding="utf-8-sig").splitlines()

    assert (done["accepted"], done["rejected"]) == (1, 2)
    assert lines[0].endswith(";Bulgular")
    assert "INT-VAL-010" in lines[1] and "K2: " in lines[1]
    assert "'=1+1" in lines[2]
    assert lines[3].endswith(";")


@pytest.mark.acceptance
def test_what_cannot_come_back_annotated_is_refused_before_anything_is_stored(ready, tmp_path):
    (tmp_path / "a.json").write_text("[]")
    (tmp_path / "b.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)

    json_file = ready.run("submit", str(tmp_path / "a.json"), "--annotated", str(tmp_path / "c.xlsx"))
    old = ready.json("submit", str(tmp_path / "b.xlsx"), "--annotated", str(tmp_path / "c.xlsx"))

    assert json_file.returncode == 2 and "Traceback" not in json_file.stderr
    assert old["annotated"] is None and old["records"][0]["findings"][0]["code"] == "INT-INT-011"
    assert not (tmp_path / "c.xlsx").exists()


@pytest.mark.acceptance
def test_a_template_is_written_once_and_refused_as_it_is(ready, tmp_path):
    path = tmp_path / "sablon.xlsx"

    made = ready.json("sablon", "egitim", "--out", str(path))
    again = ready.run("sablon", "egitim", "--out", str(path))
    sent = ready.json("submit", str(path))

    assert made["veri_seti"] == "egitim" and SGK not in str(made)
    assert again.returncode == 2
    assert (sent["rejected"], sent["records"][0]["findings"][0]["code"]) == (1, "INT-INT-034")
