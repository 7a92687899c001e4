"""As much of OpenAPI as our own bodies need: names, types, patterns and listed values of one JSON object.

Read at start from ``schemas/json-g4``, so that an edited document stops the gateway and not a customer's message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from integrator.domain.errors import Misconfigured

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


class OpenApi:
    """One document."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Misconfigured(f"{path}: not an OpenAPI document this program can use ({error})") from error

    def demand(self, operation: str, body: Mapping[str, Any]) -> None:
        """Raise Misconfigured unless `body` is what POST `operation` takes, in its order of names."""
        try:
            content = self._document["paths"][operation]["post"]["requestBody"]["content"]
            schema = self._resolved(content["application/json"]["schema"])
            wrong = list(self._disagreements(schema, body))
        except (KeyError, TypeError, AttributeError) as error:
            raise Misconfigured(f"{self._path}: does not describe {operation} ({error!r})") from error
        if wrong:
            raise Misconfigured(f"{self._path}: {operation} and the body this program writes disagree: {wrong}")

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        named = schema.get("$ref")
        return self._document["components"]["schemas"][named.rpartition("/")[2]] if named else schema

    def _disagreements(self, schema: dict[str, Any], body: Mapping[str, Any]) -> Iterator[str]:
        properties = schema["properties"]
        if list(properties) != list(body):
            yield f"names: {list(properties)} are described, {list(body)} are written"
            return
        for name, value in body.items():
            yield from self._of_value(name, self._resolved(properties[name]), value)

    @staticmethod
    def _of_value(name: str, described: dict[str, Any], value: Any) -> Iterator[str]:
        if not isinstance(value, _TYPES[described["type"]]) or isinstance(value, bool):
            yield f"{name}: {described['type']} is described"
        elif "enum" in described and value not in described["enum"]:
            yield f"{name}: one of {described['enum']} is described"
        elif "pattern" in described and not re.search(described["pattern"], str(value)):
            yield f"{name}: {described['pattern']} is described"
