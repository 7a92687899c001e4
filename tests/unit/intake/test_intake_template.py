import re
import zipfile
from datetime import datetime

import openpyxl
import pytest

from integrator.intake.template import write_template
from tests.factories import WORKER
from tests.unit.intake.sheets import CATALOGUE, HEADINGS, LOCAL_HEADINGS, codes, judged, read, row


@pytest.fixture
def template(tmp_path):
    path = tmp_path / "sablon.xlsx"
    write_template(path, CATALOGUE.newest("egitim"), CATALOGUE)
    return path


def filled(path, rows, sheet="Kayıtlar"):
    """The template as a person would fill it: the example is overwritten."""
    book = openpyxl.load_workbook(path)
    for number, each in enumerate(rows, 2):
        for at, value in enumerate(each, 1):
            book[sheet].cell(number, at).value = value
    book.save(path)
    return path


def in_sheet_order(path, **changes):
    heads = [cell.value for cell in openpyxl.load_workbook(path)["Kayıtlar"][1]]
    return [dict(zip(HEADINGS, row(**changes), strict=True)).get(head) for head in heads]


def test_every_field_has_a_heading_with_a_note(template):
    book = openpyxl.load_workbook(template)

    assert book.sheetnames == ["Kayıtlar", "Çalışanlar", "Açıklama", "Listeler"]
    assert sorted(cell.value for cell in book["Kayıtlar"][1]) == sorted([*HEADINGS, *LOCAL_HEADINGS])
    assert all(cell.comment and "\n" in cell.comment.text for cell in book["Kayıtlar"][1])


def test_codes_have_drop_downs_and_identity_numbers_are_text(template):
    sheet = openpyxl.load_workbook(template)["Kayıtlar"]
    heads = {cell.value: cell.column_letter for cell in sheet[1]}
    rules = {str(each.sqref).split(":")[0].rstrip("0123456789"): each for each in sheet.data_validations.dataValidation}

    assert rules[heads["Eğitim Yeri"]].type == "list"
    assert rules[heads["Eğitim Yeri"]].formula1.startswith("Listeler!")
    assert sheet.column_dimensions[heads["İşyeri SGK Tescil No"]].width > 26
    for head in ("Çalışan T.C. Kimlik No", "İşyeri SGK Tescil No"):
        assert sheet[f"{heads[head]}2"].number_format == "@"


def test_the_lists_hold_every_usable_code_with_its_label(template):
    lists = openpyxl.load_workbook(template)["Listeler"]

    assert {cell.value for column in lists.columns for cell in column} >= {
        "1 - İşyerinde",
        "0 - Uzaktan",
        "2 - İş güvenliği uzmanı",
    }


def test_the_example_is_refused_when_it_is_sent_unchanged(template):
    [(each, [finding])] = judged(template)

    assert finding.code == "INT-INT-034"
    assert each.places[""] == "Kayıtlar!A2"


def test_the_explanation_speaks_both_languages_and_says_what_is_assumed(template):
    texts = " ".join(str(cell.value) for line in openpyxl.load_workbook(template)["Açıklama"] for cell in line)

    assert "varsayım" in texts and "assumed" in texts
    assert "Kimlik ve SGK numaraları metindir" in texts and "are text" in texts


def test_a_filled_template_is_read_and_drop_down_values_are_codes(template):
    values = in_sheet_order(
        template, EğitimYeri="1 - İşyerinde", EğitimYöntemi="1 - Yüz yüze", BelgeTipi="2 - İş güvenliği uzmanı"
    )
    filled(template, [[datetime(2025, 10, 23) if v == "23.10.2025" else v for v in values]])
    filled(template, [[None, None]], "Çalışanlar")
    [each] = read(template)

    assert codes(template) == []
    assert (each.fields["egitimYer"], each.fields["belgeTipi"], each.fields["calisan"]) == (1, 2, [WORKER])


def test_no_part_of_the_file_holds_a_formula_or_a_link(template):
    with zipfile.ZipFile(template) as archive:
        for name in archive.namelist():
            content = archive.read(name).decode()
            assert not re.search(r"<f>|hyperlink|externalLink|TargetMode", content), name


def test_the_template_of_every_version_has_headings_that_are_read(tmp_path):
    for definition in CATALOGUE.definitions:
        path = tmp_path / f"{definition.veri_seti}-{definition.version}.xlsx"
        write_template(path, definition, CATALOGUE)

        assert codes(path) == ["INT-INT-034"]
