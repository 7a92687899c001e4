"""Keys in an operator's hands: `ibys keys show` and `ibys keys rotate`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from integrator.audit.checkpoint import write_checkpoint_file
from integrator.cli.output import home_option, json_option, local, name_of, name_option, print_json, say
from integrator.gateway import Gateway
from integrator.keeping.log_key import replace_log_key
from integrator.keeping.rotating import LEASES_TO_WAIT, replace_data_keys, replace_master, reseal
from integrator.noticing import Seen, in_use
from integrator.protect.master import FileMaster
from integrator.settings import Settings
from integrator.wiring import open_gateway

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(name="keys")
def keys_group() -> None:
    """Data keys, the master key and the log's key: how they stand, and new ones for old."""


@keys_group.command()
@home_option
@json_option
def show(settings: Settings, as_json: bool) -> None:
    """How many customers have keys, and which old ones wait to be destroyed."""
    gateway = open_gateway(settings, sending=False)
    facts = _facts(gateway)
    if as_json:
        print_json(facts)
        return
    click.echo(say(f"{facts['kurum']} müşterinin anahtarı var.", f"{facts['kurum']} customer(s) have keys."))
    for each in facts["replaced"]:
        told = f"{each['kurum']} {each['purpose']} {each['key_no']}"
        click.echo(say(f"  eski: {told}, {local(each['since'])}", f"  old: {told}, since {local(each['since'])}"))


def _facts(gateway: Gateway) -> dict[str, Any]:
    old = [
        {"kurum": kurum, "purpose": row.purpose, "key_no": row.key_no, "since": row.replaced_at}
        for kurum, rows in gateway.keyring.replaced().items()
        for row in rows
    ]
    return {"kurum": len(gateway.keyring.kurum_list()), "replaced": old}


@keys_group.command()
@click.option("--data", is_flag=True, help="New data keys for every customer; old values follow.")
@click.option("--master", is_flag=True, help="A new master key; all data keys are wrapped anew at once.")
@click.option("--log", is_flag=True, help="A new key for the audit log's checkpoints; the old one signs it in.")
@click.option("--go-on", is_flag=True, help="Only go on with old values, as the worker does by itself.")
@click.option("--from-file", type=FILE, help="With --master: the key file used so far, when the settings name another.")
@click.option("--reason", default="", help="Kept in the audit log.")
@name_option
@home_option
@json_option
def rotate(
    settings: Settings,
    data: bool,
    master: bool,
    log: bool,
    go_on: bool,
    from_file: Path | None,
    reason: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Replace keys while everything runs. What a run leaves undone, the worker or the same command does."""
    if not (data or master or log or go_on) or (from_file and not master):
        wanted = ("--data, --master, --log ya da --go-on gerekli", "--data, --master, --log or --go-on is wanted")
        raise click.UsageError(say(*wanted))
    gateway = open_gateway(settings, sending=False, check_master=not from_file)
    done: dict[str, Any] = {}
    if master:
        old = FileMaster(from_file) if from_file else None
        done["wrapped"] = replace_master(gateway, reason=reason, by=name_of(by), old=old)
    if log:
        done["log_checkpoint"] = _replace_log_key(gateway, settings, reason=reason, by=name_of(by))
    if data:
        done["data_keys"] = replace_data_keys(gateway, reason=reason, by=name_of(by))
    resealed = reseal(gateway)
    done |= {"resealed": resealed.values, "retired": resealed.retired, "old_keys_left": resealed.left}
    if as_json:
        print_json(done)
        return
    for name, value in done.items():
        click.echo(f"  {name:14} {value}")
    if resealed.left:
        wait = LEASES_TO_WAIT * gateway.pace.lease
        click.echo(
            say(
                f"Eski anahtarlar {wait} sonra, onları anan değer kalmayınca yok edilir (worker ya da --go-on).",
                f"Old keys are destroyed after {wait}, when nothing names them (by the worker, or --go-on).",
            )
        )


def _replace_log_key(gateway: Gateway, settings: Settings, *, reason: str, by: str) -> int:
    """Returns the size of the checkpoint that both keys signed."""
    path = settings.path(settings.keys.checkpoint_key_file)
    made = replace_log_key(gateway, path, partial(_in_use, settings, gateway), reason=reason, by=by)
    write_checkpoint_file(settings.home / "checkpoints", *made)
    return made[0]


def _in_use(settings: Settings, gateway: Gateway, secret: bytes) -> Seen:
    return in_use(settings, gateway.catalogue, key=secret)


COMMANDS = [keys_group]
