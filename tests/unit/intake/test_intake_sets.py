"""Every veri seti comes in by XML and by its template's sheet as it does by JSON."""

import io
import json
from datetime import date
from itertools import product

import openpyxl
import pytest

from integrator.catalogue.columns import columns_of
from integrator.intake.read_json import Caps
from integrator.intake.read_xml import read_xml
from integrator.intake.template import write_template
from integrator.validate.check import check
from integrator.validate.xsd import render_record
from tests.factories import REPO, submitted
from tests.unit.intake.sheets import CATALOGUE, read, write_csv, write_xlsx

CASES = [
    path
    for path in sorted((REPO / "datasets").glob("*/*/ornekler/*/record.json"))
    if not path.parent.name.endswith("_fail") and path.parent.name not in ("too_many_workers_split_in_two",)
]
TODAY = date(2026, 11, 21)


def judged(records):
    [found] = [check(each, CATALOGUE, today=TODAY) for each in records]
    return found


def case_of(path):
    """(definition, record without what stays with us, its values); skips records of more than a page."""
    raw = {name: value for name, value in json.loads(path.read_text(encoding="utf-8")).items() if name != "yerel"}
    found = judged(submitted(raw))
    if found.kayit is None or len(found.kayit.fields.get("calisan", ())) > 5:
        pytest.skip("not a plain case")
    return found.definition, raw, found.kayit.fields


def rows_of(definition, fields):
    """(headings, rows) of a sheet with one record."""
    columns = [each for each in columns_of(definition) if each.path not in ("veriSeti", "version")]
    lists = [name for name, _ in definition.pairs]
    rows = []
    for entries in product(*(fields[name] for name in lists)):
        entry = dict(zip(lists, entries, strict=True))
        rows.append([cell(each, entry.get(each.inside, fields)) for each in columns])
    return [each.tr for each in columns], rows


def cell(column, values):
    value = "K-1" if column.path == "id" else values.get(column.name)
    return ";".join(map(str, value)) if isinstance(value, list) else value


def named(path):
    return "/".join((*path.parts[-5:-3], path.parts[-2]))


@pytest.mark.parametrize("path", CASES, ids=named)
def test_a_record_of_any_set_is_the_same_in_xml(path):
    definition, _, fields = case_of(path)
    content = render_record(definition, fields)
    tag = definition.veri_seti.replace("_", "-") + "-kaydi"
    content = content.replace(f"<{tag}>".encode(), f'<{tag} version="{definition.version}">'.encode(), 1)

    assert judged(read_xml(io.BytesIO(content), Caps(), CATALOGUE)).kayit.fields == fields


@pytest.mark.parametrize("path", CASES, ids=named)
def test_a_record_of_any_set_is_the_same_in_its_template(path, tmp_path):
    definition, _, fields = case_of(path)
    sheet = tmp_path / "sablon.xlsx"
    write_template(sheet, definition, CATALOGUE)
    book = openpyxl.load_workbook(sheet)
    for number, row in enumerate(rows_of(definition, fields)[1], 2):
        for at, value in enumerate(row, 1):
            book["Kayıtlar"].cell(number, at).value = value
    if "Çalışanlar" in book.sheetnames:
        del book["Çalışanlar"]
    book.save(sheet)

    assert judged(read(sheet)).kayit.fields == fields


@pytest.mark.parametrize("path", CASES, ids=named)
def test_a_record_of_any_set_is_the_same_in_csv(path, tmp_path):
    definition, _, fields = case_of(path)
    headings, rows = rows_of(definition, fields)
    file = write_csv(
        tmp_path / "a.csv", [["" if each is None else each for each in row] for row in rows], headings=headings
    )

    assert judged(read(file)).kayit.fields == fields


def test_what_stands_in_a_cell_of_an_examination_is_not_shown_back(tmp_path):
    definition, _, fields = case_of(REPO / "datasets/muayene/2023-03/ornekler/periodic/record.json")
    headings, [row] = rows_of(definition, fields)
    paths = [each.path for each in columns_of(definition) if each.path not in ("veriSeti", "version")]
    spoilt = dict(zip(paths, row, strict=True)) | {"sonucVeKanaat": '="HIV"', "raporTuru": "tuberkuloz"}
    sheet = write_xlsx(tmp_path / "a.xlsx", [list(spoilt.values())], headings=headings)
    shown = json.dumps([each.as_json() for each in judged(read(sheet)).findings], ensure_ascii=False)

    assert "INT-INT-020" in shown
    assert not any(word in shown for word in ("HIV", "tuberkuloz"))
