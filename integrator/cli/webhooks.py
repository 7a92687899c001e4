"""`ibys webhook`: addresses to which a customer's changes are pushed. The worker pushes; here only `test` does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from integrator.cli.output import home_option, json_option, local, name_of, name_option, print_json, print_table, say
from integrator.domain.clock import ISTANBUL
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.webhooks import endpoints, hands
from integrator.webhooks.endpoints import Webhook
from integrator.webhooks.hands import Wanted
from integrator.webhooks.telling import tell_attempt, tell_webhook
from integrator.wiring import open_gateway, webhook_terms

_kurum_option = click.option("--kurum", default=None, help="Whose it is; this home's customer when not given.")
_reason_option = click.option("--reason", required=True, help="Why: one line, kept in the audit log.")


@click.group(name="webhook")
def webhook_group() -> None:
    """Addresses to which the changes of a customer are pushed, signed."""


def _command(name: str) -> Callable[..., Any]:
    """A command of the group, on a home, with ``--kurum`` and ``--json``."""

    def made(function: Callable[..., Any]) -> Any:
        return webhook_group.command(name=name)(_kurum_option(home_option(json_option(function))))

    return made


@_command("make")
@click.argument("address")
@click.option("--name", required=True, help="What it is for; stands in the audit log.")
@click.option("--event", "events", multiple=True, help="A type of message; may be repeated. Without it: all.")
@name_option
def make(
    settings: Settings,
    address: str,
    name: str,
    events: tuple[str, ...],
    by: str | None,
    kurum: str | None,
    as_json: bool,
) -> None:
    """Push what happens from now on to ADDRESS. The secret is shown once, here, and can be read nowhere again."""
    gateway, wanted = open_gateway(settings, sending=False), Wanted(name, address, events)
    made, secret = hands.make_webhook(gateway, webhook_terms(settings), _owner(settings, kurum), wanted, by=name_of(by))
    _print_secret(gateway, made, secret, as_json=as_json)


@_command("list")
def list_webhooks(settings: Settings, kurum: str | None, as_json: bool) -> None:
    """Every webhook: where it leads, how it stands, when something was taken there last. No secrets."""
    gateway = open_gateway(settings, sending=False)
    with reading(gateway.database) as tx:
        found = endpoints.read_all(tx, _owner(settings, kurum))
    if as_json:
        print_json({"webhooks": [tell_webhook(gateway, each) for each in found]})
        return
    headings = ("no", say("ad", "name"), say("durum", "state"), say("neden", "why"), say("son alınan", "taken last"))
    rows = [(each.webhook_no, each.name, each.state, each.reason or "-", local(each.taken_at)) for each in found]
    print_table("webhook", headings, rows)


@_command("test")
@click.argument("webhook_no")
def test(settings: Settings, webhook_no: str, kurum: str | None, as_json: bool) -> int:
    """Send one message of type `webhook.test` now, and tell what came of it. Exit code 4: it was not taken."""
    gateway = open_gateway(settings, sending=False)
    answer = hands.try_webhook(gateway, webhook_terms(settings), _owner(settings, kurum), webhook_no)
    told = answer.attempt
    if as_json:
        print_json({"taken": answer.is_taken, **tell_attempt(told)})
    else:
        taken = say("alındı", "taken") if answer.is_taken else say("alınmadı", "not taken")
        click.echo(f"{taken}: HTTP {told.status} {told.code} ({told.elapsed_ms} ms)")
    return 0 if answer.is_taken else 4


@_command("replay")
@click.argument("webhook_no")
@click.option("--after", default=None, help="A cursor of the feed: what lies behind it is pushed anew.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Or a time, as in Turkey.")
@_reason_option
@name_option
def replay(
    settings: Settings,
    webhook_no: str,
    after: str | None,
    since: datetime | None,
    reason: str,
    by: str | None,
    kurum: str | None,
    as_json: bool,
) -> None:
    """Push anew what went to WEBHOOK_NO before: in order, under the same ids."""
    if (after is None) == (since is None):
        raise click.UsageError(say("--after ya da --since gerekli", "one of --after and --since is needed"))
    place = after if after is not None else _moment(since)
    gateway, owner = open_gateway(settings, sending=False), _owner(settings, kurum)
    _print(
        gateway, hands.replay(gateway, owner, webhook_no, since=place, reason=reason, by=name_of(by)), as_json=as_json
    )


@_command("disable")
@click.argument("webhook_no")
@_reason_option
@name_option
def disable(settings: Settings, webhook_no: str, reason: str, by: str | None, kurum: str | None, as_json: bool) -> None:
    """Push nothing to WEBHOOK_NO until it is enabled again; the feed is kept for it."""
    gateway, owner = open_gateway(settings, sending=False), _owner(settings, kurum)
    found = hands.disable_webhook(gateway, owner, webhook_no, reason=reason, by=name_of(by))
    _print(gateway, found, as_json=as_json)


@_command("enable")
@click.argument("webhook_no")
@_reason_option
@name_option
def enable(settings: Settings, webhook_no: str, reason: str, by: str | None, kurum: str | None, as_json: bool) -> None:
    """WEBHOOK_NO goes on where it stood: what happened meanwhile is pushed first."""
    gateway, owner = open_gateway(settings, sending=False), _owner(settings, kurum)
    found = hands.enable_webhook(gateway, owner, webhook_no, reason=reason, by=name_of(by))
    _print(gateway, found, as_json=as_json)


@_command("rotate")
@click.argument("webhook_no")
@click.option("--overlap-hours", type=click.IntRange(0, 720), default=24, help="How long the old one signs as well.")
@name_option
def rotate(
    settings: Settings, webhook_no: str, overlap_hours: int, by: str | None, kurum: str | None, as_json: bool
) -> None:
    """A new secret for WEBHOOK_NO, shown once, here; the old one signs beside it for a while."""
    gateway, owner = open_gateway(settings, sending=False), _owner(settings, kurum)
    overlap = timedelta(hours=overlap_hours)
    found, secret = hands.rotate_secret(gateway, owner, webhook_no, overlap=overlap, by=name_of(by))
    _print_secret(gateway, found, secret, as_json=as_json)


@_command("delete")
@click.argument("webhook_no")
@name_option
def delete(settings: Settings, webhook_no: str, by: str | None, kurum: str | None, as_json: bool) -> None:
    """Take WEBHOOK_NO away, with its secret."""
    gateway, owner = open_gateway(settings, sending=False), _owner(settings, kurum)
    hands.delete_webhook(gateway, owner, webhook_no, by=name_of(by))
    print_json({"deleted": webhook_no}) if as_json else click.echo(
        say(f"Silindi: {webhook_no}", f"Deleted: {webhook_no}")
    )


def _owner(settings: Settings, kurum: str | None) -> KurumNo:
    return KurumNo(kurum or settings.gateway.kurum)


def _moment(since: datetime | None) -> datetime:
    assert since is not None
    return since.replace(tzinfo=ISTANBUL).astimezone(UTC)


def _print(gateway: Gateway, found: Webhook, *, as_json: bool) -> None:
    if as_json:
        print_json(tell_webhook(gateway, found))
    else:
        click.echo(f"{found.webhook_no}: {found.state} {found.reason}".rstrip())


def _print_secret(gateway: Gateway, found: Webhook, secret: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**tell_webhook(gateway, found), "secret": secret})
        return
    click.echo(f"{found.webhook_no}  {secret}")
    click.echo(say("Bir daha gösterilmez: şimdi saklayın.", "It is not shown again: keep it now."), err=True)


COMMANDS = [webhook_group]
