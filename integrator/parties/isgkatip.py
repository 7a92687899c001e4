"""The words of İSG-KATİP: the columns of its exports under every name they are known by, and what a cell there means.

Columns stand in ``isgkatip.toml``, old (v9) and new names as aliases; texts and numbers of statuses, kinds of contract
and roles stand here (domain 1.7). Nothing is guessed: a word that is not known is a fault of its cell.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from integrator.domain.identifiers import is_nace
from integrator.domain.workplaces import SozlesmeDurumu, folded, read_tehlike_sinifi

MOST_COUNTED = 9_999_999


class Kind(StrEnum):
    """What one export is about."""

    CONTRACTS = "contracts"
    ROSTER = "roster"
    WORKPLACES = "workplaces"
    PROFESSIONALS = "professionals"


@dataclass(frozen=True, slots=True)
class Heading:
    """One column: every name it answers to, how its cells are read, and what an empty cell means."""

    name: str
    kind: str
    names: tuple[str, ...]
    required: bool = False
    clears: bool = False


STATES = ("durum", "calisma_durumu", "onay", "profesyonel_onay", "isyeri_onay", "silinme_tarihi")
ONE_OF: Mapping[Kind, tuple[str, ...]] = {Kind.CONTRACTS: STATES}
"""Columns of which an export must have one, and a row a value in one."""


@cache
def headings_of(kind: Kind) -> tuple[Heading, ...]:
    """The columns an export of `kind` may have."""
    table = tomllib.loads(files("integrator.parties").joinpath("isgkatip.toml").read_text(encoding="utf-8"))
    return tuple(_heading(name, row) for name, row in table[kind].items())


def _heading(name: str, row: Mapping[str, Any]) -> Heading:
    names = tuple(alias for source in ("v9", "new", "assumed") for alias in row.get(source, ()))
    return Heading(name, row["kind"], names, row.get("required", False), row.get("clears", False))


WAITING, APPROVED = "5003", "5004"
"""Approvals: person's and workplace's are fields of their own in the newer system."""

_D = SozlesmeDurumu
DURUM: Mapping[str, SozlesmeDurumu] = {
    "5000": _D.ONAY_BEKLIYOR,
    "5001": _D.ONAYLANDI,
    "5002": _D.SONA_ERDI,
    WAITING: _D.ONAY_BEKLIYOR,
    APPROVED: _D.ONAYLANDI,
    "5006": _D.TAMAMLANMADI,
    "onay bekliyor": _D.ONAY_BEKLIYOR,
    "beklemede": _D.ONAY_BEKLIYOR,
    "onaylandi": _D.ONAYLANDI,
    "onayli": _D.ONAYLANDI,
    "aktif": _D.ONAYLANDI,
    "calisiyor": _D.ONAYLANDI,
    "sona erdi": _D.SONA_ERDI,
    "ayrildi": _D.SONA_ERDI,
    "pasif": _D.SONA_ERDI,
    "tamamlanmadi": _D.TAMAMLANMADI,
    "silindi": _D.SILINDI,
}
"""Numbers and texts of a contract's state and approvals; of the texts only Onay Bekliyor and Onaylandı were seen."""

_WEIGHT = (_D.SILINDI, _D.SONA_ERDI, _D.TAMAMLANMADI, _D.ONAY_BEKLIYOR, _D.ONAYLANDI)


def worst(told: list[SozlesmeDurumu]) -> SozlesmeDurumu:
    """The state that several fields of one contract come to: what speaks against it outweighs an approval."""
    return min(told, key=_WEIGHT.index)


ROLES: Mapping[str, str] = {"103": "2", "140": "1"}
"""Kind of contract -> belge_tipi. The kind for other health staff is not public (domain Q5)."""

_ROLE_WORDS = (("igu", "2"), ("ih", "1"), ("dsp", "3"), ("uzman", "2"), ("hekim", "1"), ("diger saglik", "3"))


def read_role(text: str) -> str | None:
    """belge_tipi of a role or a certificate: ``İş Güvenliği Uzmanı``, ``İH-123``, ``3``; None for anything else."""
    if text in ("1", "2", "3"):
        return text
    plain = folded(text)
    found = {role for word, role in _ROLE_WORDS if (plain.startswith(word) if len(word) < 4 else word in plain)}
    return found.pop() if len(found) == 1 else None


def read_tur(text: str) -> str | None:
    """The three digits of a kind of contract, as in ``103 - İGU``."""
    match = re.match(r"([0-9]{3})(?![0-9])", text)
    return match[1] if match else None


def _read_class(text: str) -> str | None:
    match = re.fullmatch(r"([abc])(?: sinifi)?", folded(text))
    return match[1].upper() if match else None


def _read_nace(text: str) -> str | None:
    digits = re.fullmatch(r"([0-9]{2})\.?([0-9]{2})\.?([0-9]{2})", text)
    code = ".".join(digits.groups()) if digits else ""
    return code if is_nace(code) else None


def _read_flag(text: str) -> int | None:
    return {"evet": 1, "e": 1, "1": 1, "hayir": 0, "h": 0, "0": 0}.get(folded(text))


def _read_count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,7}", text) and int(text) <= MOST_COUNTED else None


READERS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "durum": (lambda text: DURUM.get(folded(text)), "Onay Bekliyor, Onaylandı, Sona Erdi, Silindi, 5000 ... 5006"),
    "tur": (read_tur, "103, 140, NNN"),
    "belge_tipi": (read_role, "İşyeri Hekimi, İş Güvenliği Uzmanı, Diğer Sağlık Personeli"),
    "sinif": (_read_class, "A, B, C"),
    "tehlike_sinifi": (read_tehlike_sinifi, "Az Tehlikeli, Tehlikeli, Çok Tehlikeli"),
    "nace": (_read_nace, "41.00.01"),
    "flag": (_read_flag, "EVET, HAYIR"),
    "count": (_read_count, f"0 ... {MOST_COUNTED}"),
}
"""Kind of column -> (its reader, what is wanted). A reader returns None for what it does not know."""
