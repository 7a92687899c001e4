"""Look-ups at the ministry: `lookup workplace | professional | worker | refresh`. Answers are kept for a day.

Identity numbers come from a file or from stdin, never from the command line, where the shell would remember them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from integrator import lookups
from integrator.cli.output import home_option, json_option, print_json, say
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import Malformed
from integrator.domain.findings import seen as masked
from integrator.domain.identifiers import KurumNo, SgkTescilNo, Tckn
from integrator.domain.parties import Isyeri, Sigorta, Yetki
from integrator.parties.mirror import Seen
from integrator.settings import Settings
from integrator.wiring import open_gateway


@click.group(name="lookup")
def lookup_group() -> None:
    """What the ministry says about workplaces, professionals and workers."""


def _anew_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--anew", is_flag=True, help="Ask even when the kept answer is younger than a day.")(function)


def _file_option(function: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option(
        "--file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File with the identity number; without it, it is read from stdin.",
    )
    return option(function)


@lookup_group.command()
@click.argument("sgk_no")
@_anew_option
@home_option
@json_option
def workplace(settings: Settings, sgk_no: str, anew: bool, as_json: bool) -> None:
    """NACE code, hazard class and number of workers of the workplace with SGK_NO."""
    found = _look_up(settings, Isyeri(SgkTescilNo(sgk_no).value), anew=anew)
    assert isinstance(found.subject, Isyeri)
    told = found.subject
    facts = {
        "sgk_tescil_no": told.sgk_tescil_no,
        "nace_kodu": told.nace_kodu,
        "tehlike_sinifi": told.tehlike_sinifi,
        "calisan_sayisi": told.calisan_sayisi,
        "ad_unvan": told.ad_unvan,
    }
    _print(found, facts, ("bakanlık bu işyerini biliyor", "the ministry knows this workplace"), as_json)


@lookup_group.command()
@click.option("--sgk", "sgk_no", required=True, help="The workplace's SGK number.")
@click.option("--belge-tipi", type=click.Choice(["1", "2", "3"]), default="2", show_default=True, help="The role.")
@_file_option
@_anew_option
@home_option
@json_option
def professional(
    settings: Settings, sgk_no: str, belge_tipi: str, file: Path | None, anew: bool, as_json: bool
) -> None:
    """Whether a professional may act at a workplace in a role; the identity number comes from --file or stdin."""
    person = _read_number(file)
    found = _look_up(settings, Yetki(person, SgkTescilNo(sgk_no).value, belge_tipi), anew=anew)
    facts = {"professional": masked(person), "sgk_tescil_no": sgk_no, "belge_tipi": belge_tipi}
    _print(found, facts, ("yetkili", "authorised"), as_json)


@lookup_group.command()
@click.option("--sgk", "sgk_no", required=True, help="The workplace's SGK number.")
@_file_option
@_anew_option
@home_option
@json_option
def worker(settings: Settings, sgk_no: str, file: Path | None, anew: bool, as_json: bool) -> None:
    """Whether a worker is insured at a workplace (json-g4); the identity number comes from --file or stdin."""
    person = _read_number(file)
    found = _look_up(settings, Sigorta(person, SgkTescilNo(sgk_no).value), anew=anew)
    _print(found, {"worker": masked(person), "sgk_tescil_no": sgk_no}, ("sigortalı", "insured"), as_json)


@lookup_group.command(name="refresh")
@home_option
@json_option
def refresh_lookups(settings: Settings, as_json: bool) -> int:
    """Ask again about everything whose answer is older than a day; exit code 4 when some were not answered."""
    tally = lookups.refresh(open_gateway(settings), KurumNo(settings.gateway.kurum))
    facts = {name: tally[name] for name in ("refreshed", "unavailable")}
    if as_json:
        print_json(facts)
    else:
        click.echo(
            say(
                f"Yenilendi: {facts['refreshed']}. Yanıt gelmedi: {facts['unavailable']}.",
                f"Refreshed: {facts['refreshed']}. Not answered: {facts['unavailable']}.",
            )
        )
    return 4 if facts["unavailable"] else 0


def _look_up(settings: Settings, subject: Isyeri | Yetki | Sigorta, *, anew: bool) -> Seen:
    return lookups.look_up(open_gateway(settings), KurumNo(settings.gateway.kurum), subject, anew=anew)


def _read_number(file: Path | None) -> str:
    text = file.read_text(encoding="utf-8", errors="replace") if file else sys.stdin.read(200)
    if not text.strip():
        raise Malformed("an identity number is wanted in --file or on stdin")
    return Tckn(text.strip()).value


def _print(found: Seen, facts: dict[str, Any], words: tuple[str, str], as_json: bool) -> None:
    facts = {**facts, "holds": found.holds, "source": found.source, "seen_at": found.seen_at.isoformat()}
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        if name not in ("holds", "seen_at") and value not in ("", 0):
            click.echo(f"  {name:16} {value}")
    at = found.seen_at.astimezone(ISTANBUL).strftime("%d.%m.%Y %H:%M")
    tr, en = words
    click.echo(
        say(f"{tr}: {'evet' if found.holds else 'hayır'} ({at})", f"{en}: {'yes' if found.holds else 'no'} ({at})")
    )


COMMANDS = [lookup_group]
