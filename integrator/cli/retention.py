"""How long content is kept, and its end: `ibys retention` and `ibys erase`.

Identity numbers come from a file, never from the command line, where the shell would remember them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from integrator.cli.output import (
    home_option,
    json_option,
    language,
    local,
    name_of,
    name_option,
    print_json,
    print_table,
    say,
)
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import KurumNo, SgkTescilNo, Tckn, is_tckn
from integrator.evidence.certificate_pdf import render_certificate
from integrator.keeping import erasing
from integrator.keeping.certificates import Certificate
from integrator.keeping.classes import EVENTS, PARTIES, classes
from integrator.protect.files import write_whole
from integrator.settings import Settings
from integrator.wiring import open_gateway

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
reason_option = click.option("--reason", required=True, help="Kept in the audit log and on the certificate.")
STARTS = {
    "event_date": ("kaydın tarihi", "the record's day"),
    "leaving": ("çalışanın ayrılışı", "the worker's leaving"),
    "exposure": ("maruziyet", "exposure"),
    "exposure_end": ("maruziyetin bitişi", "the end of exposure"),
    "relation_end": ("ayrılış ya da sözleşmenin bitişi", "leaving, or the contract's end"),
}
records_option = click.option("--record", "records", multiple=True, help="Id of a record; without it, all of them.")


@click.group(name="retention")
def retention_group() -> None:
    """How long content is kept: classes, what is due, holds."""


@retention_group.command(name="classes")
@json_option
def list_classes(as_json: bool) -> None:
    """Every class: its sets, its years, the day they are counted from, and the source."""
    if as_json:
        listed = [(each.name, each.veri_seti, each.starts, each.years, each.source) for each in classes().values()]
        print_json(
            [dict(zip(("class", "veri_seti", "starts", "years", "source"), each, strict=True)) for each in listed]
        )
        return
    headings = (say("Sınıf", "Class"), say("Yıl", "Years"), say("Başlangıç", "Counted from"), say("Dayanak", "Ground"))
    rows = [
        (e.name, e.years, say(*STARTS[e.starts]), e.source.split(" / ")[language() == "en"]) for e in classes().values()
    ]
    print_table(say("Saklama süreleri", "How long content is kept"), headings, rows)


@retention_group.command()
@home_option
@json_option
def due(settings: Settings, as_json: bool) -> None:
    """Records whose time is over; nothing is destroyed."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    (found, unknown), rows = erasing.survey(gateway, kurum), erasing.due_in_registers(gateway, kurum)
    if as_json:
        records = [{"kayit_no": each.kayit_no, "class": each.named, "ended_on": each.ends_on} for each in found]
        print_json({"records": records, "registers": rows, "start_unknown": unknown})
        return
    for each in found:
        click.echo(f"{each.ends_on}  {each.named:16} {each.kayit_no}")
    for name, count in rows.items():
        click.echo(f"{'-':10}  {PARTIES:16} {name}: {count}")
    total = len(found), sum(rows.values())
    click.echo(
        say(
            f"{total[0]} kaydın, kayıt defterlerinde {total[1]} satırın süresi doldu.",
            f"The time of {total[0]} record(s) and {total[1]} row(s) of registers is over.",
        )
    )
    if unknown:
        click.echo(
            say(
                f"{unknown} kaydın süresi başlamadı: ayrılış günü bilinmiyor (ibys retention event).",
                f"The time of {unknown} record(s) has not begun: tell when workers left (ibys retention event).",
            )
        )


@retention_group.command()
@reason_option
@name_option
@home_option
@json_option
def erase(settings: Settings, reason: str, by: str | None, as_json: bool) -> None:
    """Destroy the content of every record whose time is over; one certificate for each class."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    _print(settings, erasing.erase_due(gateway, kurum, reason=reason, by=name_of(by)), as_json)


@retention_group.command()
@click.argument("name", metavar="EVENT", type=click.Choice(EVENTS))
@click.option("--person", type=FILE, required=True, help="A file with the worker's identity number.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), required=True)
@name_option
@home_option
@json_option
def event(settings: Settings, name: str, person: Path, on: datetime, by: str | None, as_json: bool) -> None:
    """Tell from which day a worker's records are counted: leaving, exposure, exposure_end."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    erasing.tell_event(gateway, kurum, _person(person), name, on.date(), by=name_of(by))
    if as_json:
        print_json({"event": name, "on": on.date()})
        return
    tr, en = STARTS[name]
    click.echo(say(f"Yazıldı: {tr} {on:%d.%m.%Y}.", f"Written: {en} on {on:%Y-%m-%d}."))


