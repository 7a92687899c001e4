"""What the ministry knows before any message comes: firms, workplaces, professionals, contracts, codes.

Filled from JSON (shape in the README) at start or over the control port; merging replaces what has the same
key. Every complaint about that JSON is a BadParties with a text for whoever wrote it.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from integrator.ministry.identifiers import is_sgk_tescil_no, is_tckn

ONAYLANDI, ONAY_BEKLIYOR = "Onaylandı", "Onay Bekliyor"
Json = dict[str, Any]


class BadParties(Exception):
    """The JSON of the parties cannot be taken; nothing of it was loaded."""


@dataclass(slots=True)
class Firma:
    """An integrator: its code, its password, and whether it may act."""

    firma_kodu: str
    parola: str = field(repr=False)
    aktif: bool = True


@dataclass(frozen=True, slots=True)
class Isyeri:
    """A workplace and the identity numbers on its roster."""

    sgk_tescil_no: str
    ad_unvan: str
    nace_kodu: str
    tehlike_sinifi: str
    calisanlar: frozenset[int]


@dataclass(frozen=True, slots=True)
class Sozlesme:
    """A professional's contract at a workplace; open-ended when `bitis` is None."""

    profesyonel: int
    sgk_tescil_no: str
    durum: str
    baslangic: date
    bitis: date | None

    def covers(self, gun: date) -> bool:
        """Approved, and in force on `gun` (both ends included)."""
        return self.durum == ONAYLANDI and self.baslangic <= gun and (self.bitis is None or gun <= self.bitis)


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
        self.sozlesmeler: dict[tuple[int, str], dict[date, Sozlesme]] = {}
        self.egitim_kodlari: dict[int, EgitimKodu] = {}

    def has_active_firma(self, firma_kodu: str, parola: str) -> bool:
        """Does this pair belong to a firm that may act?"""
        firma = self.firmalar.get(firma_kodu)
        return firma is not None and firma.aktif and firma.parola == parola

    def has_contract(self, profesyonel: int, sgk_tescil_no: str, gun: date) -> bool:
        """Is the professional known and under an approved contract there on `gun`?"""
        contracts = self.sozlesmeler.get((profesyonel, sgk_tescil_no), {})
        return profesyonel in self.profesyoneller and any(one.covers(gun) for one in contracts.values())

    def roster(self, sgk_tescil_no: str) -> frozenset[int]:
        """Who works there; nobody at a workplace that is not known."""
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
        for one in new.sozlesmeler:
            self.sozlesmeler.setdefault((one.profesyonel, one.sgk_tescil_no), {})[one.baslangic] = one

    def as_json(self) -> Json:
        """Everything, in the shape in which it is loaded."""
        contracts = [one for contracts in self.sozlesmeler.values() for one in contracts.values()]
        return {
            "firmalar": [_firma_json(one) for one in self.firmalar.values()],
            "isyerleri": [_isyeri_json(one) for one in self.isyerleri.values()],
            "profesyoneller": [{"tckn": str(one), "belge_tipi": kind} for one, kind in self.profesyoneller.items()],
            "sozlesmeler": [_sozlesme_json(one) for one in contracts],
            "egitim_kodlari": [
                {"kodu": one.kodu, "aciklama": one.aciklama, "aktif": one.aktif} for one in self.egitim_kodlari.values()
            ],
        }


def _firma_json(firma: Firma) -> Json:
    return {"firma_kodu": firma.firma_kodu, "parola": firma.parola, "aktif": firma.aktif}


def _isyeri_json(isyeri: Isyeri) -> Json:
    return {
        "sgk_tescil_no": isyeri.sgk_tescil_no,
        "ad_unvan": isyeri.ad_unvan,
        "nace_kodu": isyeri.nace_kodu,
        "tehlike_sinifi": isyeri.tehlike_sinifi,
        "calisanlar": [str(tckn) for tckn in sorted(isyeri.calisanlar)],
    }


