"""Reads and writes the JSON rows of workplaces, contracts, people, OSGBs and served workplaces (shapes: README).

Every complaint is a BadParties with a text for whoever wrote the JSON.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from integrator.ministry.identifiers import is_sgk_tescil_no, is_tckn
from integrator.ministry.isgkatip.codes import DURUM, DURUM_KODU, ONAY, TURLER
from integrator.ministry.isgkatip.isyeri import EBildirge, Hizmet, Iletisim, Isyeri, Osgb
from integrator.ministry.isgkatip.sozlesme import Sozlesme

Json = dict[str, Any]
T = TypeVar("T")
LONGEST = 500  # characters of one text


class BadParties(Exception):
    """The JSON of the parties cannot be taken; nothing of it was loaded."""


def rows(parties: Json, name: str) -> list[Json]:
    """A list of objects; empty when it is not there."""
    found = parties.get(name, [])
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise BadParties(f"{name}: a list of objects is expected")
    return found


def text(row: Json, name: str, default: str | None = None) -> str:
    """A text of at most 500 characters."""
    value = row.get(name, default)
    if not isinstance(value, str) or len(value) > LONGEST:
        raise BadParties(f"{name}: a text is expected")
    return value


def tckn(value: Any) -> int:
    """An identity number, as text or number."""
    told = str(value) if isinstance(value, str | int) else ""
    if not (len(told) == 11 and told.isascii() and told.isdecimal() and is_tckn(int(told))):
        raise BadParties("an identity number of eleven digits with right check digits is expected")
    return int(told)


def tckn_set(row: Json, name: str) -> frozenset[int]:
    """Identity numbers; none when the list is not there."""
    found = row.get(name, [])
    if not isinstance(found, list):
        raise BadParties(f"{name}: a list of identity numbers is expected")
    return frozenset(map(tckn, found))


def sgk_tescil_no(row: Json) -> str:
    """The workplace's number."""
    value = text(row, "sgk_tescil_no")
    if not is_sgk_tescil_no(value):
        raise BadParties("sgk_tescil_no: twenty-six digits are expected")
    return value


def day(value: Any, name: str) -> date:
    """A date in ISO form."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadParties(f"{name}: a date like 2018-01-31 is expected") from error


def moment(value: Any, name: str) -> datetime:
    """A moment in ISO form with its zone, as UTC."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadParties(f"{name}: a moment like 2018-01-31T09:00:00+03:00 is expected") from error
    if at.tzinfo is None:
        raise BadParties(f"{name}: a moment needs its zone")
    return at.astimezone(UTC)


