"""How long content is kept, and its end: `ibys retention` and `ibys erase`.

Identity numbers come from a file, never from the command line, where the shell would remember them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from integrator.cli.output import home_option, json_option, name_of, name_option, print_json, say
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import KurumNo, Tckn, is_tckn
from integrator.keeping import erasing
from integrator.keeping.classes import EVENTS, classes
from integrator.keeping.erasing import Certificate
from integrator.protect.files import write_whole
from integrator.settings import Settings
from integrator.wiring import open_gateway

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
reason_option = click.option("--reason", required=True, help="Kept in the audit log and on the certificate.")
records_option = click.option("--record", "records", multiple=True, help="Id of a record; without it, all of them.")


@click.group(name="retention")
def retention_group() -> None:
    """How long content is kept: classes, what is due, holds."""


@retention_group.command(name="classes")
@json_option
def list_classes(as_json: bool) -> None:
    """Every class: its sets, its years, the day they are counted from, and the source."""
    if as_json:
        listed = [(each.name, each.veri_seti, each.starts, each.years, each.source) for each in classes().values()]
        print_json(
            [dict(zip(("class", "veri_seti", "starts", "years", "source"), each, strict=True)) for each in listed]
        )
        return
    for each in classes().values():
        click.echo(f"{each.name:16} {each.years:3}  {each.starts:12} {', '.join(each.veri_seti)}  {each.source}")


@retention_group.command()
@home_option
@json_option
def due(settings: Settings, as_json: bool) -> None:
    """Records whose time is over; nothing is destroyed."""
    found = erasing.due(open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum))
    if as_json:
        print_json([{"kayit_no": each.kayit_no, "class": each.named, "ended_on": each.ends_on} for each in found])
        return
    for each in found:
        click.echo(f"{each.ends_on}  {each.named:16} {each.kayit_no}")
    click.echo(say(f"{len(found)} kaydın süresi doldu.", f"The time of {len(found)} record(s) is over."))


@retention_group.command()
@reason_option
@name_option
@home_option
@json_option
def erase(settings: Settings, reason: str, by: str | None, as_json: bool) -> None:
    """Destroy the content of every record whose time is over; one certificate for each class."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    _print(settings, erasing.erase_due(gateway, kurum, reason=reason, by=name_of(by)), as_json)


@retention_group.command()
@click.argument("name", metavar="EVENT", type=click.Choice(EVENTS))
@click.option("--person", type=FILE, required=True, help="A file with the worker's identity number.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), required=True)
@name_option
@home_option
@json_option
def event(settings: Settings, name: str, person: Path, on: datetime, by: str | None, as_json: bool) -> None:
    """Tell from which day a worker's records are counted: leaving, exposure, exposure_end."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    erasing.tell_event(gateway, kurum, _person(person), name, on.date(), by=name_of(by))
    print_json({"event": name, "on": on.date()}) if as_json else click.echo(f"{name} {on:%Y-%m-%d}")


@retention_group.command()
@records_option
@click.option("--lift", is_flag=True, help="End the hold.")
@reason_option
@name_option
@home_option
@json_option
def hold(settings: Settings, records: tuple[str, ...], lift: bool, reason: str, by: str | None, as_json: bool) -> None:
    """Keep records, or all of this customer's, whatever their time: a court, an inspection."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    act = erasing.lift_hold if lift else erasing.place_hold
    act(gateway, kurum, records, reason=reason, by=name_of(by))
    print_json({"held": not lift, "records": list(records)}) if as_json else click.echo(", ".join(records) or kurum)


@click.command(name="erase")
@click.option("--person", type=FILE, required=True, help="A file with the worker's identity number.")
@click.option("--class", "named", type=click.Choice(list(classes())), required=True)
@click.option("--early", is_flag=True, help="Although the time is not over: only where no law makes us keep it.")
@reason_option
@name_option
@home_option
@json_option
def erase_person(
    settings: Settings, person: Path, named: str, early: bool, reason: str, by: str | None, as_json: bool
) -> None:
    """Destroy the content of one worker's records of a class. What must stay is told on the certificate."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    of = _person(person)
    made = erasing.erase_person(gateway, kurum, of, named, reason=reason, by=name_of(by), early=early)
    _print(settings, [made], as_json)


def _person(path: Path) -> Tckn:
    number = path.read_text(encoding="utf-8").strip()
    if not is_tckn(number):
        raise Malformed(f"{path}: one identity number with right check digits is wanted")
    return Tckn(number)


def _print(settings: Settings, several: Sequence[Certificate], as_json: bool) -> None:
    """Certificates go to files beside the database too; `ibys restore --destroyed` takes the JSON."""
    for each in several:
        path = settings.home / "destroyed" / f"{each.number:06}"
        document = json.dumps(each.document, ensure_ascii=False, indent=1, sort_keys=True)
        write_whole(path.with_suffix(".json"), document.encode())
        write_whole(path.with_suffix(".txt"), each.text.encode())
    if as_json:
        print_json([each.document for each in several])
        return
    for each in several:
        click.echo(each.text)
    if not several:
        click.echo(say("Süresi dolan kayıt yok.", "Nothing is due."))


COMMANDS = [retention_group, erase_person]
