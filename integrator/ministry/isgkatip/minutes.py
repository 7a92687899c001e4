"""Minutes a month that a contract must have at least, by hazard class, number of workers and kind.

Rates are those of the regulations on specialists and on physicians in force; the blocks of full-time people and the
monthly ceiling are figures in practice, not seen in a public text (docs/divergences.md).
"""

from typing import NamedTuple

CEILING = 11_700  # minutes a month of one professional, 195 hours
CLASSES = ("az tehlikeli", "tehlikeli", "çok tehlikeli")


class Rate(NamedTuple):
    """Minutes for each worker and month, and the number of workers that takes one full-time person."""

    minutes: int
    block: int


RATES = {
    "103": (Rate(10, 1000), Rate(20, 500), Rate(40, 250)),
    "140": (Rate(5, 2000), Rate(10, 1000), Rate(15, 750)),
}


def required(tehlike_sinifi: str, calisan_sayisi: int, tur: str) -> int | None:
    """The least minutes a month; None where the class is not known or the kind has no minimum."""
    name = tehlike_sinifi.replace("İ", "i").replace("I", "ı").lower()
    if name not in CLASSES:
        return None
    at = CLASSES.index(name)
    if tur == "dsp":
        return _other_staff(calisan_sayisi) if at == 2 else 0
    if tur not in RATES:
        return None
    rate = RATES[tur][at]
    full_time, rest = divmod(calisan_sayisi, rate.block)
    return full_time * CEILING + rest * rate.minutes


def _other_staff(calisan_sayisi: int) -> int:
    if calisan_sayisi < 10:
        return 0
    return calisan_sayisi * (10 if calisan_sayisi < 50 else 15 if calisan_sayisi < 250 else 20)
