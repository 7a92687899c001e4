"""The XSD of the version in force, over the record in its XML form: the net under the rules.

The rules speak first, because they can say what a person should do; the XSD must agree with every record that
passes them. A disagreement is a finding of its own, never a silent pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from integrator.catalogue.definitions import Definition, Field
from integrator.domain.findings import Finding, seen
from integrator.protect.safe_xml import xml_parser
from integrator.validate.fields import VEILED

_PARSER = xml_parser()  # for what render_record wrote


def render_record(definition: Definition, values: Mapping[str, Any]) -> bytes:
    """The record as submitted, in the XML form that ``kayit.xsd`` describes. Empty optional fields are left out."""
    root = f"{definition.veri_seti.replace('_', '-')}-kaydi"
    inside = "".join([_field(field, values[field.name]) for field in definition.fields if field.name in values])
    return f"<{root}>{inside}</{root}>".encode()


def _field(field: Field, value: Any) -> str:
    name = field.name
    if field.kind == "codes":
        return "".join([f"<{name}>{each}</{name}>" for each in value])
    if not field.members:
        return f"<{name}>{escape(value) if field.kind == 'text' else _plain(value)}</{name}>"
    members = [member.name for member in field.members]
    if len(members) == 1:
        [only] = members
        return "".join([f"<{name}><{only}>{_plain(entry[only])}</{only}></{name}>" for entry in value])
    entries = ["".join([f"<{each}>{_plain(entry[each])}</{each}>" for each in members]) for entry in value]
    return "".join([f"<{name}>{entry}</{name}>" for entry in entries])


def check_xsd(definition: Definition, values: Mapping[str, Any]) -> list[Finding]:
    """Empty when the record obeys the version's ``kayit.xsd``; an announced version may come without one."""
    if definition.schema is None:
        return []
    schema = _schema(definition.schema)
    if schema.validate(etree.fromstring(render_record(definition, values), _PARSER)):
        return []
    errors: Any = schema.error_log
    return [
        Finding("INT-VAL-090", error.path or "", VEILED if definition.health else seen(error.message), "kayit.xsd")
        for error in errors
    ]


def _plain(value: Any) -> str:
    """A value whose kind holds no markup: digits, codes, days, durations."""
    if isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else repr(value)


@cache
def _schema(path: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(path, xml_parser()))
