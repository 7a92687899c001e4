"""What became of the messages, and what a person may do: `status`, `waiting`, `attach`, `release`, `cancel`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from integrator import acts
from integrator.catalogue.catalogue import read_catalogue
from integrator.cli.output import (
    as_rows,
    home_option,
    json_option,
    language,
    print_json,
    print_table,
    say,
)
from integrator.domain.clock import ISTANBUL
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import FOR_A_PERSON, SETTLED, State
from integrator.queue import line, readings
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.wiring import open_gateway, open_store

_HIDDEN = ("request", "reply")


@click.command()
@click.argument("sorgu_no", type=int, required=False)
@home_option
@json_option
def status(settings: Settings, sorgu_no: int | None, as_json: bool) -> None:
    """Counts of all messages, or the life of the one with SORGU_NO."""
    engine = open_store(settings)
    if sorgu_no is None:
        with reading(engine) as tx:
            facts = {
                "line": line.read_line(tx).state,
                "kayit": readings.count_kayit(tx),
                "states": readings.count_states(tx),
                "codes": readings.count_codes(tx),
                "waiting_for_a_person": readings.held_by_cause(tx),
            }
        print_json(facts) if as_json else _print_counts(facts)
        return
    with reading(engine) as tx:
        found = readings.read_one(tx, KurumNo(settings.gateway.kurum), SorguNo(sorgu_no))
    shown = {
        **found["row"],
        "denemeler": [{k: v for k, v in each.items() if k not in _HIDDEN} for each in found["denemeler"]],
    }
    print_json(shown) if as_json else _print_one(shown)


def _print_counts(facts: dict[str, Any]) -> None:
    click.echo(
        say(
            f"Bakanlık hattı: {facts['line']}   kayıt: {facts['kayit']}",
            f"Line to the ministry: {facts['line']}   records: {facts['kayit']}",
        )
    )
    print_table(say("Bildirimler", "Messages"), (say("durum", "state"), say("adet", "count")), as_rows(facts["states"]))
    print_causes(facts["waiting_for_a_person"])


def print_causes(causes: list[dict[str, Any]]) -> None:
    """One row per cause: how many, what happened, who must do what."""
    if causes:
        codes = read_catalogue().result_codes
        rows = [
            (each["state"], each["last_code"] or "-", each["count"], _advice(codes, each), each["example"])
            for each in causes
        ]
        headings = (
            say("durum", "state"),
            say("kod", "code"),
            say("adet", "count"),
            say("ne oldu, kim ne yapmalı", "what happened, who must act"),
            say("örnek", "example"),
        )
        print_table(say("Bir kişiyi bekleyenler", "Waiting for a person"), headings, rows)


_REASONS = {
    "attempts_spent": (
        "Çok kez denendi, ulaşmadı. Hattı denetleyip serbest bırakın",
        "Tried many times without arriving. Check the line, then release",
    ),
    "asked_too_long": (
        "Sonuç öğrenilemedi. Bakanlığa numarayla sorun",
        "The outcome could not be learnt. Ask the ministry by its number",
    ),
    "unknown_code": (
        "Bakanlık bilmediğimiz bir kod verdi. Sonucu bakanlıktan öğrenin; saklanmış olabilir",
        "The ministry gave a code we do not know. Learn the outcome from them; it may be stored",
    ),
    "foreign": (
        "Numara bakanlıkta başka bir kayda ait. İşletmene bildirin",
        "The number belongs to another record at the ministry. Tell the operator",
    ),
    "": ("Profesyonelin imzası bekleniyor: ibys waiting", "The professional's signature is awaited: ibys waiting"),
}


def _advice(codes: Any, cause: dict[str, Any]) -> str:
    known = codes.get(cause["last_code"])
    if known and cause["reason"] not in ("attempts_spent", "asked_too_long"):
        return str(known.tr if language() == "tr" else known.en)
    tr, en = _REASONS.get(cause["reason"], (cause["reason"], cause["reason"]))
    return say(tr, en)


def _print_one(shown: dict[str, Any]) -> None:
    click.echo(f"{shown['sorgu_no']}  {shown['state']}  {shown['veri_seti']} {shown['version']}  {shown['metot']}")
    stored = f"{shown['parts_accepted']}/{shown['parts_total']}"
    due = "-" if State(shown["state"]) in SETTLED | FOR_A_PERSON else _local(shown["due_at"])
    record, part = shown["kayit_no"], shown["part"]
    click.echo(
        say(
            f"kayıt {record} bölüm {part}; {stored} kabul; sıradaki iş {due}",
            f"record {record} part {part}; {stored} stored; next act {due}",
        )
    )
    rows = [
        (
            each["deneme_no"],
            each["act"],
            _local(each["started_at"]),
            _local(each["ended_at"]),
            each["outcome"] or "-",
            each["code"] or "-",
        )
        for each in shown["denemeler"]
    ]
    headings = (
        "no",
        say("iş", "act"),
        say("başladı", "began"),
        say("bitti", "ended"),
        say("sonuç", "outcome"),
        say("kod", "code"),
    )
    print_table(say("Denemeler", "Attempts"), headings, rows)


def _local(at: datetime | None) -> str:
    return at.astimezone(ISTANBUL).strftime("%d.%m.%Y %H:%M:%S") if at else "-"


@click.command()
@click.option(
    "--write-to", type=click.Path(file_okay=False, path_type=Path), help="Write the bytes to be signed, one file each."
)
@home_option
@json_option
def waiting(settings: Settings, write_to: Path | None, as_json: bool) -> None:
    """Messages that await their professional's signature."""
    gateway = open_gateway(settings, sending=False)
    kurum = KurumNo(settings.gateway.kurum)
    with reading(gateway.database) as tx:
        numbers = readings.awaiting(tx, kurum)
    if write_to:
        write_to.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            (write_to / f"{number}.xml").write_bytes(acts.read_canonical(gateway, kurum, SorguNo(number)))
    print_json({"sorgu_no": numbers}) if as_json else click.echo(
        "\n".join(map(str, numbers)) or say("Bekleyen imza yok.", "No signature is awaited.")
    )


@click.command()
@click.argument("sorgu_no", type=int)
@click.option("--cms", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@home_option
@json_option
def attach(settings: Settings, sorgu_no: int, cms: Path, as_json: bool) -> None:
    """Attach the professional's signature to a waiting message; it is checked as the ministry would."""
    acts.attach(
        open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum), SorguNo(sorgu_no), cms.read_bytes()
    )
    _done(sorgu_no, "queued", as_json)


@click.command()
@click.argument("sorgu_no", type=int)
@click.option("--reason", required=True, help="Kept in the audit log.")
@home_option
@json_option
def release(settings: Settings, sorgu_no: int, reason: str, as_json: bool) -> None:
    """Send a held or quarantined message again, now."""
    acts.release(
        open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum), SorguNo(sorgu_no), reason=reason
    )
    _done(sorgu_no, "queued", as_json)


@click.command()
@click.argument("sorgu_no", type=int)
@click.option("--reason", required=True, help="Kept in the audit log.")
@home_option
@json_option
def cancel(settings: Settings, sorgu_no: int, reason: str, as_json: bool) -> None:
    """Take back a message that is not on its way."""
    acts.cancel(
        open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum), SorguNo(sorgu_no), reason=reason
    )
    _done(sorgu_no, "cancelled", as_json)


def _done(sorgu_no: int, state: str, as_json: bool) -> None:
    print_json({"sorgu_no": sorgu_no, "state": state}) if as_json else click.echo(f"{sorgu_no}: {state}")


COMMANDS = [status, waiting, attach, release, cancel]
