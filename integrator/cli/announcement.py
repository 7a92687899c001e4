"""Announcements to persons (circular 7e): `announcement add | list | show | acknowledge | receipts`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from integrator.announcing import (
    Duyuru,
    Heard,
    Target,
    acknowledge,
    announce,
    read_receipts,
    show_to,
)
from integrator.cli.output import home_option, json_option, name_of, name_option, print_json, print_table, say
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.settings import Settings
from integrator.wiring import open_gateway

_kurum_option = click.option("--kurum", default=None, help="The customer; by default gateway.kurum.")


@click.group(name="announcement")
def announcement_group() -> None:
    """What the ministry, or you, announce to persons at the customers, and who acknowledged it."""


@announcement_group.command()
@click.argument("no")
@click.option("--title", required=True)
@click.option("--text", "body", required=True)
@click.option("--published-on", type=click.DateTime(["%Y-%m-%d"]), help="Shown from this day on; by default today.")
@click.option("--must-acknowledge", is_flag=True, help="Each person is to say by name that they read it.")
@click.option("--role", "roles", multiple=True, type=click.Choice([each.value for each in Role]), help="Whom.")
@click.option("--to", "kurumlar", multiple=True, metavar="KURUM", help="Which customers; by default all.")
@click.option("--il", "iller", multiple=True, type=click.IntRange(1, 81), help="Who has workplaces in a province.")
@name_option
@home_option
@json_option
def add(settings: Settings, no: str, by: str | None, as_json: bool, **told: Any) -> None:
    """Put an announcement in under the NO of its source. The same again changes nothing."""
    gateway = open_gateway(settings, sending=False)
    named: datetime | None = told["published_on"]
    day = named.date() if named else gateway.clock.now().astimezone(ISTANBUL).date()
    target = Target(tuple(map(Role, told["roles"])), told["kurumlar"], told["iller"])
    made = Duyuru(no, told["title"], told["body"], day, target, told["must_acknowledge"])
    is_new = announce(gateway, made, by=name_of(by))
    if as_json:
        print_json({"no": no, "new": is_new})
    else:
        click.echo(say("Duyuruldu." if is_new else "Zaten vardı.", "Announced." if is_new else "It was here already."))


@announcement_group.command(name="list")
@_kurum_option
@name_option
@home_option
@json_option
def list_mine(settings: Settings, kurum: str | None, by: str | None, as_json: bool) -> None:
    """The announcements that concern a customer. That they were shown to you is kept."""
    heard = _heard(settings, kurum, by)
    if as_json:
        print_json({"announcements": [_told(each) for each in heard]})
        return
    rows = [(each.duyuru.no, each.duyuru.published_on, each.duyuru.title, _state(each)) for each in heard]
    print_table(say("Duyurular", "Announcements"), ("no", say("gün", "day"), say("başlık", "title"), ""), rows)


@announcement_group.command()
@click.argument("no")
@_kurum_option
@name_option
@home_option
@json_option
def show(settings: Settings, no: str, kurum: str | None, by: str | None, as_json: bool) -> None:
    """One announcement in full, and whether you acknowledged it."""
    heard = next((each for each in _heard(settings, kurum, by) if each.duyuru.no == no), None)
    if heard is None:
        raise NotFound("no announcement of that number concerns you")
    if as_json:
        print_json(_told(heard))
        return
    click.echo(f"{heard.duyuru.title}  ({heard.duyuru.published_on}, {_state(heard)})\n\n{heard.duyuru.body}")


@announcement_group.command(name="acknowledge")
@click.argument("no")
@_kurum_option
@name_option
@home_option
@json_option
def acknowledge_one(settings: Settings, no: str, kurum: str | None, by: str | None, as_json: bool) -> None:
    """Say by name that you read the announcement NO; the first time counts."""
    gateway, owner = open_gateway(settings, sending=False), KurumNo(kurum or settings.gateway.kurum)
    heard = acknowledge(gateway, owner, None, no, name_of(by))
    print_json(_told(heard)) if as_json else click.echo(_state(heard))


@announcement_group.command()
@click.argument("no")
@home_option
@json_option
def receipts(settings: Settings, no: str, as_json: bool) -> None:
    """Who saw the announcement NO, and who acknowledged it, of every customer."""
    found = read_receipts(open_gateway(settings, sending=False), no)
    if as_json:
        names = ("kurum", "person", "role", "seen_at", "acknowledged_at")
        print_json({"no": no, "receipts": [{name: getattr(each, name) for name in names} for each in found]})
        return
    rows = [(e.kurum, e.person, e.role or "-", e.seen_at.date(), e.acknowledged_at or "-") for e in found]
    headings = (
        say("kurum", "kurum"),
        say("kişi", "person"),
        say("rol", "role"),
        say("gördü", "saw"),
        say("onay", "ack"),
    )
    print_table(say("Alındılar", "Receipts"), headings, rows)


def _heard(settings: Settings, kurum: str | None, by: str | None) -> list[Heard]:
    owner = KurumNo(kurum or settings.gateway.kurum)
    return show_to(open_gateway(settings, sending=False), owner, None, name_of(by))


def _state(heard: Heard) -> str:
    if heard.acknowledged_at:
        return say("onaylandı", "acknowledged")
    return say("onay bekliyor", "to be acknowledged") if heard.duyuru.must_acknowledge else ""


def _told(heard: Heard) -> dict[str, Any]:
    return {
        "no": heard.duyuru.no,
        "title": heard.duyuru.title,
        "text": heard.duyuru.body,
        "published_on": heard.duyuru.published_on,
        "must_acknowledge": heard.duyuru.must_acknowledge,
        "shown": heard.seen_at is not None,
        "acknowledged": heard.acknowledged_at is not None,
        "acknowledged_at": heard.acknowledged_at,
    }


COMMANDS = [announcement_group]
