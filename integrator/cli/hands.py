"""People's hands: `causes`, `release`, `retry`, `cancel`, `quarantine`, `correct`. Each with a reason and a name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from integrator import acts
from integrator.cli.output import (
    home_option,
    json_option,
    language,
    name_of,
    name_option,
    print_findings,
    print_json,
    say,
)
from integrator.correcting import Corrected
from integrator.domain.advice import advice_for, word
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import KurumNo, SgkTescilNo, SorguNo, Tckn
from integrator.domain.records import Form
from integrator.gateway import Gateway
from integrator.hands import Done, GroupDone
from integrator.intake.read_json import read_file
from integrator.settings import Settings
from integrator.telling import tell_cause
from integrator.wiring import caps, open_gateway

_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


def _hand_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--reason`` and ``--as``: why, and who; both go into the audit log for good."""
    reason = click.option("--reason", required=True, help="Why: one line, kept in the audit log. No identity numbers.")
    return reason(name_option(command))


@click.command()
@home_option
@json_option
def causes(settings: Settings, as_json: bool) -> None:
    """What waits for a person, one row for each thing to mend: what happened, who must act, where to click."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    shown = [tell_cause(gateway, kurum, each) for each in acts.read_causes(gateway, kurum)]
    if as_json:
        print_json({"causes": shown})
        return
    if not shown:
        click.echo(say("Bir kişiyi bekleyen bildirim yok.", "No message waits for a person."))
    for each in shown:
        _print_cause(each)


def _print_cause(shown: dict[str, Any]) -> None:
    since = _local_day(shown["since"])
    count = shown["count"]
    click.echo(
        say(
            f"{shown['cause']}   {count} bildirim, en eskisi {since}",
            f"{shown['cause']}   {count} message(s), oldest {since}",
        )
    )
    lines = [
        (say("ne oldu", "what happened"), ": ".join(filter(None, (shown["code"], shown["happened"][language()])))),
        (say("işyeri", "workplace"), shown.get("workplace", "")),
        (say("profesyonel", "professional"), shown.get("professional", "")),
        (say("kim", "who must act"), shown["who"][language()]),
        (say("nerede", "where"), shown["where"][language()]),
        (say("örnek", "for instance"), ", ".join(map(str, shown["examples"]))),
    ]
    for name, value in lines:
        if value and value != "-":
            click.echo(f"  {name + ':':14} {value}")
    for each in shown["can"].values():
        click.echo(f"  > {each[language()]}")


def _local_day(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone(ISTANBUL).strftime("%d.%m.%Y %H:%M")


@click.command()
@click.argument("sorgu_no", type=int, required=False)
@click.option("--cause", "cause_id", help="Everything that waits for this cause (`ibys causes`).")
@click.option("--workplace", "sgk_tescil_no", help="Everything held for this workplace: its SGK number, 26 digits.")
@click.option(
    "--evidence",
    type=click.Choice([each.value for each in acts.Evidence]),
    help="With --workplace: what was mended, the roster (212) or the contract (213).",
)
@click.option(
    "--professional", type=_EXISTING, help="With --workplace: file with an identity number, that person's only."
)
@_hand_options
@home_option
@json_option
def release(
    settings: Settings,
    sorgu_no: int | None,
    cause_id: str | None,
    sgk_tescil_no: str | None,
    evidence: str | None,
    professional: Path | None,
    reason: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Let what is held or quarantined go on: one message, a whole cause, or a workplace whose papers are in order.

    What may be stored at the ministry is asked about first, never sent blindly.
    """
    _one_of(sorgu_no=sorgu_no, cause=cause_id, workplace=sgk_tescil_no)
    if (evidence or professional) and not sgk_tescil_no:
        raise click.UsageError("--evidence and --professional go with --workplace")
    hand = {"reason": reason, "by": name_of(by)}
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    if sorgu_no is not None:
        _print_done(acts.release(gateway, kurum, SorguNo(sorgu_no), **hand), as_json)
    elif cause_id:
        _print_group(acts.release_cause(gateway, kurum, cause_id, for_all=True, **hand), as_json)
    else:
        person = Tckn(professional.read_text(encoding="ascii").strip()) if professional else None
        kind = acts.Evidence(evidence) if evidence else None
        workplace = SgkTescilNo(sgk_tescil_no or "")
        done = acts.release_for_evidence(gateway, kurum, workplace, evidence=kind, professional=person, **hand)
        _print_group(done, as_json)


@click.command()
@click.argument("sorgu_no", type=int, required=False)
@click.option("--cause", "cause_id", help="Everything that waits for this cause (`ibys causes`).")
@_hand_options
@home_option
@json_option
def cancel(
    settings: Settings, sorgu_no: int | None, cause_id: str | None, reason: str, by: str | None, as_json: bool
) -> None:
    """Take back what is not on its way and cannot be at the ministry: one message or a whole cause."""
    _one_of(sorgu_no=sorgu_no, cause=cause_id)
    hand = {"reason": reason, "by": name_of(by)}
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    if sorgu_no is not None:
        _print_done(acts.cancel(gateway, kurum, SorguNo(sorgu_no), **hand), as_json)
    else:
        _print_group(acts.cancel_cause(gateway, kurum, cause_id or "", **hand), as_json)


@click.command()
@click.argument("sorgu_no", type=int)
@_hand_options
@home_option
@json_option
def retry(settings: Settings, sorgu_no: int, reason: str, by: str | None, as_json: bool) -> None:
    """Do now what is due later: send a queued message, or ask the ministry about an uncertain one."""
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    done = acts.retry(gateway, kurum, SorguNo(sorgu_no), reason=reason, by=name_of(by))
    _print_done(done, as_json)


