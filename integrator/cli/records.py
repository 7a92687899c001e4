"""Records in: `submit` a file, `canonical` bytes of one record."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
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
    language,
    print_findings,
    print_json,
    progress,
    say,
)
from integrator.domain.errors import Invalid, Malformed
from integrator.domain.findings import Finding, Severity
from integrator.domain.identifiers import KurumNo
from integrator.domain.records import Kayit, Submitted
from integrator.intake.annotate import annotate, require_annotatable
from integrator.intake.causes import Headings, Mark
from integrator.intake.gathering import place_of
from integrator.intake.read_json import Caps, Unreadable
from integrator.intake.recognise import kind_of, read_records
from integrator.settings import ASSUMED, Settings
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
@click.option("--veri-seti", default=None, help="For sheets (CSV, XLSX) whose headings fit several.")
@click.option(
    "--annotated", type=click.Path(dir_okay=False, path_type=Path), help="Give the sheet back here, its faults marked."
)
@click.option("--no-split", is_flag=True, help="Refuse a record that needs more than one message.")
@home_option
@json_option
def submit(
    settings: Settings, file: Path, veri_seti: str | None, annotated: Path | None, no_split: bool, as_json: bool
) -> int:
    """Check, sign and queue the records of FILE: JSON, NDJSON, XML, CSV or XLSX, told apart by their content.

    Good records are stored even when others have faults; exit code 2 says that some had. With --annotated a workbook or
    CSV comes back with its faulty cells marked: mend it there and submit it again, what was taken is not sent twice.
    """
    _check_annotated(file, annotated)
    gateway = open_gateway(settings, sending=False)
    tally = {"accepted": 0, "known": 0, "rejected": 0}
    told: list[Told] = []
    marks: list[Mark] = []
    in_flight = InFlight(Headings(gateway.catalogue, language()))
    with progress(show=not as_json) as bar:
        task = bar.add_task(say("alınıyor", "accepting"), total=None)
        records = in_flight.passing(read_records(file, caps(settings), gateway.catalogue, veri_seti))
        for answer in pipeline.accept(gateway, KurumNo(settings.gateway.kurum), records, may_split=not no_split):
            tally[answer.status] += 1
            bar.advance(task)
            each = in_flight.landed(answer)
            marks += each.marks if annotated else ()
            if as_json or answer.findings or len(told) < MAX_PRINTED:
                told.append(each)
    if sum(tally.values()) == 0:
        raise Malformed(f"{file}: there is no record in it")
    facts = _annotate(file, annotated, marks, tally) if annotated else {}
    if as_json:
        print_json({**tally, **facts, "records": [_as_json(each) for each in told]})
    else:
        _print(tally, told, quiet=bool(facts.get("annotated")))
        _print_causes(facts)
    return 2 if tally["rejected"] else 0


def _check_annotated(file: Path, out: Path | None) -> None:
    """Before anything is stored: can this file come back annotated, and is there room for it?"""
    if out is None:
        return
    if out.exists() and out.samefile(file):
        raise Malformed(f"{out}: the file itself is never written over; name another one")
    try:
        kind = kind_of(file)
    except Unreadable:  # what is wrong with it will be told by reading it
        return
    require_annotatable(file, kind)


def _annotate(file: Path, out: Path, marks: list[Mark], tally: dict[str, int]) -> dict[str, Any]:
    try:
        causes = annotate(kind_of(file), file, out, marks, tally=tally, language=language())
    except Unreadable:
        causes = None
    if causes is None:
        return {"annotated": None, "causes": []}
    return {"annotated": str(out), "causes": [asdict(each) for each in causes]}


def _print_causes(facts: dict[str, Any]) -> None:
    if not facts:
        return
    for each in facts["causes"]:
        first = each["cells"][0] if each["cells"] else "-"
        click.echo(f"  {each['count']:5}  {first:16}  {each['code']}  {each['heading']}  {each['happened']}")
    click.echo(
        say(f"İşaretlenmiş dosya: {facts['annotated']}", f"The annotated file: {facts['annotated']}")
        if facts["annotated"]
        else say("Dosya açılamadığı için işaretlenemedi.", "The file could not be opened, so nothing was annotated.")
    )


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and for a record from a sheet its findings with their cells."""

    answer: Answer
    marks: tuple[Mark, ...] = ()

    @property
    def cells(self) -> list[str | None]:
        """The cell of each finding."""
        return [mark.cell for mark in self.marks] or [None] * len(self.answer.findings)


class InFlight:
    """Remembers where the values of the records under way stand, so that answers can point at cells."""

    def __init__(self, headings: Headings) -> None:
        self._headings = headings
        self._waiting: deque[tuple[str, Mapping[str, str] | None]] = deque()

    def passing(self, records: Iterable[Submitted]) -> Iterator[Submitted]:
        """The same records."""
        for each in records:
            self._waiting.append((each.veri_seti, each.places))
            yield each

    def landed(self, answer: Answer) -> Told:
        """The next answer with its cells; answers come in the order of the records."""
        veri_seti, places = self._waiting.popleft()
        if not answer.findings:
            return Told(answer)
        return Told(
            answer,
            tuple(
                Mark(place_of(places, each.path) if places else None, each, self._headings.of(veri_seti, each.path))
                for each in answer.findings
            ),
        )


def _as_json(told: Told) -> dict[str, Any]:
    answer = told.answer
    findings = [
        finding.as_json() | ({"cell": cell} if cell else {})
        for finding, cell in zip(answer.findings, told.cells, strict=True)
    ]
    return {
        "where": answer.where,
        "id": answer.kayit_no,
        "status": answer.status,
        "sorgu_no": list(answer.sorgu_no),
        "findings": findings,
    }


def _print(tally: dict[str, int], told: list[Told], *, quiet: bool = False) -> None:
    for each in [] if quiet else told[:MAX_PRINTED]:
        answer = each.answer
        if answer.sorgu_no:
            numbers = ", ".join(map(str, answer.sorgu_no))
            click.echo(f"  {answer.kayit_no}: {answer.status}, sorgu_no {numbers}")
        for finding, cell in zip(answer.findings, each.cells, strict=True):
            print_findings(f"{cell or answer.where} ({answer.kayit_no or '-'})", [finding])
    if len(told) > MAX_PRINTED and not quiet:
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
@click.option("--metot", default=None, type=click.Choice(list(ASSUMED)), help="As this metot carries it.")
@click.option("--part", default=None, type=int, help="Which message, when the record needs several.")
@json_option
def canonical(
    file: Path, veri_seti: str | None, version: str | None, metot: str | None, part: int | None, as_json: bool
) -> None:
    """Write the exact bytes to be signed to stdout, and nothing else."""
    submitted = _only_record(file)
    catalogue, veri_seti = read_catalogue(), veri_seti or submitted.veri_seti
    day = parse_date(submitted.fields.get(catalogue.newest(veri_seti).event_date))
    named = version or submitted.version
    if named:
        definition = catalogue.definition(veri_seti, named)
    else:
        definition = next(iter(catalogue.in_force(veri_seti, day) if day else []), catalogue.newest(veri_seti))
    definition = definition.carried_by(metot)
    values, findings = read_fields(definition, submitted.fields)
    context = Context(definition, values, catalogue, day or date.max, split=part is not None)
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
    records = list(read_records(file, Caps(), read_catalogue()))
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
