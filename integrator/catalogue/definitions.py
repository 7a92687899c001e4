"""A veri seti version as a value: its fields, limits, signed form, and when it is in force.

A definition is data (``datasets/<veri_seti>/<version>/veri_seti.toml``; how it is written: ``datasets/README.md``).
A mistake in it stops the program at start with Misconfigured, not a customer's record later.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from integrator.catalogue.codes import CodeList, read_code_list
from integrator.catalogue.published import published
from integrator.domain.errors import Misconfigured

KINDS: Mapping[str, tuple[str, str]] = {
    "tckn": ("text", "11"),
    "sgk_tescil_no": ("text", "26"),
    "meslek": ("text", "7"),
    "text": ("text", ""),
    "code": ("whole number", "1-18"),
    "codes": ("whole numbers", "1-18"),
    "choice": ("word", ""),
    "count": ("whole number", "1-7"),
    "flag": ("0 or 1", "1"),
    "minutes": ("decimal", "0.01-1440"),
    "date": ("date", "10"),
    "list": ("list", ""),
}
"""Kind of value -> what it is and how long its text may be. A list's bound, and a text's, is the field's `max`."""

LOCAL = "yerel"
"""Under this name a record holds what stays with us."""

STATUSES = ("official", "assumed", "draft")
LISTED = ("code", "codes", "choice", "meslek")
MINUTES_FORMS = ("40.0", "40")


@dataclass(frozen=True, slots=True)
class Wire:
    """What the field is called in one generation, and its type there."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field as submitted. `members` is filled for a list; `code_list` for a code; `wire` by generation."""

    name: str
    kind: str
    required: bool
    code_list: str | None = None
    max: int = 0
    members: tuple[Field, ...] = ()
    unit: str = ""
    source: str = ""
    tr: str = ""
    en: str = ""
    sensitive: bool = False
    wire: Mapping[str, Wire] = field(default_factory=dict)

    @property
    def form(self) -> tuple[str, str]:
        """(what it is, how long): for people."""
        what, length = KINDS[self.kind]
        return what, length or (f"<= {self.max}" if self.max else "")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many entries of a list one message takes, and the ministry's code for each way to break it."""

    max: int
    above: str = ""
    below: str = ""
    twice: str = ""


@dataclass(frozen=True, slots=True)
class SignedForm:
    """The XML that is signed: root, record element, order of children, what each list is sorted by.

    A path of `order` may lead through wrappers (``calismaOrtami/havaSinifi``) or to the only entry's member
    (``calisan.calisanTckNo``). `minutes` shows how forty minutes are written.
    """

    root: str
    record: str
    order: tuple[str, ...]
    sort: Mapping[str, str]
    minutes: str = MINUTES_FORMS[0]

    @property
    def names(self) -> frozenset[str]:
        """The fields that are signed."""
        return frozenset(path.rpartition("/")[2].partition(".")[0] for path in self.order)


@dataclass(frozen=True)
class Definition:
    """One version of one veri seti.

    `by_choice`: taken only where the record names it, or the gateway's metot carries no other. `health`: what is no
    field of it is cut off before anything is signed or stored. `local` fields stay with us (circular 7b): rules may
    read them, no message holds them. `signed` is None for a draft of whose form nothing is known.
    """

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
    signed: SignedForm | None
    code_lists: Mapping[str, CodeList] = field(repr=False)
    local: tuple[Field, ...] = ()
    at_sending: tuple[Mapping[str, str], ...] = ()
    by_choice: bool = False
    health: bool = False
    open_lists: frozenset[str] = frozenset()
    schema: Path | None = field(default=None, repr=False)
    carried: Mapping[str, tuple[Mapping[str, Limit], SignedForm]] = field(default_factory=dict)

    @cached_property
    def field_by_name(self) -> Mapping[str, Field]:
        """Top-level fields by name."""
        return {each.name: each for each in self.fields}

    @cached_property
    def identity_fields(self) -> tuple[tuple[str, str], ...]:
        """(field, member) that hold identity numbers; the member is empty for a field by itself."""
        single = ((each.name, "") for each in self.fields if each.kind == "tckn")
        listed = ((each.name, member.name) for each in self.fields for member in each.members if member.kind == "tckn")
        return (*single, *listed)

    @cached_property
    def coded_fields(self) -> tuple[Field, ...]:
        """The fields, lists among them, that hold codes of a list."""
        return tuple(each for each in self.fields if each.code_list or any(m.code_list for m in each.members))

    @property
    def every_field(self) -> Iterator[tuple[str, Field]]:
        """(path, field) of all that is sent, members of lists after their list."""
        for each in self.fields:
            yield each.name, each
            yield from ((f"{each.name}.{member.name}", member) for member in each.members)

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
    problems = list(_problems(definition))
    if problems:
        raise Misconfigured(f"{path}: " + "; ".join(problems))
    return definition


