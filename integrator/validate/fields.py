"""Reads a record's fields by its definition: every field present, none unknown, each value of its kind.

In a health veri seti what is no field is cut off instead of refused, before anything is signed or stored, and told
by its name alone; and what stood in a field is not shown back, because a finding travels further than the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from integrator.catalogue.definitions import LOCAL, Definition, Field
from integrator.domain.findings import Finding, Severity, seen
from integrator.validate.values import READERS

MAX_FINDINGS = 200  # a record of 1,000 bad lines needs no 1,000 sentences
VEILED = "***"
_SHOWN = frozenset({"tckn", "sgk_tescil_no", "date"})  # masked already, or no health


class FieldReader:
    """Collects values and findings of one record."""

    def __init__(self, *, health: bool = False) -> None:
        self.findings: list[Finding] = []
        self._health = health

    def read(self, fields: tuple[Field, ...], raw: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
        """Python values by field name, in the definition's order; unreadable ones are left out."""
        values: dict[str, Any] = {}
        for field in fields:
            path = prefix + field.name
            if raw.get(field.name) is None:
                if field.required:
                    self._add(Finding("INT-VAL-001", path, "", field.kind))
            elif field.kind == "list":
                self._keep_list(values, field, raw[field.name], path)
            else:
                self._keep(values, field, raw[field.name], path)
        self._refuse_unknown(fields, raw, prefix)
        return values

    def read_local(self, fields: tuple[Field, ...], raw: Any) -> dict[str, Any]:
        """What stays with us, given under one name."""
        if isinstance(raw, Mapping):
            return self.read(fields, raw, f"{LOCAL}.")
        self._add(Finding("INT-VAL-003", LOCAL, VEILED if self._health else seen(raw), "{...}"))
        return {}

    def _keep(self, values: dict[str, Any], field: Field, value: Any, path: str) -> None:
        read, finding = READERS[field.kind](field, value, path)
        if finding is None:
            values[field.name] = read
        elif self._health and field.kind not in _SHOWN:
            self._add(replace(finding, seen=VEILED))
        else:
            self._add(finding)

    def _keep_list(self, values: dict[str, Any], field: Field, value: Any, path: str) -> None:
        if not isinstance(value, list):
            self._add(Finding("INT-VAL-003", path, seen(value), "[...]"))
        elif len(value) > field.max:
            self._add(Finding("INT-VAL-004", path, str(len(value)), f"<= {field.max}"))
        else:
            values[field.name] = [self._read_entry(field, entry, path, place) for place, entry in enumerate(value)]

    def _read_entry(self, field: Field, entry: Any, path: str, place: int) -> dict[str, Any]:
        """One entry; a list with a single member also takes bare values (``calisan: ["800..."]``)."""
        if isinstance(entry, dict):
            return self.read(field.members, entry, f"{path}[{place}].")
        member = field.members[0]
        if len(field.members) > 1:
            wanted = "{" + ", ".join(each.name for each in field.members) + "}"
            self._add(Finding("INT-VAL-003", f"{path}[{place}]", seen(entry), wanted))
            return {}
        read, finding = READERS[member.kind](member, entry, path)
        if finding:
            self._add(replace(finding, path=f"{path}[{place}]"))
            return {}
        return {member.name: read}

    def _refuse_unknown(self, fields: tuple[Field, ...], raw: Mapping[str, Any], prefix: str) -> None:
        known = {field.name for field in fields}
        if len(raw) > len(known) or not known.issuperset(raw):
            for name in raw:
                if name in known:
                    continue
                if self._health:
                    self._add(Finding("INT-VAL-044", prefix + seen(name), "", "", Severity.INFO))
                else:
                    self._add(Finding("INT-VAL-002", prefix + seen(name), "", ", ".join(sorted(known))))

    def _add(self, finding: Finding) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)


def read_fields(definition: Definition, raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Values by name and every finding of form, all at once; local fields stand under ``yerel``."""
    reader = FieldReader(health=definition.health)
    if not definition.local or LOCAL not in raw:
        return reader.read(definition.fields, raw), reader.findings
    sent = {name: value for name, value in raw.items() if name != LOCAL}
    values = reader.read(definition.fields, sent)
    values[LOCAL] = reader.read_local(definition.local, raw[LOCAL])
    return values, reader.findings


def veiled(definition: Definition, remark: Finding) -> Finding:
    """What a reader of files said about a cell; of a health record without the value that it shows."""
    name = remark.path.partition("#")[0].partition("[")[0]
    field = definition.field_by_name.get(name)
    if not definition.health or not name or (field is not None and field.kind in _SHOWN) or name == "id":
        return remark
    return replace(remark, seen=VEILED, wanted=VEILED if remark.wanted else "")


def kept_of(definition: Definition, raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """A health record without what is no field of it; None when there is nothing to cut off."""
    known = definition.field_by_name
    local = {each.name for each in definition.local}
    told = raw.get(LOCAL)
    kept = {name: value for name, value in raw.items() if name in known}
    if isinstance(told, Mapping) and local:
        kept[LOCAL] = {name: value for name, value in told.items() if name in local}
    return None if kept == raw else kept


def code_values(definition: Definition, values: Mapping[str, Any]) -> Iterator[tuple[Field, str, str]]:
    """Every readable code in the record: (its field, the code, its path)."""
    for field in definition.coded_fields:
        if field.code_list and field.name in values:
            if field.kind == "codes":
                for place, code in enumerate(values[field.name]):
                    yield field, code, f"{field.name}[{place}]"
            else:
                yield field, values[field.name], field.name
        for member in field.members:
            if member.kind == "code":
                for place, entry in enumerate(values.get(field.name, ())):
                    if member.name in entry:
                        yield member, entry[member.name], f"{field.name}[{place}].{member.name}"
    for field in definition.local:
        if field.code_list and field.name in values.get(LOCAL, ()):
            yield field, values[LOCAL][field.name], f"{LOCAL}.{field.name}"
