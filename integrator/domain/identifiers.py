"""Identifiers of the field. A class cannot be built wrong; holding one is the proof that its digits fit.

Algorithms: T.C. kimlik no and foreigners' number (NVİ), vergi kimlik no, SGK tescil no (26 digits); forms: NACE,
meslek kodu, KEP address (domain 2). Values are kept as text,
leading zeros and all, and are never case-mapped. Digits mean ASCII 0-9: ``str.isdigit`` alone would also take the
Arabic-Indic and full-width ones, so it never stands without ``isascii``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NewType

from integrator.domain.errors import Malformed

SorguNo = NewType("SorguNo", int)
"""Correlation number of one Bildirim: numeric, 1 to 11 digits, first digit not 0, never reused."""

KurumNo = NewType("KurumNo", str)
"""Our name for a customer (tenant)."""

SORGU_NO_FIRST = 10_000_000_000
SORGU_NO_LAST = 99_999_999_999

_VKN = re.compile(r"[0-9]{10}")
_NACE = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}")
_MESLEK = re.compile(r"[0-9]{4}\.[0-9]{2}")
_KEP = re.compile(r"[A-Za-z0-9._%+-]{1,64}@hs[0-9]{2}\.kep\.tr")
_SGK = re.compile(r"[1-9][0-9]{25}")
_ELEVEN_ANYWHERE = re.compile(r"(?<![0-9])[1-9][0-9]{10}(?![0-9])")


def is_tckn(text: str) -> bool:
    """Whether `text` is eleven ASCII digits whose last two are the right check digits.

    Foreigners' numbers (they begin with 99) obey the same rule.
    """
    if len(text) != 11 or not text.isascii() or not text.isdigit() or text[0] == "0":
        return False
    d = text.encode("ascii")  # bytes are numbers: 48 is the digit 0
    odd = d[0] + d[2] + d[4] + d[6] + d[8] - 5 * 48
    even = d[1] + d[3] + d[5] + d[7] - 4 * 48
    tenth, last = d[9] - 48, d[10] - 48
    return tenth == (7 * odd - even) % 10 and last == (odd + even + tenth) % 10


def holds_tckn(text: str) -> bool:
    """Whether an identity number stands anywhere in `text` as a run of exactly eleven digits."""
    return any(is_tckn(found) for found in _ELEVEN_ANYWHERE.findall(text))


PLACEHOLDERS = frozenset(
    {"10000000146", "12345678950", "1234567890"}  # textbooks'
    | {f"{digit}" * 10 for digit in range(10)}
    | {f"{digit}" * 10 + "0" for digit in range(1, 10)}
)
"""Numbers that people type to get past a form. Their check digits fit, so only a list can tell them."""


def is_vkn(text: str) -> bool:
    """Whether `text` is a vergi kimlik no: ten ASCII digits with the right check digit, and no placeholder."""
    if not _VKN.fullmatch(text) or text in PLACEHOLDERS:
        return False
    total = 0
    for place, sign in enumerate(text[:9], 1):
        turned = (int(sign) + 10 - place) % 10
        left = turned * 2 ** (10 - place) % 9
        total += 9 if turned and not left else left
    return int(text[9]) == (10 - total % 10) % 10


def is_nace(text: str) -> bool:
    """Whether `text` has the form of a NACE code as the hazard classes list it: ``41.00.01``."""
    return bool(_NACE.fullmatch(text))


def is_meslek_kodu(text: str) -> bool:
    """Whether `text` has the form of an SGK occupation code: ``2263.01``. It has no check digit."""
    return bool(_MESLEK.fullmatch(text))


def is_kep(text: str) -> bool:
    """Whether `text` has the form of a KEP address: ``local@hsNN.kep.tr``."""
    return bool(_KEP.fullmatch(text))


@dataclass(frozen=True, slots=True)
class Tckn:
    """T.C. kimlik numarası. Whoever holds one may trust its check digits."""

    value: str = field(repr=False)  # a full number never reaches a log or a traceback

    def __post_init__(self) -> None:
        if not is_tckn(self.value):
            raise Malformed("tckn: eleven digits, the last two of them check digits")


def is_sgk_tescil_no(text: str) -> bool:
    """Whether `text` has the shape of an SGK workplace number: 26 digits, province 001-081, control 01-97.

    Layout (mahiyet 1, iş kolu 4, yeni ünite 2, eski ünite 2, sıra 7, il 3, ilçe 2, kontrol 2, aracı 3).
    The control digits' formula is empirical, so a mismatch only warns: see `sgk_control_matches`.
    """
    if not text.isascii() or not _SGK.fullmatch(text):
        return False
    return 1 <= int(text[16:19]) <= 81 and 1 <= int(text[21:23]) <= 97


def sgk_control_matches(text: str) -> bool:
    """Whether digits 22-23 equal (il ‖ sıra) mod 97, with 97 for 0. Empirical, no official text found."""
    return int(text[21:23]) == (int(text[16:19] + text[9:16]) % 97 or 97)


@dataclass(frozen=True, slots=True)
class SgkTescilNo:
    """SGK işyeri tescil numarası, 26 digits, subcontractor part included."""

    value: str

    def __post_init__(self) -> None:
        if not is_sgk_tescil_no(self.value):
            raise Malformed("sgkTescilNo: 26 digits, province 001-081, control 01-97")
