"""Identifiers of the field. A class cannot be built wrong; holding one is the proof that its digits fit.

Algorithms: T.C. kimlik no and foreigners' number (NVİ), SGK tescil no (26 digits). Values are kept as text,
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
