"""The workplace's number."""

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
