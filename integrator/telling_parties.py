"""Parties and imports as plain values for people and programs; identity numbers are masked for everybody.

Names, telephones and addresses of contacts are masked too, unless whoever asks keeps the registers (`whole`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from integrator.importing import Report
from integrator.parties.register import ISYERI, PROFESYONEL, SOZLESME, Facts, Register, shown
from integrator.registering import Card

OUTCOMES = ("new", "changed", "same", "repeated", "outdated", "faulty", "gone", "absent")
ROSTER_GOOD_FOR = timedelta(days=30)
_WANTED = ("nace_kodu", "tehlike_sinifi", "calisan_sayisi", "kamu", "ohs_duty_from", "contact_name")


def tell_party(register: Register, facts: Mapping[str, Any], *, whole: bool = False) -> dict[str, Any]:
    """Facts as they may be shown: plain ones as they are, sealed ones masked, or all but identity numbers `whole`."""
    return {
        name: shown(register, name, value) if name in register.secret and not (whole and name != "tckn") else value
        for name, value in facts.items()
        if not name.endswith("_index")
    }


def tell_card(card: Card, *, whole: bool = False) -> dict[str, Any]:
    """One workplace: its card and how many contracts and workers it has."""
    counts = {"contracts": card.contract_count, "workers": card.workers, "workers_gone": card.gone}
    return {**tell_party(ISYERI, card.facts, whole=whole), **counts}


def tell_contract(facts: Mapping[str, Any], *, whole: bool = False) -> dict[str, Any]:
    """One contract with the professional's name."""
    name = facts.get("ad")
    return {**tell_party(SOZLESME, facts, whole=whole), "ad": name if whole else shown(PROFESYONEL, "ad", name)}


def missing_of(card: Card, today: date) -> list[str]:
    """The facts of a workplace that are wanted and not known, and what is known and too old (domain 6.5)."""
    return list(_missing(card.facts, today))


def _missing(facts: Facts, today: date) -> Iterator[str]:
    yield from (name for name in _WANTED if facts.get(name) in (None, ""))
    if facts.get("contracts_on") is None:
        yield "contracts"
    roster_on = facts.get("roster_on")
    if roster_on is None or today - roster_on > ROSTER_GOOD_FOR:
        yield "roster"
    if not facts.get("otomatik_guncelleme"):
        yield "otomatik_guncelleme"


def tell_import(report: Report) -> dict[str, Any]:
    """What an import changed, or would change: counts of all, and the first of each kind one by one."""
    return {
        "counts": {name: report.counts[name] for name in OUTCOMES},
        "changes": [
            {"where": each.where, "about": each.about, "kind": each.change.kind, "what": each.change.words()}
            for each in report.changes
        ],
        "absent": [tell_party(SOZLESME, facts) for facts in report.absent],
        "findings": [{"cell": cell, **finding.as_json()} for cell, finding in report.findings],
    }
