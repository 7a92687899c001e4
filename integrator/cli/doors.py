"""The doors for programs: `serve` the API, and the keys that open it."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from integrator import access
from integrator.cli.output import home_option, json_option, name_of, name_option, print_json, print_table, say
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.log import set_up_log
from integrator.parties.api_keys import ApiKey
from integrator.settings import Settings
from integrator.wiring import caps, open_authority, open_gateway

if TYPE_CHECKING:
    from integrator.web.once import Keeps


@click.command()
@home_option
@json_option
def serve(settings: Settings, as_json: bool) -> None:
    """Serve the API until SIGTERM; calls under way are finished first. The log goes to stderr as JSON."""
    from integrator.web.app import create_app  # noqa: PLC0415 - FastAPI costs every other command a third of a second
    from integrator.web.server import listen, serve_app  # noqa: PLC0415

    set_up_log(level=settings.log.level)
    gateway = open_gateway(settings)  # it asks the ministry when somebody looks something up; it sends nothing
    authority = open_authority(settings)
    app = create_app(gateway, caps(settings), settings.home, authority, keeps=_keeps(settings))
    door = listen(settings.web)
    host, port = door.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def told() -> None:
        print_json({"address": address}) if as_json else click.echo(say(f"Açık: {address}", f"Open: {address}"))
        sys.stdout.flush()

    serve_app(app, settings.web, door, ready=told)


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
    kurum: str | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Make a key. Its token is shown once, here, and can be read nowhere again."""
    gateway, owner = open_gateway(settings, sending=False), _owner(settings, kurum)
    key, token = access.make_api_key(
        gateway, owner, Role(role), name, lives=timedelta(days=days), addresses=addresses, by=name_of(by)
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
    token = access.rotate_api_key(
        open_gateway(settings, sending=False), _owner(settings, kurum), key_no, overlap=overlap, by=name_of(by)
    )
    print_json({"token": token}) if as_json else _print_token(token)


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
    }


COMMANDS = [serve, api_key_group]
