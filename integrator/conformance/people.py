"""The invented people and workplaces of a scenario, with check digits of our own making. Nobody's numbers.

A scenario writes ``@uzman`` or ``@calisan1..3`` where a number belongs; the cast fills it in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FIRMA_KODU = "UYUMLULUK01"
PERSONS = ("uzman", "hekim", "dsp", "keyless", "stranger")
KEYED = ("uzman", "hekim", "dsp")
"""Professionals whose keys the gateway is given; `keyless` signs elsewhere, `stranger` must not sign at all."""
BELGE_TIPI = {"hekim": 1, "uzman": 2, "dsp": 3, "keyless": 2, "stranger": 2}
ROSTER = 250
EGITIM_KODLARI = (24, 240, 390, *range(500, 530))
_RANGE = re.compile(r"@(calisan|egitim)([0-9]+)\.\.([0-9]+)")
_NAME = re.compile(r"@(?:\{(\w+)\}|(\w+))")


def tckn(nine: int) -> str:
    """Eleven digits: `nine` (nine digits, the first not 0) and the two that check them (domain 2.1)."""
    digits = [int(each) for each in f"{nine:09}"]
    odd, even = sum(digits[0::2]), sum(digits[1::2])
    tenth = (7 * odd - even) % 10
    return f"{nine:09}{tenth}{(odd + even + tenth) % 10}"


def sgk_tescil_no(sira: int) -> str:
    """Twenty-six digits of an invented workplace in province 006, with the control digits as they are observed."""
    kontrol = int(f"006{sira:07}") % 97 or 97
    return f"299990101{sira:07}00699{kontrol:02}000"


PROFESSIONALS = {name: tckn(810_000_001 + at) for at, name in enumerate(PERSONS)}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in one scenario: the professionals of every scenario, and a workplace with workers of its own.

    `told` are numbers that somebody else's register knows, by name; they stand before ours.
    """

    serial: int
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def isyeri(self) -> str:
        """The workplace under contract."""
        return sgk_tescil_no(1000 + 2 * self.serial)

    @property
    def unapproved(self) -> str:
        """A workplace whose contract still waits for approval."""
        return sgk_tescil_no(1001 + 2 * self.serial)

    def calisan(self, number: int) -> str:
        """The number-th worker, from 1; up to ROSTER they are on the roster of `isyeri`."""
        return self.told.get(f"calisan{number}") or tckn(820_000_000 + self.serial * 1000 + number)

    def named(self, name: str) -> str:
        """The number behind a name; raises KeyError for a name that nobody has."""
        if name in self.told:
            return self.told[name]
        if name in PROFESSIONALS:
            return PROFESSIONALS[name]
        if name.startswith("calisan"):
            return self.calisan(int(name.removeprefix("calisan")))
        return {
            "isyeri": self.isyeri, "unapproved": self.unapproved,
            "outsider": self.calisan(900), "firma_kodu": FIRMA_KODU,
        }[name]  # fmt: skip

    def fill(self, value: Any) -> Any:
        """`value` with every ``@name`` replaced; a range in a list becomes its members."""
        if isinstance(value, dict):
            return {key: self.fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [member for each in value for member in self._members(each)]
        if isinstance(value, str) and _RANGE.fullmatch(value):
            return self._members(value)
        return self.fill_text(value) if isinstance(value, str) else value

    def fill_text(self, text: str) -> str:
        """The same inside a longer text: ``@{name}``."""
        return _NAME.sub(lambda match: self.named(match[1] or match[2]), text)

    def _members(self, value: Any) -> list[Any]:
        match = _RANGE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            return [self.fill(value)]
        numbers = range(int(match[2]), int(match[3]) + 1)
        if match[1] == "calisan":
            return [self.calisan(number) for number in numbers]
        return [{"egitimKoduId": EGITIM_KODLARI[number - 1], "egitimSuresi": 45} for number in numbers]

    def record(self, changes: dict[str, Any]) -> dict[str, Any]:
        """One worker, one training, on a day of 2025, changed as told; a value "-" leaves the field out."""
        plain = {
            "belgeTipi": 2,
            "isgProfTckNo": "@uzman",
            "calisan": ["@calisan1"],
            "egitim": [{"egitimKoduId": 240, "egitimSuresi": 40}],
            "egitimTarihi": "2025-10-23",
            "egitimYer": 1,
            "egitimTur": 1,
            "sgkTescilNo": "@isyeri",
            "egiticiTckNo": "@uzman",
        }
        filled: dict[str, Any] = self.fill({**plain, **changes})
        return {name: value for name, value in filled.items() if value != "-"}

    def parties(self) -> dict[str, Any]:
        """What the ministry has to know before the scenario begins; the firm is not among it."""
        roster = [self.calisan(number) for number in range(1, ROSTER + 1)]
        return {
            "isyerleri": [_isyeri(self.isyeri, roster), _isyeri(self.unapproved, roster)],
            "profesyoneller": [
                {"tckn": number, "belge_tipi": BELGE_TIPI[name]} for name, number in PROFESSIONALS.items()
            ],
            "sozlesmeler": [
                {"profesyonel": number, "sgk_tescil_no": sgk, "durum": durum, "baslangic": "2018-01-01"}
                for number in PROFESSIONALS.values()
                for sgk, durum in ((self.isyeri, "Onaylandı"), (self.unapproved, "Onay Bekliyor"))
            ],
            "egitim_kodlari": [
                {"kodu": kodu, "aciklama": f"Uyumluluk konusu {kodu} (ĞÜŞİÖÇ ğüşıöç)", "aktif": 1}
                for kodu in EGITIM_KODLARI
            ],
        }


def _isyeri(sgk: str, roster: list[str]) -> dict[str, Any]:
    return {
        "sgk_tescil_no": sgk,
        "ad_unvan": "UYUMLULUK DENEMESİ A.Ş.",
        "nace_kodu": "41.00.01",
        "tehlike_sinifi": "Çok Tehlikeli",
        "calisanlar": roster,
    }
