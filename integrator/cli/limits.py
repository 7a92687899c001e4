"""What each customer may do by the API: read, and set apart from the settings."""

from __future__ import annotations

from typing import Any

import click

from integrator import limiting
from integrator.cli.output import home_option, json_option, name_of, name_option, print_json, print_table, say
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import KurumNo
from integrator.domain.limits import NAMES, Counted
from integrator.gateway import Gateway
from integrator.settings import Settings
from integrator.wiring import open_gateway


@click.group(name="limits")
def limits_group() -> None:
    """How often a customer may call, and how much of it a day."""


@limits_group.command()
@click.option("--kurum", default=None, help="Whose limits; this home's customer when not given.")
@home_option
@json_option
def show(settings: Settings, kurum: str | None, as_json: bool) -> None:
    """The limits of a customer, and what it has used today."""
    _show(open_gateway(settings, sending=False), settings, _owner(settings, kurum), as_json=as_json)


@limits_group.command(name="set")
@click.argument("limits", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--reason", required=True, help="Kept in the audit log.")
@click.option("--kurum", default=None)
@name_option
@home_option
@json_option
def set_some(
    settings: Settings, limits: tuple[str, ...], reason: str, kurum: str | None, by: str | None, as_json: bool
) -> None:
    """Set limits for one customer: records_a_day=5000; 0 is no bound, an empty value the settings' own again."""
    gateway, owner = open_gateway(settings, sending=False), _owner(settings, kurum)
    limiting.set_limits(gateway, owner, dict(map(_limit, limits)), reason=reason, by=name_of(by))
    _show(gateway, settings, owner, as_json=as_json)


def _limit(told: str) -> tuple[str, float | None]:
    name, sign, value = told.partition("=")
    try:
        number = float(value) if value else None
    except ValueError:
        number = -1
    if name not in NAMES or not sign or number == -1:
        raise Malformed(f"{told!r}: NAME=VALUE is wanted, NAME one of {', '.join(NAMES)}")
    return name, number


def _show(gateway: Gateway, settings: Settings, kurum: KurumNo, *, as_json: bool) -> None:
    found, used = limiting.read_limits(gateway, kurum, settings.limits)
    told: dict[str, Any] = {name: getattr(found, name) for name in NAMES}
    if as_json:
        print_json({"kurum": kurum, "limits": told, "used_today": {each.value: used.get(each, 0) for each in Counted}})
        return
    rows = [(name, told[name] or "-", used.get(name.removesuffix("_a_day"), "")) for name in NAMES]
    headings = (say("sınır", "limit"), say("değer", "value"), say("bugün kullanılan", "used today"))
    print_table(say(f"{kurum}: sınırlar", f"{kurum}: limits"), headings, rows)


def _owner(settings: Settings, kurum: str | None) -> KurumNo:
    return KurumNo(kurum or settings.gateway.kurum)


COMMANDS = [limits_group]
