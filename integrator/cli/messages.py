"""What became of the messages, and what a person may do: `status`, `waiting`, `attach`, `release`, `cancel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from integrator import acts
from integrator.agent.interchange import ToSign, read_signatures, to_sign, write_waiting
from integrator.agent.summary import Names
from integrator.catalogue.catalogue import Catalogue, read_catalogue
from integrator.catalogue.codes import CodeList
from integrator.cli.explain import explanation_of, print_line_of_214, told_causes
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
from integrator.domain.errors import Rejected
from integrator.domain.findings import seen
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import FOR_A_PERSON, SETTLED, State
from integrator.domain.texts import text
from integrator.gateway import Gateway
from integrator.queue import copies, line, readings
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
                "evidence_debt": copies.count_debt(tx),
            }
        print_json(facts) if as_json else _print_counts(facts, stamping=bool(settings.evidence.tsa_address))
        return
    with reading(engine) as tx:
        found = readings.read_one(tx, KurumNo(settings.gateway.kurum), SorguNo(sorgu_no))
    shown = {
        **found["row"],
        "denemeler": [{k: v for k, v in each.items() if k not in _HIDDEN} for each in found["denemeler"]],
    }
    explanation = explanation_of(settings, found)
    if explanation:
        shown["explanation"] = explanation
    if as_json:
        print_json(shown)
        return
    _print_one(shown)
    print_line_of_214(shown, explanation)


def _print_counts(facts: dict[str, Any], *, stamping: bool) -> None:
    click.echo(
        say(
            f"Bakanlık hattı: {facts['line']}   kayıt: {facts['kayit']}",
            f"Line to the ministry: {facts['line']}   records: {facts['kayit']}",
        )
    )
    print_table(say("Bildirimler", "Messages"), (say("durum", "state"), say("adet", "count")), as_rows(facts["states"]))
    print_causes(facts["waiting_for_a_person"])
    debt = facts["evidence_debt"]
    if stamping and any(debt.values()):  # without an authority the debt is a choice, not news
        without, incomplete = debt["without_time_stamp"], debt["without_validation_data"]
        click.echo(
            say(
                f"Kanıt borcu: {without} bildirim zaman damgasız, {incomplete} bildirim doğrulama verisiz.",
                f"Evidence debt: {without} message(s) without a time-stamp, {incomplete} without validation data.",
            )
        )


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
        told = str(known.tr if language() == "tr" else known.en)
        return "; ".join(filter(None, (told, told_causes(cause["reason"]))))
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
    "--write-to",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the bytes to be signed and a manifest into this folder, for `ibys agent sign`.",
)
@click.option(
    "--professional",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with an identity number: that person's messages only.",
)
@home_option
@json_option
def waiting(settings: Settings, write_to: Path | None, professional: Path | None, as_json: bool) -> None:
    """Messages that await their professional's signature: how many for whom, and since when."""
    gateway = open_gateway(settings, sending=False)
    now = gateway.clock.now()
    found = acts.read_waiting(gateway, KurumNo(settings.gateway.kurum))
    if professional:
        owner = professional.read_text(encoding="ascii").strip()
        found = [each for each in found if each.professional == owner]
    if write_to:
        messages = [to_sign(each.sorgu_no, each.canonical) for each in found]
        write_waiting(write_to, messages, _names(gateway.catalogue, messages), now=now)
    by_professional = _by_professional(found, now)
    if as_json:
        print_json({"sorgu_no": [each.sorgu_no for each in found], "professionals": by_professional})
    else:
        _print_waiting(by_professional, write_to)


def _names(catalogue: Catalogue, messages: Sequence[ToSign]) -> Names:
    """The names of the codes that these messages hold. Those of trainings come from the ministry's list."""
    lists: dict[str, CodeList] = {}
    list_of: dict[str, str] = {}
    for definition in catalogue.definitions:  # oldest first: of two versions the newer one's names are told
        lists |= definition.code_lists
        list_of |= {field.name: field.code_list for _, field in definition.every_field if field.code_list}
    lists |= {_SERVED: {}, **catalogue.refreshed}
    names: dict[str, dict[str, dict[str, str]]] = {}
    for element, code in sorted({pair for each in messages for pair in each.summary.codes()}):
        listed = lists[list_of[element]].get(code)
        if listed:
            names.setdefault(element, {})[code] = {"tr": listed.tr, "en": listed.en}
    return names


