"""What became of the messages, and their signatures: `status`, `waiting`, `attach`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from integrator import acts
from integrator.agent.interchange import read_signatures, to_sign, write_waiting
from integrator.catalogue.code_names import names_of
from integrator.cli.explain import told_causes
from integrator.cli.line import line_facts, print_line
from integrator.cli.one_message import show_message
from integrator.cli.output import (
    as_rows,
    home_option,
    json_option,
    language,
    name_of,
    name_option,
    print_json,
    print_table,
    say,
)
from integrator.domain.advice import advice_for, word
from integrator.domain.errors import Rejected
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import State
from integrator.domain.texts import text
from integrator.gateway import Gateway
from integrator.queue import copies, readings, standing
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.telling import waiting_by_professional
from integrator.wiring import open_gateway, open_store


@click.command()
@click.argument("sorgu_no", type=int, required=False)
@home_option
@json_option
def status(settings: Settings, sorgu_no: int | None, as_json: bool) -> None:
    """Counts of all messages, or the life of the one with SORGU_NO."""
    engine = open_store(settings)
    if sorgu_no is None:
        line = line_facts(settings, engine)
        with reading(engine) as tx:
            facts = {
                "line": line["state"],
                "line_facts": line,
                "kayit": readings.count_kayit(tx),
                "states": readings.count_states(tx),
                "codes": readings.count_codes(tx),
                "without_form": standing.count_without_form(tx) if settings.needs_form else (0, 0),
                "waiting_for_a_person": readings.held_by_cause(tx),
                "evidence_debt": copies.count_debt(tx),
            }
        print_json(facts) if as_json else _print_counts(facts, stamping=bool(settings.evidence.tsa_address))
        return
    show_message(settings, SorguNo(sorgu_no), as_json=as_json)


def _print_counts(facts: dict[str, Any], *, stamping: bool) -> None:
    print_line(facts["line_facts"])
    click.echo(say(f"Kayıt: {facts['kayit']}", f"Records: {facts['kayit']}"))
    print_table(
        say("Bildirimler", "Messages"),
        (say("durum", "state"), say("adet", "count")),
        [(word(state, language()), count) for state, count in as_rows(facts["states"])],
    )
    _print_without_form(*facts["without_form"])
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


def _print_without_form(messages: int, customers: int) -> None:
    if messages:
        click.echo(
            say(
                f"{messages} bildirim, formu bakanlığa ulaşmamış {customers} kurum için bekliyor: "
                "ibys registry list hizmet_alim_formu",
                f"{messages} message(s) wait for {customers} customer(s) whose form was not delivered: "
                "ibys registry list hizmet_alim_formu",
            )
        )


def print_causes(causes: list[dict[str, Any]]) -> None:
    """One row per cause: how many, what happened, who must do what."""
    if causes:
        rows = [
            (word(each["state"], language()), each["last_code"] or "-", each["count"], _advice(each), each["example"])
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
        click.echo(
            say("Nereye tıklanacağı, hangi işyeri: ibys causes", "Where to click, and for which workplace: ibys causes")
        )


def _advice(cause: dict[str, Any]) -> str:
    told = advice_for(State(cause["state"]), cause["last_code"], cause["reason"])
    words = (told.happened[language()], told.who[language()], told_causes(cause["reason"]))
    return " ".join(filter(None, words))


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
@name_option
@home_option
@json_option
def waiting(
    settings: Settings, write_to: Path | None, professional: Path | None, by: str | None, as_json: bool
) -> None:
    """Messages that await their professional's signature: how many for whom, and since when."""
    gateway = open_gateway(settings, sending=False)
    now = gateway.clock.now()
    found = acts.read_waiting(gateway, KurumNo(settings.gateway.kurum))
    if professional:
        owner = professional.read_text(encoding="ascii").strip()
        found = [each for each in found if each.professional == owner]
    if write_to:
        messages = [to_sign(each.sorgu_no, each.canonical) for each in found]
        names = names_of(gateway.catalogue, (pair for each in messages for pair in each.summary.codes()))
        with acts.exporting(
            gateway, KurumNo(settings.gateway.kurum), [each.sorgu_no for each in found], by=name_of(by)
        ):
            write_waiting(write_to, messages, names, now=now)
    by_professional = waiting_by_professional(found, now)
    if as_json:
        print_json({"sorgu_no": [each.sorgu_no for each in found], "professionals": by_professional})
    else:
        _print_waiting(by_professional, write_to)


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
        _done(sorgu_no, acts.attach(gateway, kurum, SorguNo(sorgu_no), cms.read_bytes()), as_json)
        return 0
    assert folder is not None
    told = {number: _attach_one(gateway, kurum, number, der) for number, der in read_signatures(folder)}
    return _told_attached(told, as_json)


def _attach_one(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, cms: bytes) -> State | Rejected:
    """Where the message stands now, or why this signature, and only this one, was not taken."""
    try:
        return acts.attach(gateway, kurum, sorgu_no, cms)
    except Rejected as refusal:
        return refusal


def _told_attached(told: Mapping[SorguNo, State | Rejected], as_json: bool) -> int:
    refused = {number: each for number, each in told.items() if isinstance(each, Rejected)}
    stopped = [number for number, each in told.items() if each is State.QUARANTINED]
    if as_json:
        listed = [{"sorgu_no": number, "code": each.code, "detail": each.detail} for number, each in refused.items()]
        print_json({"attached": len(told) - len(refused), "stopped": stopped, "refused": listed})
        return 2 if refused else 0
    queued = len(told) - len(refused) - len(stopped)
    click.echo(
        say(
            f"Kuyruğa alındı: {queued}. Alınmadı: {len(refused)}.",
            f"Queued: {queued}. Not taken: {len(refused)}.",
        )
    )
    if stopped:
        many = len(stopped)
        click.echo(
            say(
                f"İmzası eklendi, ama biçimi durdurulmuş: {many}. Durdurma kalkınca kendiliğinden gider.",
                f"Signed, but their form is stopped: {many}. They go by themselves once that is lifted.",
            )
        )
    for number, each in refused.items():
        click.echo(f"  {number}  {each.code}  {text(each.code, language(), path='', seen=each.detail, wanted='')}")
    return 2 if refused else 0


def _done(sorgu_no: int, state: State, as_json: bool) -> None:
    if as_json:
        print_json({"sorgu_no": sorgu_no, "state": str(state)})
    else:
        told = advice_for(state, "", "").happened[language()]
        click.echo(f"{sorgu_no}: {word(state, language())}. {told}")


COMMANDS = [status, waiting, attach]
