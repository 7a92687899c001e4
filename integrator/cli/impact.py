"""What an announced version would do to the records we hold: `veri-seti impact`."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import Any

import click

from integrator import acts
from integrator.catalogue.changes import read_changes
from integrator.cli.output import home_option, json_option, language, name_of, print_json, progress, say
from integrator.cli.veri_seti import change_facts, named_definition, print_change, veri_seti_group
from integrator.domain.clock import ISTANBUL
from integrator.domain.identifiers import KurumNo
from integrator.looks import OPEN, looking
from integrator.settings import Settings
from integrator.validate.impact import Cause, Impact, try_version
from integrator.wiring import open_gateway

MOST_EXAMPLES = 5


@veri_seti_group.command()
@click.argument("announced", metavar="NEXT")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1), help="Records received since.")
@click.option("--kurum", default=None, help="One customer's records only.")
@home_option
@json_option
def impact(settings: Settings, announced: str, days: int, kurum: str | None, as_json: bool) -> None:
    """Try an announced version (VERI_SETI/VERSION, or a folder) on stored records: which would fail, and why.

    Nothing is stored or sent. Records that the version in force would not take either are counted apart.
    """
    definition = named_definition(announced)
    gateway = open_gateway(settings, sending=False)
    now, began = gateway.clock.now(), time.perf_counter()
    whose = KurumNo(kurum) if kurum else None
    stored = acts.stored_records(gateway, definition.veri_seti, now - timedelta(days=days), whose)
    today = now.astimezone(ISTANBUL).date()
    told = {"what": "records", "veri_seti": definition.veri_seti, "days": days}
    seen = looking(gateway, whose or KurumNo("*"), OPEN, by=name_of(None), facts=told)
    with seen, progress(show=not as_json) as bar:
        task = bar.add_task(say("deneniyor", "trying"), total=None)
        tell = partial(bar.update, task)
        found = try_version(definition, gateway.catalogue, stored, today=today, tell=lambda n: tell(completed=n))
    seconds = time.perf_counter() - began
    name = f"{definition.veri_seti}/{definition.version}"
    row = next((each for each in read_changes() if each.veri_seti == name), None)
    if not as_json:
        _print_impact(name, found, seconds)
        if row:
            print_change(row, today)
        return
    facts = {"version": name, "status": definition.status, "in_force_from": definition.in_force_from, "days": days}
    change = change_facts(row, today) if row else None
    print_json({**facts, "seconds": round(seconds, 2), "change": change, **_impact_facts(found)})


def _impact_facts(found: Impact) -> dict[str, Any]:
    return {
        "records": found.records,
        "failing": found.failing,
        "fails_today_too": found.fails_today,
        "by_kurum": {
            name: {"records": n, "failing": found.failing_by_kurum[name]} for name, n in found.by_kurum.items()
        },
        "causes": [_cause_facts(each) for each in found.grouped()],
    }


def _cause_facts(cause: Cause) -> dict[str, Any]:
    told = {"tr": cause.example.sentence("tr"), "en": cause.example.sentence("en")}
    return {"code": cause.code, "path": cause.path, "records": cause.records, "by_kurum": cause.by_kurum, **told}


def _print_impact(name: str, found: Impact, seconds: float) -> None:
    tried, failing = found.records, found.failing
    click.echo(
        say(
            f"{name}: {tried} kayıt denendi, {failing} tanesi geçmezdi ({seconds:.1f} s).",
            f"{name}: {tried} records tried, {failing} would fail ({seconds:.1f} s).",
        )
    )
    if found.fails_today:
        today = found.fails_today
        click.echo(say(f"{today} kayıt bugünkü sürümle de geçmez.", f"{today} records fail under today's version too."))
    for cause in found.grouped():
        where = cause.path.replace("[]", "[...]")
        click.echo(f"  {cause.records} × {cause.code} {where}  {cause.example.sentence(language())}")
        for kurum, records in cause.by_kurum.items():
            more = " ..." if len(records) > MOST_EXAMPLES else ""
            click.echo(f"      {kurum}: {len(records)} ({', '.join(records[:MOST_EXAMPLES])}{more})")


COMMANDS: list[click.Command] = []  # stands under `veri-seti`