@retention_group.command()
@records_option
@click.option("--lift", is_flag=True, help="End the hold.")
@reason_option
@name_option
@home_option
@json_option
def hold(settings: Settings, records: tuple[str, ...], lift: bool, reason: str, by: str | None, as_json: bool) -> None:
    """Keep records, or all of this customer's, whatever their time: a court, an inspection."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    act = erasing.lift_hold if lift else erasing.place_hold
    act(gateway, kurum, records, reason=reason, by=name_of(by))
    if as_json:
        print_json({"held": not lift, "records": list(records)})
        return
    which = ", ".join(records) or say(f"{kurum}: bütün kayıtlar", f"{kurum}: every record")
    if lift:
        click.echo(say(f"Saklama kalktı, süresi dolan silinebilir: {which}", f"No longer held, may be erased: {which}"))
    else:
        click.echo(say(f"Saklanıyor, kaldırılana kadar silinmez: {which}", f"Held, not erased until lifted: {which}"))


@retention_group.command()
@home_option
@json_option
def holds(settings: Settings, as_json: bool) -> None:
    """What is kept whatever its time, since when and why."""
    found = erasing.read_holds(open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum))
    if as_json:
        print_json([{"kayit_no": e.kayit_no or None, "since": e.placed_at, "reason": e.reason} for e in found])
        return
    for each in found:
        click.echo(
            f"  {local(each.placed_at)}  {each.kayit_no or say('bütün kayıtlar', 'every record')}  {each.reason}"
        )
    click.echo(say(f"{len(found)} yasal saklama.", f"{len(found)} legal hold(s)."))


@click.command(name="erase")
@click.option("--person", type=FILE, help="A file with the person's identity number.")
@click.option("--contact-of", metavar="SGK_NO", help="Instead: the contact person in this workplace's card.")
@click.option("--class", "named", type=click.Choice(list(classes())), help="With --person: of which class.")
@click.option("--early", is_flag=True, help="Although the time is not over: only where no law makes us keep it.")
@reason_option
@name_option
@home_option
@json_option
def erase_person(
    settings: Settings,
    person: Path | None,
    contact_of: str | None,
    named: str | None,
    early: bool,
    reason: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Destroy one person's records of a class, or (class parties) what the registers hold of them.

    What must stay is told on the certificate.
    """
    if bool(person and named) == bool(contact_of) or (contact_of and (person or named or early)):
        wanted = "--person FILE --class NAME, --contact-of SGK_NO"
        raise click.UsageError(say(f"biri gerekli: {wanted}", f"one of these is wanted: {wanted}"))
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    about = {"reason": reason, "by": name_of(by)}
    if person and named:
        made = erasing.erase_person(gateway, kurum, _person(person), named, early=early, **about)
    else:
        made = erasing.erase_contact(gateway, kurum, SgkTescilNo(contact_of or ""), **about)
    _print(settings, [made], as_json)


def _person(path: Path) -> Tckn:
    number = path.read_text(encoding="utf-8").strip()
    if not is_tckn(number):
        raise Malformed(f"{path}: one identity number with right check digits is wanted")
    return Tckn(number)


def _print(settings: Settings, several: Sequence[Certificate], as_json: bool) -> None:
    """Certificates go to files beside the database too; `ibys restore --destroyed` takes the JSON."""
    for each in several:
        path = settings.home / "destroyed" / f"{each.number:06}"
        document = json.dumps(each.document, ensure_ascii=False, indent=1, sort_keys=True).encode()
        write_whole(path.with_suffix(".json"), document)
        write_whole(path.with_suffix(".pdf"), render_certificate(each, document))
        write_whole(path.with_suffix(".txt"), each.text.encode())
    if as_json:
        print_json([each.document for each in several])
        return
    for each in several:
        click.echo(each.text)
    if several:
        folder = settings.home / "destroyed"
        click.echo(say(f"Tutanaklar (JSON, metin, PDF): {folder}", f"Certificates (JSON, text, PDF): {folder}"))
    if not several:
        click.echo(say("Süresi dolan kayıt yok.", "Nothing is due."))


COMMANDS = [retention_group, erase_person]
