"""The doors for programs: `serve` the API, and the keys that open it."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from integrator import access
from integrator.cli.output import (
    home_option,
    json_option,
    name_of,
    name_option,
    print_json,
    print_table,
    read_number,
    say,
)
from integrator.domain.errors import Misconfigured
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import NEVER_A_KEYS, Right, Role
from integrator.gauges import open_metrics
from integrator.log import set_up_log
from integrator.parties.api_keys import ApiKey
from integrator.settings import Settings
from integrator.tracing import trace_to
from integrator.wiring import caps, open_authority, open_gateway, people_rules, webhook_terms

RIGHTS = [each.value for each in Right if each not in NEVER_A_KEYS]

if TYPE_CHECKING:
    from integrator.web.once import Keeps


@click.command()
@click.option("--processes", type=click.IntRange(1, 64), default=1, help="How many serve; more than one: PostgreSQL.")
@click.option("--door", type=int, default=None, hidden=True, help="A socket that listens already: one of several.")
@home_option
@json_option
def serve(settings: Settings, processes: int, door: int | None, as_json: bool) -> None:
    """Serve the API until SIGTERM; calls under way are finished first. The log goes to stderr as JSON."""
    from integrator.web.processes import supervise  # noqa: PLC0415 - uvicorn costs every other command its start
    from integrator.web.server import listen  # noqa: PLC0415

    set_up_log(level=settings.log.level)
    if processes > 1 and not settings.store.database_url.startswith("postgresql"):
        raise Misconfigured("store.database_url: several processes want PostgreSQL")
    opened = socket.socket(fileno=door) if door is not None else listen(settings.web)

    def told() -> None:
        address = _address_of(opened)
        print_json({"address": address}) if as_json else click.echo(say(f"Açık: {address}", f"Open: {address}"))
        sys.stdout.flush()

    if processes > 1:
        command = [sys.executable, "-c", "from integrator.cli import main; main()", "serve"]
        supervise([*command, "--home", str(settings.home)], opened, processes, settings.web, ready=told)
    else:
        _serve(settings, opened, told)


def _serve(settings: Settings, door: socket.socket, ready: Callable[[], None]) -> None:
    from integrator.web.app import create_app  # noqa: PLC0415 - FastAPI costs every other command a third of a second
    from integrator.web.bounds import bounds_of  # noqa: PLC0415
    from integrator.web.server import serve_app  # noqa: PLC0415

    if settings.log.traces_to:
        trace_to(settings.log.traces_to)
    bounds = bounds_of(settings)
    gateway = open_gateway(
        settings, waits=settings.web.lock_seconds
    )  # it asks the ministry when somebody looks something up; it sends nothing
    if settings.web.metrics_port:
        open_metrics(gateway, settings.web.metrics_host, settings.web.metrics_port)
    app = create_app(
        gateway,
        caps(settings),
        settings.home,
        people_rules(settings),
        bounds=bounds,
        authority=open_authority(settings),
        keeps=_keeps(settings),
        webhook_terms=webhook_terms(settings),
    )
    serve_app(app, settings.web, bounds, door, ready=ready)


def _address_of(door: socket.socket) -> str:
    host, port = door.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _keeps(settings: Settings) -> Keeps:
    from integrator.web.once import Keeps  # noqa: PLC0415 - as above

    web, body = settings.web, 16 * caps(settings).record_bytes
    return Keeps(timedelta(hours=web.answers_kept_hours), web.answers_kept_at_most, body)


@click.group(name="api-key")
def api_key_group() -> None:
    """Keys by which programs call the API."""


@api_key_group.command()
@click.option("--role", type=click.Choice([each.value for each in Role]), default=Role.SYSTEM.value)
@click.option("--name", required=True, help="What the key is for; stands in the audit log.")
@click.option("--days", type=click.IntRange(1, 400), default=365, help="How long it lives.")
@click.option("--from", "addresses", multiple=True, help="A network it may be used from; may be repeated.")
@click.option("--right", "rights", multiple=True, type=click.Choice(RIGHTS), help="Only this of its role; repeatable.")
@click.option(
    "--professional",
    "number_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the identity number of the professional whose key it is.",
)
@click.option("--kurum", default=None, help="Whose key it is; this home's customer when not given.")
@name_option
@home_option
@json_option
def make(
    settings: Settings,
    role: str,
    name: str,
    days: int,
    addresses: tuple[str, ...],
    rights: tuple[str, ...],
    number_file: Path | None,
    kurum: str | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Make a key. Its token is shown once, here, and can be read nowhere again."""
    gateway, owner = open_gateway(settings, sending=False), _owner(settings, kurum)
    key, token = access.make_api_key(
        gateway,
        owner,
        Role(role),
        name,
        lives=timedelta(days=days),
        addresses=addresses,
        rights=[Right(each) for each in rights],
        professional=read_number(number_file) if number_file else None,
        by=name_of(by),
    )
    if as_json:
        print_json({**_shown(key), "token": token})
    else:
        _print_token(token)