def _sozlesme_json(sozlesme: Sozlesme) -> Json:
    return {
        "profesyonel": str(sozlesme.profesyonel),
        "sgk_tescil_no": sozlesme.sgk_tescil_no,
        "durum": sozlesme.durum,
        "baslangic": sozlesme.baslangic.isoformat(),
        "bitis": sozlesme.bitis.isoformat() if sozlesme.bitis else None,
    }


class _Reader:
    """Reads the whole JSON before anything is merged, so that a bad file changes nothing."""

    def __init__(self, parties: Any) -> None:
        known = ("firmalar", "isyerleri", "profesyoneller", "sozlesmeler", "egitim_kodlari")
        if not isinstance(parties, dict) or not set(parties) <= set(known):
            raise BadParties(f"an object with no other keys than {', '.join(known)} is expected")
        self.firmalar = [_read_firma(row) for row in _rows(parties, "firmalar")]
        self.isyerleri = [_read_isyeri(row) for row in _rows(parties, "isyerleri")]
        self.profesyoneller = dict(_read_profesyonel(row) for row in _rows(parties, "profesyoneller"))
        self.sozlesmeler = [_read_sozlesme(row) for row in _rows(parties, "sozlesmeler")]
        self.egitim_kodlari = [_read_egitim_kodu(row) for row in _rows(parties, "egitim_kodlari")]


def _rows(parties: Json, name: str) -> list[Json]:
    rows = parties.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadParties(f"{name}: a list of objects is expected")
    return rows


def _text(row: Json, name: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if not isinstance(value, str):
        raise BadParties(f"{name}: a text is expected")
    return value


def _tckn(value: Any) -> int:
    text = str(value) if isinstance(value, str | int) else ""
    if not (len(text) == 11 and text.isascii() and text.isdecimal() and is_tckn(int(text))):
        raise BadParties("an identity number of eleven digits with right check digits is expected")
    return int(text)


def _sgk_tescil_no(row: Json) -> str:
    value = _text(row, "sgk_tescil_no")
    if not is_sgk_tescil_no(value):
        raise BadParties("sgk_tescil_no: twenty-six digits are expected")
    return value


def _day(value: Any, name: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadParties(f"{name}: a date like 2018-01-31 is expected") from error


def _read_firma(row: Json) -> Firma:
    return Firma(_text(row, "firma_kodu"), _text(row, "parola"), row.get("aktif", True) is True)


def _read_isyeri(row: Json) -> Isyeri:
    roster = row.get("calisanlar", [])
    if not isinstance(roster, list):
        raise BadParties("calisanlar: a list of identity numbers is expected")
    return Isyeri(
        sgk_tescil_no=_sgk_tescil_no(row),
        ad_unvan=_text(row, "ad_unvan", ""),
        nace_kodu=_text(row, "nace_kodu", ""),
        tehlike_sinifi=_text(row, "tehlike_sinifi", ""),
        calisanlar=frozenset(map(_tckn, roster)),
    )


def _read_profesyonel(row: Json) -> tuple[int, int]:
    if row.get("belge_tipi") not in (1, 2, 3):
        raise BadParties("belge_tipi: 1, 2 or 3 is expected")
    return _tckn(row.get("tckn")), int(row["belge_tipi"])


def _read_sozlesme(row: Json) -> Sozlesme:
    durum = _text(row, "durum")
    if durum not in (ONAYLANDI, ONAY_BEKLIYOR):
        raise BadParties(f"durum: {ONAYLANDI} or {ONAY_BEKLIYOR} is expected")
    bitis = row.get("bitis")
    return Sozlesme(
        profesyonel=_tckn(row.get("profesyonel")),
        sgk_tescil_no=_sgk_tescil_no(row),
        durum=durum,
        baslangic=_day(row.get("baslangic"), "baslangic"),
        bitis=None if bitis is None else _day(bitis, "bitis"),
    )


def _read_egitim_kodu(row: Json) -> EgitimKodu:
    kodu, aktif = row.get("kodu"), row.get("aktif", 1)
    if not isinstance(kodu, int) or aktif not in (0, 1):
        raise BadParties("kodu: a number is expected, and aktif 0 or 1")
    return EgitimKodu(kodu, _text(row, "aciklama", ""), int(aktif))
