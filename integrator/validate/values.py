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
from integrator.domain.identifiers import is_sgk_tescil_no, is_tckn

MAX_MINUTES = 1440  # a day
_CODE = re.compile(r"(?:0|[1-9][0-9]{0,17})")
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
    "minutes": read_minutes,
    "date": read_date,
}
