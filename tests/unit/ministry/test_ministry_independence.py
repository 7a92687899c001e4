"""The stub is a second reading of the contract only as long as it shares no code with the first."""

import ast
from pathlib import Path

import pytest

import integrator.ministry
from integrator.ministry.published import read_wsdl

SOURCES = sorted(Path(integrator.ministry.__path__[0]).rglob("*.py"))


def imported(source):
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_it_imports_nothing_of_the_gateway(source):
    ours = [name for name in imported(source) if name.split(".")[0] in ("integrator", ".")]

    assert all(name.startswith("integrator.ministry") for name in ours)


@pytest.mark.parametrize("generation", ["soap-g1", "soap-g2", "soap-g3"])
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_ministrys_host_name_stands_only_in_the_wsdl(source, generation):
    host = read_wsdl(generation).namespace.split("/")[2]

    assert ".".join(host.split(".")[-3:]) not in source.read_text()


README = (Path(integrator.ministry.__path__[0]) / "README.md").read_text()


def test_the_readme_tells_every_fault_with_its_rates_and_whether_json_g4_has_it():
    from integrator.ministry.fault_plan import FAULTS, ON_CONNECTION

    def share(rate):
        return f"{rate:.1%}" if rate else "-"

    told = {
        f"| `{one.name}` | {one.what} | {share(one.usual)} | {share(one.hostile)} | {'yes' if one.on_json else '-'} |"
        for one in FAULTS.values()
    } | {f"| `{name}` | {what} |" for name, what in ON_CONNECTION.items()}
    assert {row for row in told if row not in README} == set()


def test_the_readme_and_the_help_tell_every_face():
    from integrator.ministry.__main__ import FACES_TOLD

    for path in ("/soap-g1", "/soap-g2", "/soap-g3", "/json-g4", "/firma"):
        assert f"| `{path}` |" in README
        assert path in FACES_TOLD
