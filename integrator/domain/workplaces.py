"""What is known about a workplace and a professional beside the record: from a look-up, a mirror or the sender."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from integrator.domain.identifiers import is_nace

_FOLD = str.maketrans("İIıŞşĞğÜüÖöÇç", "iiissgguuoocc")


class TehlikeSinifi(StrEnum):
    """The hazard class: az tehlikeli, tehlikeli, çok tehlikeli."""

    AZ = "az"
    TEHLIKELI = "tehlikeli"
    COK = "cok"


_TEXTS = {"az tehlikeli": TehlikeSinifi.AZ, "tehlikeli": TehlikeSinifi.TEHLIKELI, "cok tehlikeli": TehlikeSinifi.COK}


def read_tehlike_sinifi(text: str) -> TehlikeSinifi | None:
    """The class that a text such as ``ÇOK TEHLİKELİ`` names; dotted and dotless i are taken alike (domain 2.5)."""
    return _TEXTS.get(folded(text))


def folded(text: str) -> str:
    """A word of İSG-KATİP without case, accents and double space; for comparing only."""
    return " ".join(text.translate(_FOLD).lower().split())


@dataclass(frozen=True, slots=True)
class Isyeri:
    """A workplace on the day of an event. None means: not known."""

    tehlike_sinifi: TehlikeSinifi | None = None
    calisan_sayisi: int | None = None
    kamu: bool | None = None
    nace_kodu: str = ""

    def __post_init__(self) -> None:
        if self.nace_kodu and not is_nace(self.nace_kodu):
            raise ValueError("nace_kodu: dd.dd.dd")


class SozlesmeDurumu(StrEnum):
    """How far a contract of İSG-KATİP is; old texts and numbers 5000-5006 are read into these (domain 1.7)."""

    ONAY_BEKLIYOR = "onay_bekliyor"
    ONAYLANDI = "onaylandi"
    SONA_ERDI = "sona_erdi"
    TAMAMLANMADI = "tamamlanmadi"
    SILINDI = "silindi"


LIVE = (SozlesmeDurumu.ONAY_BEKLIYOR, SozlesmeDurumu.ONAYLANDI)


@dataclass(frozen=True, slots=True)
class Sozlesme:
    """A professional's contract at a workplace, as the last import told it. None of a day: not told, or open-ended."""

    profesyonel: str = field(repr=False)
    sgk_tescil_no: str
    belge_tipi: str  # 1 physician, 2 specialist, 3 other health staff; empty: not told
    durum: SozlesmeDurumu
    baslangic: date | None = None
    bitis: date | None = None
    onay_tarihi: date | None = None  # a service counts from the approval (domain 1.7)
    silinme_tarihi: date | None = None
    told_on: date | None = None  # the day whose İSG-KATİP this is: what it says of itself then, no later day undoes


class CalisanListesi(Protocol):
    """The roster of one workplace (SGK 4A list), as of the day it was refreshed."""

    @property
    def refreshed_on(self) -> date:
        """The day on which İSG-KATİP was last told to refresh it."""

    def holds(self, tckn: str, day: date) -> bool:
        """Whether this worker stands on it and was employed on `day`, as far as it tells days."""


class Known(Protocol):
    """Answers from elsewhere; each may be None when nothing is known."""

    def isyeri(self, sgk_tescil_no: str) -> Isyeri | None:
        """The workplace."""

    def belge_tipi(self, tckn: str) -> str | None:
        """The certificate kind of a professional: 1 physician, 2 specialist, 3 other health staff."""

    def sozlesmeler(self, profesyonel: str, sgk_tescil_no: str) -> Sequence[Sozlesme] | None:
        """Their contracts there; empty when that workplace's contracts are known and none is theirs."""

    def calisan_listesi(self, sgk_tescil_no: str) -> CalisanListesi | None:
        """The workplace's roster."""

    def new_number(self, sgk_tescil_no: str) -> str | None:
        """The number that took the place of this one."""

    def hizmet_bildirildi(self, sgk_tescil_no: str, day: date) -> bool | None:
        """Whether the served workplace was notified for that day; None when this is not followed there."""


class NothingKnown:
    """No look-up and no import is at hand."""

    def isyeri(self, sgk_tescil_no: str) -> Isyeri | None:  # noqa: ARG002 - the shape of Known
        """None."""
        return None

    def belge_tipi(self, tckn: str) -> str | None:  # noqa: ARG002 - the shape of Known
        """None."""
        return None

    def sozlesmeler(self, profesyonel: str, sgk_tescil_no: str) -> Sequence[Sozlesme] | None:  # noqa: ARG002
        """None."""
        return None

    def calisan_listesi(self, sgk_tescil_no: str) -> CalisanListesi | None:  # noqa: ARG002 - the shape of Known
        """None."""
        return None

    def new_number(self, sgk_tescil_no: str) -> str | None:  # noqa: ARG002 - the shape of Known
        """None."""
        return None

    def hizmet_bildirildi(self, sgk_tescil_no: str, day: date) -> bool | None:  # noqa: ARG002 - the shape of Known
        """None."""
        return None
