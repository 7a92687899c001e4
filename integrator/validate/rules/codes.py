"""Codes against their lists, on the day of the event. A list whose values are not public judges nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from integrator.catalogue.codes import CodeList
from integrator.catalogue.definitions import Definition, Field
from integrator.domain.findings import Finding, Severity, seen
from integrator.validate.context import Context, rule
from integrator.validate.fields import VEILED, code_values


@rule(cites="contract 7: a code is one of its list and in force on the day")
def codes_are_listed(context: Context) -> Iterator[Finding]:
    """Every code is on its list and usable on the day of the event; of an open list the unknown are only told."""
    definition, day = context.definition, _day(context)
    for field, value, path in code_values(definition, context.values):
        codes = context.catalogue.code_list(definition, field.code_list or "")
        code = codes.get(value)
        if code is not None and code.usable_on(day):
            continue
        shown = _shown(definition, field, value)
        if code is None and field.code_list in definition.open_lists and not _is_served(context, field):
            if not codes:  # nothing is public of it: no word on every record about what nobody can mend
                continue
            yield Finding("INT-VAL-032", path, shown, field.code_list or "", Severity.INFO)
        else:
            yield Finding("INT-VAL-013", path, shown, _some(codes, day))


@rule(cites="contract 7.3-7.5: a class lists each code once; `none of these` stands alone", only=("muayene",))
def classes_do_not_contradict(context: Context) -> Iterator[Finding]:
    """No code twice in a class; the code that says none (``..99``, equipment 0) is not beside others."""
    for field in context.definition.fields:
        if field.kind != "codes" or field.name not in context.values:
            continue
        codes = context.values[field.name]
        if not codes and field.required:
            yield Finding("INT-VAL-020", field.name, "0", f"1 ... {field.max}")
        if len(set(codes)) < len(codes):
            yield Finding("INT-VAL-021", field.name, VEILED, "1")
        if len(codes) > 1 and _none_of(field) & set(codes):
            yield Finding("INT-VAL-024", field.name, VEILED, "1", Severity.WARNING)


def _none_of(field: Field) -> set[str]:
    """The code that says none of the list: 0 for equipment, the class's last one elsewhere."""
    return {"0"} if field.code_list == "is_ekipmanlari" else {f"1{digit}99" for digit in range(10)}


def _day(context: Context) -> date:
    """The event's day; today where that is told to be wrong already."""
    if context.codes_on:
        return context.codes_on
    day = context.event_date
    return day if day is not None and context.definition.in_force_on(day) else context.today


def _is_served(context: Context, field: Field) -> bool:
    """Whether the ministry, or the operator with its file, has given the list: then it is open no more."""
    return field.code_list in context.catalogue.refreshed


def _shown(definition: Definition, field: Field, value: str) -> str:
    return VEILED if definition.health and field.sensitive else seen(value)


def _some(codes: CodeList, day: date, most: int = 12) -> str:
    usable: Iterable[str] = (code for code, each in codes.items() if each.usable_on(day))
    listed = sorted(usable, key=lambda code: (len(code), code))
    return ", ".join(listed[:most]) + (" ..." if len(listed) > most else "")
