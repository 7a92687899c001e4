"""Finds a word in a name the way a person types it: Turkish letters or not, capitals or not."""

from __future__ import annotations

import unicodedata

_PLAIN = str.maketrans({"ı": "i", "İ": "i", "I": "i", "ş": "s", "Ş": "s", "ğ": "g", "Ğ": "g"})


def plain(text: str) -> str:
    """For comparing only, never kept: small letters without their marks."""
    parts = unicodedata.normalize("NFKD", text.translate(_PLAIN).casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def found_in(wanted: str, *texts: str | None) -> bool:
    """Whether every word of `wanted` stands in one of the texts; no word stands in all."""
    where = [plain(each) for each in texts if each]
    return all(any(word in each for each in where) for word in plain(wanted).split())
