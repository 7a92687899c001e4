"""The rows of one record put together: its fields, what is wrong with its cells, and where every value stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integrator.catalogue.columns import KAYIT_NO, VERI_SETI, Column
from integrator.catalogue.definitions import Definition, Field
from integrator.domain.findings import Finding, seen, seen_number
from integrator.domain.identifiers import is_tckn
from integrator.domain.records import Submitted
from integrator.intake.cells import Lists, read_cell
from integrator.intake.read_json import Caps, faulty, submitted_of
from integrator.intake.shaping import shaped, shaped_entry
from integrator.intake.sheets import Row, Survey

MAX_ROWS = 50_000
MAX_REMARKS = 200
EXAMPLE_ID = "ORNEK-SATIR"
"""The Kayıt No of the example row that every template has."""


@dataclass(slots=True)
class _Entries:
    """The entries of one list in the order in which they first stood."""

    values: list[dict[str, str]] = field(default_factory=list)
    by_key: dict[tuple[Any, ...], int] = field(default_factory=dict)
    alone: set[int] = field(default_factory=set)  # named by a row that names no member of the other list


class Group:
    """Rows with one Kayıt No. `add` them in order, then ask for the record once."""

    def __init__(self, kayit_no: str, definition: Definition, codes: Lists) -> None:
        self.kayit_no = kayit_no
        self._codes = codes
        self._definition = definition
        self._rows: list[tuple[Survey, Row]] = []
        self._too_many = False
        self._fields: dict[str, Any] = {}
        self._first: dict[str, str] = {}
        self._lists = {each.name: _Entries() for each in definition.fields if each.kind == "list"}
        self._places: dict[str, str] = {}
        self._remarks: list[Finding] = []
        self._broken = False  # whether an entry cannot be trusted, so that the product is not judged

    def add(self, survey: Survey, row: Row) -> None:
        """One more row. Above the cap rows are counted as one fault and let go."""
        if len(self._rows) < MAX_ROWS:
            self._rows.append((survey, row))
        else:
            self._too_many = True

    def submitted(self, caps: Caps, *, apart: bool) -> Submitted:
        """The record of these rows, with its remarks and places."""
        survey, first = self._rows[0]
        self._places[""] = survey.table.address(first.number, min(first.cells, default=0))
        where = _where(survey, first, self._rows[-1])
        fault = self._fault(apart=apart)
        if fault:
            return replace(faulty(where, fault), places=self._places)
        lead = self._lead()
        pairs: set[tuple[int, int]] = set()
        for survey, row in self._rows:
            self._read_row(survey, row, lead, pairs)
        if len(lead) == 2 and not self._broken:
            self._demand_product(lead, pairs)
        each = submitted_of(self._record(), where, caps)
        return replace(each, remarks=tuple(self._remarks), places=self._places)

    def _fault(self, *, apart: bool) -> Finding | None:
        if apart:
            return Finding("INT-INT-029", KAYIT_NO, seen(self.kayit_no), "")
        if self._too_many:
            return Finding("INT-INT-035", KAYIT_NO, f"> {MAX_ROWS}", f"<= {MAX_ROWS}")
        if self.kayit_no == EXAMPLE_ID:
            return Finding("INT-INT-034", KAYIT_NO, EXAMPLE_ID, "")
        if not self.kayit_no and self._definition.pairs:
            return Finding("INT-INT-025", KAYIT_NO, "", "")
        return None

    def _lead(self) -> list[str]:
        """The lists whose product the record is."""
        return [name for name, _ in self._definition.pairs]

    def _read_row(self, survey: Survey, row: Row, lead: list[str], pairs: set[tuple[int, int]]) -> None:
        self._judge_row(survey, row)
        entries: dict[str, dict[Column, tuple[str, Finding | None, str]]] = {}
        for at, column in survey.columns.items():
            cell = row.cells.get(at)
            if cell is None:
                continue
            address = survey.table.address(row.number, at)
            text, remark = read_cell(cell, column.field, self._codes.of(column.field), column.path)
            if column.inside:
                if text or remark:
                    entries.setdefault(column.inside, {})[column] = (text, remark, address)
            elif text or remark:
                self._keep(column, text, remark, address, row.number)
        indexes = [self._enter(name, entries[name], row.number) if name in entries else None for name in lead]
        for name in entries.keys() - set(lead):
            self._enter(name, entries[name], row.number)
        if len(lead) == 2:
            self._pair(survey, row, indexes, pairs)

    def _judge_row(self, survey: Survey, row: Row) -> None:
        first = survey.table.address(row.number, min(row.cells, default=0))
        if row.trouble:
            self._remark(replace(row.trouble, path=f"#{row.number}"), first)
        if row.hidden:
            self._remark(Finding("INT-INT-023", f"#{row.number}", str(row.number), ""), first)
        for top, left, bottom, right in survey.table.merged:
            if top <= row.number <= bottom and any(left <= at <= right for at in survey.columns):
                address = survey.table.address(row.number, left)
                self._remark(Finding("INT-INT-022", f"#{row.number}/{left}", address, ""), address)

    def _keep(self, column: Column, text: str, remark: Finding | None, address: str, number: int) -> None:
        """A value that belongs to the whole record: the first one counts, a different one later is told."""
        name = column.name
        if remark:
            path = f"{name}#{number}" if name in self._places else name
            self._places.setdefault(name, address)
            self._remark(replace(remark, path=path), address)
        elif name not in self._first:
            self._first[name] = text
            outer, _, inner = name.rpartition(".")
            fields = self._fields.setdefault(outer, {}) if outer else self._fields
            fields[inner] = shaped(column.field, text)
            self._places[name] = address
        elif self._first[name] != text:
            show = seen_number if column.field and column.field.kind == "sgk_tescil_no" else seen
            self._remark(Finding("INT-INT-026", f"{name}#{number}", show(text), show(self._first[name])), address)

    def _enter(self, name: str, cells: Mapping[Column, tuple[str, Finding | None, str]], number: int) -> int:
        """The index of the entry these cells are; a new one when it was not there before."""
        entries, outer = self._lists[name], self._definition.field_by_name[name]
        faulted = any(remark for _, remark, _ in cells.values())
        key: tuple[Any, ...] = (number,) if faulted else tuple((c.name, text) for c, (text, _, _) in cells.items())
        if key in entries.by_key:
            return entries.by_key[key]
        index = entries.by_key[key] = len(entries.values)
        entries.values.append({column.name: text for column, (text, remark, _) in cells.items() if not remark})
        for column, (text, remark, address) in cells.items():
            path = f"{name}[{index}].{column.name}"
            self._places[path] = address
            self._places.setdefault(f"{name}[{index}]", address)
            if remark:
                self._remark(replace(remark, path=path), address)
            if remark or (column.field and column.field.kind == "tckn" and not is_tckn(text)):
                self._broken = True
        if len(cells) < len(outer.members):
            self._broken = True
        self._places.setdefault(name, next(iter(cells.values()))[2])
        return index

    def _pair(self, survey: Survey, row: Row, indexes: list[int | None], pairs: set[tuple[int, int]]) -> None:
        one, other = indexes
        names = self._lead()
        if one is not None and other is not None:
            if (one, other) in pairs:
                path = f"{names[0]}#{row.number}"
                at = next((at for at, column in survey.columns.items() if column.inside == names[0]), 0)
                shown = seen(" ".join(self._lists[names[0]].values[one].values()))
                self._remark(Finding("INT-INT-028", path, shown, ""), survey.table.address(row.number, at))
            pairs.add((one, other))
        elif one is not None:
            self._lists[names[0]].alone.add(one)
        elif other is not None:
            self._lists[names[1]].alone.add(other)

    def _demand_product(self, lead: list[str], pairs: set[tuple[int, int]]) -> None:
        """Every entry of one list with every entry of the other, or a finding that names the pair."""
        ours, theirs = self._lists[lead[0]], self._lists[lead[1]]
        if len(pairs) == len(ours.values) * len(theirs.values):
            return
        key = self._definition.pairs[1][1]
        for one in range(len(ours.values)):
            for other in range(len(theirs.values)):
                if (one, other) in pairs or one in ours.alone or other in theirs.alone:
                    continue
                shown = seen(" ".join(ours.values[one].values()))
                path = f"{lead[0]}[{one}]"
                self._remark(
                    Finding("INT-INT-027", path, shown, seen(theirs.values[other].get(key, ""))), self._places[path]
                )
                if len(self._remarks) >= MAX_REMARKS:
                    return

    def _record(self) -> dict[str, Any]:
        by_name = self._definition.field_by_name
        record = {name: value for name, value in self._fields.items() if name != KAYIT_NO}
        for name, entries in self._lists.items():
            if entries.values:
                outer = by_name[name]
                record[name] = [value for each in entries.values for value in _entry(outer, each, name in self._lead())]
        record.setdefault(VERI_SETI, self._definition.veri_seti)
        return {**record, **({KAYIT_NO: self.kayit_no} if self.kayit_no else {})}

    def _remark(self, finding: Finding, address: str) -> None:
        if len(self._remarks) < MAX_REMARKS:
            self._remarks.append(finding)
            self._places[finding.path] = address


def _entry(outer: Field, entry: Mapping[str, str], is_lead: bool) -> list[Any]:
    """The value of an entry; in a list that is no side of a product one cell may hold several, parted by ``;``."""
    if is_lead or len(outer.members) > 1 or not entry:
        return [shaped_entry(outer, entry)]
    (text,) = entry.values()
    return [shaped(outer.members[0], part.strip()) for part in text.replace("\n", ";").split(";") if part.strip()]


def _where(survey: Survey, first: Row, last: tuple[Survey, Row]) -> str:
    until = last[1].number if last[0] is survey else first.number
    rows = f"{first.number}" if until == first.number else f"{first.number}-{until}"
    return f"{survey.table.name}!{rows}" if survey.table.name else f"row {rows}"


def place_of(places: Mapping[str, str], path: str) -> str | None:
    """The cell a finding's path means: its own, its entry's, its list's, else the record's first. None: the file."""
    if path.startswith("#file"):
        return None
    for candidate in (path, path.rpartition(".")[0], path.partition("[")[0]):
        if candidate and candidate in places:
            return places[candidate]
    return places.get("")