_SERVED = "egitim_kodu"


def _by_professional(found: Sequence[acts.Waiting], now: datetime) -> list[dict[str, Any]]:
    """One row per person, masked, longest waiting first; two people may look alike and stay two rows."""
    rows: dict[str, dict[str, Any]] = {}
    for each in found:  # oldest first
        start = {
            "professional": seen(each.professional),
            "count": 0,
            "oldest_at": each.since.isoformat(),
            "oldest_age_hours": round((now - each.since).total_seconds() / 3600, 2),
        }
        rows.setdefault(each.professional, start)["count"] += 1
    return list(rows.values())


def _print_waiting(rows: Sequence[Mapping[str, Any]], write_to: Path | None) -> None:
    if not rows:
        click.echo(say("Bekleyen imza yok.", "No signature is awaited."))
        return
    print_table(
        say("Bekleyen imzalar", "Signatures awaited"),
        (say("profesyonel", "professional"), say("adet", "count"), say("en eskisi (saat)", "oldest (hours)")),
        [(each["professional"], each["count"], each["oldest_age_hours"]) for each in rows],
    )
    if write_to:
        click.echo(
            say(
                f"Yazıldı: {write_to}. Kimlik numaraları içerir; imzalardan sonra silin.",
                f"Written: {write_to}. It holds identity numbers; delete it once the signatures are back.",
            )
        )


@click.command()
@click.argument("sorgu_no", type=int, required=False)
@click.option("--cms", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The signature of SORGU_NO.")
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with SORGU_NO.p7s files: all of them.",
)
@home_option
@json_option
def attach(settings: Settings, sorgu_no: int | None, cms: Path | None, folder: Path | None, as_json: bool) -> int:
    """Attach the professional's signature to waiting messages; each is checked as the ministry would."""
    if (folder is None) == (cms is None) or (cms is None) != (sorgu_no is None):
        raise click.UsageError("either SORGU_NO with --cms FILE, or --from DIR")
    gateway = open_gateway(settings, sending=False)
    kurum = KurumNo(settings.gateway.kurum)
    if cms is not None and sorgu_no is not None:
        acts.attach(gateway, kurum, SorguNo(sorgu_no), cms.read_bytes())
        _done(sorgu_no, "queued", as_json)
        return 0
    assert folder is not None
    refusals = {number: _attach_one(gateway, kurum, number, der) for number, der in read_signatures(folder)}
    return _told_attached(refusals, as_json)


def _attach_one(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, cms: bytes) -> Rejected | None:
    """None when the message is queued now; else why this signature, and only this one, was not taken."""
    try:
        acts.attach(gateway, kurum, sorgu_no, cms)
    except Rejected as refusal:
        return refusal
    return None


def _told_attached(refusals: Mapping[SorguNo, Rejected | None], as_json: bool) -> int:
    attached = [number for number, refusal in refusals.items() if refusal is None]
    refused = {number: refusal for number, refusal in refusals.items() if refusal is not None}
    if as_json:
        listed = [{"sorgu_no": number, "code": each.code, "detail": each.detail} for number, each in refused.items()]
        print_json({"attached": len(attached), "refused": listed})
        return 2 if refused else 0
    click.echo(
        say(
            f"Kuyruğa alındı: {len(attached)}. Alınmadı: {len(refused)}.",
            f"Queued: {len(attached)}. Not taken: {len(refused)}.",
        )
    )
    for number, each in refused.items():
        click.echo(f"  {number}  {each.code}  {text(each.code, language(), path='', seen=each.detail, wanted='')}")
    return 2 if refused else 0


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
