"""Records in: `submit` a file, `canonical` bytes of one record."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from integrator import pipeline
from integrator.accepting import Answer
from integrator.catalogue.catalogue import read_catalogue
from integrator.cli.output import (
    home_option,
    json_option,
    print_findings,
    print_json,
    progress,
    say,
)
from integrator.domain.errors import Invalid, Malformed
from integrator.domain.findings import Finding, Severity
from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Kayit, Submitted
from integrator.intake.read_json import Caps, read_file
from integrator.settings import Settings
from integrator.sign.canonical import split
from integrator.validate.context import Context
from integrator.validate.fields import read_fields
from integrator.validate.rules.lists import lists_are_filled, lists_fit_one_message, lists_repeat_nothing
from integrator.validate.values import parse_date
from integrator.wiring import caps, open_gateway

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MAX_PRINTED = 50


@click.command()
@click.argument("file", type=FILE)
@click.option("--no-split", is_flag=True, help="Refuse a record that needs more than one message.")
@home_option
@json_option
def submit(settings: Settings, file: Path, no_split: bool, as_json: bool) -> int:
    """Check, sign and queue the records of FILE (.json, or .ndjson with one record per line).

    Good records are stored even when others have faults; exit code 2 says that some had.
    """
    gateway = open_gateway(settings, sending=False)
    tally = {"accepted": 0, "known": 0, "rejected": 0}
    told: list[Answer] = []
    with progress(show=not as_json) as bar:
        task = bar.add_task(say("alınıyor", "accepting"), total=None)
        records = read_file(file, caps(settings))
        for answer in pipeline.accept(gateway, KurumNo(settings.gateway.kurum), records, may_split=not no_split):
            tally[answer.status] += 1
            bar.advance(task)
            if as_json or answer.findings or len(told) < MAX_PRINTED:
                told.append(answer)
    if sum(tally.values()) == 0:
        raise Malformed(f"{file}: there is no record in it")
    print_json({**tally, "records": [_as_json(each) for each in told]}) if as_json else _print(tally, told)
    return 2 if tally["rejected"] else 0


def _as_json(answer: Answer) -> dict[str, Any]:
    return {
        "where": answer.where,
        "id": answer.kayit_no,
        "status": answer.status,
        "sorgu_no": list(answer.sorgu_no),
        "findings": [finding.as_json() for finding in answer.findings],
    }


def _print(tally: dict[str, int], told: list[Answer]) -> None:
    for answer in told[:MAX_PRINTED]:
        if answer.sorgu_no:
            numbers = ", ".join(map(str, answer.sorgu_no))
            click.echo(f"  {answer.kayit_no}: {answer.status}, sorgu_no {numbers}")
        print_findings(f"{answer.where} ({answer.kayit_no or '-'})", answer.findings)
    if len(told) > MAX_PRINTED:
        click.echo(
            say(
                f"  ... ve {len(told) - MAX_PRINTED} kayıt daha (--json hepsini verir)",
                f"  ... and {len(told) - MAX_PRINTED} more records (--json has them all)",
            )
        )
    click.echo(
        say(
            f"{tally['accepted']} kayıt alındı, {tally['known']} zaten vardı, {tally['rejected']} düzeltilmeli.",
            f"{tally['accepted']} accepted, {tally['known']} known before, {tally['rejected']} to be mended.",
        )
    )


@click.command()
@click.argument("file", type=FILE)
@click.option("--veri-seti", default=None, help="By default the one the record names, else egitim.")
@click.option(
    "--version", "version", default=None, help="Of the veri seti; by default the one in force on the event's day."
)
@click.option("--part", default=None, type=int, help="Which message, when the record needs several.")
@json_option
def canonical(file: Path, veri_seti: str | None, version: str | None, part: int | None, as_json: bool) -> None:
    """Write the exact bytes to be signed to stdout, and nothing else."""
    submitted = _only_record(file)
    catalogue, veri_seti = read_catalogue(), veri_seti or submitted.veri_seti
    day = parse_date(submitted.fields.get(catalogue.newest(veri_seti).event_date))
    named = version or submitted.version
    if named:
        definition = catalogue.definition(veri_seti, named)
    else:
        definition = next(iter(catalogue.in_force(veri_seti, day) if day else []), catalogue.newest(veri_seti))
    values, findings = read_fields(definition, submitted.fields)
    context = Context(definition, values, catalogue, day or parse_date("9999-12-31"), split=part is not None)  # type: ignore[arg-type]
    for rule in (lists_are_filled, lists_fit_one_message, lists_repeat_nothing):
        findings += rule(context)
    if any(finding.severity is Severity.ERROR for finding in findings):
        _refuse(findings)
    record = Kayit("", veri_seti, definition.version, values[definition.event_date], values)
    messages = list(split(record, definition))
    if not 1 <= (part or 1) <= len(messages):
        raise Malformed(f"--part: the record has {len(messages)} message(s)")
    content = messages[(part or 1) - 1].canonical
    if as_json:
        facts = {"version": definition.version, "status": definition.status, "messages": len(messages)}
        print_json(
            {**facts, "bytes": len(content), "sha256": sha256(content).hexdigest(), "canonical": content.decode()}
        )
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _only_record(file: Path) -> Submitted:
    records = list(read_file(file, Caps()))
    if len(records) != 1:
        raise Malformed(f"{file}: one record is wanted, {len(records)} were found")
    if records[0].fault:
        _refuse([records[0].fault])
    return records[0]


def _refuse(findings: list[Finding]) -> None:
    for finding in findings:
        click.echo(f"{finding.path}  {finding.code}  {finding.sentence('tr')} / {finding.sentence('en')}", err=True)
    raise Invalid(findings)


COMMANDS = [submit, canonical]
