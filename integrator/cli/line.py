"""The line to the ministry in an operator's hands: `ibys line show`, `stop` and `resume`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import click

from integrator import acts
from integrator.cli.output import home_option, json_option, language, local, name_of, name_option, print_json, say
from integrator.domain.clock import SystemClock
from integrator.domain.errors import Misconfigured
from integrator.domain.outcome_texts import outcome_text
from integrator.gateway import Gateway
from integrator.queue import restored
from integrator.queue.line import ACTIVE, PASSIVE, STOPPED, Breaker, Line, breaker_of, line_address
from integrator.queue.standing import FIRM_PASSIVE, told_line
from integrator.settings import Settings
from integrator.store.engine import Database, reading
from integrator.wiring import open_gateway, open_store


def line_facts(settings: Settings, database: Database) -> dict[str, Any]:
    """Everything there is to say about the line, for machines; `say` and `do` are sentences for people."""
    with reading(database) as tx:
        line = told_line(tx, line_address(settings.ministry.address))
        closed = restored.is_open(tx) is False
    now = SystemClock().now()
    rests = line.rest_until if line.rest_until and line.rest_until > now else None
    said, advice = _sentences_of_closed() if closed else _sentences(line, now, rests)
    return {
        "address": line.address,
        "state": STOPPED if closed else line.state,
        "reason": restored.CODE if closed else line.reason,
        "since": line.changed_at,
        "breaker": str(breaker_of(line, now=now)),
        "failures_in_a_row": line.failures,
        "next_probe_at": line.probe_at if line.is_narrow and not line.probe_by else None,
        "probe_is_out": bool(line.probe_by),
        "rest_until": rests,
        "rate_per_second": settings.rate_per_second,
        "say": said,
        "do": advice,
    }


def _sentences_of_closed() -> tuple[str, str]:
    return (
        say(
            "Bu sistem bir yedekten geri geldi ve hiçbir şey göndermiyor.",
            "This gateway came back from a backup and sends nothing.",
        ),
        say(
            'Asıl sistem bir daha çalışmayacaksa: ibys line resume --reason "...". Bekleyen her ileti önce sorulur.',
            'When the original will never run again: ibys line resume --reason "...". What waits is asked about first.',
        ),
    )


def _sentences_of_passive() -> tuple[str, str]:
    return (
        say(
            "Bakanlık firmayı pasife aldı (ibys registry show firma): hiçbir şey gönderilmiyor ve sorulmuyor.",
            "The ministry has made the firm passive (ibys registry show firma): nothing is sent and nothing asked.",
        ),
        say(
            "Durumlar, kanıtlar ve müşteri çıkışı (ibys registry export) açık. Bakanlık yeniden etkin ilan edince: "
            'ibys registry record firma firma --state active since=GÜN reference=İLAN --reason "..."',
            "States, evidence and ibys registry export stay open. Once the ministry has announced the firm active: "
            'ibys registry record firma firma --state active since=DAY reference=NO --reason "..."',
        ),
    )


def _sentences(line: Line, now: datetime, rests: datetime | None) -> tuple[str, str]:
    """(what is so, what to do about it), for somebody who is tired."""
    if line.state == STOPPED:
        return (
            say(
                f"Gönderim {local(line.changed_at)} tarihinde elle durduruldu: {line.reason}.",
                f"Sending was stopped by hand at {local(line.changed_at)}: {line.reason}.",
            ),
            say(
                'Kayıt kabulü sürüyor. Sebep ortadan kalkınca: ibys line resume --reason "..."',
                'Records are still accepted. When the cause is gone: ibys line resume --reason "..."',
            ),
        )
    if line.reason == FIRM_PASSIVE:
        return _sentences_of_passive()
    if line.state == PASSIVE:
        return (
            say(
                f"Bakanlık {local(line.changed_at)} tarihinden beri firmayı tanımıyor (kod {line.reason}).",
                f"Since {local(line.changed_at)} the ministry does not know the firm (code {line.reason}).",
            ),
            say(
                "Firma kodu ve parola dosyalarını denetleyin, bakanlığı arayın. Hiçbir deneme hakkı yanmaz; "
                f"sıradaki yoklama {local(line.probe_at)}. İlk başarılı yanıt ya da ibys line resume hattı açar.",
                "Check the firma kodu and parola files, call the ministry. No attempt is burned; the next probe goes "
                f"at {local(line.probe_at)}. The first good answer, or ibys line resume, opens the line.",
            ),
        )
    if breaker_of(line, now=now) is not Breaker.CLOSED:
        told = outcome_text(line.reason, language())
        return (
            say(
                f"Bakanlığa {local(line.changed_at)} tarihinden beri ulaşılamıyor: {told}",
                f"The ministry cannot be reached since {local(line.changed_at)}: {told}",
            ),
            say(
                f"Bir şey yapmanız gerekmez: {local(line.probe_at)} tarihinde tek bir ileti denenir, yanıt gelince "
                "gönderim kendiliğinden sürer. Uzarsa ağı ve ministry.address ayarını denetleyin.",
                f"Nothing needs doing: one message is tried at {local(line.probe_at)}, and sending goes on by itself "
                "when it is answered. If this lasts, check the network and ministry.address.",
            ),
        )
    if rests:
        return (
            say(
                f"Bakanlık {local(rests)} tarihine kadar beklememizi istedi.",
                f"The ministry asked us to wait until {local(rests)}.",
            ),
            say("Bir şey yapmanız gerekmez.", "Nothing needs doing."),
        )
    return say("Hat açık.", "The line is open."), ""


def print_line(facts: dict[str, Any]) -> None:
    """State, what is so, what to do."""
    rate = facts["rate_per_second"]
    told = say(f"saniyede en çok {rate:g} çağrı", f"at most {rate:g} calls a second") if rate else ""
    click.echo("   ".join(filter(None, (say("Bakanlık hattı:", "Line to the ministry:"), _state(facts), told))))
    if facts["state"] != ACTIVE or facts["breaker"] != Breaker.CLOSED or facts["rest_until"]:
        click.echo(f"  {facts['say']}")
        click.echo(f"  {facts['do']}")


def _state(facts: dict[str, Any]) -> str:
    broken = facts["state"] == ACTIVE and facts["breaker"] != Breaker.CLOSED
    return f"{facts['state']} ({say('kesinti', 'outage')})" if broken else str(facts["state"])


@click.group()
def line() -> None:
    """The line to the ministry: look at it, stop all sending, let it go on."""


@line.command()
@home_option
@json_option
def show(settings: Settings, as_json: bool) -> None:
    """How the line to the ministry stands, since when, and what to do."""
    facts = line_facts(settings, open_store(settings))
    print_json(facts) if as_json else print_line(facts)


@line.command()
@click.option("--reason", required=True, help="Kept in the audit log.")
@name_option
@home_option
@json_option
def stop(settings: Settings, reason: str, by: str | None, as_json: bool) -> None:
    """Stop all sending and asking, in every worker, within a tenth of a second. Accepting goes on."""
    _turn(settings, partial(acts.stop_line, reason=reason, by=name_of(by)), as_json)


@line.command()
@click.option("--reason", required=True, help="Kept in the audit log.")
@name_option
@home_option
@json_option
def resume(settings: Settings, reason: str, by: str | None, as_json: bool) -> None:
    """Let sending go on: ends STOPPED, PASSIVE, an open breaker and a rest the ministry asked for."""
    _turn(settings, partial(acts.resume_line, reason=reason, by=name_of(by)), as_json)


def _turn(settings: Settings, act: Callable[[Gateway], bool], as_json: bool) -> None:
    if not settings.ministry.address:
        raise Misconfigured("ministry.address is not set: there is no line to stop or resume")
    gateway = open_gateway(settings, sending=False)
    changed = act(gateway)
    facts = line_facts(settings, gateway.database)
    if as_json:
        print_json({**facts, "changed": changed})
        return
    if not changed:
        click.echo(say("Değişen bir şey yok.", "Nothing changed."))
    print_line(facts)


COMMANDS = [line]
