"""The exact bytes that are signed, and the cutting of a record into messages. Driven by the definition alone.

One line, UTF-8, no standalone, no namespace, no trailing newline; lists in the order the definition says.
Durations are written as Java writes a double, because the ministry rebuilds the XML with a Java serializer and
compares (service page, 214; the 443-byte vector of tests/unit/sign).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any

from integrator.catalogue.definitions import Definition, Field
from integrator.domain.records import Kayit, Message

HEADER = '<?xml version="1.0" encoding="UTF-8"?>'


def split(kayit: Kayit, definition: Definition) -> Iterator[Message]:
    """The messages of one record: every worker meets every training exactly once over all of them."""
    ordered = _in_order(kayit.fields, definition)
    names = list(definition.limits)
    slices = [_slices(ordered[name], definition.limits[name].max) for name in names]
    for combination in product(*slices):
        values = {**ordered, **dict(zip(names, combination, strict=True))}
        total = 1
        for part in combination:
            total *= len(part)
        yield Message(canonical(values, definition), values[definition.signer], total)


def canonical(values: Mapping[str, Any], definition: Definition) -> bytes:
    """The signed XML of one message whose lists fit it and are in order."""
    form = definition.signed
    inner = "".join(_element(path, values, definition) for path in form.order)
    return f"{HEADER}<{form.root}><{form.record}>{inner}</{form.record}></{form.root}>".encode()


def java_double(value: float) -> str:
    """The text Java's Double.toString gives, for 0.01 <= value <= 1440 with two decimals (docs/decisions/0011).

    In that range Python's shortest repr and Java's agree; outside, Java would switch to an exponent.
    """
    return repr(float(value))


def text_of(field: Field, value: Any) -> str:
    """The wire text of one value."""
    if field.kind == "date":
        return _day(value)
    return java_double(value) if field.kind == "minutes" else str(value)


def _in_order(values: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """Lists sorted as the definition says: numbers by value, which for codes is not their text's order."""
    ordered = dict(values)
    for name, key in definition.signed.sort.items():
        ordered[name] = sorted(values[name], key=lambda entry: int(entry[key]))
    return ordered


def _slices(entries: list[Any], size: int) -> list[list[Any]]:
    return [entries[start : start + size] for start in range(0, len(entries), size)]


def _element(path: str, values: Mapping[str, Any], definition: Definition) -> str:
    name, _, member = path.partition(".")
    field = definition.field_by_name[name]
    if member:  # the single form: the only entry's member stands by itself
        inner = next(each for each in field.members if each.name == member)
        return f"<{member}>{text_of(inner, values[name][0][member])}</{member}>"
    if field.members:
        return "".join(_entry(field, entry) for entry in values[name])
    return f"<{name}>{text_of(field, values[name])}</{name}>"


def _entry(field: Field, entry: Mapping[str, Any]) -> str:
    inner = "".join(f"<{m.name}>{text_of(m, entry[m.name])}</{m.name}>" for m in field.members)
    return f"<{field.name}>{inner}</{field.name}>"


def _day(value: date) -> str:
    return f"{value.day:02}-{value.month:02}-{value.year:04}"
