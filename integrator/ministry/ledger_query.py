"""Questions about the ledger: rows by any of their facts, and counts that name nobody (law 3146 m.12: statistics).

A worker's number and a firma kodu come in the body, never in an address.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from integrator.ministry.answers import BASARILI
from integrator.ministry.ledger import Ledger, Notice, Stored, effect_row, notice_row
from integrator.ministry.register import Register

ROW_LIMIT = 10_000
TEXTS = ("firma_kodu", "calisan_tck_no", "isg_prof_tck_no", "sgk_tescil_no", "veri_seti", "generation")
NUMBERS = ("sorgu_no", "egitim_kodu_id", "status", "limit")
DAYS = ("gun", "gun_from", "gun_until")
DAY_OF = ("egitim_tarihi", "muayene_rapor_tarihi", "hizmet_baslangic_tarih")
UNKNOWN = "-"
# First two digits of a NACE code up to which a section reaches (NACE Rev. 2).
SECTIONS = (
    *((3, "A"), (9, "B"), (33, "C"), (35, "D"), (39, "E"), (43, "F"), (47, "G"), (53, "H"), (56, "I"), (63, "J")),
    *((66, "K"), (68, "L"), (75, "M"), (82, "N"), (84, "O"), (85, "P"), (88, "Q"), (93, "R"), (96, "S"), (98, "T")),
    (99, "U"),
)
Row = dict[str, Any]


class BadQuery(Exception):
    """The question cannot be read; the text says why."""


def query(ledger: Ledger, wanted: Any) -> Row:
    """The rows that fit every fact in `wanted`, with `status` (200, or 212 for a refused pair) and `firma_kodu`.

    Without `status` in the question: what was stored, 200. At most `limit` rows; `truncated` says if there are more.
    """
    facts = _read(wanted)
    limit, status = facts.pop("limit", ROW_LIMIT), facts.pop("status", BASARILI)
    first, last = facts.pop("gun_from", ""), facts.pop("gun_until", "9999")
    found: list[Row] = []
    for row in _rows(ledger, status):
        is_in_time = first <= row["gun"] <= last
        if is_in_time and all(row.get(name) == value for name, value in facts.items()):
            found.append(row)
            if len(found) > limit:
                break
    return {"rows": found[:limit], "truncated": len(found) > limit}


def _rows(ledger: Ledger, status: int) -> Iterator[Row]:
    for stored in ledger.messages():
        yield from _pairs(stored, status)
    if status == BASARILI:
        for firma_kodu, notice in ledger.notices():
            yield _of_notice(firma_kodu, notice)


def _pairs(stored: Stored, status: int) -> Iterator[Row]:
    facts = {"firma_kodu": stored.firma_kodu, "gun": stored.gun.isoformat(), "status": status}
    return (effect_row(stored, pair) | facts for pair in stored.answer.pairs if pair.status == status)


def _of_notice(firma_kodu: str, notice: Notice) -> Row:
    row = notice_row(notice)
    gun = next((row[name] for name in DAY_OF if name in row), "")
    return row | {"firma_kodu": firma_kodu, "gun": gun, "status": BASARILI}


def _read(wanted: Any) -> Row:
    known = (*TEXTS, *NUMBERS, *DAYS)
    if not isinstance(wanted, dict) or not set(wanted) <= set(known):
        raise BadQuery(f"an object with no other keys than {', '.join(known)} is expected")
    if not all(isinstance(wanted[name], str) for name in TEXTS if name in wanted):
        raise BadQuery(f"{', '.join(TEXTS)}: texts are expected")
    numbers = [wanted[name] for name in NUMBERS if name in wanted]
    if not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one < 10**11 for one in numbers):
        raise BadQuery(f"{', '.join(NUMBERS)}: whole numbers of at most eleven digits are expected")
    return wanted | {name: _day(wanted[name], name) for name in DAYS if name in wanted}


def _day(value: Any, name: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise BadQuery(f"{name}: a date like 2026-12-01 is expected") from error


def counts(ledger: Ledger, register: Register) -> Row:
    """Effects and workplaces by NACE section and by province (plate number out of the SGK number)."""
    effects: Counter[str] = Counter()
    for stored in ledger.messages():
        effects[stored.sgk_tescil_no] += sum(1 for _ in stored.effects())
    for _, notice in ledger.notices():
        effects[notice.fields.get("sgk_tescil_no", "")] += 1
    return {
        "by_nace_section": _grouped(effects, lambda sgk: section_of(_nace(register, sgk))),
        "by_province": _grouped(effects, province_of),
    }


def _nace(register: Register, sgk_tescil_no: str) -> str:
    isyeri = register.isyerleri.get(sgk_tescil_no)
    return isyeri.nace_kodu if isyeri is not None else ""


def _grouped(effects: Counter[str], group_of: Any) -> Row:
    groups: dict[str, Counter[str]] = {}
    for sgk, count in effects.items():
        groups.setdefault(group_of(sgk), Counter()).update({"effects": count, "workplaces": 1})
    return {name: dict(group) for name, group in sorted(groups.items())}


def section_of(nace_kodu: str) -> str:
    """The letter of a NACE code like 41.00.01, or UNKNOWN."""
    first = nace_kodu[:2]
    if not (first.isascii() and first.isdecimal() and int(first)):
        return UNKNOWN
    return next(letter for until, letter in SECTIONS if int(first) <= until)


def province_of(sgk_tescil_no: str) -> str:
    """Digits 17 to 19 of the number as a plate number of two digits, or UNKNOWN."""
    il = sgk_tescil_no[16:19]
    return il[1:] if il.isdecimal() and 1 <= int(il) <= 81 else UNKNOWN
