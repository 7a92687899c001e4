import io
import shutil

import openpyxl
import pytest

from integrator.desk import records
from integrator.domain.errors import Malformed, NotFound
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.paper.lists import LISTS, Narrowed, Reader, list_named
from integrator.paper.sheets import write_sheet
from integrator.store.engine import sqlite_url
from tests.factories import KURUM, SGK
from tests.fakes import START
from tests.integration.paper.conftest import TITLE


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only: what differs between the engines is tried where it is read."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


def sheet_of(gateway, name, *, kurum=KURUM, language="tr"):
    out = io.BytesIO()
    narrowed = Narrowed(place=SgkTescilNo(SGK)) if name == "workers" else Narrowed()
    write_sheet(out, list_named(Reader(gateway, kurum, language, narrowed=narrowed), name), language, made_at=START)
    return openpyxl.load_workbook(out).active


def rows_of(gateway, name, **facts):
    return [[cell.value for cell in row] for row in sheet_of(gateway, name, **facts).iter_rows(min_row=3)]


@pytest.fixture
def lived(gateway, place, send):
    send("2025-10-20", "2025-10-23", faults=["213"])


@pytest.mark.parametrize("name", list(LISTS))
def test_every_list_is_a_workbook_in_both_languages_and_names_nobody_in_full(gateway, lived, name):
    for language in ("tr", "en"):
        sheet = sheet_of(gateway, name, language=language)
        assert sheet.max_row > 2
        assert all(cell.value for cell in sheet[2])
        assert "Çağla" not in str([cell.value for row in sheet.iter_rows() for cell in row])


def test_a_row_says_workplace_and_cause_in_words(gateway, lived):
    [accepted, held] = rows_of(gateway, "messages")

    assert held[5:8] == ["bekletiliyor", "213", "Bakanlık, profesyonelin bu işyerinde onaylı sözleşmesini bulamadı."]
    assert accepted[5:7] == ["kabul edildi", "200"]
    assert rows_of(gateway, "coverage")[0][:4] == [TITLE, SGK, 3, 1]


def test_messages_come_page_by_page_and_none_is_missed(gateway, place, send, monkeypatch):
    numbers = send("2025-10-20", "2025-10-21", "2025-10-23")
    monkeypatch.setattr(records, "MOST", 2)

    assert [row[0] for row in rows_of(gateway, "messages")] == numbers[::-1]


def test_nothing_of_another_customer_stands_in_a_list(gateway, lived):
    other = KurumNo("osgb-2")

    assert [rows_of(gateway, name, kurum=other) for name in LISTS] == [[]] * len(LISTS)


def test_a_list_that_is_none_is_not_found(gateway, place):
    with pytest.raises(NotFound, match="deadlines"):
        list_named(Reader(gateway, KURUM, "tr"), "../secrets")
    with pytest.raises(Malformed, match="workplace"):
        list(list_named(Reader(gateway, KURUM, "tr"), "workers").rows)
