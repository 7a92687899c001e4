"""Code lists that no service serves: `codes load`, and what became of every list's codes: `codes history`."""

from __future__ import annotations

from pathlib import Path

import click

from integrator import acts
from integrator.catalogue.codes import history_of, read_list_file
from integrator.cli.home import codes_group
from integrator.cli.output import home_option, json_option, print_json, say
from integrator.domain.clock import ISTANBUL
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.wiring import open_gateway, open_store


@codes_group.command(name="load")
@click.argument("list_name", metavar="LIST")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@home_option
@json_option
def load(settings: Settings, list_name: str, file: Path, as_json: bool) -> None:
    """Take a code LIST (occupations: meslek) from a CSV with columns kod and ad; what changed is kept as history."""
    found = acts.load_list(open_gateway(settings, sending=False), list_name, read_list_file(file))
    if as_json:
        print_json({"list": list_name, "codes": found.codes, "changes": dict(found.changes)})
        return
    told = ", ".join(f"{name} {count}" for name, count in sorted(found.changes.items())) or say(
        "değişiklik yok", "no change"
    )
    click.echo(say(f"{list_name}: {found.codes} kod; {told}.", f"{list_name}: {found.codes} codes; {told}."))


@codes_group.command(name="history")
@click.argument("list_name", metavar="LIST")
@click.option("--code", default=None, help="One code only.")
@home_option
@json_option
def history(settings: Settings, list_name: str, code: str | None, as_json: bool) -> None:
    """What became of the codes of a LIST: first seen, changed, closed, reopened, each with its day."""
    with reading(open_store(settings)) as tx:
        rows = history_of(tx, list_name, code)
    if as_json:
        print_json({"list": list_name, "history": rows})
        return
    for row in rows:
        click.echo(
            f"{row['seen_at'].astimezone(ISTANBUL):%d.%m.%Y %H:%M}  {row['code']:>10}  "
            f"{row['change']:10}  {row['text_tr']}"
        )


COMMANDS: list[click.Command] = []  # both stand under `codes`
