"""Makes exports of İSG-KATİP for tests: invented workplaces, professionals, contracts and rosters."""

from __future__ import annotations

from pathlib import Path

from integrator.importing import Report, Wanted, import_parties
from integrator.intake.read_json import Caps
from integrator.parties.isgkatip import Kind
from tests.factories import KURUM, PROFESSIONAL, SGK, tckn
from tests.unit.intake.sheets import write_csv, write_xlsx

OTHER_SGK = "24941020276543210349916001"
PHYSICIAN = tckn(830_000_001)

OLD = ["Grv. ID", "SGK Sicil No", "TC", "Ad", "Grv. Türü", "Başlama Tarihi", "Ayrılış Tarihi", "Grv. Onay Durumu"]
NEW = [
    "Sözleşme ID", "SGK Sicil No", "İşyeri Unvanı", "TC Kimlik No", "Ad Soyad", "Sözleşme Türü Kodu",
    "Sözleşme Durumu", "Başlangıç Tarihi", "Bitiş Tarihi", "Onay Tarihi", "Süre (dk)",
]  # fmt: skip
ROSTER = ["SGK Sicil No", "TC Kimlik No", "İşe Giriş Tarihi", "İşten Ayrılış Tarihi"]


def contract(ref="7001", *, sgk=SGK, person=PROFESSIONAL, tur="103", durum="5001", end="", minutes="700"):
    """One row under the headings `NEW`."""
    return [
        ref, sgk, "DENEME İŞYERİ", person, "Deneme Kişisi", tur, durum, "01.01.2020", end, "02.01.2020 14:30", minutes,
    ]  # fmt: skip


def worker(person, *, sgk=SGK, hired="01.02.2021", left=""):
    """One row under the headings `ROSTER`."""
    return [sgk, person, hired, left]


def import_rows(gateway, path: Path, kind: str, headings, rows, *, kurum=KURUM, **options) -> Report:
    """Write the rows as XLSX (or CSV, by the name) and import them."""
    write = write_csv if path.suffix == ".csv" else write_xlsx
    write(path, rows, headings=headings)
    return import_parties(gateway, kurum, Wanted(Kind(kind), path, **options), Caps())
