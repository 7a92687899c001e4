"""Sheets for people: `sablon` writes the template workbook of a veri seti."""

from __future__ import annotations

from pathlib import Path

import click

from integrator.catalogue.catalogue import read_catalogue
from integrator.cli.output import home_option, json_option, print_json, say
from integrator.domain.errors import Malformed
from integrator.intake.template import write_template
from integrator.settings import Settings
from integrator.wiring import has_home, open_gateway


@click.command()
@click.argument("veri_seti")
@click.option("--version", "version", default=None, help="Of the veri seti; by default the newest.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="FILE.xlsx; never replaced."
)
@home_option
@json_option
def sablon(settings: Settings, veri_seti: str, version: str | None, out: Path, as_json: bool) -> None:
    """Write the template workbook of VERI_SETI: headings with notes, drop-downs, an example row, an explanation.

    Code lists are those the ministry last served when this home has any, else the published ones.
    """
    if out.exists():
        raise Malformed(f"{out}: there is a file of that name; it may be filled in, so it is not replaced")
    catalogue = open_gateway(settings, sending=False).catalogue if has_home(settings) else read_catalogue()
    definition = catalogue.definition(veri_seti, version) if version else catalogue.newest(veri_seti)
    columns = write_template(out, definition, catalogue)
    if as_json:
        facts = {"veri_seti": definition.veri_seti, "version": definition.version, "status": definition.status}
        print_json({"file": str(out), **facts, "columns": [column.tr for column in columns]})
        return
    click.echo(say(f"Şablon yazıldı: {out}", f"Template written: {out}"))


COMMANDS = [sablon]
