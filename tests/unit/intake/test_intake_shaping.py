from datetime import date

import pytest

from integrator.catalogue.codes import Code
from integrator.catalogue.columns import fold
from integrator.catalogue.definitions import Field
from integrator.intake.cells import Cell, Codes, read_cell
from integrator.intake.shaping import shaped, shaped_entry

LIST = Codes(
    {
        code: Code(code, tr, tr, date(2018, 1, 1), None)
        for code, tr in [
            ("1", "Tozlu"),
            ("30", "Sıcak"),
            ("31", "Sıcak"),
            ("az_tehlikeli", "Az tehlikeli"),
            ("7212.05", "Kaynakçı"),
        ]
    }
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1", "1"),
        ("1 - Tozlu", "1"),
        ("1-tozlu", "1"),
        ("1 – Eski adı", "1"),
        ("30 - Tozlu", "30 - Tozlu"),
        ("TOZLU", "1"),
        ("sicak", "sicak"),
        ("31 - SICAK", "31"),
        ("az_tehlikeli - Az tehlikeli", "az_tehlikeli"),
        ("Az Tehlikeli", "az_tehlikeli"),
        ("7212.05 - Kaynakçı", "7212.05"),
        ("99", "99"),
        ("", ""),
    ],
)
def test_a_code_is_read_by_itself_by_its_label_or_by_both_when_they_agree(text, code):
    assert LIST.code(text) == code


def test_a_cell_of_a_field_with_several_codes_holds_them_parted():
    text, remark = read_cell(Cell("1 - Tozlu; 30,\n31"), Field("x", "codes", True, "liste"), LIST, "x")

    assert (text, remark) == ("1;30;31", None)
    assert shaped(Field("x", "codes", True), text) == [1, 30, 31]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("code", "240", 240),
        ("code", "024", "024"),
        ("count", "12", 12),
        ("flag", "1", 1),
        ("minutes", "40", 40),
        ("minutes", "40,5", 40.5),
        ("minutes", "40.0", 40),
        ("minutes", "1e3", "1e3"),
        ("tckn", "80000000132", "80000000132"),
        ("text", "12", "12"),
    ],
)
def test_a_text_becomes_what_json_would_have_carried(kind, text, value):
    assert shaped(Field("x", kind, True), text) == value


def test_an_entry_of_a_list_with_one_member_is_its_bare_value():
    outer = Field("calisan", "list", True, members=(Field("calisanTckNo", "tckn", True),))

    assert shaped_entry(outer, {"calisanTckNo": "80000000132"}) == "80000000132"
    assert shaped_entry(outer, {"baska": "1"}) == {"baska": "1"}


def test_headings_are_one_in_any_case_with_either_i():
    assert (
        fold("İŞYERİ SGK Sicil No.")
        == fold("isyeri sgk sıcıl no")
        == fold("işyeri\u00a0SGK sicil-no")
        == "isyerisgksicilno"
    )