def number(row: Json, name: str) -> int | None:
    """A whole number from 0 to a billion, or nothing."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000_000:
        raise BadParties(f"{name}: a whole number is expected")
    return value


def claim(row: Json, name: str) -> bool:
    """True or false; false when it is not there."""
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise BadParties(f"{name}: true or false is expected")
    return value


def optional(read: Callable[[Any, str], T], row: Json, name: str) -> T | None:
    """What `read` makes of a value, or nothing when there is none."""
    value = row.get(name)
    return None if value is None else read(value, name)


def read_isyeri(row: Json) -> Isyeri:
    """A workplace; without `sigortalilar` SGK knows the same people as the list."""
    calisanlar = tckn_set(row, "calisanlar")
    iletisim = row.get("iletisim")
    return Isyeri(
        sgk_tescil_no=sgk_tescil_no(row),
        ad_unvan=text(row, "ad_unvan", ""),
        nace_kodu=text(row, "nace_kodu", ""),
        tehlike_sinifi=text(row, "tehlike_sinifi", ""),
        calisanlar=calisanlar,
        sigortalilar=tckn_set(row, "sigortalilar") if "sigortalilar" in row else calisanlar,
        liste_tarihi=optional(moment, row, "liste_tarihi"),
        dogrulamalar={tckn(one.get("tckn")): moment(one.get("at"), "at") for one in rows(row, "dogrulamalar")},
        e_bildirge=dict(map(_read_user, rows(row, "e_bildirge"))),
        iletisim=None if iletisim is None else read_iletisim(iletisim),
    )


def _read_user(row: Json) -> tuple[int, EBildirge]:
    return tckn(row.get("tckn")), EBildirge(day(row.get("kayit_tarihi"), "kayit_tarihi"), claim(row, "listelendi"))


def read_iletisim(row: Any) -> Iletisim:
    """Phone of ten digits without a leading 0, mail, province, district, and the choice EVET as true."""
    if not isinstance(row, dict):
        raise BadParties("iletisim: an object is expected")
    telefon, eposta = text(row, "telefon"), text(row, "eposta")
    if not (len(telefon) == 10 and telefon.isascii() and telefon.isdecimal() and telefon[0] != "0"):
        raise BadParties("telefon: başında 0 olmadan 10 rakam (ten digits without a leading 0) bekleniyor")
    if len(eposta) > 254 or eposta.count("@") != 1 or not all(eposta.split("@")) or any(map(str.isspace, eposta)):
        raise BadParties("eposta: ad@alan biçiminde bir adres (an address) bekleniyor")
    if not text(row, "il") or not text(row, "ilce"):
        raise BadParties("il, ilce: both are expected")
    return Iletisim(
        telefon,
        eposta,
        row["il"],
        row["ilce"],
        claim(row, "otomatik"),
        tckn(row["onaylayan"]) if row.get("onaylayan") else 0,
        optional(day, row, "tarih"),
    )


def read_sozlesme(row: Json) -> Sozlesme:
    """A contract; one that is `Onaylandı` has both approvals, one that waits has none, unless the row tells them."""
    durum = DURUM_KODU.get(text(row, "durum"))
    if durum is None:
        raise BadParties(f"durum: one of {', '.join(DURUM_KODU)} is expected")
    if row.get("durum_kodu", durum) != durum:
        raise BadParties(f"durum_kodu: {durum} belongs to {DURUM[durum]}")
    tur = text(row, "tur", "")
    if tur and tur not in TURLER:
        raise BadParties(f"tur: one of {', '.join(TURLER)} is expected")
    each = 5004 if durum in (5001, 5002) else 5003
    return Sozlesme(
        sozlesme_id=number(row, "sozlesme_id") or 0,
        tur=tur,
        profesyonel=tckn(row.get("profesyonel")),
        sgk_tescil_no=sgk_tescil_no(row),
        baslangic=day(row.get("baslangic"), "baslangic"),
        bitis=optional(day, row, "bitis"),
        durum=durum,
        isyeri_onay=_onay(row, "isyeri_onay", each),
        kisi_onay=_onay(row, "kisi_onay", each),
        osgb=text(row, "osgb", ""),
        sure_dk=number(row, "sure_dk"),
        fazla_mesai_dk=number(row, "fazla_mesai_dk"),
        bekleyen_sure_dk=number(row, "bekleyen_sure_dk"),
        onay_tarihi=optional(day, row, "onay_tarihi"),
        bitis_nedeni=text(row, "bitis_nedeni", ""),
        silinme_tarihi=optional(day, row, "silinme_tarihi"),
    )


def _onay(row: Json, name: str, default: int) -> int:
    value = row.get(name, default)
    if not isinstance(value, int) or value not in ONAY:
        raise BadParties(f"{name}: one of {', '.join(map(str, ONAY))} is expected")
    return value


def read_kisi(row: Json) -> tuple[int, str]:
    """A person's number and name."""
    return tckn(row.get("tckn")), text(row, "ad_soyad")


def read_osgb(row: Json) -> Osgb:
    """An OSGB and who acts in its name."""
    return Osgb(text(row, "yetki_belge_no"), text(row, "unvan", ""), tckn_set(row, "sorumlular"))


def read_hizmet(row: Json) -> Hizmet:
    """A served workplace."""
    return Hizmet(
        text(row, "firma_kodu"),
        sgk_tescil_no(row),
        day(row.get("baslangic"), "baslangic"),
        tckn(row["onaylayan"]) if row.get("onaylayan") else 0,
        optional(day, row, "onay_tarihi"),
    )


