"""The exact bytes that are signed, and the cutting of a record into messages. Driven by the definition alone.

One line, UTF-8, no standalone, no namespace, no trailing newline; lists in the order the definition says.
Durations are written as Java writes a double, because the ministry rebuilds the XML with a Java serializer and
compares (service page, 214; the 443-byte vector of tests/unit/sign).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any
from xml.sax.saxutils import escape

from integrator.catalogue.definitions import Definition, Field, SignedForm
from integrator.domain.errors import Malformed, UnknownVeriSeti
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
    form = _form(definition)
    inner = "".join(_children(form.order, values, definition))
    return f"{HEADER}<{form.root}><{form.record}>{inner}</{form.record}></{form.root}>".encode()


def signer_of(content: bytes, elements: Iterable[str]) -> str:
    """The identity number in the first of `elements` (the definitions' signers) that the signed bytes hold."""
    for name in elements:
        found = re.search(rb"<%b>([0-9]{11})</%b>" % (name.encode(), name.encode()), content)
        if found:
            return found[1].decode()
    raise Malformed("the signed bytes name no signer")


def java_double(value: float) -> str:
    """The text Java's Double.toString gives, for 0.01 <= value <= 1440 with two decimals (docs/decisions/0011).

    In that range Python's shortest repr and Java's agree; outside, Java would switch to an exponent.
    """
    return repr(float(value))


def text_of(field: Field, value: Any, minutes: str = "40.0") -> str:
    """The wire text of one value; `minutes` shows how a duration is written."""
    if field.kind == "date":
        return _day(value)
    if field.kind == "minutes":
        return java_double(value) if minutes == "40.0" or value % 1 else str(int(value))
    return escape(value) if field.kind == "text" else str(value)


def _form(definition: Definition) -> SignedForm:
    if definition.signed is None:
        raise UnknownVeriSeti(f"{definition.veri_seti} {definition.version}: nothing public says what is signed")
    return definition.signed


def _in_order(values: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """Lists sorted as the definition says: numbers by value, which for codes is not their text's order."""
    ordered = dict(values)
    for name, key in _form(definition).sort.items():
        ordered[name] = sorted(values[name], key=lambda entry: int(entry[key]))
    for field in definition.fields:
        if field.kind == "codes" and field.name in values:
            ordered[field.name] = sorted(values[field.name], key=int)
    return ordered


def _slices(entries: list[Any], size: int) -> list[list[Any]]:
    return [entries[start : start + size] for start in range(0, len(entries), size)]


def _children(order: Iterable[str], values: Mapping[str, Any], definition: Definition) -> Iterator[str]:
    """The elements in order; wrappers open before the first of their children and close after the last."""
    open_wrappers: list[str] = []
    for path in order:
        *wrappers, leaf = path.split("/")
        element = _element(leaf, values, definition)
        if not element:
            continue
        same = 0
        while same < min(len(wrappers), len(open_wrappers)) and wrappers[same] == open_wrappers[same]:
            same += 1
        yield from (f"</{open_wrappers.pop()}>" for _ in range(len(open_wrappers) - same))
        yield from (f"<{name}>" for name in wrappers[same:])
        open_wrappers = wrappers
        yield element
    yield from (f"</{name}>" for name in reversed(open_wrappers))


def _element(path: str, values: Mapping[str, Any], definition: Definition) -> str:
    name, _, member = path.partition(".")
    field = definition.field_by_name[name]
    if name not in values:  # an optional field that is not there
        return ""
    minutes = _form(definition).minutes
    if member:  # the single form: the only entry's member stands by itself
        inner = next(each for each in field.members if each.name == member)
        return f"<{member}>{text_of(inner, values[name][0][member], minutes)}</{member}>"
    if field.members:
        return "".join([_entry(field, entry, minutes) for entry in values[name]])
    if field.kind == "codes":
        return "".join([f"<{name}>{code}</{name}>" for code in values[name]])
    return f"<{name}>{text_of(field, values[name], minutes)}</{name}>"


def _entry(field: Field, entry: Mapping[str, Any], minutes: str) -> str:
    inner = "".join([f"<{m.name}>{text_of(m, entry[m.name], minutes)}</{m.name}>" for m in field.members])
    return f"<{field.name}>{inner}</{field.name}>"


def _day(value: date) -> str:
    return f"{value.day:02}-{value.month:02}-{value.year:04}"
