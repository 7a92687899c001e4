"""The makbuz of one message: `receipt`."""

from __future__ import annotations

from pathlib import Path

import click

from integrator.cli.output import home_option, json_option, name_of, name_option, print_json, say
from integrator.domain.advice import word
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.evidence.receipt import make_receipt
from integrator.protect.files import write_whole
from integrator.settings import Settings
from integrator.wiring import open_gateway


@click.command()
@click.argument("sorgu_no", type=int)
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), help="Write the one-page PDF here.")
@name_option
@home_option
@json_option
def receipt(settings: Settings, sorgu_no: int, pdf: Path | None, by: str | None, as_json: bool) -> None:
    """The receipt of one message: numbers, times, codes, digests, proof. No person in full. Audited."""
    kurum = KurumNo(settings.gateway.kurum)
    made = make_receipt(open_gateway(settings, sending=False), kurum, SorguNo(sorgu_no), by=name_of(by))
    if pdf:
        from integrator.evidence.receipt_pdf import render_receipt  # noqa: PLC0415 - fonts and pages, only for this

        write_whole(pdf, render_receipt(made))
    if as_json:
        print_json(made)
        return
    parts, state = made["parts"], word(made["state"], "tr")
    click.echo(
        say(
            f"{sorgu_no}: {state}, {parts['accepted']}/{parts['total']} kabul, kod {made['code'] or '-'}",
            f"{sorgu_no}: {made['state']}, {parts['accepted']}/{parts['total']} stored, code {made['code'] or '-'}",
        )
    )
    click.echo(f"{made['digests']['kind']}:{made['digests']['canonical']}")
    if pdf:
        click.echo(str(pdf))


COMMANDS = [receipt]
