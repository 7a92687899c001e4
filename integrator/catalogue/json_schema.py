"""The record as submitted, as a JSON Schema (2020-12): made from the definition, so it cannot differ from what is read.

It tells the form of every field; codes, check digits and what fields say about one another are for the rules, so a
record that fits may still have findings, and one that does not fit always has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from integrator.catalogue.definitions import LOCAL, Definition, Field

Node = dict[str, Any]
_DIGITS = "^(0|[1-9][0-9]{0,17})$"
_KINDS: Mapping[str, Callable[[Field], Node]] = {
    "tckn": lambda _: _either({"type": "string", "pattern": "^[1-9][0-9]{10}$"}, 10**10, 10**11 - 1),
    "sgk_tescil_no": lambda _: {"type": "string", "pattern": "^[1-9][0-9]{25}$"},
    "meslek": lambda _: {"type": "string", "pattern": "^[0-9]{4}[.][0-9]{2}$"},
    "text": lambda field: {"type": "string", "minLength": 1, "maxLength": 2 * field.max},
    "code": lambda _: _code(),
    "codes": lambda field: {"type": "array", "items": _code(), "maxItems": field.max},
    "choice": lambda _: {"type": "string", "pattern": "^[a-z][a-z_]{0,31}$"},
    "count": lambda _: {"type": "integer", "minimum": 1, "maximum": 9_999_999},
    "flag": lambda _: {"enum": [0, 1, "0", "1", True, False]},
    "minutes": lambda _: {"type": "number", "exclusiveMinimum": 0, "maximum": 1440},
    "date": lambda _: {"type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}[-.][0-9]{2}[-.][0-9]{4})$"},
    "list": lambda field: {"type": "array", "items": _entry(field), "maxItems": field.max},
}


def json_schema(definition: Definition) -> Node:
    """The schema of one version's record."""
    own = {
        "id": {"type": "string", "description": "your own id of the record: makes a call repeatable"},
        "veriSeti": {"const": definition.veri_seti},
        "version": {"const": definition.version},
    }
    local = {LOCAL: _object(definition.local, strict=not definition.health)} if definition.local else {}
    node = _object(definition.fields, strict=not definition.health)
    node["properties"] = {**own, **node["properties"], **local}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:ibys:veri-seti:{definition.veri_seti}:{definition.version}",
        "title": definition.title_tr,
        "description": f"{definition.title_en} [{definition.status}] {definition.source}",
        **node,
    }


def _object(fields: tuple[Field, ...], *, strict: bool) -> Node:
    return {
        "type": "object",
        "properties": {each.name: _field(each) for each in fields},
        "required": [each.name for each in fields if each.required],
        **({"additionalProperties": False} if strict else {}),
    }


def _field(field: Field) -> Node:
    words = {"title": field.tr, "description": field.en, "x-unit": field.unit, "x-code-list": field.code_list}
    return {**_KINDS[field.kind](field), **{name: value for name, value in words.items() if value}}


def _entry(field: Field) -> Node:
    """One entry of a list: an object, or the bare value where there is one member only."""
    whole = _object(field.members, strict=True)
    return {"anyOf": [_field(field.members[0]), whole]} if len(field.members) == 1 else whole


def _code() -> Node:
    return _either({"type": "string", "pattern": _DIGITS}, 0, 10**18 - 1)


def _either(text: Node, least: int, most: int) -> Node:
    """As text, or as a whole number."""
    return {"anyOf": [text, {"type": "integer", "minimum": least, "maximum": most}]}
