from __future__ import annotations

import ast
import re
from pathlib import Path

import integrator

ROOT = Path(integrator.__file__).parent.parent
SOURCES = sorted((ROOT / "integrator").rglob("*.py"))
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines()
    if line.startswith("| ") and "---" not in line and "Never write" not in line
]


def test_no_word_that_the_glossary_forbids_stands_in_the_code():
    forbidden = {word.strip() for row in ROWS for word in row[3].split(",")}

    found = [(path.name, word) for path in SOURCES for word in forbidden if re.search(rf"\b{word}\b", path.read_text())]
    assert len(ROWS) > 10
    assert found == []


def test_every_word_of_the_glossary_is_used():
    everything = "".join(path.read_text() for path in SOURCES)

    words = [word for row in ROWS for word in re.findall(r"`(\w+)`", row[1])]
    assert [word for word in words if word not in everything] == []


def test_no_module_has_a_name_that_says_nothing():
    nothing = {"utils", "helpers", "common", "misc", "base", "core", "manager", "handler", "data", "info", "item"}

    assert [path for path in SOURCES if path.stem in nothing or path.parent.name in nothing] == []


def test_every_module_says_what_it_is_for():
    silent = [str(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))]

    assert silent == []


def test_functions_are_short():
    lengths = [
        node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno
    ]

    assert sum(length <= 25 for length in lengths) / len(lengths) > 0.9
    assert max(lengths) <= 70


def test_the_clock_is_read_in_one_place():
    readers = [
        path.name
        for path in SOURCES
        if re.search(r"datetime\.now\(|time\.time\(|utcnow\(", path.read_text())
        and not {"ministry", "conformance"} & set(path.parts)
    ]
    assert readers == ["clock.py"]


def test_log_events_are_static_and_listed():
    from integrator.log import EVENTS

    logged = {
        event for path in SOURCES for event in re.findall(r"logger\(\)\.\w+\(\s*\"([a-z_.]+)\"", path.read_text())
    }
    assert logged
    assert logged <= EVENTS
