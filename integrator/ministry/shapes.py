"""Reads and writes elements as the types of a WSDL say: order, names, lexical forms. No business rule here.

One reader for every generation: the field tables come from the published schema, not from this code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from integrator.ministry.bildirim import Unreadable
from integrator.ministry.published import Wsdl
from integrator.ministry.signed_xml import java_double

XS = "{http://www.w3.org/2001/XMLSchema}"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}\Z")
_DOUBLE = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\Z")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOUNDS = {"long": 2**63, "int": 2**31}
_ZERO = {"boolean": "false"}


@dataclass(frozen=True, slots=True)
class Field:
    """One element of a type: its place in the sequence, its kind (a simple type or the name of a type)."""

    name: str
    position: int
    kind: str
    required: bool
    many: bool


def text_of(value: str) -> str:
    """`value` as character data; what XML 1.0 cannot carry becomes a question mark."""
    return escape(_NOT_XML.sub("?", value))


class Shapes:
    """The types of one WSDL."""

    def __init__(self, wsdl: Wsdl) -> None:
        self._types = {
            str(one.get("name")): _fields(one) for one in wsdl.root.iter(f"{XS}complexType") if one.get("name")
        }

    def read(self, element: etree._Element, type_name: str) -> dict[str, Any]:
        """Name -> value for the children of `element`; raises Unreadable for a child the type does not allow.

        A missing child is simply not in the result: what is mandatory is the caller's rule. A nil child
        gives None.
        """
        fields, reached = self._types[type_name], -1
        values: dict[str, Any] = {}
        for child in element:
            field = fields.get(child.tag)
            if field is None:
                raise Unreadable(f"{child.tag}: bilinmeyen alan")
            if field.position < reached or (field.position == reached and not field.many):
                raise Unreadable(f"{field.name} alanının yeri veya sayısı hatalı")
            reached = field.position
            value = self._value(child, field)
            if field.many:
                values.setdefault(field.name, []).append(value)
            else:
                values[field.name] = value
        return values

    def write(self, type_name: str, values: Mapping[str, Any]) -> str:
        """The children of an element of this type in schema order; a mandatory one without value is zero."""
        return "".join(self._written(field, values.get(field.name)) for field in self._types[type_name].values())

    def _value(self, child: etree._Element, field: Field) -> Any:
        text = child.text
        if not text and child.get(XSI_NIL) in ("true", "1"):  # what is nil has no text (XML Schema 1, 2.6.2)
            return None
        if field.kind in self._types:
            return self.read(child, field.kind)
        if len(child):
            raise Unreadable(f"{field.name} alanı iç eleman içeremez")
        return _simple(text or "", field)

    def _written(self, field: Field, value: Any) -> str:
        if field.many:
            return "".join(self._one(field, member) for member in value or ())
        if value is None and not field.required:
            return ""
        return self._one(field, value)

    def _one(self, field: Field, value: Any) -> str:
        if field.kind in self._types:
            inner = self.write(field.kind, value)
        elif value is None:
            inner = _ZERO.get(field.kind, "0")
        elif isinstance(value, float):
            inner = java_double(value)
        else:
            inner = text_of(str(value))
        return f"<{field.name}>{inner}</{field.name}>"


def _fields(complex_type: etree._Element) -> dict[str, Field]:
    elements = complex_type.findall(f"{XS}sequence/{XS}element")
    return {
        str(one.get("name")): Field(
            name=str(one.get("name")),
            position=position,
            kind=str(one.get("type")).partition(":")[2],
            required=one.get("minOccurs", "1") != "0",
            many=one.get("maxOccurs", "1") != "1",
        )
        for position, one in enumerate(elements)
    }


def _simple(text: str, field: Field) -> Any:
    if field.kind == "string":
        return text
    text = text.strip(" \t\r\n")
    if field.kind in _BOUNDS and _INTEGER.match(text):
        value, bound = int(text), _BOUNDS[field.kind]
        if -bound <= value < bound:
            return value
    if field.kind == "double" and _DOUBLE.match(text):
        return float(text)
    raise Unreadable(f"{field.name} alanı {field.kind} değildir")
