"""Contracts and the 4A list as XLSX or CSV under the column names of the old screens (v9), as a person would save them.

No export of İSG-KATİP is public: the headings are those seen on its screens, the approvals' own are assumed.
"""

import csv
from datetime import date
from io import BytesIO, StringIO
from typing import NamedTuple

from xlsxwriter import Workbook

from integrator.ministry.isgkatip.codes import BELGE_TIPI_OF_TUR, DURUM, ONAY, TURKEY, TURLER
from integrator.ministry.isgkatip.isyeri import Isyeri
from integrator.ministry.isgkatip.sozlesme import Sozlesme
from integrator.ministry.isgkatip.workplaces import isyeri_of
from integrator.ministry.ministry import Ministry

FORMS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}
KATEGORI = {1: "İşyeri Hekimi", 2: "İş Güvenliği Uzmanı", 3: "Diğer Sağlık Personeli"}
CONTRACT_HEADINGS = (
    "Grv. ID", "SGK Sicil No", "İşyeri Unvanı", "TC", "Ad", "Grv. Türü", "Sözleşme Türü Kodu", "Personel Kategorisi",
    "Çalışma Şekli", "Başlama Tarihi", "Ayrılış Tarihi", "Sözleşme Durumu", "Grv. Onay Durumu", "İşyeri Onay Durumu",
    "Kişi Onay Durumu", "Onay Tarihi", "Silinme Tarihi", "Aylık Çalışma Süresi (dk)",
)  # fmt: skip
ROSTER_HEADINGS = ("SGK Sicil No", "TC", "Ad", "Güncelleme Tarihi")


class Table(NamedTuple):
    """A sheet: its name, its headings, its rows; every cell is text, so that no number loses its zeros."""

    name: str
    headings: tuple[str, ...]
    rows: list[list[str]]


def contracts_table(ministry: Ministry, sgk_tescil_no: str) -> Table:
    """All contracts of a workplace, the deleted ones with their day."""
    isyeri, found = isyeri_of(ministry, sgk_tescil_no), ministry.register.sozlesmeler.at(sgk_tescil_no)
    return Table("Sözleşmeler", CONTRACT_HEADINGS, [_contract(ministry, isyeri, one) for one in found])


def _contract(ministry: Ministry, isyeri: Isyeri, one: Sozlesme) -> list[str]:
    return [
        str(one.sozlesme_id),
        one.sgk_tescil_no,
        isyeri.ad_unvan,
        str(one.profesyonel),
        ministry.register.kisiler.get(one.profesyonel, ""),
        TURLER.get(one.tur, ""),
        one.tur,
        KATEGORI.get(BELGE_TIPI_OF_TUR.get(one.tur, 0), ""),
        "Kısmi",
        _day(one.baslangic),
        _day(one.bitis),
        DURUM[one.durum],
        ONAY[5004] if one.is_approved else ONAY[5003],
        ONAY[one.isyeri_onay],
        ONAY[one.kisi_onay],
        _day(one.onay_tarihi),
        _day(one.silinme_tarihi),
        "" if one.sure_dk is None else str(one.sure_dk),
    ]


def roster_table(ministry: Ministry, sgk_tescil_no: str) -> Table:
    """The 4A list as it was last refreshed."""
    isyeri, rows = isyeri_of(ministry, sgk_tescil_no), []
    for one in sorted(isyeri.calisanlar):
        at = isyeri.refreshed_at(one)
        when = f"{at.astimezone(TURKEY):%d.%m.%Y %H:%M}" if at else ""
        rows.append([sgk_tescil_no, str(one), ministry.register.kisiler.get(one, ""), when])
    return Table("SGK 4A Çalışan Bilgileri", ROSTER_HEADINGS, rows)


TABLES = {"sozlesmeler": contracts_table, "calisanlar": roster_table}


def render(table: Table, form: str) -> bytes:
    """The bytes of a file; CSV with semicolons and a BOM, as Turkish spreadsheets write it."""
    return _csv(table) if form == "csv" else _xlsx(table)


def _csv(table: Table) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([list(table.headings), *table.rows])
    return text.getvalue().encode("utf-8-sig")


def _xlsx(table: Table) -> bytes:
    octets = BytesIO()
    with Workbook(octets, {"in_memory": True}) as book:
        sheet = book.add_worksheet(table.name)
        for at, cells in enumerate([list(table.headings), *table.rows]):
            for column, cell in enumerate(cells):
                sheet.write_string(at, column, cell)
    return octets.getvalue()


def _day(day: date | None) -> str:
    return "" if day is None else f"{day:%d.%m.%Y}"
