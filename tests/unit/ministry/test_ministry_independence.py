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


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_ministrys_host_name_stands_only_in_the_wsdl(source):
    host = read_wsdl("soap-g2").namespace.split("/")[2]

    assert ".".join(host.split(".")[-3:]) not in source.read_text()


def test_the_readme_tells_every_fault():
    from integrator.ministry.faults import FAULTS

    readme = (Path(integrator.ministry.__path__[0]) / "README.md").read_text()

    assert [name for name in FAULTS if f"`{name}`" not in readme] == []
