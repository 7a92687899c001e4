"""The published veri setleri: `veri-seti list | show | diff | changes` (`impact` stands in its own file)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.changes import Change, read_changes
from integrator.catalogue.definitions import Definition, Field, read_definition
from integrator.catalogue.differences import differences
from integrator.cli.output import json_option, language, print_json, print_table, say
from integrator.domain.clock import ISTANBUL, SystemClock
from integrator.domain.errors import UnknownVeriSeti
from integrator.domain.findings import seen

_STATUS = {"official": "resmî", "assumed": "varsayım", "draft": "taslak"}


@click.group(name="veri-seti")
def veri_seti_group() -> None:
    """The published veri setleri: versions, what changed between two, and what an announced one would do."""


def _today() -> date:
    return SystemClock().now().astimezone(ISTANBUL).date()


def named_definition(named: str) -> Definition:
    """``egitim/2018-10``, a bare veri seti (its newest version), or a folder that holds a veri_seti.toml."""
    folder = Path(named)
    if (folder / "veri_seti.toml").is_file():
        return read_definition(folder)
    veri_seti, _, version = named.partition("/")
    catalogue = read_catalogue()
    try:
        return catalogue.definition(veri_seti, version) if version else catalogue.newest(veri_seti)
    except UnknownVeriSeti:
        raise UnknownVeriSeti(f"{seen(named)}: {_known()}") from None


def _known() -> str:
    return ", ".join(f"{each.veri_seti}/{each.version}" for each in read_catalogue().definitions)


def _status(definition: Definition) -> str:
    return say(_STATUS[definition.status], definition.status)


def _day(day: date | None) -> str:
    return "-" if day is None else say(f"{day:%d.%m.%Y}", day.isoformat())


def _state(definition: Definition, today: date) -> tuple[str, str]:
    """(for machines, for people): in force, announced, ended, or by choice only."""
    if definition.in_force_from > today:
        return "announced", say("yürürlüğe girecek", "announced")
    if not definition.in_force_on(today):
        return "ended", say("yürürlükten kalktı", "ended")
    if definition.by_choice:
        return "by_choice", say("seçilirse", "by choice")
    return "in_force", say("yürürlükte", "in force")


def _facts(definition: Definition, today: date) -> dict[str, Any]:
    return {
        "veri_seti": definition.veri_seti,
        "version": definition.version,
        "title": say(definition.title_tr, definition.title_en),
        "status": definition.status,
        "source": definition.source,
        "published_on": definition.published_on,
        "in_force_from": definition.in_force_from,
        "in_force_until": definition.in_force_until,
        "state": _state(definition, today)[0],
        "metot": list(definition.metot),
    }


@veri_seti_group.command(name="list")
@json_option
def list_versions(as_json: bool) -> None:
    """Every version with its status, its source and the days on which it is in force."""
    today, definitions = _today(), read_catalogue().definitions
    if as_json:
        print_json({"definitions": [_facts(each, today) for each in definitions]})
        return
    rows = [
        (
            f"{each.veri_seti}/{each.version}",
            _status(each),
            f"{_day(each.in_force_from)} ... {_day(each.in_force_until)}",
            _state(each, today)[1],
            ", ".join(each.metot) or "-",
        )
        for each in definitions
    ]
    headings = (
        say("veri seti", "veri seti"),
        say("dayanak", "status"),
        say("olay tarihi", "day of the event"),
        say("bugün", "today"),
        "metot",
    )
    print_table(say("Veri setleri", "Veri setleri"), headings, rows)
    for each in definitions:
        click.echo(f"{each.veri_seti}/{each.version}: {each.source}")


@veri_seti_group.command()
@click.argument("named", metavar="VERI_SETI[/VERSION]")
@json_option
def show(named: str, as_json: bool) -> None:
    """The fields of one version: kind, length, unit, code list, compulsory or not, name on the wire, clause."""
    definition = named_definition(named)
    if as_json:
        fields = [_field_facts(path, field) for path, field in definition.every_field]
        local = [_field_facts(f"yerel.{field.name}", field) for field in definition.local]
        lists = {name: len(codes) for name, codes in definition.code_lists.items()}
        more = {"limits": {name: limit.max for name, limit in definition.limits.items()}, "code_lists": lists}
        print_json({**_facts(definition, _today()), "fields": fields, "local": local, **more})
        return
    click.echo(f"{definition.veri_seti}/{definition.version}  {say(definition.title_tr, definition.title_en)}")
    status = _status(definition)
    click.echo(say(f"Dayanak: {status}. Kaynak: ", f"Status: {status}. Source: ") + definition.source)
    for path, field in [*definition.every_field, *((f"yerel.{each.name}", each) for each in definition.local)]:
        click.echo(f"\n{path}  {say(field.tr, field.en)}")
        click.echo(f"    {_field_line(field)}")
        for generation, wire in field.wire.items():
            click.echo(f"    {generation}: {wire.name} ({wire.type})")
        click.echo(f"    [{field.source}]")
    for name, limit in definition.limits.items():
        click.echo(say(f"\nBir iletide en çok {limit.max} {name}.", f"\nAt most {limit.max} {name} in one message."))


def _field_facts(path: str, field: Field) -> dict[str, Any]:
    what, length = field.form
    return {
        "path": path,
        "title": say(field.tr, field.en),
        "kind": field.kind,
        "form": what,
        "length": length,
        "unit": field.unit,
        "compulsory": field.required,
        "code_list": field.code_list,
        "wire": {generation: {"name": each.name, "type": each.type} for generation, each in field.wire.items()},
        "clause": field.source,
    }


def _field_line(field: Field) -> str:
    what, length = field.form
    needed = say("zorunlu", "compulsory") if field.required else say("isteğe bağlı", "optional")
    listed = say(f"kod listesi {field.code_list}", f"code list {field.code_list}") if field.code_list else ""
    return ", ".join(filter(None, (f"{what} ({length})" if length else what, field.unit, needed, listed)))


@veri_seti_group.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@json_option
def diff(before: str, after: str, as_json: bool) -> None:
    """What changed from version A to version B (VERI_SETI/VERSION, or a folder with a veri_seti.toml), in words."""
    old, new = named_definition(before), named_definition(after)
    found = differences(old, new)
    if as_json:
        changes = [{"code": each.code, "path": each.path, "tr": each.tr, "en": each.en} for each in found]
        print_json(
            {"from": f"{old.veri_seti}/{old.version}", "to": f"{new.veri_seti}/{new.version}", "changes": changes}
        )
        return
    click.echo(f"{say(new.title_tr, new.title_en)}: {old.version} → {new.version} [{_status(new)}]")
    for each in found:
        click.echo(f"  • {each.sentence(language())}")
    if not found:
        click.echo(say("  Hiçbir şey değişmedi.", "  Nothing changed."))


@veri_seti_group.command()
@click.option("--on", "on", default=None, type=click.DateTime(["%Y-%m-%d"]), help="As of another day.")
@json_option
def changes(on: Any, as_json: bool) -> None:
    """The change register: what was announced or seen, and how many of the 30 calendar days are left."""
    today, rows = on.date() if on else _today(), read_changes()
    if as_json:
        print_json({"today": today, "changes": [change_facts(each, today) for each in rows]})
        return
    for each in rows:
        print_change(each, today)


def change_facts(change: Change, today: date) -> dict[str, Any]:
    """One row for machines."""
    return {
        "no": change.no,
        "kind": change.kind,
        "announced": change.announced,
        "published_on": change.published_on,
        "due": change.due if change.announced else None,
        "effective_from": change.effective_from,
        "done_on": change.done_on,
        "state": change.state(today),
        "days_left": change.days_left(today),
        "veri_seti": change.veri_seti,
        "tr": change.tr,
        "en": change.en,
        "source": change.source,
    }


def print_change(change: Change, today: date) -> None:
    """One row for people."""
    states: Mapping[str, tuple[str, str]] = {
        "done": ("uyuldu", "done"),
        "seen": ("görüldü, resmî metni yok", "seen, no official text"),
        "overdue": ("SÜRESİ GEÇTİ", "OVERDUE"),
        "open": ("açık", "open"),
    }
    state = change.state(today)
    left = change.days_left(today)
    clock = (
        ""
        if left is None
        else say(f", {left} gün kaldı ({_day(change.due)})", f", {left} days left ({_day(change.due)})")
    )
    click.echo(f"{change.no}  {_day(change.published_on)}  {say(*states.get(state, (state, state)))}{clock}")
    click.echo(f"    {say(change.tr, change.en)}  [{change.source}]")


COMMANDS = [veri_seti_group]
