"""Turns the texts of XML and of sheets into the values that JSON would have carried, by the veri seti's definition.

So a record has one content, and one idempotency check, whatever file it came in. Nothing is judged: a text that does
not look like its kind stays the text it is, for the rules to say what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.definitions import Definition, Field
from integrator.domain.errors import UnknownVeriSeti

REPEATED = frozenset({"list", "codes"})
"""Kinds whose value is an array in JSON, and an element that repeats in XML."""

WHOLE = frozenset({"code", "count", "flag"})
_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,5})[.,]([0-9]{1,4})")


def newest_definition(catalogue: Catalogue, veri_seti: str, version: str | None) -> Definition | None:
    """The named version, else the newest; None when there is none (the check says so)."""
    try:
        return catalogue.definition(veri_seti, version) if version else catalogue.newest(veri_seti)
    except UnknownVeriSeti:
        return None


def shaped(field: Field | None, text: str) -> Any:
    """`text` as JSON would carry a value of this kind."""
    if field is None or field.kind in ("tckn", "sgk_tescil_no", "date"):
        return text
    if field.kind == "minutes":
        return _number(text)
    if field.kind == "codes":
        return [int(part) if _WHOLE.fullmatch(part) else part for part in text.split(";") if part]
    if field.kind in WHOLE and _WHOLE.fullmatch(text):
        return int(text)
    return text


def shaped_entry(field: Field, entry: Any) -> Any:
    """One entry of a list; of a list with a single member, the bare value."""
    members = {member.name: member for member in field.members}
    if field.kind == "codes":
        return int(entry) if isinstance(entry, str) and _WHOLE.fullmatch(entry) else entry
    if not isinstance(entry, Mapping):
        only = field.members[0] if len(field.members) == 1 else None
        return shaped(only, entry)
    values = {name: shaped(members.get(name), value) for name, value in entry.items()}
    return values[field.members[0].name] if len(members) == 1 and set(values) == set(members) else values


def _number(text: str) -> Any:
    if _WHOLE.fullmatch(text):
        return int(text)
    match = _DECIMAL.fullmatch(text)
    if not match:
        return text
    value = float(f"{match[1]}.{match[2]}")
    return int(value) if value.is_integer() else value
