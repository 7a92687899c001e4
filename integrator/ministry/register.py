"""What the ministry knows before any message comes: firms, workplaces, professionals, contracts, codes.

Filled from JSON (shape in the README) at start or over the control port; merging replaces what has the same
key. Every complaint about that JSON is a BadParties with a text for whoever wrote it.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from integrator.ministry.isgkatip import rows as katip
from integrator.ministry.isgkatip.codes import TUR_OF_BELGE_TIPI
from integrator.ministry.isgkatip.isyeri import Hizmet, Isyeri, Osgb
from integrator.ministry.isgkatip.sozlesme import Sozlesmeler

BadParties = katip.BadParties
_rows, _text, _tckn = katip.rows, katip.text, katip.tckn
Json = dict[str, Any]
KNOWN = (
    "firmalar",
    "isyerleri",
    "profesyoneller",
    "sozlesmeler",
    "kisiler",
    "osgbler",
    "hizmetler",
    "egitim_kodlari",
)


@dataclass(slots=True)
class Firma:
    """An integrator: its code, its password, and whether it may act."""

    firma_kodu: str
    parola: str = field(repr=False)
    aktif: bool = True


@dataclass(frozen=True, slots=True)
class EgitimKodu:
    """A training code of the ministry's list."""

    kodu: int
    aciklama: str
    aktif: int


class Register:
    """All parties in memory, by their numbers."""

    def __init__(self) -> None:
        self.firmalar: dict[str, Firma] = {}
        self.isyerleri: dict[str, Isyeri] = {}
        self.profesyoneller: dict[int, int] = {}
        self.sozlesmeler = Sozlesmeler()
        self.kisiler: dict[int, str] = {}
        self.osgbler: dict[str, Osgb] = {}
        self.hizmetler: dict[tuple[str, str], Hizmet] = {}
        self.egitim_kodlari: dict[int, EgitimKodu] = {}

    def has_active_firma(self, firma_kodu: str, parola: str) -> bool:
        """Does this pair belong to a firm that may act?"""
        firma = self.firmalar.get(firma_kodu)
        return firma is not None and firma.aktif and firma.parola == parola

    def has_contract(self, profesyonel: int, sgk_tescil_no: str, gun: date) -> bool:
        """Is the professional known and under an approved contract there on `gun`?"""
        return profesyonel in self.profesyoneller and self.sozlesmeler.cover(profesyonel, sgk_tescil_no, gun)

    def roster(self, sgk_tescil_no: str) -> frozenset[int]:
        """Who is on its 4A list; nobody at a workplace that is not known."""
        isyeri = self.isyerleri.get(sgk_tescil_no)
        return isyeri.calisanlar if isyeri is not None else frozenset()

    def is_active_code(self, kodu: int) -> bool:
        """Is this training code on the list and active?"""
        egitim_kodu = self.egitim_kodlari.get(kodu)
        return egitim_kodu is not None and egitim_kodu.aktif == 1

    def merge(self, parties: Any) -> None:
        """Take in `parties`; all of it or, with BadParties, nothing."""
        new = _Reader(parties)
        self.firmalar.update({one.firma_kodu: one for one in new.firmalar})
        self.isyerleri.update({one.sgk_tescil_no: one for one in new.isyerleri})
        self.profesyoneller.update(new.profesyoneller)
        self.egitim_kodlari.update({one.kodu: one for one in new.egitim_kodlari})
        self.kisiler.update(new.kisiler)
        self.osgbler.update({one.yetki_belge_no: one for one in new.osgbler})
        self.hizmetler.update({(one.firma_kodu, one.sgk_tescil_no): one for one in new.hizmetler})
        for one in new.sozlesmeler:
            tur = TUR_OF_BELGE_TIPI.get(self.profesyoneller.get(one.profesyonel, 0), "")
            self.sozlesmeler.merge(katip.with_tur(one, tur))

    def as_json(self) -> Json:
        """Everything, in the shape in which it is loaded."""
        return {
            "firmalar": [_firma_json(one) for one in self.firmalar.values()],
            "isyerleri": [katip.isyeri_json(one) for one in self.isyerleri.values()],
            "profesyoneller": [{"tckn": str(one), "belge_tipi": kind} for one, kind in self.profesyoneller.items()],
            "sozlesmeler": [katip.sozlesme_json(one) for one in self.sozlesmeler],
            "kisiler": [{"tckn": str(one), "ad_soyad": name} for one, name in self.kisiler.items()],
            "osgbler": [katip.osgb_json(one) for one in self.osgbler.values()],
            "hizmetler": [katip.hizmet_json(one) for one in self.hizmetler.values()],
            "egitim_kodlari": [
                {"kodu": one.kodu, "aciklama": one.aciklama, "aktif": one.aktif} for one in self.egitim_kodlari.values()
            ],
        }


def _firma_json(firma: Firma) -> Json:
    return {"firma_kodu": firma.firma_kodu, "parola": firma.parola, "aktif": firma.aktif}


class _Reader:
    """Reads the whole JSON before anything is merged, so that a bad file changes nothing."""

    def __init__(self, parties: Any) -> None:
        if not isinstance(parties, dict) or not set(parties) <= set(KNOWN):
            raise BadParties(f"an object with no other keys than {', '.join(KNOWN)} is expected")
        self.firmalar = [_read_firma(row) for row in _rows(parties, "firmalar")]
        self.isyerleri = [katip.read_isyeri(row) for row in _rows(parties, "isyerleri")]
        self.profesyoneller = dict(_read_profesyonel(row) for row in _rows(parties, "profesyoneller"))
        self.sozlesmeler = [katip.read_sozlesme(row) for row in _rows(parties, "sozlesmeler")]
        self.kisiler = dict(katip.read_kisi(row) for row in _rows(parties, "kisiler"))
        self.osgbler = [katip.read_osgb(row) for row in _rows(parties, "osgbler")]
        self.hizmetler = [katip.read_hizmet(row) for row in _rows(parties, "hizmetler")]
        self.egitim_kodlari = [_read_egitim_kodu(row) for row in _rows(parties, "egitim_kodlari")]


def _read_firma(row: Json) -> Firma:
    return Firma(_text(row, "firma_kodu"), _text(row, "parola"), row.get("aktif", True) is True)


def _read_profesyonel(row: Json) -> tuple[int, int]:
    if row.get("belge_tipi") not in (1, 2, 3):
        raise BadParties("belge_tipi: 1, 2 or 3 is expected")
    return _tckn(row.get("tckn")), int(row["belge_tipi"])


def _read_egitim_kodu(row: Json) -> EgitimKodu:
    kodu, aktif = row.get("kodu"), row.get("aktif", 1)
    if not isinstance(kodu, int) or aktif not in (0, 1):
        raise BadParties("kodu: a number is expected, and aktif 0 or 1")
    return EgitimKodu(kodu, _text(row, "aciklama", ""), int(aktif))
