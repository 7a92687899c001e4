"""What a run came to: JSON for machines, JUnit XML for build servers. The page for people is page.py."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from integrator.conformance.page import write_page
from integrator.conformance.run import BROKEN, FAILED, NOT_OFFERED, PASSED, Verdict

OK, NOT_CONFORMING = 0, 5


@dataclass(frozen=True)
class Report:
    """A finished run. `header` holds the versions of everything."""

    header: Mapping[str, str]
    verdicts: Sequence[Verdict]
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """How many scenarios came to each verdict."""
        counted = Counter(each.verdict for each in self.verdicts)
        return {name: counted[name] for name in (PASSED, FAILED, NOT_OFFERED, BROKEN)}

    @property
    def executed(self) -> int:
        """Scenarios of which at least one step was taken."""
        return sum(bool(each.taken) for each in self.verdicts)

    @property
    def undeclared(self) -> list[str]:
        """Scenarios that did not pass and are not declared, and declared ones that did pass."""
        return [name_of(each) for each in self.verdicts if (each.verdict == PASSED) == bool(each.declared)]

    def exit_code(self, *, accept_declared: bool) -> int:
        """0 when something was executed and all of it passed (or, where accepted, failed as declared), else 5."""
        wrong = self.undeclared if accept_declared else [each for each in self.verdicts if each.verdict != PASSED]
        return OK if self.executed and not wrong else NOT_CONFORMING


def name_of(verdict: Verdict) -> str:
    """``tier/name``."""
    return f"{verdict.scenario.tier}/{verdict.scenario.name}"


def as_json(report: Report) -> dict[str, Any]:
    """The whole report."""
    return {
        "header": dict(report.header),
        "counts": report.counts,
        "executed": report.executed,
        "undeclared": report.undeclared,
        "seconds": round(report.seconds, 1),
        "scenarios": [_scenario(each) for each in report.verdicts],
    }


def _scenario(verdict: Verdict) -> dict[str, Any]:
    scenario = verdict.scenario
    return {
        "id": name_of(verdict),
        "tier": scenario.tier,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "declared": verdict.declared,
        "clause": asdict(scenario.clause),
        "title": {"tr": scenario.title_tr, "en": scenario.title_en},
        "why": scenario.why,
        "metot": scenario.metot,
        "steps": [asdict(each) for each in verdict.taken],
        "observed": [asdict(each) for each in verdict.observed],
        "seconds": round(verdict.seconds, 2),
    }


def as_junit(report: Report) -> str:
    """JUnit XML: one suite for each tier, one case for each scenario."""
    tiers = dict.fromkeys(each.scenario.tier for each in report.verdicts)
    suites = "".join(_suite(tier, [each for each in report.verdicts if each.scenario.tier == tier]) for tier in tiers)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="ibys-conformance">\n{suites}</testsuites>\n'


def _suite(tier: str, verdicts: Sequence[Verdict]) -> str:
    counted = Counter(each.verdict for each in verdicts)
    failures, errors = counted[FAILED] + counted[NOT_OFFERED], counted[BROKEN]
    cases = "".join(_case(each) for each in verdicts)
    head = f'name={quoteattr(tier)} tests="{len(verdicts)}" failures="{failures}" errors="{errors}"'
    return f"<testsuite {head}>\n{cases}</testsuite>\n"


def _case(verdict: Verdict) -> str:
    scenario = verdict.scenario
    head = f'classname={quoteattr(scenario.tier)} name={quoteattr(scenario.name)} time="{verdict.seconds:.2f}"'
    if verdict.verdict == PASSED:
        return f"<testcase {head}/>\n"
    kind = "error" if verdict.verdict == BROKEN else "failure"
    text = f"{scenario.clause.source} {scenario.clause.number}: {verdict.reason}"
    return (
        f"<testcase {head}><{kind} type={quoteattr(verdict.verdict)}>{escape(_printable(text))}</{kind}></testcase>\n"
    )


def _printable(text: str) -> str:
    """XML takes no control characters."""
    return "".join(each if each.isprintable() or each in "\n\t" else "?" for each in text)


def write_reports(report: Report, folder: Path) -> list[Path]:
    """``report.json``, ``junit.xml`` and ``report.html``; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    told = as_json(report)
    paths = [folder / name for name in ("report.json", "junit.xml", "report.html")]
    paths[0].write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    paths[1].write_text(as_junit(report), encoding="utf-8")
    paths[2].write_text(write_page(told), encoding="utf-8")
    return paths
