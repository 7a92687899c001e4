"""The integrator's own registers: `registry list | show | record | export` (circular 1m, 2, 3)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from integrator.catalogue.changes import read_changes
from integrator.cli.output import (
    home_option,
    json_option,
    language,
    name_of,
    name_option,
    print_findings,
    print_json,
    print_table,
    progress,
    say,
)
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import NotFound
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo
from integrator.evidence.health import seal_for
from integrator.evidence.leaving import export_all
from integrator.evidence.pack import Wish
from integrator.queue.standing import CLOSED, FIRMA, FORM, PASSIVE
from integrator.registry import rows
from integrator.registry.books import BOOKS, Kind
from integrator.registry.deadlines import Due, read_due
from integrator.registry.reading import Customer, read_customers, state_of_firm
from integrator.registry.recording import Told, record
from integrator.registry.rows import Kept
from integrator.registry.words import called
from integrator.settings import Settings
from integrator.store.engine import Tx, reading
from integrator.wiring import open_authority, open_gateway

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_REGISTER = click.Choice(list(BOOKS))


@click.group(name="registry")
def registry_group() -> None:
    """Forms of customers, agreement, certificates, tests, KEP, findings, changes, and the state of the firm."""


@registry_group.command(name="list")
@click.argument("register", type=_REGISTER, required=False)
@home_option
@json_option
def list_some(settings: Settings, register: str | None, as_json: bool) -> None:
    """What is missing and what runs out, nearest first; with REGISTER every entry of it."""
    gateway = open_gateway(settings, sending=False)
    today = gateway.clock.now().astimezone(ISTANBUL).date()
    with reading(gateway.database) as tx:
        if register is None:
            due = read_due(tx, today, published=read_changes())
            _show_due(state_of_firm(tx), due, settings, as_json=as_json)
        elif register == FORM:
            _show_customers(read_customers(tx), as_json=as_json)
        else:
            _show_entries(register, rows.read_all(tx, register), as_json=as_json)


def _show_due(firm: str, due: Iterable[Due], settings: Settings, *, as_json: bool) -> None:
    names = ("register", "entry_no", "within", "due_on", "days_left", "about")
    if as_json:
        told = [{name: getattr(each, name) for name in names} for each in due]
        print_json({"firma": firm, "needs_form": settings.needs_form, "due": told})
        return
    click.echo(say("Firmanın durumu: ", "State of the firm: ") + called("state", firm, language(), register=FIRMA))
    _print_firm(firm)
    table = [
        (
            called("within", each.within, language()), each.due_on or "-", _left(each),
            called("register", each.register, language()), each.entry_no or "-",
            called("choice", each.about, language()),
        )
        for each in due
    ]  # fmt: skip
    headings = (
        say("süre", "deadline"), say("son gün", "last day"), say("kalan", "left"), say("defter", "register"),
        say("no", "no"), say("konu", "about"),
    )  # fmt: skip
    print_table(say("Eksikler ve süreler", "What is missing, and deadlines"), headings, table)


def _print_firm(firm: str) -> None:
    if firm in (PASSIVE, CLOSED):
        click.echo(
            say(
                "  Hiçbir şey gönderilmiyor ve sorulmuyor. Durumlar, kanıtlar ve registry export açık.",
                "  Nothing is sent and nothing asked. States, evidence and registry export stay open.",
            )
        )


def _left(due: Due) -> str:
    return "-" if due.days_left is None else say(f"{due.days_left} gün", f"{due.days_left} d")


def _show_customers(found: Iterable[Customer], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "customers": [
                    {"kurum": e.kurum, "state": e.state, "is_here": e.is_here, "queued": e.queued, **_facts(e.form)}
                    for e in found
                ]
            }
        )
        return
    doubt = say("burada kaydı yok: adı doğru mu?", "not used here: is the name right?")
    table = [
        (
            each.kurum, called("state", each.state, language(), register=FORM),
            _facts(each.form).get("delivered_on", "-"), each.queued, "" if each.is_here else doubt,
        )
        for each in found
    ]  # fmt: skip
    headings = (say("kurum", "kurum"), say("form", "form"), say("ulaştı", "delivered"), say("sırada", "queued"), "")
    print_table(called("register", FORM, language()), headings, table)


def _facts(kept: Kept | None) -> dict[str, str]:
    return dict(kept.facts) if kept else {}


def _show_entries(register: str, found: Iterable[Kept], *, as_json: bool) -> None:
    if as_json:
        print_json({"register": register, "entries": [_told(each) for each in found]})
        return
    lang = language()
    table = [
        (
            each.entry_no, called("state", each.state, lang, register=register), each.due_on or "-",
            each.facts.get("subject") or called("choice", each.facts.get("kind", ""), lang),
        )
        for each in found
    ]  # fmt: skip
    headings = (say("no", "no"), say("durum", "state"), say("son gün", "last day"), say("konu", "about"))
    print_table(called("register", register, lang), headings, table)


def _told(kept: Kept) -> dict[str, Any]:
    names = ("register", "entry_no", "state", "due_on", "changed_at", "changed_by", "reason")
    return {name: getattr(kept, name) for name in names} | {"facts": dict(kept.facts)}


@registry_group.command()
@click.argument("register", type=_REGISTER)
@click.argument("no", required=False)
@home_option
@json_option
def show(settings: Settings, register: str, no: str | None, as_json: bool) -> None:
    """One entry in full, and who wrote it last and why."""
    gateway = open_gateway(settings, sending=False)
    with reading(gateway.database) as tx:
        kept = _find(tx, register, no or register)
    print_json(_told(kept)) if as_json else _print_entry(kept)


def _find(tx: Tx, register: str, no: str) -> Kept:
    kept = rows.read_one(tx, register, no)
    if kept is None:
        raise NotFound(f"{register} {no}: nothing was recorded under it; `ibys registry list {register}` shows what is")
    return kept


def _print_entry(kept: Kept) -> None:
    lang = language()
    click.echo(
        f"{called('register', kept.register, lang)} {kept.entry_no}: "
        f"{called('state', kept.state, lang, register=kept.register)}"
    )
    for field in BOOKS[kept.register].fields:
        if field.name in kept.facts:
            value = kept.facts[field.name]
            shown = called("choice", value, lang) if field.kind is Kind.CHOICE else value
            click.echo(f"  {called('field', field.name, lang)}: {shown}")
    if kept.due_on:
        click.echo(f"  {say('son gün', 'last day')}: {kept.due_on}")
    click.echo(f"  {say('son yazan', 'last written by')}: {kept.changed_by} ({kept.reason})")


@registry_group.command(name="record")
@click.argument("register", type=_REGISTER)
@click.argument("no")
@click.argument("facts", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--state", default="", help="Where it stands from now on; by default where it stood.")
@click.option("--reason", required=True, help="Why: one line, kept in the audit log. No identity numbers.")
@name_option
@home_option
@json_option
def record_one(
    settings: Settings,
    register: str,
    no: str,
    facts: tuple[str, ...],
    state: str,
    reason: str,
    by: str | None,
    as_json: bool,
) -> int:
    """Put the entry NO in, or say what it says from now on: delivered_on=2026-03-02; an empty value takes it out.

    Of the form NO is the customer. Nothing is ever deleted, and the log keeps every act.
    """
    told = Told(register, no, state, dict(map(_fact, facts)))
    done = record(open_gateway(settings, sending=False), told, Hand(name_of(by), reason))
    if done.findings:
        if as_json:
            print_json({"changed": False, "findings": [each.as_json() for each in done.findings]})
        else:
            print_findings(f"{register} {no}", done.findings)
            click.echo(say("Hiçbir şey yazılmadı.", "Nothing was written."))
        return 2
    assert done.kept is not None
    if as_json:
        print_json({"changed": done.changed, **_told(done.kept)})
        return 0
    click.echo(say("Yazıldı.", "Recorded.") if done.changed else say("Zaten böyleydi.", "It was so already."))
    _print_entry(done.kept)
    if register == FIRMA:
        _print_firm(done.kept.state)
    return 0


def _fact(told: str) -> tuple[str, str]:
    name, sign, value = told.partition("=")
    if not sign:
        raise click.UsageError(
            say(f"{told!r}: AD=DEĞER bekleniyor, örneğin delivered_on=2026-03-02",
                f"{told!r}: NAME=VALUE is wanted, for instance delivered_on=2026-03-02")
        )  # fmt: skip
    return name, value


@registry_group.command()
@click.argument("kurum")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The ZIP to write.")
@click.option("--physician", type=_FILE, help="Certificate (RSA) for which health parts are sealed.")
@click.option("--passphrase-file", type=_FILE, help="Or the passphrase under which they are.")
@name_option
@home_option
@json_option
def export(
    settings: Settings,
    kurum: str,
    out: Path,
    physician: Path | None,
    passphrase_file: Path | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Everything of a customer that leaves, in one archive: evidence packs, receipts, registers, form. Audited."""
    gateway = open_gateway(settings, sending=False)
    seal = seal_for(physician, passphrase_file)
    wish = Wish((), {}, by=name_of(by), seal=seal, authority=open_authority(settings))
    with progress(show=not as_json) as bar:
        task = bar.add_task(say("bildirim", "messages"), total=None)
        taken = export_all(gateway, KurumNo(kurum), out, wish, step=lambda n: bar.update(task, completed=n))
    facts = {name: getattr(taken, name) for name in ("messages", "packs", "health_left_out", "erased", "files")}
    if as_json:
        print_json({"out": str(out), **facts})
        return
    click.echo(
        say(
            f"{out}: {taken.messages} bildirim, {taken.packs} kanıt paketi.",
            f"{out}: {taken.messages} message(s), {taken.packs} evidence pack(s).",
        )
    )
    if taken.health_left_out:
        click.echo(
            say(
                f"{taken.health_left_out} bildirimin sağlık verisi konmadı: --physician ya da --passphrase-file",
                f"the health content of {taken.health_left_out} message(s) was left out: --physician or "
                "--passphrase-file",
            )
        )


COMMANDS = [registry_group]
