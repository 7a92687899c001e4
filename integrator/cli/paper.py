"""`paper list | report | certificate`: workbooks and PDF files of what the desk tells (circular 6a, 3d)."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import click

from integrator.cli.output import home_option, json_option, language, print_json, say
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.paper.lists import LISTS, list_named
from integrator.paper.report import read_report
from integrator.paper.report_pdf import render_report
from integrator.paper.sheets import write_sheet
from integrator.protect.files import write_whole
from integrator.settings import Settings
from integrator.wiring import open_gateway

_OUT = click.Path(dir_okay=False, path_type=Path)


@click.group(name="paper")
def paper_group() -> None:
    """What people print, file and hand on."""


@paper_group.command(name="list")
@click.argument("name", type=click.Choice(list(LISTS)))
@click.option("--out", type=_OUT, required=True, help="The workbook to write (.xlsx).")
@home_option
@json_option
def write_list(settings: Settings, name: str, out: Path, as_json: bool) -> None:
    """Write one of the desk's lists as a workbook, in the language of the locale."""
    gateway = open_gateway(settings, sending=False)
    listing = list_named(gateway, KurumNo(settings.gateway.kurum), name, language())
    content = io.BytesIO()
    written = write_sheet(content, listing, language(), made_at=gateway.clock.now())
    write_whole(out, content.getvalue())
    if as_json:
        print_json({"out": str(out), "rows": written.rows, "cut": written.is_cut})
        return
    more = say("; liste daha uzun", "; the list is longer") if written.is_cut else ""
    click.echo(say(f"{out}: {written.rows} satır{more}", f"{out}: {written.rows} row(s){more}"))


@paper_group.command()
@click.option("--month", type=click.DateTime(["%Y-%m"]), required=True, help="Messages by the month of their event.")
@click.option("--isyeri", type=str, help="One workplace (SGK number); without it all of the customer's.")
@click.option("--out", type=_OUT, required=True, help="The PDF file to write.")
@home_option
@json_option
def report(settings: Settings, month: datetime, isyeri: str | None, out: Path, as_json: bool) -> None:
    """Write the report of a month: coverage, deliveries, what stopped and why, deadlines."""
    gateway = open_gateway(settings, sending=False)
    sgk = SgkTescilNo(isyeri) if isyeri else None
    found = read_report(gateway, KurumNo(settings.gateway.kurum), month.date(), sgk)
    write_whole(out, render_report(found, language()))
    notified = sum(each.notified for each in found.tallies)
    if as_json:
        print_json({"out": str(out), "month": f"{found.month:%Y-%m}", "notified": notified})
    else:
        click.echo(say(f"{out}: {notified} bildirim", f"{out}: {notified} message(s)"))


COMMANDS = [paper_group]
