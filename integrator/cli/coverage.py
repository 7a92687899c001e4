"""`coverage`: of each workplace's roster, who is trained and examined, and at which step it stopped where not."""

from __future__ import annotations

from collections.abc import Mapping

import click

from integrator.cli.output import home_option, json_option, print_json, print_table, say
from integrator.coverage import following, reading
from integrator.coverage.standing import COVERED, Standing
from integrator.coverage.subjects import KINDS
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.parties.register import ISYERI, read
from integrator.settings import Settings
from integrator.store import engine
from integrator.wiring import open_gateway

_WORDS = {
    Standing.NOT_ACCEPTED: ("kabul edilmedi", "not accepted"),
    Standing.NOT_ANSWERED: ("yanıtı yok", "not answered"),
    Standing.NOT_SENT: ("gönderilmedi", "not sent"),
    Standing.NOT_SIGNED: ("imzalanmadı", "not signed"),
    Standing.EXPIRED: ("süresi doldu", "expired"),
    Standing.NOT_ENTERED: ("girilmedi", "not entered"),
}


@click.command()
@click.option("--anew", is_flag=True, help="Throw the counts away and make them anew from the feed.")
@home_option
@json_option
def coverage(settings: Settings, anew: bool, as_json: bool) -> None:
    """How many of each roster are covered, and what is missing where not."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    if anew:
        with engine.writing(gateway.database) as tx:
            following.forget(tx, kurum)
    following.follow_all(gateway, kurum)
    while reading.count_places(gateway, kurum):
        pass
    with engine.reading(gateway.database) as tx:
        counted = reading.read_counts(tx, kurum)
    named = _names(gateway, kurum, counted)
    if as_json:
        print_json(
            {
                "workplaces": [
                    {"sgk_tescil_no": named.get(each.isyeri_index, ""), "roster": each.roster, **each.counts}
                    for each in counted
                ]
            }
        )
        return
    headings = (say("işyeri", "workplace"), say("çalışan", "workers"), say("eğitim", "training"), "muayene")
    rows = [
        (named.get(each.isyeri_index, "-"), each.roster, *(_told(each.counts.get(kind, {})) for kind in KINDS))
        for each in counted
    ]
    print_table(say("Kapsam", "Coverage"), headings, rows)


def _names(gateway: Gateway, kurum: KurumNo, counted: list[reading.Counted]) -> dict[str, str]:
    sealer = gateway.keyring.sealer(kurum, now=gateway.clock.now())
    with engine.reading(gateway.database) as tx:
        cards = read(tx, sealer, kurum, ISYERI, [each.isyeri_index for each in counted])
        return {key: card["sgk_tescil_no"] for key, card in cards}


def _told(counts: Mapping[str, int]) -> str:

    covered = sum(counts.get(each, 0) for each in COVERED)
    gaps = [f"{say(*words)} {counts[each]}" for each, words in _WORDS.items() if counts.get(each)]
    ending = counts.get(Standing.ENDING, 0)
    soon = [say(f"60 gün içinde {ending}", f"ending soon {ending}")] if ending else []
    return "; ".join([f"{say('tamam', 'covered')} {covered}", *soon, *gaps])


COMMANDS = [coverage]
