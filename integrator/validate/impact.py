"""Tries an announced version on records that were taken before: which would fail, for which cause, whose they are.

Nothing is stored and nothing sent. A record that fails under the version in force as well is counted apart: the
announced version is not to blame for it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from integrator.catalogue.catalogue import Catalogue
from integrator.catalogue.definitions import Definition
from integrator.domain.findings import Finding, Severity
from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Submitted
from integrator.validate.check import Checked, check

_PLACE = re.compile(r"\[[0-9]+\]")
TELL_EVERY = 500


@dataclass(slots=True)
class Cause:
    """One reason of several failures. `example` is the finding of the first record."""

    code: str
    path: str
    example: Finding
    by_kurum: dict[KurumNo, list[str]] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """How many records fail for it."""
        return sum(len(each) for each in self.by_kurum.values())


@dataclass(slots=True)
class Impact:
    """What the trial came to. `fails_today` are records that the version in force would not take either."""

    records: int = 0
    failing: int = 0
    fails_today: int = 0
    by_kurum: Counter[KurumNo] = field(default_factory=Counter)
    failing_by_kurum: Counter[KurumNo] = field(default_factory=Counter)
    causes: dict[tuple[str, str], Cause] = field(default_factory=dict)

    def grouped(self) -> list[Cause]:
        """The causes, the most frequent first."""
        return sorted(self.causes.values(), key=lambda each: (-each.records, each.code, each.path))


def try_version(
    announced: Definition,
    catalogue: Catalogue,
    stored: Iterable[tuple[KurumNo, Submitted]],
    *,
    today: date,
    tell: Callable[[int], None] = lambda _: None,
) -> Impact:
    """Judge every stored record as if `announced` were in force; codes as of its first day, when that is later."""
    then, impact = catalogue.with_announced(announced), Impact()
    codes_on = max(announced.in_force_from, today)
    for kurum, submitted in stored:
        impact.records += 1
        impact.by_kurum[kurum] += 1
        judged = check(submitted, then, today=codes_on, codes_on=codes_on)
        if judged.kayit is None:
            _blame(impact, kurum, submitted, judged, check(submitted, catalogue, today=today))
        if impact.records % TELL_EVERY == 0:
            tell(impact.records)
    tell(impact.records)
    return impact


def _blame(impact: Impact, kurum: KurumNo, submitted: Submitted, then: Checked, now: Checked) -> None:
    if now.kayit is None:
        impact.fails_today += 1
        return
    impact.failing += 1
    impact.failing_by_kurum[kurum] += 1
    causes = {(f.code, _PLACE.sub("[]", f.path)): f for f in reversed(then.findings) if f.severity is Severity.ERROR}
    for (code, path), finding in causes.items():
        cause = impact.causes.setdefault((code, path), Cause(code, path, finding))
        cause.by_kurum.setdefault(kurum, []).append(submitted.kayit_no)
