"""Scenarios as folders: what clause, which tier, which steps. Read, checked against the vocabulary, and frozen."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIERS = ("format", "flow", "failure", "security")
SIDES = ("gateway", "ministry")
FOLDER = Path(__file__).resolve().parent / "scenarios"
_KEYS = {"side", "clause", "title_tr", "title_en", "needs", "fresh", "worker", "metot", "step"}


class BadScenario(Exception):
    """A scenario folder cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A requirement, quoted by number; `label` is the strength of its source (ministry-contract 0)."""

    id: str
    source: str
    number: str
    label: str
    tr: str
    en: str


@dataclass(frozen=True)
class Scenario:
    """One folder. `fresh` wants a home that no other scenario used; `worker` is how sending stands at its start."""

    name: str
    tier: str
    side: str
    clause: Clause
    title_tr: str
    title_en: str
    why: str
    needs: tuple[str, ...]
    fresh: bool
    worker: str
    metot: str
    steps: tuple[Mapping[str, Any], ...]
    serial: int


def read_clauses(folder: Path = FOLDER) -> dict[str, Clause]:
    """Every clause of ``clauses.toml``, by its id."""
    raw = tomllib.loads((folder / "clauses.toml").read_text(encoding="utf-8"))
    return {key: Clause(id=key, **value) for key, value in raw.items()}


def read_scenarios(vocabulary: Mapping[str, frozenset[str]], folder: Path = FOLDER) -> list[Scenario]:
    """All of them, by tier and name; raises BadScenario. `vocabulary` maps each step to the keys it takes."""
    clauses = read_clauses(folder)
    paths = [path for tier in TIERS for path in sorted((folder / tier).glob("*/scenario.toml"))]
    return [_read(path, serial, clauses, vocabulary) for serial, path in enumerate(paths, 1)]


def select(scenarios: Sequence[Scenario], *, side: str, only: Sequence[str], tiers: Sequence[str]) -> list[Scenario]:
    """Those of one side whose ``tier/name`` matches one of the patterns and whose tier is wanted."""
    return [
        each
        for each in scenarios
        if each.side == side
        and (not tiers or each.tier in tiers)
        and (not only or any(_matches(f"{each.tier}/{each.name}", pattern) for pattern in only))
    ]


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, f"*/{pattern}")


def _read(path: Path, serial: int, clauses: Mapping[str, Clause], vocabulary: Mapping[str, frozenset[str]]) -> Scenario:
    name, tier = path.parent.name, path.parent.parent.name
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        why = (path.parent / "README.md").read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise BadScenario(f"{tier}/{name}: {error}") from error
    problems = _problems(raw, clauses, vocabulary)
    if len(why.splitlines()) != 2:
        problems.append("README.md: two lines are wanted")
    if problems:
        raise BadScenario(f"{tier}/{name}: " + "; ".join(problems))
    return Scenario(
        name=name, tier=tier, side=raw["side"], clause=clauses[raw["clause"]],
        title_tr=raw["title_tr"], title_en=raw["title_en"], why=why,
        needs=tuple(raw.get("needs", ())), fresh=raw.get("fresh", False), worker=raw.get("worker", "running"),
        metot=raw.get("metot", "soap-g2"), steps=tuple(raw["step"]), serial=serial,
    )  # fmt: skip


def _problems(
    raw: Mapping[str, Any], clauses: Mapping[str, Clause], vocabulary: Mapping[str, frozenset[str]]
) -> list[str]:
    found = [f"{key}: not a key of a scenario" for key in raw if key not in _KEYS]
    found += [f"{key} is missing" for key in ("side", "clause", "title_tr", "title_en", "step") if not raw.get(key)]
    if raw.get("side") not in SIDES:
        found.append(f"side: {' or '.join(SIDES)} is wanted")
    if raw.get("clause") not in clauses:
        found.append(f"clause {raw.get('clause')!r} is not in clauses.toml")
    for number, step in enumerate(raw.get("step", []), 1):
        known = vocabulary.get(step.get("do", ""))
        if known is None:
            found.append(f"step {number}: {step.get('do')!r} is not in the vocabulary")
        else:
            found += [f"step {number}: {step['do']} takes no {key!r}" for key in step if key not in known | {"do"}]
    return found
