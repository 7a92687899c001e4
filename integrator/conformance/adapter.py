"""An adapter: how one vendor's gateway is driven. A TOML file of commands; the contract is in README.md."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPERATIONS = frozenset({
    "version", "prepare", "submit", "status", "canonical", "evidence", "audit", "worker",
    "waiting", "attach", "release", "pages", "announcements",
})  # fmt: skip
STATES = frozenset({
    "waiting_signature", "under_way", "asking", "accepted", "partial", "refused", "for_a_person", "stopped",
    "cancelled",
})  # fmt: skip
NEEDED = frozenset({"prepare", "submit", "status", "worker"})
METOT = ("soap-g1", "soap-g2", "soap-g3", "json-g4")
Command = list[str]


class BadAdapter(Exception):
    """The adapter file cannot be used; the text says why."""


@dataclass(frozen=True)
class Adapter:
    """What the file says. `operations` maps a name to the commands that do it, in order."""

    name: str
    folder: Path
    metot: tuple[str, ...]
    operations: Mapping[str, list[Command]]
    environment: Mapping[str, str]
    states: Mapping[str, str]
    answers: Mapping[str, str]
    capabilities: frozenset[str]
    declared: Mapping[str, str]
    warm: str = ""
    warm_from: str = ""

    def offers(self, capability: str) -> bool:
        """Does the gateway have this? A metot or operation by its name, anything else when it is listed."""
        return capability in self.operations or capability in self.metot or capability in self.capabilities


def read_adapter(path: Path) -> Adapter:
    """The adapter in `path`; raises BadAdapter naming everything that is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadAdapter(f"{path}: {error}") from error
    problems = _problems(raw)
    if problems:
        raise BadAdapter(f"{path}: " + "; ".join(problems))
    about = raw["adapter"]
    return Adapter(
        name=about["name"],
        folder=path.resolve().parent,
        metot=tuple(about["metot"]),
        operations={name: _commands(told) for name, told in raw["operations"].items()},
        environment=raw.get("environment", {}),
        states=raw["states"],
        answers=raw.get("answers", {}),
        capabilities=frozenset(about.get("capabilities", ())),
        declared=raw.get("declared", {}),
        warm=about.get("warm", ""),
        warm_from=str(path.parent / about["warm_from"]) if "warm_from" in about else "",
    )


def _commands(told: Any) -> list[Command]:
    return [told] if told and isinstance(told[0], str) else told


def _problems(raw: Mapping[str, Any]) -> list[str]:
    missing = [name for name in ("adapter", "operations", "states") if not isinstance(raw.get(name), dict)]
    if missing:
        return [f"[{name}] is missing" for name in missing]
    about, operations, states = raw["adapter"], raw["operations"], raw["states"]
    found = [f"adapter.{name} is missing" for name in ("name", "metot") if not about.get(name)]
    found += [
        f"metot {each!r}: one of {', '.join(METOT)} is wanted" for each in about.get("metot", []) if each not in METOT
    ]
    found += [f"operations.{name}: no such operation" for name in operations if name not in OPERATIONS]
    found += [f"operations.{name} is wanted" for name in sorted(NEEDED - set(operations))]
    found += [
        f"operations.{name}: a list of words, or several, is wanted"
        for name in operations
        if not _is_commands(operations[name])
    ]
    found += [
        f"states.{word} = {to!r}: one of {', '.join(sorted(STATES))} is wanted"
        for word, to in states.items()
        if to not in STATES
    ]
    return found


def _is_commands(told: Any) -> bool:
    if not isinstance(told, list) or not told:
        return False
    commands = _commands(told)
    return all(isinstance(each, list) and each and all(isinstance(word, str) for word in each) for each in commands)
