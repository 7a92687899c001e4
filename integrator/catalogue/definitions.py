"""A veri seti version as a value: its fields, limits, signed form, and when it is in force.

A definition is data (``datasets/<veri_seti>/<version>/veri_seti.toml``). A mistake in it stops the program at
start with Misconfigured, not a customer's record later.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from integrator.catalogue.codes import CodeList, read_code_list
from integrator.domain.errors import Misconfigured

KINDS = frozenset({"tckn", "sgk_tescil_no", "code", "minutes", "date", "list"})
STATUSES = frozenset({"official", "assumed", "draft"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field as submitted. `members` is filled for a list; `code_list` for a code."""

    name: str
    kind: str
    required: bool
    code_list: str | None = None
    max: int = 0
    members: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """How many entries of a list one message takes, and the ministry's code for each way to break it."""

    max: int
    above: str = ""
    below: str = ""
    twice: str = ""


@dataclass(frozen=True, slots=True)
class SignedForm:
    """The XML that is signed: root, record element, order of children, and what each list is sorted by."""

    root: str
    record: str
    order: tuple[str, ...]
    sort: Mapping[str, str]


@dataclass(frozen=True)
class Definition:
    """One version of one veri seti."""

    veri_seti: str
    version: str
    status: str
    source: str
    title_tr: str
    title_en: str
    published_on: date
    in_force_from: date
    in_force_until: date | None
    metot: tuple[str, ...]
    event_date: str
    signer: str
    pairs: tuple[tuple[str, str], ...]
    fields: tuple[Field, ...]
    limits: Mapping[str, Limit]
    signed: SignedForm
    code_lists: Mapping[str, CodeList] = field(repr=False)
    carried: Mapping[str, tuple[Mapping[str, Limit], SignedForm]] = field(default_factory=dict)

    @cached_property
    def field_by_name(self) -> Mapping[str, Field]:
        """Top-level fields by name."""
        return {each.name: each for each in self.fields}

    def carried_by(self, metot: str | None) -> Definition:
        """The definition as this metot carries it: one may take less in a message, and sign another form."""
        if metot is None or metot not in self.carried:
            return self
        limits, signed = self.carried[metot]
        return replace(self, limits=limits, signed=signed, carried={})

    def in_force_on(self, day: date) -> bool:
        """Whether an event of `day` may be reported with this version."""
        return self.in_force_from <= day and (self.in_force_until is None or day <= self.in_force_until)


def read_definition(folder: Path) -> Definition:
    """The definition in `folder`; raises Misconfigured naming the file and what is wrong in it."""
    path = folder / "veri_seti.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        definition = _build(raw, folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misconfigured(f"{path}: {type(error).__name__}: {error}") from error
    _check(definition, path)
    return definition


def _build(raw: dict[str, Any], folder: Path) -> Definition:
    plain = ("veri_seti", "version", "status", "source", "title_tr", "title_en", "event_date", "signer")
    return Definition(
        **{name: raw[name] for name in plain},
        published_on=raw["published_on"],
        in_force_from=raw["in_force_from"],
        in_force_until=raw.get("in_force_until"),
        metot=tuple(raw["metot"]),
        pairs=tuple(_split_path(path) for path in raw["pairs"]),
        fields=_fields(raw["field"]),
        limits=_limits(raw),
        signed=_signed(raw),
        carried={metot: (_limits(each), _signed(each)) for metot, each in raw.get("carried", {}).items()},
        code_lists={path.stem: read_code_list(path) for path in sorted((folder / "kodlar").glob("*.csv"))},
    )


def _limits(raw: dict[str, Any]) -> dict[str, Limit]:
    return {name: Limit(**limit) for name, limit in raw["limits"].items()}


def _signed(raw: dict[str, Any]) -> SignedForm:
    signed = raw["signed"]
    return SignedForm(signed["root"], signed["record"], tuple(signed["order"]), signed.get("sort", {}))


def _split_path(path: str) -> tuple[str, str]:
    outer, inner = path.split(".")
    return outer, inner


def _fields(rows: list[dict[str, Any]], inside: str | None = None) -> tuple[Field, ...]:
    return tuple(
        Field(
            name=row["name"],
            kind=row["kind"],
            required=row.get("required", True),
            code_list=row.get("code_list"),
            max=row.get("max", 0),
            members=_fields(rows, row["name"]) if row["kind"] == "list" else (),
        )
        for row in rows
        if row.get("in") == inside
    )


def _check(definition: Definition, path: Path) -> None:
    problems = [f"unknown status {definition.status!r}"] if definition.status not in STATUSES else []
    for each in (*definition.fields, *(m for f in definition.fields for m in f.members)):
        if each.kind not in KINDS:
            problems.append(f"field {each.name}: unknown kind {each.kind!r}")
        if each.kind == "code" and each.code_list not in definition.code_lists:
            problems.append(f"field {each.name}: no code list {each.code_list!r} in kodlar/")
    orders = [definition.signed.order, *(signed.order for _, signed in definition.carried.values())]
    for name in {part.split(".")[0] for order in orders for part in order} - set(definition.field_by_name):
        problems.append(f"signed form names {name!r}, which is no field")
    problems += [
        f"carried.{metot}, which is no metot of it" for metot in set(definition.carried) - set(definition.metot)
    ]
    if problems:
        raise Misconfigured(f"{path}: " + "; ".join(problems))
