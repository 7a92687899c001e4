"""What İSG-KATİP knows of the customer's parties: `parties import | list | show | set | number-changed | kurum`.

Names and identity numbers are shown masked; an identity number is never taken from the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from integrator.cli.output import home_option, json_option, language, name_of, name_option, print_json, print_table, say
from integrator.domain.errors import Malformed
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.domain.workplaces import TehlikeSinifi
from integrator.importing import Report, Wanted, import_parties
from integrator.parties.isgkatip import Kind
from integrator.parties.register import SOZLESME
from integrator.registering import (
    KurumTuru,
    change_number,
    read_card,
    read_cards,
    read_kurum,
    set_card,
    set_kurum,
)
from integrator.settings import Settings
from integrator.telling_parties import tell_card, tell_contract, tell_import, tell_party
from integrator.wiring import caps, open_gateway

MAX_PRINTED = 50
_WORDS: Mapping[str, tuple[str, str]] = {
    "new": ("yeni", "new"),
    "changed": ("değişen", "changed"),
    "same": ("aynı", "same"),
    "repeated": ("dosyada yinelenen", "repeated in the file"),
    "outdated": ("buradakinden eski", "older than what is here"),
    "faulty": ("hatalı", "faulty"),
    "erased": ("daha önce silinmiş, alınmadı", "erased before, not taken"),
    "gone": ("listede artık yok, silinmedi", "no longer on the roster, kept"),
    "absent": ("dosyada yok, silinmedi", "not in the file, kept"),
}


DAY = click.DateTime(["%Y-%m-%d"])
YES_NO = click.Choice(["yes", "no"])


@click.group(name="parties")
def parties_group() -> None:
    """Workplaces, professionals, contracts and rosters as İSG-KATİP knows them."""


@parties_group.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--kind", type=click.Choice([each.value for each in Kind]), required=True, help="What the export is about."
)
@click.option("--preview", is_flag=True, help="Only say what would change.")
@click.option("--refreshed-on", type=DAY, help="Day on which İSG-KATİP was refreshed; a roster needs it.")
@click.option("--sgk", "sgk_no", default="", help="The workplace of a roster that does not name it.")
@click.option("--role", "roles", multiple=True, metavar="NNN=1|2|3", help="belge_tipi of a kind of contract.")
@click.option("--whole", is_flag=True, help="Take the file as complete although rows of it are faulty.")
@click.option("--readmit", is_flag=True, help="Take in persons who were erased before: there is a new ground.")
@click.option("--kurum", default=None, help="The customer; by default gateway.kurum.")
@home_option
@json_option
def import_file(
    settings: Settings,
    file: Path,
    kind: str,
    preview: bool,
    refreshed_on: datetime | None,
    sgk_no: str,
    roles: tuple[str, ...],
    whole: bool,
    readmit: bool,
    kurum: str | None,
    as_json: bool,
) -> int:
    """Take an export of İSG-KATİP (XLSX, CSV): what it adds and changes is written, nothing is ever deleted.

    Faulty rows are told with their cells and stop no others; exit code 2 says that there were some. An import that
    was interrupted is simply repeated.
    """
    number = SgkTescilNo(sgk_no).value if sgk_no else ""
    wanted = Wanted(Kind(kind), file, _day(refreshed_on), number, _roles(roles), whole, preview, readmit=readmit)
    gateway = open_gateway(settings, sending=False)
    report = import_parties(gateway, _kurum(settings, kurum), wanted, caps(settings))
    print_json({"preview": preview, **tell_import(report)}) if as_json else _print(report, preview=preview)
    return 2 if report.counts["faulty"] else 0


def _kurum(settings: Settings, named: str | None) -> KurumNo:
    return KurumNo(named or settings.gateway.kurum)


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None


def _roles(told: tuple[str, ...]) -> dict[str, str]:
    roles = dict(each.partition("=")[::2] for each in told)
    if not all(
        len(kind) == 3 and kind.isascii() and kind.isdigit() and r in ("1", "2", "3") for kind, r in roles.items()
    ):
        raise Malformed("--role: NNN=1, NNN=2 or NNN=3 is wanted, for instance 103=2")
    return roles


def _print(report: Report, *, preview: bool) -> None:
    for each in report.changes[:MAX_PRINTED]:
        what = each.change.words() if each.change.before else ""
        click.echo(f"  {each.where:14} {say(*_WORDS[each.change.kind])}: {each.about}  {what}".rstrip())
    for facts in report.absent[:MAX_PRINTED]:
        told = tell_party(SOZLESME, facts)
        click.echo(f"  {say(*_WORDS['absent'])}: {told['sgk_tescil_no']} {told['tckn']} {told['durum']}")
    for cell, finding in report.findings[:MAX_PRINTED]:
        click.echo(f"  {cell or '-':14} {finding.code}  {finding.sentence(language())}")
    counts = ", ".join(f"{report.counts[name]} {say(*words)}" for name, words in _WORDS.items() if report.counts[name])
    head = say("Önizleme, hiçbir şey yazılmadı", "Preview, nothing was written") if preview else say("Alındı", "Taken")
    click.echo(f"{head}: {counts or say('satır yok', 'no rows')}.")


@parties_group.command(name="list")
@click.option("--kurum", default=None, help="The customer; by default gateway.kurum.")
@home_option
@json_option
def list_cards(settings: Settings, kurum: str | None, as_json: bool) -> None:
    """Every workplace: hazard class, contracts, workers, the day of its roster."""
    cards = read_cards(open_gateway(settings, sending=False), _kurum(settings, kurum))
    if as_json:
        print_json({"workplaces": [tell_card(each) for each in cards]})
        return
    headings = ("SGK", "", say("Tehlike", "Hazard"), say("Sözleşme", "Contracts"), say("Çalışan", "Workers"))
    rows = [
        (
            each.facts["sgk_tescil_no"],
            each.facts.get("ad_unvan", "-"),
            each.facts["tehlike_sinifi"] or "-",
            each.contract_count,
            f"{each.workers} ({each.facts['roster_on'] or '-'})",
        )
        for each in cards
    ]
    print_table(say("İşyerleri", "Workplaces"), headings, rows)


@parties_group.command(name="show")
@click.argument("sgk_no")
@click.option("--kurum", default=None, help="The customer; by default gateway.kurum.")
@home_option
@json_option
def show(settings: Settings, sgk_no: str, kurum: str | None, as_json: bool) -> None:
    """One workplace: its card, its contracts and its roster, people masked."""
    card = read_card(open_gateway(settings, sending=False), _kurum(settings, kurum), SgkTescilNo(sgk_no))
    told = tell_card(card)
    if as_json:
        print_json({**told, "contracts": [tell_contract(each) for each in card.contracts]})
        return
    for name, value in told.items():
        if value not in (None, "-"):
            click.echo(f"  {name:22} {value}")
    headings = (say("Tür", "Kind"), say("Belge tipi", "Role"), say("Kişi", "Person"), say("Durum", "State"), "")
    rows = [
        (e["tur_kodu"], e["belge_tipi"], e["ad"], e["durum"], f"{e['baslangic'] or '-'} / {e['bitis'] or '-'}")
        for e in map(tell_contract, card.contracts)
    ]
    print_table(say("Sözleşmeler", "Contracts"), headings, rows)


@parties_group.command(name="number-changed")
@click.argument("old")
@click.argument("new")
@click.option("--reason", required=True, help="Kept in the audit log.")
@name_option
@click.option("--kurum", default=None, help="The customer; by default gateway.kurum.")
@home_option
@json_option
def number_changed(
    settings: Settings, old: str, new: str, reason: str, by: str | None, kurum: str | None, as_json: bool
) -> None:
    """Say that the workplace OLD has the number NEW now. Import its contracts and roster under NEW anew."""
    gateway, hand = open_gateway(settings, sending=False), Hand(name_of(by), reason)
    changed = change_number(gateway, _kurum(settings, kurum), SgkTescilNo(old), SgkTescilNo(new), hand)
    if as_json:
        print_json({"old": old, "new": new, "changed": changed})
    else:
        click.echo(say(f"{old} yerine artık {new}.", f"{old} is {new} now."))


@parties_group.command(name="set")
@click.argument("sgk_no")
@click.option("--tehlike-sinifi", type=click.Choice([each.value for each in TehlikeSinifi]), help="Hazard class.")
@click.option("--workers", "calisan_sayisi", type=click.IntRange(0, 9_999_999), help="Number of workers.")
@click.option("--public", "kamu", type=YES_NO, help="A public workplace.")
@click.option("--auto-update", "otomatik_guncelleme", type=YES_NO, help="Otomatik güncelleme: EVET or not.")
@click.option("--auto-update-on", "otomatik_on", type=DAY, help="Day on which that was chosen.")
@click.option("--auto-update-by", "otomatik_by", help="Who chose it.")
@click.option("--contact-name", help="The workplace's e-Bildirge user.")
@click.option("--contact-phone", help="Their telephone.")
@click.option("--contact-email", help="Their address.")
@click.option("--ohs-duty-from", type=DAY, help="Day from which 6331 m.6 binds the workplace.")
@click.option("--provided-by-employer", type=YES_NO, help="The employer brings another integrator's software.")
@click.option("--served-from", type=DAY, help="First day of the served-workplace notification.")
@click.option("--served-until", type=DAY, help="Its last day.")
@click.option("--reason", required=True, help="Kept in the audit log.")
@name_option
@click.option("--kurum", default=None, help="The customer; by default gateway.kurum.")
@home_option
@json_option
def set_workplace(
    settings: Settings, sgk_no: str, reason: str, by: str | None, kurum: str | None, as_json: bool, **told: Any
) -> None:
    """Write what you know of the workplace SGK_NO and no export says."""
    facts = {name: _plain(value) for name, value in told.items() if value is not None}
    if not facts:
        raise click.UsageError(say("ne değişecek? bir seçenek verin", "what is to change? give an option"))
    gateway, hand = open_gateway(settings, sending=False), Hand(name_of(by), reason)
    change = set_card(gateway, _kurum(settings, kurum), SgkTescilNo(sgk_no), facts, hand)
    if as_json:
        print_json({"kind": change.kind, "what": change.words()})
    else:
        click.echo(change.words() or say("Zaten öyle; bir şey değişmedi.", "It is so already; nothing changed."))


def _plain(value: Any) -> Any:
    """A fact as its column keeps it."""
    if isinstance(value, datetime):
        return value.date()
    return {"yes": 1, "no": 0}.get(value, value) if isinstance(value, str) else value


@parties_group.command(name="kurum")
@click.option(
    "--type", "tur", type=click.Choice([each.value for each in KurumTuru]), help="What kind of institution it is."
)
@click.option(
    "--follow-served",
    "follows_served",
    type=YES_NO,
    help="Whether a workplace without an accepted served-workplace notification counts as not notified.",
)
@click.option("--reason", default="", help="Kept in the audit log; needed for a change.")
@name_option
@click.option("--kurum", default=None, help="The customer; by default gateway.kurum.")
@home_option
@json_option
def own(settings: Settings, reason: str, by: str | None, kurum: str | None, as_json: bool, **told: Any) -> None:
    """What the customer is itself; with options, write it."""
    gateway, number = open_gateway(settings, sending=False), _kurum(settings, kurum)
    facts = {name: _plain(value) for name, value in told.items() if value is not None}
    found = set_kurum(gateway, number, facts, Hand(name_of(by), reason)) if facts else read_kurum(gateway, number)
    shown_facts = {"kurum": number, "type": found.get("tur"), "follow_served": bool(found.get("follows_served"))}
    if as_json:
        print_json(shown_facts)
        return
    for name, value in shown_facts.items():
        click.echo(f"  {name:14} {value or '-'}")


COMMANDS = [parties_group]
