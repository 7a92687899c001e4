"""Every veri seti comes in by XML and by its template's sheet as it does by JSON."""

import io
import json
import tomllib
from datetime import date
from itertools import product

import openpyxl
import pytest

from integrator.catalogue.columns import columns_of
from integrator.domain.findings import Severity
from integrator.intake.gathering import place_of
from integrator.intake.read_json import Caps
from integrator.intake.read_xml import read_xml
from integrator.intake.template import write_template
from integrator.validate.check import check
from integrator.validate.xsd import render_record
from tests.factories import REPO, submitted
from tests.unit.intake.sheets import CATALOGUE, HEADINGS, LOCAL_HEADINGS, read, row, write_csv, write_xlsx

MOST_WORKERS = 5  # a case of a hundred workers says nothing new here
EVERY_CASE = sorted((REPO / "datasets").glob("*/*/ornekler/*/record.json"))
TODAY = date(2026, 11, 21)


def is_plain(path):
    """Whether the record is a good one by itself and fits a page; what a mirror adds has nothing to do with readers."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    bad = path.parent.name.endswith("_fail") or path.with_name("known.json").exists()
    return not bad and len(raw.get("calisan", ())) <= MOST_WORKERS


CASES = [path for path in EVERY_CASE if is_plain(path)]


def judged(records):
    [found] = [check(each, CATALOGUE, today=TODAY) for each in records]
    return found


def case_of(path, *, local=True):
    """(definition, the record's values); without `local`, those without what stays with us."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    found = judged(submitted({name: value for name, value in raw.items() if local or name != "yerel"}))
    return found.definition, found.kayit.fields


def test_plain_cases_of_every_version_are_left():
    assert {path.parts[-5:-3] for path in CASES} == {(each.veri_seti, each.version) for each in CATALOGUE.definitions}
    assert {name for path in CASES for name in json.loads(path.read_text(encoding="utf-8")).get("yerel", ())} >= {
        "egitimCesidi",
        "tehlikeSinifi",
    }


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
    inner = column.name.removeprefix("yerel.")
    if inner != column.name:
        return values.get("yerel", {}).get(inner)
    value = "K-1" if column.path == "id" else values.get(column.name)
    return ";".join(map(str, value)) if isinstance(value, list) else value


def named(path):
    return "/".join((*path.parts[-5:-3], path.parts[-2]))


@pytest.mark.parametrize("path", CASES, ids=named)
def test_a_record_of_any_set_is_the_same_in_xml(path):
    definition, fields = case_of(path, local=False)
    content = render_record(definition, fields)
    tag = definition.veri_seti.replace("_", "-") + "-kaydi"
    content = content.replace(f"<{tag}>".encode(), f'<{tag} version="{definition.version}">'.encode(), 1)

    assert judged(read_xml(io.BytesIO(content), Caps(), CATALOGUE)).kayit.fields == fields


@pytest.mark.parametrize("path", CASES, ids=named)
def test_a_record_of_any_set_is_the_same_in_its_template(path, tmp_path):
    definition, fields = case_of(path)
    sheet = tmp_path / "sablon.xlsx"
    write_template(sheet, definition, CATALOGUE)
    book = openpyxl.load_workbook(sheet)
    for number, cells in enumerate(rows_of(definition, fields)[1], 2):
        for at, value in enumerate(cells, 1):
            book["Kayıtlar"].cell(number, at).value = value
    if "Çalışanlar" in book.sheetnames:
        del book["Çalışanlar"]
    book.save(sheet)

    assert judged(read(sheet)).kayit.fields == fields


@pytest.mark.parametrize("path", CASES, ids=named)
def test_a_record_of_any_set_is_the_same_in_csv(path, tmp_path):
    definition, fields = case_of(path)
    headings, rows = rows_of(definition, fields)
    file = write_csv(
        tmp_path / "a.csv", [["" if each is None else each for each in row] for row in rows], headings=headings
    )

    assert judged(read(file)).kayit.fields == fields


def test_what_stands_in_a_cell_of_an_examination_is_not_shown_back(tmp_path):
    definition, fields = case_of(REPO / "datasets/muayene/2023-03/ornekler/periodic/record.json")
    headings, [row] = rows_of(definition, fields)
    paths = [each.path for each in columns_of(definition) if each.path not in ("veriSeti", "version")]
    spoilt = dict(zip(paths, row, strict=True)) | {"sonucVeKanaat": '="HIV"', "raporTuru": "tuberkuloz"}
    sheet = write_xlsx(tmp_path / "a.xlsx", [list(spoilt.values())], headings=headings)
    shown = json.dumps([each.as_json() for each in judged(read(sheet)).findings], ensure_ascii=False)

    assert "INT-INT-020" in shown
    assert not any(word in shown for word in ("HIV", "tuberkuloz"))


SETS = sorted({each.veri_seti for each in CATALOGUE.definitions})


@pytest.mark.parametrize("veri_seti", SETS)
def test_every_column_has_a_heading_and_a_note_in_both_languages(veri_seti):
    columns = [each for each in columns_of(CATALOGUE.newest(veri_seti)) if each.field or each.path == "id"]

    assert all(each.tr and each.en and each.note_tr and each.note_en for each in columns)
    assert all(each.tr not in (each.name, each.path) for each in columns)


@pytest.mark.parametrize("veri_seti", SETS)
def test_no_two_columns_of_a_set_answer_to_one_heading(veri_seti):
    keys = [key for each in columns_of(CATALOGUE.newest(veri_seti)) for key in each.keys]

    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("veri_seti", SETS)
def test_no_heading_is_written_for_what_is_no_column(veri_seti):
    told = tomllib.loads((REPO / "datasets" / veri_seti / "sutunlar.toml").read_text(encoding="utf-8"))
    versions = [each for each in CATALOGUE.definitions if each.veri_seti == veri_seti]

    assert set(told) <= {column.path for each in versions for column in columns_of(each)}


@pytest.mark.parametrize("veri_seti", SETS)
def test_a_template_speaks_of_workers_and_subjects_only_where_a_record_is_their_product(veri_seti, tmp_path):
    sheet, definition = tmp_path / "sablon.xlsx", CATALOGUE.newest(veri_seti)
    write_template(sheet, definition, CATALOGUE)
    texts = " ".join(str(cell.value) for line in openpyxl.load_workbook(sheet)["Açıklama"] for cell in line)

    assert ("Her satır bir çalışan ve bir eğitim konusudur" in texts) == bool(definition.pairs)
    assert ("Her satır bir kayıttır" in texts) != bool(definition.pairs)


def test_what_stays_with_us_is_told_by_its_label_and_judged_in_its_cell(tmp_path):
    local = ["temel - Temel eğitim", "Çok Tehlikeli", "kırk", "1"]
    sheet = write_xlsx(tmp_path / "a.xlsx", [[*row(), *local]], headings=[*HEADINGS, *LOCAL_HEADINGS])
    [each] = read(sheet)
    found = judged([each])

    assert each.fields["yerel"] == {
        "egitimCesidi": "temel", "tehlikeSinifi": "cok", "calisanSayisi": "kırk", "kamu": 1,
    }  # fmt: skip
    assert [(f.code, place_of(each.places, f.path)) for f in found.findings if f.severity is Severity.ERROR] == [
        ("INT-VAL-003", "Kayıtlar!N2")
    ]
