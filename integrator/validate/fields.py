"""Reads a record's fields by its definition: every field present, none unknown, each value of its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from integrator.catalogue.definitions import Definition, Field
from integrator.domain.findings import Finding, seen
from integrator.validate.values import READERS

MAX_FINDINGS = 200  # a record of 1,000 bad lines needs no 1,000 sentences


class FieldReader:
    """Collects values and findings of one record."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

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

    def _keep(self, values: dict[str, Any], field: Field, value: Any, path: str) -> None:
        read, finding = READERS[field.kind](field, value, path)
        if finding:
            self._add(finding)
        else:
            values[field.name] = read

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
                if name not in known:
                    self._add(Finding("INT-VAL-002", prefix + seen(name), "", ", ".join(sorted(known))))

    def _add(self, finding: Finding) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)


def read_fields(definition: Definition, raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Values by name and every finding of form, all at once."""
    reader = FieldReader()
    return reader.read(definition.fields, raw), reader.findings


def code_values(definition: Definition, values: Mapping[str, Any]) -> Iterator[tuple[Field, str, str]]:
    """Every readable code in the record: (its field, the code, its path)."""
    for field in definition.fields:
        if field.kind == "code" and field.name in values:
            yield field, values[field.name], field.name
        for member in field.members:
            if member.kind == "code":
                for place, entry in enumerate(values.get(field.name, ())):
                    if member.name in entry:
                        yield member, entry[member.name], f"{field.name}[{place}].{member.name}"
