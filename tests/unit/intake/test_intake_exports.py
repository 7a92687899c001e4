from __future__ import annotations

from datetime import date

import pytest

from integrator.intake.exports import MOST_ROWS, open_export
from integrator.intake.read_json import Caps, Unreadable
from integrator.parties.isgkatip import Kind
from tests.factories import PROFESSIONAL, SGK, WORKER
from tests.unit.intake.sheets import write_csv, write_xlsx

ROSTER = ["SGK Sicil No", "T.C. KİMLİK NUMARASI", "İşe Giriş Tarihi", "İşten Çıkış Tarihi"]


def rows_of(path, kind=Kind.ROSTER, **options):
    with open_export(path, kind, Caps(), **options) as export:
        return list(export.rows())


def faults(path, kind=Kind.ROSTER):
    return [(cell, finding.code) for row in rows_of(path, kind) for cell, finding in row.faults]


def refusal(path, kind=Kind.ROSTER, caps=None):
    with pytest.raises(Unreadable) as told, open_export(path, kind, caps or Caps()):
        pass
    return told.value.finding


def test_headings_are_found_below_a_title_and_whatever_their_case(tmp_path):
    rows = [["SGK 4A Çalışan Bilgileri"], [], [h.upper() for h in ROSTER], [SGK, WORKER, "01.02.2021", ""]]
    (row,) = rows_of(write_xlsx(tmp_path / "r.xlsx", rows, headings=None))

    assert row.values == {"sgk_tescil_no": SGK, "tckn": WORKER, "hired_on": date(2021, 2, 1), "left_on": None}
    assert row.places["tckn"] == "Kayıtlar!B4"


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), (",", "utf-8"), ("\t", "cp1254")])
def test_csv_is_read_with_any_separator_and_in_either_encoding(tmp_path, delimiter, encoding):
    rows = [[SGK, WORKER, "2021-02-01", ""]]
    path = write_csv(tmp_path / "r.csv", rows, headings=ROSTER, delimiter=delimiter, encoding=encoding)
    (row,) = rows_of(path)

    assert (row.values["tckn"], row.values["hired_on"], row.faults) == (WORKER, date(2021, 2, 1), ())


def test_the_sheet_with_the_most_known_headings_is_taken(tmp_path):
    path = write_xlsx(tmp_path / "r.xlsx", [["x"]], headings=["Not"], more=[("Liste", [ROSTER, [SGK, WORKER]])])

    assert [row.where for row in rows_of(path)] == ["Liste!A2"]


@pytest.mark.parametrize(
    "text", ["02.01.2020 14:30", "2020-01-02T14:30:05.123", "02-01-2020", "2 Ocak 2020", date(2020, 1, 2)]
)
def test_a_day_is_read_with_or_without_its_time(tmp_path, text):
    (row,) = rows_of(write_xlsx(tmp_path / "r.xlsx", [[SGK, WORKER, text]], headings=ROSTER))

    assert row.values["hired_on"] == date(2020, 1, 2)


def test_each_fault_leads_to_its_cell(tmp_path):
    rows = [
        [SGK, "80000000131"], ["1" * 25, WORKER], [SGK, ""], [SGK, WORKER, "31.02.2021"], ["=A1", WORKER],
        [8.1e25, WORKER], [SGK, WORKER, 44228],
    ]  # fmt: skip

    assert faults(write_xlsx(tmp_path / "r.xlsx", rows, headings=ROSTER)) == [
        ("Kayıtlar!B2", "INT-VAL-010"),
        ("Kayıtlar!A3", "INT-VAL-011"),
        ("Kayıtlar!B4", "INT-PTY-012"),
        ("Kayıtlar!C5", "INT-VAL-012"),
        ("Kayıtlar!A6", "INT-INT-020"),
        ("Kayıtlar!A7", "INT-INT-021"),
        ("Kayıtlar!C8", "INT-INT-030"),
    ]


def test_hidden_and_merged_rows_are_told_and_not_taken(tmp_path):
    def spoil(book, sheet):
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.merge_range(2, 0, 3, 0, SGK)

    rows = [[SGK, WORKER], [None, WORKER], [None, PROFESSIONAL]]
    path = write_xlsx(tmp_path / "r.xlsx", rows, headings=ROSTER, prepare=spoil)

    assert [code for _, code in faults(path)] == ["INT-INT-023", "INT-INT-022", "INT-INT-022", "INT-PTY-012"]


def test_a_column_that_is_not_known_is_told_by_its_place(tmp_path):
    path = write_xlsx(tmp_path / "r.xlsx", [[SGK, WORKER, "x"]], headings=["SGK No", "TC", "Uyruk"])
    with open_export(path, Kind.ROSTER, Caps()) as export:
        ((cell, note),) = export.notes

    assert (cell, note.code, note.seen) == ("Kayıtlar!C1", "INT-PTY-011", "Uyruk")


def test_a_file_without_what_it_must_have_is_refused(tmp_path):
    no_headings = refusal(write_csv(tmp_path / "1.csv", [["a", "b"]], headings=["x", "y"]))
    no_person = refusal(write_csv(tmp_path / "2.csv", [[SGK, ""]], headings=["SGK No", "İşe Giriş Tarihi"]))
    twice = refusal(write_csv(tmp_path / "3.csv", [[SGK, WORKER, WORKER]], headings=["SGK No", "TC", "TC Kimlik No"]))
    (tmp_path / "4.json").write_text("{}")
    no_state = refusal(write_csv(tmp_path / "5.csv", [[SGK, WORKER]], headings=["SGK No", "TC"]), Kind.CONTRACTS)

    assert (no_headings.code, no_person.code, no_person.seen) == ("INT-PTY-002", "INT-INT-051", "TC")
    assert (twice.code, twice.wanted) == ("INT-INT-052", "B1, C1")
    assert refusal(tmp_path / "4.json").code == "INT-PTY-001"
    assert no_state.seen.startswith("Sözleşme Durumu / ")


def test_a_workplace_told_from_elsewhere_needs_no_column(tmp_path):
    path = write_csv(tmp_path / "r.csv", [[WORKER]], headings=["TC"])

    assert refusal(path).code == "INT-INT-051"
    assert [row.values for row in rows_of(path, told=frozenset({"sgk_tescil_no"}))] == [{"tckn": WORKER}]


def test_a_file_beyond_the_caps_is_refused_before_anything_is_taken(tmp_path, monkeypatch):
    path = write_csv(tmp_path / "r.csv", [[SGK, WORKER]] * 3, headings=ROSTER)
    monkeypatch.setattr("integrator.intake.exports.MOST_ROWS", 2)

    assert MOST_ROWS == 200_000
    assert refusal(path, caps=Caps(file_bytes=10)).code == "INT-INT-003"
    assert refusal(path).code == "INT-PTY-003"
