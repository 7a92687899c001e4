import zipfile

import openpyxl
import pytest

from integrator.domain.findings import Finding
from integrator.intake.annotate import annotate
from integrator.intake.causes import Headings, Mark
from tests.unit.intake.sheets import CATALOGUE, judged, row, write_xlsx

TALLY = {"accepted": 0, "known": 0, "rejected": 1}


def annotated(source, marks):
    out = source.with_name("out.xlsx")
    annotate("xlsx", source, out, marks, tally=TALLY, language="en")
    return openpyxl.load_workbook(out)


@pytest.mark.parametrize("sign", ["\x01", "\x0b", "\x1b"])
def test_what_no_workbook_can_hold_is_replaced_in_comment_and_summary(tmp_path, sign):
    sheet = write_xlsx(tmp_path / "a.xlsx", [row()])
    book = annotated(sheet, [Mark("Kayıtlar!B2", Finding("INT-VAL-003", "belgeTipi", f"a{sign}b", "1"), "Belge Tipi")])

    assert "a\ufffdb" in book["Kayıtlar"]["B2"].comment.text
    assert "a\ufffdb" in book["Özet"]["C5"].value


def test_a_control_character_in_a_parts_encoding_failed_the_annotated_copy(tmp_path):
    sheet = write_xlsx(tmp_path / "a.xlsx", [row()])
    spoilt = tmp_path / "b.xlsx"
    with zipfile.ZipFile(sheet) as archive, zipfile.ZipFile(spoilt, "w") as written:
        for name in archive.namelist():
            content = archive.read(name)
            written.writestr(name, content.replace(b"UTF-8", b"\x01UTF-8", 1) if name == "_rels/.rels" else content)
    headings = Headings(CATALOGUE, "en")
    marks = [
        Mark(None, finding, headings.of("egitim", finding.path))
        for _, findings in judged(spoilt)
        for finding in findings
    ]

    assert [mark.finding.code for mark in marks] == ["INT-INT-014"]
    assert "\\x01UTF-8" in annotated(spoilt, marks)["Özet"]["C5"].value
