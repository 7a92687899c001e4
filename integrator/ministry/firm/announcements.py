"""What the ministry announces to persons through integrators (circular 7e), and who is said to have seen it."""

from datetime import date
from typing import NamedTuple


class Target(NamedTuple):
    """Whom it concerns; nothing told means everybody."""

    rol: tuple[str, ...] = ()
    kurum: tuple[str, ...] = ()
    il: tuple[int, ...] = ()


class Duyuru(NamedTuple):
    """One announcement, fetched from `yayimlandi` on."""

    no: str
    baslik: str
    metin: str
    yayimlandi: date
    hedef: Target = Target()
    onay_gerekir: bool = False


class Alindi(NamedTuple):
    """One person's receipt; `kisi` is a name of the gateway's own, never an identity number."""

    kisi: str
    rol: str = ""
    il: int = 0
    goruldu: str = ""
    onaylandi: str = ""
