"""One training message as it came over the wire, read field by field; whatever is wrong with a field is 210.

The limits of the two lists (216 to 221) and everything that needs the register are checked elsewhere.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from integrator.ministry.identifiers import is_sgk_tescil_no, is_tckn

Dvo = Mapping[str, Any]
_DAY = {mark: re.compile(rf"([0-9]{{2}})\{mark}([0-9]{{2}})\{mark}([0-9]{{4}})\Z") for mark in "-."}
SORGU_NO_LIMIT = 10**11  # at most eleven digits


class Unreadable(Exception):
    """A field is missing or malformed; the text names it as the ministry does."""


class Egitim(NamedTuple):
    """One training of a message: its code and its length in minutes."""

    egitim_kodu_id: int
    egitim_suresi: float


@dataclass(frozen=True, slots=True)
class Bildirim:
    """A message whose every field is present and well-formed; `gun` is egitimTarihi as a date."""

    belge_tipi: int
    isg_prof_tck_no: int
    calisan: tuple[int, ...]
    egitim: tuple[Egitim, ...]
    egitim_tarihi: str
    gun: date
    egitim_yer: int
    egitim_tur: int
    sgk_tescil_no: str
    egitici_tck_no: int
    sorgu_no: int
    imzali_deger: str
    imzalayan_kimlik_no: int = 0  # generation 4 names its signer and carries no signature


def read_day(text: str, mark: str = "-") -> date | None:
    """The date written dd-MM-yyyy (or with another `mark`), zero padded; None when it is not one."""
    match = _DAY[mark].match(text)
    if match is None:
        return None
    day, month, year = map(int, match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_bildirim(
    dvo: Dvo,
    *,
    is_active_code: Callable[[int], bool],
    today: date,
    is_numbered: bool = True,
    is_signed: bool = True,
) -> Bildirim:
    """The message in `dvo`; raises Unreadable for the first field that fails, in the signed XML's order.

    Without a number `sorgu_no` is 0; without a signature `imzali_deger` may be missing.
    """
    return Bildirim(
        belge_tipi=one_of(dvo, "belgeTipi", (1, 2, 3)),
        isg_prof_tck_no=tckn(dvo, "isgProfTckNo"),
        calisan=tuple(tckn(one, "calisanTckNo") for one in rows(dvo, "calisan")),
        egitim=tuple(_egitim(one, is_active_code) for one in rows(dvo, "egitim")),
        gun=_gun(dvo, today),
        egitim_tarihi=dvo["egitimTarihi"],
        egitim_yer=one_of(dvo, "egitimYer", (0, 1)),
        egitim_tur=one_of(dvo, "egitimTur", (0, 1)),
        sgk_tescil_no=sgk_tescil_no(dvo, "sgkTescilNo"),
        egitici_tck_no=tckn(dvo, "egiticiTckNo"),
        sorgu_no=sorgu_no(dvo) if is_numbered else 0,
        imzali_deger=present(dvo, "imzaliDeger") if is_signed else dvo.get("imzaliDeger") or "",
        imzalayan_kimlik_no=dvo.get("imzalayanKimlikNo", 0),
    )


def present(dvo: Dvo, name: str) -> Any:
    """The value of `name`; Unreadable when it is absent, nil or empty."""
    value = dvo.get(name)
    if value is None or value == "":
        raise Unreadable(f"{name} alanı zorunludur")
    return value


def one_of(dvo: Dvo, name: str, allowed: tuple[int, ...]) -> int:
    """The number `name`, which must be one of `allowed`."""
    value: int = present(dvo, name)
    if value not in allowed:
        raise Unreadable(f"{name} alanı {', '.join(map(str, allowed))} değerlerinden biri olmalıdır")
    return value


def tckn(dvo: Dvo, name: str) -> int:
    """The identity number `name`, with right check digits."""
    value: int = present(dvo, name)
    if not is_tckn(value):
        raise Unreadable(f"{name} alanı geçerli bir kimlik numarası değildir")
    return value


def sgk_tescil_no(dvo: Dvo, name: str) -> str:
    """The workplace's registration number `name`, 26 digits."""
    value: str = present(dvo, name)
    if not is_sgk_tescil_no(value):
        raise Unreadable(f"{name} alanı 26 rakam olmalıdır")
    return value


def sorgu_no(dvo: Dvo) -> int:
    """The query number: 1 to 11 digits, not zero (zero means "any" in a query)."""
    value: int = present(dvo, "sorguNo")
    if not 0 < value < SORGU_NO_LIMIT:
        raise Unreadable("sorguNo alanı 1 ile 11 hane arasında olmalıdır")
    return value


def rows(dvo: Dvo, name: str) -> list[Dvo]:
    """The members of the list `name`; a nil member is malformed."""
    members: list[Dvo | None] = dvo.get(name, [])
    if None in members:
        raise Unreadable(f"{name} listesinde boş eleman var")
    return [member for member in members if member is not None]


def _egitim(dvo: Dvo, is_active_code: Callable[[int], bool]) -> Egitim:
    kodu: int = present(dvo, "egitimKoduId")
    if not is_active_code(kodu):
        raise Unreadable(f"egitimKoduId {kodu} geçerli bir eğitim kodu değildir")
    suresi: float = present(dvo, "egitimSuresi")
    if not (suresi > 0 and math.isfinite(suresi)):
        raise Unreadable("egitimSuresi alanı sıfırdan büyük olmalıdır")
    return Egitim(kodu, suresi)


def _gun(dvo: Dvo, today: date) -> date:
    gun = read_day(present(dvo, "egitimTarihi"))
    if gun is None:
        raise Unreadable("egitimTarihi alanı gg-aa-yyyy biçiminde bir tarih olmalıdır")
    if gun > today:
        raise Unreadable("egitimTarihi alanı bugünden sonra olamaz")
    return gun
