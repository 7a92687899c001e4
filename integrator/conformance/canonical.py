"""The XML that a professional signs, written from the contract alone: the suite's own serializer.

The single record is known to the byte (443 in the published example); names and place of the lists are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HEADER = '<?xml version="1.0" encoding="UTF-8"?>'
BEFORE, AFTER = ("belgeTipi", "isgProfTckNo"), ("egitimTarihi", "egitimYer", "egitimTur", "sgkTescilNo", "egiticiTckNo")
Fields = Mapping[str, Any]
"""Values of one message: the veri seti's fields, `calisan` a list of numbers, `egitim` of (code, minutes)."""


def java_double(value: float) -> str:
    """As java.lang.Double writes it: 40 -> 40.0; from ten millions and below a thousandth with an exponent."""
    if value == 0:
        return "0.0"
    if 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    mantissa, _, exponent = f"{value:.17e}".partition("e")
    for digits in range(1, 18):
        mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
        if float(f"{mantissa}e{exponent}") == value:
            break
    whole, _, rest = mantissa.partition(".")
    return f"{whole}.{rest.rstrip('0') or '0'}E{int(exponent)}"


def wire_day(day: str) -> str:
    """yyyy-MM-dd or dd-MM-yyyy as dd-MM-yyyy."""
    parts = day.split("-")
    return "-".join(reversed(parts)) if len(parts[0]) == 4 else day


def single(fields: Fields) -> bytes:
    """One worker, one training (generation 1)."""
    (calisan,), ((kod, sure),) = fields["calisan"], fields["egitim"]
    middle = f"{_element('calisanTckNo', calisan)}{_training(kod, sure)}"
    return _framed(fields, middle)


def listed(fields: Fields) -> bytes:
    """Workers by number, trainings by code, both ascending (generations 2 and 3; assumed)."""
    workers = "".join(f"<calisan>{_element('calisanTckNo', each)}</calisan>" for each in sorted(fields["calisan"]))
    trainings = "".join(f"<egitim>{_training(*each)}</egitim>" for each in _by_code(fields["egitim"]))
    return _framed(fields, workers + trainings)


FORMS = {"soap-g1": single, "soap-g2": listed, "soap-g3": listed, "json-g4": single}


def _by_code(trainings: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    return sorted(trainings, key=lambda each: int(each[0]))


def _training(kod: int, sure: float) -> str:
    return _element("egitimKoduId", kod) + _element("egitimSuresi", java_double(float(sure)))


def _framed(fields: Fields, middle: str) -> bytes:
    before, after = (
        "".join(_element(name, wire_day(fields[name]) if name == "egitimTarihi" else fields[name]) for name in names)
        for names in (BEFORE, AFTER)
    )
    return f"{HEADER}<EgitimDVO><egitimBildirim>{before}{middle}{after}</egitimBildirim></EgitimDVO>".encode()


def _element(name: str, value: Any) -> str:
    return f"<{name}>{value}</{name}>"
