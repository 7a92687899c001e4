"""What is known about a workplace and a professional beside the record: from a look-up, a mirror or the sender."""

from __future__ import annotations

from dataclasses import dataclass
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
    return _TEXTS.get(" ".join(text.translate(_FOLD).lower().split()))


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


class Known(Protocol):
    """Answers from elsewhere; each may be None when nothing is known."""

    def isyeri(self, sgk_tescil_no: str) -> Isyeri | None:
        """The workplace."""

    def belge_tipi(self, tckn: str) -> str | None:
        """The certificate kind of a professional: 1 physician, 2 specialist, 3 other health staff."""


class NothingKnown:
    """No look-up is at hand."""

    def isyeri(self, sgk_tescil_no: str) -> Isyeri | None:  # noqa: ARG002 - the shape of Known
        """None."""
        return None

    def belge_tipi(self, tckn: str) -> str | None:  # noqa: ARG002 - the shape of Known
        """None."""
        return None