def _build(raw: dict[str, Any], folder: Path) -> Definition:
    plain = ("veri_seti", "version", "status", "source", "title_tr", "title_en", "event_date", "signer")
    signed = raw.get("signed")
    return Definition(
        **{name: raw[name] for name in plain},
        published_on=raw["published_on"],
        in_force_from=raw["in_force_from"],
        in_force_until=raw.get("in_force_until"),
        metot=tuple(raw["metot"]),
        pairs=tuple(_split_path(path) for path in raw["pairs"]),
        fields=_fields(raw["field"]),
        limits=_limits(raw),
        signed=_signed(signed) if signed else None,
        carried={metot: (_limits(each), _signed(each["signed"])) for metot, each in raw.get("carried", {}).items()},
        code_lists={path.stem: read_code_list(path) for path in sorted((folder / "kodlar").glob("*.csv"))},
        local=_fields(raw.get("local", [])),
        at_sending=tuple(raw.get("at_sending", ())),
        by_choice=raw.get("by_choice", False),
        health=raw.get("health", False),
        open_lists=frozenset(raw.get("open_lists", ())),
        schema=_schema_of(folder, raw["veri_seti"], raw["version"]),
    )


def _limits(raw: dict[str, Any]) -> dict[str, Limit]:
    return {name: Limit(**limit) for name, limit in raw.get("limits", {}).items()}


def _signed(raw: dict[str, Any]) -> SignedForm:
    minutes = raw.get("minutes", MINUTES_FORMS[0])
    return SignedForm(raw["root"], raw["record"], tuple(raw["order"]), raw.get("sort", {}), minutes)


def _schema_of(folder: Path, veri_seti: str, version: str) -> Path | None:
    """The XSD of the record: under ``schemas/`` for a published version, beside the definition for an announced one."""
    beside = folder / "kayit.xsd"
    if beside.exists():
        return beside
    try:
        is_published = published("datasets").resolve() in folder.resolve().parents
        return published("schemas", veri_seti, version, "kayit.xsd") if is_published else None
    except Misconfigured:
        return None


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
            unit=row.get("unit", ""),
            source=row.get("source", ""),
            tr=row.get("tr", ""),
            en=row.get("en", ""),
            sensitive=row.get("sensitive", False),
            wire={name: Wire(*each) for name, each in row.get("wire", {}).items()},
        )
        for row in rows
        if row.get("in") == inside
    )


def _problems(definition: Definition) -> Iterator[str]:
    if definition.status not in STATUSES:
        yield f"unknown status {definition.status!r}"
    for each in (*(each for _, each in definition.every_field), *definition.local):
        if each.kind not in KINDS:
            yield f"field {each.name}: unknown kind {each.kind!r}"
        if each.kind in LISTED and each.code_list not in definition.code_lists:
            yield f"field {each.name}: no code list {each.code_list!r} in kodlar/"
    free = [m.name for each in definition.fields for m in each.members if m.kind in ("text", "codes", "list")]
    yield from (f"field {name}: inside a list only plain values can be rendered" for name in free)
    names = set(definition.field_by_name)
    for name in sorted({definition.event_date, definition.signer} - names):
        yield f"{name!r} is named as signer or day of the event, and is no field"
    for signed in filter(None, (definition.signed, *(signed for _, signed in definition.carried.values()))):
        yield from (f"signed form names {name!r}, which is no field" for name in sorted(signed.names - names))
        if signed.minutes not in MINUTES_FORMS:
            yield f"signed form writes minutes as {signed.minutes!r}, which nobody here can"
    strange = sorted(set(definition.carried) - set(definition.metot))
    yield from (f"carried.{metot}, which is no metot of it" for metot in strange)
    if definition.metot and not definition.signed:
        yield "a metot is named, and nothing says what is signed"
