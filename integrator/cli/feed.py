"""`feed`: every change of the messages in the order in which it was committed, from a cursor on."""

from __future__ import annotations

import click

from integrator import feed as changes
from integrator.cli.output import home_option, json_option, language, local, print_json, print_table, say
from integrator.domain.advice import word
from integrator.domain.identifiers import KurumNo
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.wiring import open_store


@click.command()
@click.option("--after", default="0", help="Where to go on: the `next` of the call before.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100)
@home_option
@json_option
def feed(settings: Settings, after: str, limit: int, as_json: bool) -> None:
    """What became of every message, oldest first; nothing of its content."""
    kurum = KurumNo(settings.gateway.kurum)
    with reading(open_store(settings)) as tx:
        found = changes.read_changes(tx, kurum, after=changes.find_cursor(tx, kurum, after), limit=limit)
    following = found[-1].told_cursor if found else after
    if as_json:
        print_json({"changes": [changes.tell_change(each) for each in found], "next": following})
        return
    headings = (
        say("ne zaman", "when"),
        "kayıt",
        "bildirim",
        say("önce", "from"),
        say("durum", "state"),
        say("kod", "code"),
    )
    print_table(say("Değişiklikler", "Changes"), headings, [_row(each) for each in found])
    click.echo(say(f"Devamı: ibys feed --after {following}", f"To go on: ibys feed --after {following}"))


def _row(change: changes.Change) -> tuple[object, ...]:
    states = [word(each, language()) if each else "-" for each in (change.was, change.state)]
    return (
        local(change.at),
        change.kayit_no,
        change.sorgu_no or "-",
        *states,
        change.code or change.corrected_by or "-",
    )


COMMANDS = [feed]
