"""The screen of one message: where it stands, what happened, who must act, what each command would do to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from integrator.cli.explain import print_line_of_214
from integrator.cli.output import language, name_of, print_json, print_table, say
from integrator.domain.advice import word
from integrator.domain.clock import ISTANBUL
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import FOR_A_PERSON, SETTLED, State
from integrator.settings import Settings
from integrator.telling import tell_message
from integrator.wiring import open_gateway

MAX_PARTS = 20


def show_message(settings: Settings, sorgu_no: SorguNo, *, as_json: bool) -> None:
    """Print everything a person needs to decide about one message; raises NotFound."""
    kurum = KurumNo(settings.gateway.kurum)
    shown = tell_message(open_gateway(settings, sending=False), kurum, sorgu_no, by=name_of(None))
    if as_json:
        print_json(shown)
        return
    _print_head(shown)
    _print_attempts(shown)
    _print_hands(shown)
    print_line_of_214(shown, shown.get("explanation"))
    _print_verbs(shown)


def _print_head(shown: Mapping[str, Any]) -> None:
    state = " / ".join(dict.fromkeys((shown["state"], word(shown["state"], language()))))
    click.echo(f"{shown['sorgu_no']}  {state}  {shown['veri_seti']} {shown['version']}  {shown['metot']}")
    stored = f"{shown['parts_accepted']}/{shown['parts_total']}"
    due = "-" if State(shown["state"]) in SETTLED | FOR_A_PERSON else _local(shown["due_at"])
    record, part = shown["kayit_no"], shown["part"]
    click.echo(
        say(
            f"kayıt {record} bölüm {part}; {stored} kabul; sıradaki iş {due}",
            f"record {record} part {part}; {stored} stored; next act {due}",
        )
    )
    means = shown["code_means"]
    lines = (
        (say("ne oldu", "what happened"), shown["happened"][language()]),
        (say("kod", "code"), f"{shown['last_code'] or '-'}  {means[language()] if means else ''}".rstrip()),
        (say("kim", "who must act"), shown["who"][language()]),
        (say("nerede", "where"), shown["where"][language()]),
        (say("düzelttiği", "corrects"), shown["corrects"]),
        (say("düzelten", "corrected by"), shown["corrected_by"]),
    )
    for name, value in lines:
        if value and value != "-":
            click.echo(f"  {name + ':':14} {value}")


def _print_attempts(shown: Mapping[str, Any]) -> None:
    names = ("deneme_no", "act", "started_at", "ended_at", "outcome", "code")
    rows = [[_cell(each[name]) for name in names] for each in shown["denemeler"]]
    state = State(shown["state"])
    if state in (State.QUEUED, State.UNCERTAIN):  # what comes next, and when it is planned
        act = "send" if state is State.QUEUED else "ask"
        rows.append(
            [
                say("sıradaki", "next"),
                word(act, language()),
                _local(shown["due_at"]),
                "-",
                say("planlandı", "planned"),
                "-",
            ]
        )
    headings = (
        "no",
        say("iş", "act"),
        say("başladı", "began"),
        say("bitti", "ended"),
        say("sonuç", "outcome"),
        say("kod", "code"),
    )
    if rows:
        print_table(say("Denemeler", "Attempts"), headings, rows)
    parts = shown["refused_parts"]
    if parts:
        print_table(
            say(f"Reddedilenler ({len(parts)})", f"Refused ({len(parts)})"),
            (say("çalışan", "worker"), say("eğitim", "training"), say("kod", "code")),
            [list(each.values()) for each in parts[:MAX_PARTS]],
        )


def _print_hands(shown: Mapping[str, Any]) -> None:
    if shown["by_hand"]:
        rows = [
            (
                _local(datetime.fromisoformat(each["at"])),
                each["by"],
                word(each["to"] or each["event"], language()),
                each["reason"],
            )
            for each in shown["by_hand"]
        ]
        headings = (say("ne zaman", "when"), say("kim", "who"), say("ne yaptı", "did"), say("gerekçe", "reason"))
        print_table(say("Elle yapılanlar", "Done by hand"), headings, rows)


def _print_verbs(shown: Mapping[str, Any]) -> None:
    if shown["can"]:
        click.echo(say("Yapabilecekleriniz:", "What you can do:"))
    for each in shown["can"].values():
        click.echo(f"  {each[language()]}")


def _cell(value: Any) -> str:
    return _local(value) if isinstance(value, datetime) else word(str(value or "-"), language())


def _local(at: datetime | None) -> str:
    return at.astimezone(ISTANBUL).strftime("%d.%m.%Y %H:%M:%S") if at else "-"
