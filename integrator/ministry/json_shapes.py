"""Reads JSON objects as the schemas of an OpenAPI say: names, types, patterns. No business rule here.

Of JSON Schema it knows what schemas/json-g4/openapi.json uses: type, enum, pattern, items, properties, required, $ref.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from integrator.ministry.bildirim import Unreadable

Json = Any
_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


class NotJson(Exception):
    """The body is not one JSON object in UTF-8."""


def parse(body: bytes) -> dict[str, Json]:
    """The object in `body`; a name twice, NaN or anything beside one object is NotJson."""
    try:
        content = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    if not isinstance(content, dict):
        raise NotJson("bir JSON nesnesi bekleniyor")
    return content


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson("aynı alan birden fazla gönderilmiş")
    return found


def _no_constant(name: str) -> Json:
    raise NotJson(f"{name} JSON değildir")


class JsonShapes:
    """The schemas of one OpenAPI document."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        self._schemas: Mapping[str, Json] = document["components"]["schemas"]

    def check(self, content: Json, schema_name: str) -> None:
        """Raises Unreadable for the first field that the schema does not allow, or that is missing."""
        self._check(content, self._schemas[schema_name], schema_name)

    def _check(self, value: Json, schema: Mapping[str, Json], name: str) -> None:
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        if isinstance(value, bool) or not isinstance(value, _TYPES[schema["type"]]):
            raise Unreadable(f"{name} alanı {schema['type']} değildir")
        if value not in schema.get("enum", [value]):
            raise Unreadable(f"{name} alanı {', '.join(map(str, schema['enum']))} değerlerinden biri olmalıdır")
        if not re.fullmatch(schema.get("pattern", r"(?s:.*)"), value if isinstance(value, str) else ""):
            raise Unreadable(f"{name} alanı hatalı biçimde")
        for member in value if isinstance(value, list) else ():
            self._check(member, schema["items"], name)
        if isinstance(value, dict):
            self._check_object(value, schema)

    def _check_object(self, content: dict[str, Json], schema: Mapping[str, Json]) -> None:
        for name in content:
            if name not in schema["properties"]:
                raise Unreadable(f"{name}: bilinmeyen alan")
        for name, inner in schema["properties"].items():
            value = content.get(name)
            if value not in (None, ""):
                self._check(value, inner, name)
            elif name in schema["required"]:
                raise Unreadable(f"{name} alanı zorunludur")
