"""One file per family of rules, one function per clause; a rule yields findings and never raises.

Adding a rule: write it with `@rule(cites=...)` in a file here (a new file is found by itself), give its code a text in
``domain/texts.toml`` and a row in docs/errors.md, and lay a case beside it under ``datasets/*/*/ornekler``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from integrator.domain.findings import Finding
from integrator.validate.context import RULES, Context, Judge

FAMILIES = sorted(found.name for found in iter_modules(__path__))
for _family in FAMILIES:
    import_module(f"{__name__}.{_family}")


@cache
def rules_of(veri_seti: str) -> tuple[Judge, ...]:
    """The rules that speak of a veri seti, by family and place."""
    return tuple(each.judge for each in RULES if each.speaks_of(veri_seti))


def check_rules(context: Context) -> list[Finding]:
    """What every rule has to say."""
    return [finding for judge in rules_of(context.definition.veri_seti) for finding in judge(context)]
