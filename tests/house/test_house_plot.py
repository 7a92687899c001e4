from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import click
import pytest
import yaml

import integrator
from integrator.cli import ibys
from integrator.settings import Settings, read_settings

ROOT = Path(integrator.__file__).parent.parent
FIXED = {"integrator", "datasets", "schemas", "certs", "tests", "pyproject.toml", "docker-compose.yml", "README.md"}
ADDED = {"docs", "bench", "Makefile", "CHANGELOG.md", ".ci"}
CONVENTION = {"LICENSE", ".gitignore"}  # docs/decisions/0002


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("NOTICE: not a git checkout, what is tracked was not looked at")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).exists()]


def commands(group: click.Group, prefix: str = "ibys") -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, f"{prefix} {name}")
        else:
            found.append((f"{prefix} {name}", command))
    return found


def test_the_top_of_the_plot_holds_what_was_agreed():
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} <= FIXED | ADDED | CONVENTION


def test_no_private_key_registry_address_or_path_of_a_machine_is_tracked():
    registry = re.compile(rb"py" rb"pi\.org|python" rb"hosted|npm" rb"js\.(org|com)|deb\.deb" rb"ian")
    machine = re.compile(rb"(^|[^A-Za-z0-9_.])/(wo" rb"rk|fa" rb"rm)/")
    key = re.compile(rb"BEGIN (RSA |EC |ENCRYPTED )?PRIVATE " rb"KEY")

    wrong = [
        (path.name, pattern.pattern[:12])
        for path in tracked()
        for pattern in (registry, machine, key)
        if pattern.search(path.read_bytes())
    ]
    assert wrong == []


def test_every_pin_has_a_hash_and_no_index_is_named():
    pins = (ROOT / ".ci" / "constraints.txt").read_text()
    blocks = [block for block in re.split(r"\n(?=[a-z0-9])", pins) if block.strip()]

    assert len(blocks) > 30
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in pins
    assert "--index" not in pins


def test_no_host_of_the_ministry_stands_in_the_code():
    hosts = re.compile(r"[a-z0-9]\.gov\.tr|kamusm", re.IGNORECASE)

    sources = [*(ROOT / "integrator").rglob("*.py"), *(ROOT / "bench").rglob("*.py")]
    assert [path.name for path in sources if hosts.search(path.read_text())] == []


def test_every_command_is_documented_and_takes_json_where_it_answers():
    page = (ROOT / "README.md").read_text() + (ROOT / "docs" / "operations.md").read_text()

    silent = {"ibys ministry serve", "ibys conformance run"}  # products of their own, with options of their own
    for name, command in commands(ibys):
        assert name in page, name
        assert command.help, name
        if name not in silent:
            assert any("--json" in parameter.opts for parameter in command.params), name


def test_every_setting_is_documented():
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", page, re.MULTILINE))

    settings = Settings(home=Path())
    for group in fields(settings)[1:]:
        for each in fields(getattr(settings, group.name)):
            assert re.search(rf"\b{each.name}\b", rows[group.name]), f"{group.name}.{each.name}"


def test_the_compose_file_parses_and_names_only_settings_that_exist(tmp_path):
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert set(compose["services"]) == {"gateway", "worker", "ministry", "database"}

    for name in ("gateway", "worker"):
        environment = {**compose["services"][name]["environment"]}
        environment.pop("IBYS_HOME")
        assert read_settings(tmp_path, environment).ministry.metot == "soap-g2"
        assert compose["services"][name]["entrypoint"] == ["ibys"]
        assert compose["services"][name]["command"][0] in ibys.commands


def test_every_ignored_type_has_its_reason_beside_it():
    ignored = [
        (path.name, line)
        for folder in ("integrator", "bench")
        for path in (ROOT / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"#\s*type:\s*ignore", line)
    ]

    assert ignored
    assert [each for each in ignored if not re.search(r"type: ignore\[[a-z-]+\]  # \S", each[1])] == []


def test_the_rules_of_make_are_those_the_readme_promises():
    make = (ROOT / "Makefile").read_text()

    for target in ("setup", "demo", "test", "bench"):
        assert re.search(rf"^{target}:", make, re.MULTILINE)
    assert "exec make test" in (ROOT / ".ci" / "run").read_text()