def isyeri_json(isyeri: Isyeri) -> Json:
    """The row that `read_isyeri` reads; what is empty, or the same at SGK, is left out."""
    more = {
        "sigortalilar": None if isyeri.sigortalilar == isyeri.calisanlar else _numbers(isyeri.sigortalilar),
        "liste_tarihi": _iso(isyeri.liste_tarihi),
        "dogrulamalar": [{"tckn": str(one), "at": at.isoformat()} for one, at in isyeri.dogrulamalar.items()] or None,
        "e_bildirge": [
            {"tckn": str(one), "kayit_tarihi": user.kayit_tarihi.isoformat(), "listelendi": user.is_listed}
            for one, user in isyeri.e_bildirge.items()
        ]
        or None,
        "iletisim": None if isyeri.iletisim is None else iletisim_json(isyeri.iletisim),
    }
    return {
        "sgk_tescil_no": isyeri.sgk_tescil_no,
        "ad_unvan": isyeri.ad_unvan,
        "nace_kodu": isyeri.nace_kodu,
        "tehlike_sinifi": isyeri.tehlike_sinifi,
        "calisanlar": _numbers(isyeri.calisanlar),
    } | {name: value for name, value in more.items() if value is not None}


def iletisim_json(iletisim: Iletisim) -> Json:
    """The row that `read_iletisim` reads."""
    return {
        "telefon": iletisim.telefon,
        "eposta": iletisim.eposta,
        "il": iletisim.il,
        "ilce": iletisim.ilce,
        "otomatik": iletisim.otomatik,
        "onaylayan": str(iletisim.onaylayan) if iletisim.onaylayan else None,
        "tarih": _iso(iletisim.tarih),
    }


def sozlesme_json(sozlesme: Sozlesme) -> Json:
    """The row that `read_sozlesme` reads."""
    return {
        "sozlesme_id": sozlesme.sozlesme_id,
        "tur": sozlesme.tur,
        "profesyonel": str(sozlesme.profesyonel),
        "sgk_tescil_no": sozlesme.sgk_tescil_no,
        "durum": DURUM[sozlesme.durum],
        "durum_kodu": sozlesme.durum,
        "isyeri_onay": sozlesme.isyeri_onay,
        "kisi_onay": sozlesme.kisi_onay,
        "osgb": sozlesme.osgb,
        "baslangic": sozlesme.baslangic.isoformat(),
        "bitis": _iso(sozlesme.bitis),
        "sure_dk": sozlesme.sure_dk,
        "fazla_mesai_dk": sozlesme.fazla_mesai_dk,
        "bekleyen_sure_dk": sozlesme.bekleyen_sure_dk,
        "onay_tarihi": _iso(sozlesme.onay_tarihi),
        "bitis_nedeni": sozlesme.bitis_nedeni,
        "silinme_tarihi": _iso(sozlesme.silinme_tarihi),
    }


def osgb_json(osgb: Osgb) -> Json:
    """The row that `read_osgb` reads."""
    return {"yetki_belge_no": osgb.yetki_belge_no, "unvan": osgb.unvan, "sorumlular": _numbers(osgb.sorumlular)}


def hizmet_json(hizmet: Hizmet) -> Json:
    """The row that `read_hizmet` reads."""
    return {
        "firma_kodu": hizmet.firma_kodu,
        "sgk_tescil_no": hizmet.sgk_tescil_no,
        "baslangic": hizmet.baslangic.isoformat(),
        "onaylayan": str(hizmet.onaylayan) if hizmet.onaylayan else None,
        "onay_tarihi": _iso(hizmet.onay_tarihi),
    }


def with_tur(sozlesme: Sozlesme, tur: str) -> Sozlesme:
    """The same contract of kind `tur`, where its row told none."""
    return sozlesme if sozlesme.tur else replace(sozlesme, tur=tur)


def _numbers(numbers: frozenset[int]) -> list[str]:
    return [str(one) for one in sorted(numbers)]


def _iso(value: date | datetime | None) -> str | None:
    return None if value is None else value.isoformat()