@api_key_group.command(name="list")
@click.option("--kurum", default=None)
@home_option
@json_option
def list_keys(settings: Settings, kurum: str | None, as_json: bool) -> None:
    """Every key: for what, until when, when it was last used. No secrets."""
    found = access.read_api_keys(open_gateway(settings, sending=False), _owner(settings, kurum))
    if as_json:
        print_json({"keys": [_shown(each) for each in found]})
        return
    headings = ("no", say("rol", "role"), say("ad", "name"), say("bitiş", "until"), say("son kullanım", "last used"))
    rows = [
        (each.key_no, each.role, each.name, each.expires_at.date(), each.last_used_at or "-")
        if each.revoked_at is None
        else (each.key_no, each.role, each.name, say("kapatıldı", "revoked"), each.last_used_at or "-")
        for each in found
    ]
    print_table(say("API anahtarları", "API keys"), headings, rows)


@api_key_group.command()
@click.argument("key_no")
@click.option("--overlap-hours", type=click.IntRange(0, 720), default=24, help="How long the old one still opens.")
@click.option("--kurum", default=None)
@name_option
@home_option
@json_option
def rotate(
    settings: Settings, key_no: str, overlap_hours: int, kurum: str | None, by: str | None, as_json: bool
) -> None:
    """A new token in place of KEY_NO's, which still opens for a while."""
    overlap = timedelta(hours=overlap_hours)
    key, token = access.rotate_api_key(
        open_gateway(settings, sending=False), _owner(settings, kurum), key_no, overlap=overlap, by=name_of(by)
    )
    print_json({**_shown(key), "token": token}) if as_json else _print_token(token)


@api_key_group.command()
@click.argument("key_no")
@click.option("--reason", required=True, help="Kept in the audit log.")
@click.option("--kurum", default=None)
@name_option
@home_option
@json_option
def revoke(settings: Settings, key_no: str, reason: str, kurum: str | None, by: str | None, as_json: bool) -> None:
    """KEY_NO opens nothing from now on."""
    key = access.revoke_api_key(
        open_gateway(settings, sending=False), _owner(settings, kurum), key_no, reason=reason, by=name_of(by)
    )
    print_json(_shown(key)) if as_json else click.echo(say(f"Kapatıldı: {key_no}", f"Revoked: {key_no}"))


def _owner(settings: Settings, kurum: str | None) -> KurumNo:
    return KurumNo(kurum or settings.gateway.kurum)


def _print_token(token: str) -> None:
    click.echo(token)
    click.echo(say("Bir daha gösterilmez: şimdi saklayın.", "It is not shown again: keep it now."), err=True)


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "key_no": key.key_no,
        "kurum": key.kurum,
        "role": key.role.value,
        "name": key.name,
        "expires_at": key.expires_at.isoformat(),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "revoked": key.revoked_at is not None,
        "addresses": list(key.addresses),
        "rights": sorted(key.rights),
    }


COMMANDS = [serve, api_key_group]
