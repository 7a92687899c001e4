"""The figures of a whole torture, for machines and for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.torture.judge import FAULTS

FOLDER = Path(__file__).parents[1] / "results"


def write(figures: dict[str, Any]) -> None:
    """``torture.json`` and ``torture.md``. Runs of other kinds or engines that were not asked for keep their rows."""
    path = FOLDER / "torture.json"
    fresh = {trial["name"]: {**trial, "at": figures["at"]} for trial in _merged(figures["trials"])}
    kept = json.loads(path.read_text())["trials"] if path.exists() else []
    trials = [fresh.pop(trial["name"], trial) for trial in kept] + list(fresh.values())
    content = {"machine": figures["machine"], "asked": figures["asked"], "trials": trials}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    (FOLDER / "torture.md").write_text(_page(content))


def _merged(trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Several passes of one name as one."""
    by_name: dict[str, dict[str, Any]] = {}
    for trial in trials:
        before = by_name.get(trial["name"])
        if before is None:
            by_name[trial["name"]] = dict(trial)
            continue
        for name, value in trial.items():
            if isinstance(value, dict):
                before[name] = {key: before[name].get(key, 0) + count for key, count in value.items()} | {
                    key: count for key, count in before[name].items() if key not in value
                }
            elif name != "name":
                before[name] = before[name] + value
    return list(by_name.values())


def _page(content: dict[str, Any]) -> str:
    machine = content["machine"]
    rows = [
        "# What the last torture found",
        "",
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}. Written by `make torture`; what each"
        " row does is told in [bench/README.md](../README.md). Every fault must be 0.",
        "",
        "| what | trials | blows | messages | lost | twice | other faults | seconds | when |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for trial in content["trials"]:
        others = sum(trial[name] for name in FAULTS if name not in ("lost", "duplicates")) + len(trial["failures"])
        rows.append(
            f"| {trial['name']} | {trial['trials']:,} | {trial['blows']:,} | {trial['messages']:,} | {trial['lost']} | "
            f"{trial['duplicates']} | {others} | {trial['seconds']:,.0f} | {trial['at'][:16]} |"
        )
    rows += ["", "## Blows", ""]
    for trial in content["trials"]:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in trial["blows_by_kind"].items())
        rows.append(f"- **{trial['name']}**: {kinds or 'none'}{_more(trial)}")
    return "\n".join(rows) + "\n"


def _more(trial: dict[str, Any]) -> str:
    told = [f"{trial['points']} fault points in one run"] if trial["points"] else []
    told += [f"{trial['second_kills']} killed again on the way up"] if trial["second_kills"] else []
    told += [f"{name}: {value}" for name, value in trial.get("notes", {}).items()]
    return f" ({'; '.join(told)})" if told else ""
