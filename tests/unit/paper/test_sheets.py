import io
import tracemalloc
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from integrator.paper import sheets
from integrator.paper.sheets import Listing, write_sheet

NOON = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Kind(StrEnum):
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Row:
    ad_unvan: object
    due_on: object = None
    changed_at: object = None
    count: object = None
    within: object = None


def written(rows, *, language="tr", **facts):
    out = io.BytesIO()
    told = write_sheet(out, Listing("Süreler", Row, rows, **facts), language, made_at=NOON)
    sheet = openpyxl.load_workbook(out).active
    return told, sheet


def cells(*values, **facts):
    _, sheet = written([Row(*values)], **facts)
    return [each.value for each in sheet[3]]


def test_dates_are_dates_moments_are_in_istanbul_and_words_are_the_readers():
    row = ("Işık Döküm ĞÜŞİÖÇ ğüşıöç", date(2026, 3, 9), NOON, 12, Kind.OVERDUE)

    assert cells(*row) == [row[0], datetime(2026, 3, 9), datetime(2026, 3, 2, 12, 30), 12, "gecikti"]
    assert cells(*row, language="en")[-1] == "overdue"
    assert cells(True, None, None, 2.5)[:4] == ["evet", None, None, 2.5]


def test_headings_are_told_in_both_languages_above_a_line_that_says_what_it_is():
    _, turkish = written([])
    _, english = written([], language="en")

    assert turkish["A1"].value == "Süreler · 02.03.2026 12:30 · 0 satır"
    assert [each.value for each in turkish[2]] == ["İşyeri", "Son gün", "Son değişiklik", "Adet", "Süre"]
    assert [each.value for each in english[2]] == ["Workplace", "Due on", "Last change", "Count", "Within"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\n="])
def test_a_text_that_looks_like_a_command_stays_text(sign):
    told = f"{sign}cmd|' /C calc'!A0"
    _, sheet = written([Row(told)])
    cell = sheet["A3"]

    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert cell.value.lstrip() == told.lstrip()


def test_a_text_with_a_link_or_a_long_number_stays_as_it_is():
    assert cells("https://ornek.test/x", None, None, "24941020276543210349916001")[::3] == [
        "https://ornek.test/x",
        "24941020276543210349916001",
    ]
    assert cells(10**20)[0] == str(10**20)
    assert cells(float("nan"), float("inf"))[:2] == ["nan", "inf"]
    assert cells(date(1899, 12, 31))[0] == "1899-12-31"


def test_what_no_sheet_can_hold_is_marked_and_a_long_text_is_cut():
    assert cells("a\x00b\x1b\r\ud800c")[0] == "a\ufffdb\ufffd\ufffd?c"
    assert cells("ş" * 40_000)[0] == "ş" * sheets.LONGEST_TEXT + "…"
    assert unescape(cells("_x0041_")[0]) == "_x0041_"


def test_more_rows_than_are_taken_are_told_on_the_first_line():
    told, sheet = written((Row(f"{at}") for at in range(11)), most=10)
    exact, whole = written((Row(f"{at}") for at in range(10)), most=10)

    assert (told.rows, told.is_cut, sheet.max_row) == (10, True, 12)
    assert "yalnız ilk 10 satır" in sheet["A1"].value
    assert (exact.rows, exact.is_cut) == (10, False)
    assert whole["A1"].value.endswith("10 satır")


def test_the_sheet_is_ready_to_filter_and_to_print():
    _, sheet = written([Row("İnci Taşımacılık ve Ticaret Anonim Şirketi"), Row("B")])

    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B3", "A2:E4")
    assert 40 < sheet.column_dimensions["A"].width <= sheets.WIDEST + 1
    assert sheet.print_title_rows == "$1:$2"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)


def test_memory_does_not_grow_with_the_rows():
    def peak(count):
        tracemalloc.start()
        write_sheet(
            io.BytesIO(), Listing("x", Row, (Row("y" * 50, count=at) for at in range(count))), "tr", made_at=NOON
        )
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(2_000) < peak(500) + 500_000  # the file itself is in memory here: some ten bytes a row