@click.command()
@click.argument("sorgu_no", type=int, required=False)
@click.option(
    "--form", nargs=3, metavar="VERI_SETI VERSION METOT", help="Every message of this form, and all that come."
)
@click.option("--lift", is_flag=True, help="With --form: end it, and let its messages go on.")
@_hand_options
@home_option
@json_option
def quarantine(
    settings: Settings,
    sorgu_no: int | None,
    form: tuple[str, str, str] | None,
    lift: bool,
    reason: str,
    by: str | None,
    as_json: bool,
) -> None:
    """Stop one queued message, or a whole form until somebody lifts it. What is accepted meanwhile is stopped too."""
    _one_of(sorgu_no=sorgu_no, form=form)
    if lift and not form:
        raise click.UsageError("--lift goes with --form; one message is let go by `ibys release`")
    hand = {"reason": reason, "by": name_of(by)}
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    if sorgu_no is not None:
        _print_done(acts.quarantine(gateway, kurum, SorguNo(sorgu_no), **hand), as_json)
        return
    named = _known_form(gateway, form or ("", "", ""))
    if lift:
        _print_group(acts.lift_form(gateway, named, **hand), as_json)
    else:
        _print_stopped(acts.quarantine_form(gateway, named, **hand), as_json)


def _print_stopped(done: GroupDone, as_json: bool) -> None:
    if as_json:
        print_json({"count": done.count, "state": str(done.state)})
        return
    click.echo(
        say(
            f"Biçim durduruldu: sıradaki {done.count} bildirim ve bundan sonra alınanlar bekler (--lift kaldırır).",
            f"The form is stopped: {done.count} queued message(s), and what is accepted from now on (--lift ends it).",
        )
    )


def _known_form(gateway: Gateway, form: tuple[str, str, str]) -> Form:
    """A form that can exist; a slip of the fingers must not stop nothing and say it is done."""
    definition = gateway.catalogue.definition(form[0], form[1])
    if form[2] not in definition.metot:
        raise Malformed(f"{form[0]} {form[1]} is sent by {', '.join(definition.metot) or '-'}, not by {form[2]}")
    return Form(*form)


@click.command()
@click.argument("sorgu_no", type=int)
@click.argument("file", type=_EXISTING)
@_hand_options
@home_option
@json_option
def correct(settings: Settings, sorgu_no: int, file: Path, reason: str, by: str | None, as_json: bool) -> int:
    """Replace what the ministry refused: FILE holds the mended record, under a new id.

    The record takes the place of the refused messages of SORGU_NO's record, or nothing changes. After a partial
    answer FILE holds the refused workers only; what was stored stays.
    """
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    found = list(read_file(file, caps(settings)))
    if len(found) != 1:
        raise Malformed(f"{file}: one record is wanted, {len(found)} were found")
    done = acts.correct(gateway, kurum, SorguNo(sorgu_no), found[0], reason=reason, by=name_of(by))
    _print_corrected(done, as_json)
    return 2 if done.answer.status == "rejected" else 0


def _print_corrected(done: Corrected, as_json: bool) -> None:
    answer = done.answer
    if as_json:
        facts = {"status": answer.status, "id": answer.kayit_no, "sorgu_no": list(answer.sorgu_no)}
        told = {"corrects": done.corrects, "superseded": list(done.superseded)}
        print_json({**facts, **told, "findings": [each.as_json() for each in answer.findings]})
        return
    print_findings(f"{answer.where} ({answer.kayit_no or '-'})", answer.findings)
    if answer.status == "rejected":
        click.echo(say("Düzeltme alınmadı; eski kayıt olduğu gibi duruyor.", "Not taken; the old record is as it was."))
        return
    numbers, old = ", ".join(map(str, answer.sorgu_no)), ", ".join(map(str, done.superseded)) or "-"
    click.echo(
        say(
            f"{answer.kayit_no}, {done.corrects} kaydını düzeltiyor: yeni {numbers}; yerine geçilen {old}.",
            f"{answer.kayit_no} corrects {done.corrects}: new {numbers}; superseded {old}.",
        )
    )


def _one_of(**given: Any) -> None:
    if sum(each is not None for each in given.values()) != 1:
        names = ["SORGU_NO" if name == "sorgu_no" else f"--{name}" for name in given]
        raise click.UsageError(say("Yalnız biri verilmeli: ", "Exactly one of these is wanted: ") + ", ".join(names))


def _print_done(done: Done, as_json: bool) -> None:
    if as_json:
        facts = {"sorgu_no": done.sorgu_no, "state": str(done.state), "changed": done.changed}
        print_json(facts | ({"was_due_at": done.was_due_at.isoformat()} if done.was_due_at else {}))
        return
    told = advice_for(done.state, "", "").happened[language()]
    if not done.changed:
        told = say("Sırası gelmiş bile; yapılacak bir şey yok.", "It is due already; there was nothing to do.")
    click.echo(f"{done.sorgu_no}: {word(done.state, language())}. {told}")


def _print_group(done: GroupDone, as_json: bool) -> None:
    if as_json:
        print_json({"count": done.count, "state": str(done.state), "stopped": done.caught})
        return
    if not done.count:
        click.echo(
            say("Bekleyen bildirim yoktu; hiçbir şey değişmedi.", "No message was waiting; nothing was changed.")
        )
        return
    told = advice_for(done.state, "", "").happened[language()]
    state = word(done.state, language())
    click.echo(say(f"{done.count} bildirim: {state}. {told}", f"{done.count} message(s): {state}. {told}"))
    if done.caught:
        click.echo(
            say(
                f"Bunların {done.caught} tanesi, biçimi karantinada olduğu için yine durduruldu.",
                f"{done.caught} of them were stopped again, because their form is in quarantine.",
            )
        )


COMMANDS = [causes, release, retry, cancel, quarantine, correct]
