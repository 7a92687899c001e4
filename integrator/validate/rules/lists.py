"""How long lists may be, and that nothing stands in them twice."""

from __future__ import annotations

from collections.abc import Iterator

from integrator.domain.findings import Finding, seen
from integrator.validate.context import Context, rule


@rule(cites="service page 217, 219: at least one entry in each list")
def lists_are_filled(context: Context) -> Iterator[Finding]:
    """No list is empty."""
    for name, limit in context.definition.limits.items():
        if context.values.get(name) == []:
            yield Finding("INT-VAL-020", name, "0", f"1 ... {limit.max}")


@rule(cites="service page 216, 218: at most 10 trainings and 100 workers in one message")
def lists_fit_one_message(context: Context) -> Iterator[Finding]:
    """With splitting off, no list is longer than one message takes."""
    if context.split:
        return
    for name, limit in context.definition.limits.items():
        count = len(context.values.get(name, ()))
        if count > limit.max:
            yield Finding("INT-VAL-022", name, str(count), f"<= {limit.max}")


@rule(cites="service page 220, 221: no value twice in a list")
def lists_repeat_nothing(context: Context) -> Iterator[Finding]:
    """No worker and no training code stands twice."""
    for name, key in context.definition.pairs:
        entries = context.values.get(name, ())
        held = [entry.get(key) for entry in entries]
        if len(set(held)) == len(held):
            continue
        known: set[str] = set()
        for place, value in enumerate(held):
            if value in known:
                yield Finding("INT-VAL-021", f"{name}[{place}]", seen(value), "1")
            if value is not None:
                known.add(value)
