"""What the ministry can be asked about a workplace, a professional at it and a worker at it, as values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Isyeri:
    """A workplace as the ministry knows it. Spelling of class and NACE code is the ministry's own (contract 7.1)."""

    sgk_tescil_no: str
    nace_kodu: str = ""
    tehlike_sinifi: str = ""
    calisan_sayisi: int = 0
    ad_unvan: str = ""


@dataclass(frozen=True, slots=True)
class Yetki:
    """May this professional act at this workplace in this role (`belge_tipi`)?"""

    professional: str = field(repr=False)
    sgk_tescil_no: str
    belge_tipi: str


@dataclass(frozen=True, slots=True)
class Sigorta:
    """Is this worker insured at this workplace?"""

    worker: str = field(repr=False)
    sgk_tescil_no: str
