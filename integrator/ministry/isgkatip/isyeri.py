"""A workplace as İSG-KATİP sees it, and what may differ from it at SGK: the 4A list is a copy that somebody refreshes.

212 looks at the list (`calisanlar`), never at SGK (`sigortalilar`): whoever was hired after the last refresh is not
related to the workplace yet. Also here: who is e-Bildirge user of it, and what it allows by itself (iletişim ve izin).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

WAIT = timedelta(days=3)
"""From the SGK office's registration of an e-Bildirge user until İSG-KATİP knows of it."""


@dataclass(frozen=True, slots=True)
class EBildirge:
    """An e-Bildirge user: registered at SGK on `kayit_tarihi`; approves here only once the workplace was fetched."""

    kayit_tarihi: date
    is_listed: bool = False

    def may_be_listed(self, gun: date) -> bool:
        """Have the three days passed?"""
        return gun >= self.kayit_tarihi + WAIT


@dataclass(frozen=True, slots=True)
class Iletisim:
    """Kurumsal İletişim ve İzin: where the workplace is reached, and whether minutes follow the number of workers."""

    telefon: str
    eposta: str
    il: str
    ilce: str
    otomatik: bool
    onaylayan: int = 0
    tarih: date | None = None


@dataclass(frozen=True, slots=True)
class Isyeri:
    """A workplace. `calisanlar` is the 4A list here, `sigortalilar` are those insured there at SGK.

    `liste_tarihi` is the last bulk refresh, `dogrulamalar` when single numbers were verified since.
    """

    sgk_tescil_no: str
    ad_unvan: str
    nace_kodu: str
    tehlike_sinifi: str
    calisanlar: frozenset[int]
    sigortalilar: frozenset[int] = frozenset()
    liste_tarihi: datetime | None = None
    dogrulamalar: Mapping[int, datetime] = field(default_factory=dict)
    e_bildirge: Mapping[int, EBildirge] = field(default_factory=dict)
    iletisim: Iletisim | None = None

    def is_user(self, kim: int) -> bool:
        """Is this person a listed e-Bildirge user of it?"""
        return kim in self.e_bildirge and self.e_bildirge[kim].is_listed

    def refreshed_at(self, calisan: int) -> datetime | None:
        """When this worker's line was last compared with SGK; None when that is not known."""
        return self.dogrulamalar.get(calisan, self.liste_tarihi)

    def hired_and_left(self, giren: frozenset[int], ayrilan: frozenset[int]) -> "Isyeri":
        """What happened at SGK; the list here knows nothing of it."""
        return replace(self, sigortalilar=(self.sigortalilar | giren) - ayrilan)

    def refreshed(self, at: datetime) -> "Isyeri":
        """Toplu Çalışan Güncelle: the list is what SGK knows now."""
        return replace(self, calisanlar=self.sigortalilar, liste_tarihi=at, dogrulamalar={})

    def verified(self, calisan: int, at: datetime) -> "Isyeri":
        """TC Kimlik No ile Doğrula: one worker is on the list exactly when insured there."""
        calisanlar = self.calisanlar | {calisan} if calisan in self.sigortalilar else self.calisanlar - {calisan}
        return replace(self, calisanlar=calisanlar, dogrulamalar={**self.dogrulamalar, calisan: at})

    def with_user(self, kim: int, user: EBildirge) -> "Isyeri":
        """The same workplace with one e-Bildirge user added or changed."""
        return replace(self, e_bildirge={**self.e_bildirge, kim: user})


@dataclass(frozen=True, slots=True)
class Osgb:
    """A joint health and safety unit, and who may act in its name."""

    yetki_belge_no: str
    unvan: str
    sorumlular: frozenset[int]


@dataclass(frozen=True, slots=True)
class Hizmet:
    """A served workplace as a firm notified it: counts once approved here, for records from `baslangic` on."""

    firma_kodu: str
    sgk_tescil_no: str
    baslangic: date
    onaylayan: int = 0
    onay_tarihi: date | None = None

    def covers(self, gun: date) -> bool:
        """Approved, and begun before the day of the record."""
        return self.onay_tarihi is not None and self.baslangic <= gun
