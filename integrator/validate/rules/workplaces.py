"""The workplace's number, and whether its service was notified."""

from __future__ import annotations

from collections.abc import Iterator

from integrator.domain.findings import Finding, Severity, seen_number
from integrator.domain.identifiers import sgk_control_matches
from integrator.validate.context import Context, rule


@rule(cites="domain 2.4: control digits by (il, sıra) mod 97; empirical, so it only warns")
def sgk_control_digits_fit(context: Context) -> Iterator[Finding]:
    """The control digits of the workplace number agree with the formula seen in practice."""
    for field in context.definition.fields:
        value = context.values.get(field.name) if field.kind == "sgk_tescil_no" else None
        if value and not sgk_control_matches(value):
            yield Finding("INT-VAL-031", field.name, seen_number(value), "(il + sıra) mod 97", Severity.WARNING)


@rule(
    cites="domain 2.4: a transfer at SGK gives a workplace another number; under the old one nobody is found (212, 213)"
)
def number_is_the_newest(context: Context) -> Iterator[Finding]:
    """No newer number is known of the workplace."""
    if context.moved_to:
        seen_there = seen_number(context.values["sgkTescilNo"])
        yield Finding("INT-VAL-053", "sgkTescilNo", seen_there, context.moved_to, Severity.WARNING)


@rule(cites="contract 8.1, 8.3: a service that was notified and approved covers the day", only=("egitim", "muayene"))
def service_was_notified(context: Context) -> Iterator[Finding]:
    """Where notifications are followed, one of this workplace covers the event's day."""
    place, day = context.workplace, context.event_date
    if place and day and context.known.hizmet_bildirildi(place, day) is False:
        yield Finding("INT-VAL-057", "sgkTescilNo", seen_number(place), day.isoformat(), Severity.WARNING)
