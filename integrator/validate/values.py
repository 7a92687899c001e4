"""One reader per kind of value: raw JSON value to Python value, or a Finding that says what is wanted.

Readers accept what people send (a number or its digits, three ways to write a day) and nothing ambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from integrator.catalogue.definitions import Field
from integrator.domain.findings import Finding, seen, seen_number
from integrator.domain.identifiers import is_meslek_kodu, is_sgk_tescil_no, is_tckn

MAX_MINUTES = 1440  # a day
MAX_COUNT = 9_999_999
_CODE = re.compile(r"(?:0|[1-9][0-9]{0,17})")
_CHOICE = re.compile(r"[a-z][a-z_]{0,31}")
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
_FLAGS: dict[Any, str] = {1: "1", 0: "0", "1": "1", "0": "0"}  # True and False are 1 and 0
_DATES = (
    re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"),
    re.compile(r"(?P<d>[0-9]{2})[-.](?P<m>[0-9]{2})[-.](?P<y>[0-9]{4})"),
)

Reader = Callable[[Field, Any, str], tuple[Any, Finding | None]]


def read_tckn(_field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """Eleven digits with right check digits, as text."""
    text = _digits(value)
    if text is not None and is_tckn(text):
        return text, None
    return None, Finding("INT-VAL-010", path, seen(value), "11 x 0-9")


def read_sgk_tescil_no(_field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """Twenty-six digits, as text. A JSON number is refused: 26 digits do not survive most programs as numbers."""
    if isinstance(value, str) and is_sgk_tescil_no(value):
        return value, None
    return None, Finding("INT-VAL-011", path, seen_number(value), "26 x 0-9, il 001-081")


def read_code(_field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """A whole number without leading zeros, as text; whether it is on the list is a rule."""
    text = _digits(value)
    if text is not None and _CODE.fullmatch(text):
        return text, None
    return None, Finding("INT-VAL-003", path, seen(value), "0, 1, 2 ...")


def read_codes(field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """A list of such numbers, as a list of texts, in the order given; empty is allowed here."""
    if not isinstance(value, list):
        return None, Finding("INT-VAL-003", path, seen(value), "[...]")
    if len(value) > field.max:
        return None, Finding("INT-VAL-004", path, str(len(value)), f"<= {field.max}")
    codes: list[str] = []
    for place, each in enumerate(value):
        code, finding = read_code(field, each, f"{path}[{place}]")
        if finding:
            return None, finding
        codes.append(code)
    return codes, None


def read_minutes(_field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """Minutes above 0 and up to a day, at most two decimals, as float."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= MAX_MINUTES:  # no NaN passes
        minutes = float(value)
        if round(minutes, 2) == minutes:
            return minutes, None
    return None, Finding("INT-VAL-014", path, seen(value), f"0 < x <= {MAX_MINUTES}")


def read_date(_field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """A day written 2025-10-23, 23-10-2025 or 23.10.2025."""
    found = parse_date(value)
    return found, None if found else Finding("INT-VAL-012", path, seen(value), "2025-10-23")


def read_flag(_field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """Yes or no, as ``1`` or ``0``. A JSON true counts; 1.0 and words do not."""
    found = _FLAGS.get(value) if isinstance(value, (bool, int, str)) else None
    return found, None if found else Finding("INT-VAL-015", path, seen(value), "0, 1")


def read_meslek(_field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """An occupation code, ``2263.01``, as text: as a number it would lose its zeros."""
    if isinstance(value, str) and is_meslek_kodu(value):
        return value, None
    return None, Finding("INT-VAL-016", path, seen(value), "2263.01")


def read_text(field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """Printable text of one line, up to the field's length, without space at its ends."""
    text = value.strip() if isinstance(value, str) else ""
    if 0 < len(text) <= field.max and _TEXT.fullmatch(text):
        return text, None
    return None, Finding("INT-VAL-017", path, seen(value), f"1-{field.max}")


def read_choice(_field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """A word of a list of ours; whether it is on the list is a rule."""
    if isinstance(value, str) and _CHOICE.fullmatch(value):
        return value, None
    return None, Finding("INT-VAL-003", path, seen(value), "a-z _")


def read_count(_field: Field, value: Any, path: str) -> tuple[Any, Finding | None]:
    """How many: a whole number from 1."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_COUNT:
        return value, None
    return None, Finding("INT-VAL-003", path, seen(value), f"1 ... {MAX_COUNT}")


def parse_date(value: Any) -> date | None:
    """The day in `value`, or None when it is none."""
    for form in _DATES if isinstance(value, str) and value.isascii() else ():
        match = form.fullmatch(value)
        if match:
            try:
                return date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError:
                return None
    return None


def _digits(value: Any) -> str | None:
    """Text of a whole number given as text or as a JSON integer; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


READERS: dict[str, Reader] = {
    "tckn": read_tckn,
    "sgk_tescil_no": read_sgk_tescil_no,
    "code": read_code,
    "codes": read_codes,
    "minutes": read_minutes,
    "date": read_date,
    "flag": read_flag,
    "meslek": read_meslek,
    "text": read_text,
    "choice": read_choice,
    "count": read_count,
}
