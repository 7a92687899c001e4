"""People's hands on the registers of parties, and what is read of them for people. Imports stand in ``importing.py``.

Each act is one short transaction with its audit entry in it, which names who and why, and no person's number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.domain.errors import Malformed, UnknownParty
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.gateway import Gateway
from integrator.parties import register
from integrator.parties.register import CALISAN, ISYERI, PROFESYONEL, SOZLESME, Change, Facts, Told
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.tables import kurum as kurum_table


class KurumTuru(StrEnum):
    """What kind of institution a customer is (circular 1n)."""

    OSGB = "OSGB"
    EGITIM_KURUMU = "EGITIM_KURUMU"
    TSMB = "TSMB"
    PROTOKOL = "PROTOKOL"
    BIREYSEL_PROF = "BIREYSEL_PROF"
    ISVEREN = "ISVEREN"


@dataclass(frozen=True, slots=True)
class Card:
    """One workplace: its card, its contracts with the professional's name, how many are and were on its roster.

    Facts are whole: to be masked when shown (`register.shown`).
    """

    facts: Facts = field(repr=False)
    workers: int
    gone: int
    contracts: list[dict[str, Any]] = field(default_factory=list, repr=False)
    contract_count: int = 0


def read_cards(gateway: Gateway, kurum: KurumNo) -> list[Card]:
    """Every workplace of `kurum`, by number; without the contracts themselves."""
    if not read_kurum(gateway, kurum):  # nobody of that name yet, and to ask makes none
        return []
    sealer = gateway.keyring.sealer(kurum)
    with reading(gateway.database) as tx:
        cards = register.read_all(tx, sealer, kurum, ISYERI)
        contracts = register.count_by_workplace(tx, kurum, SOZLESME)
        workers, gone = _workers(tx, kurum)
    found = [Card(f, workers.get(k, 0), gone.get(k, 0), contract_count=contracts.get(k, 0)) for k, f in cards]
    return sorted(found, key=lambda card: str(card.facts["sgk_tescil_no"]))


def read_card(gateway: Gateway, kurum: KurumNo, sgk_tescil_no: SgkTescilNo) -> Card:
    """One workplace with its contracts; raises UnknownParty."""
    if not read_kurum(gateway, kurum):
        raise UnknownParty(sgk_tescil_no.value)
    sealer = gateway.keyring.sealer(kurum)
    key = register.isyeri_index(sealer, sgk_tescil_no.value)
    with reading(gateway.database) as tx:
        facts = dict(register.read(tx, sealer, kurum, ISYERI, [key])).get(key)
        if facts is None:
            raise UnknownParty(sgk_tescil_no.value)
        contracts = [each for _, each in register.read_all(tx, sealer, kurum, SOZLESME, isyeri=key)]
        people = dict(register.read(tx, sealer, kurum, PROFESYONEL, [c["profesyonel_index"] for c in contracts]))
        workers, gone = _workers(tx, kurum)
    named = [{**each, "ad": people.get(each["profesyonel_index"], {}).get("ad")} for each in contracts]
    return Card(facts, workers.get(key, 0), gone.get(key, 0), named, len(named))


def read_professionals(gateway: Gateway, kurum: KurumNo) -> list[Facts]:
    """Every professional of `kurum`, by name. Facts are whole: to be masked when shown."""
    if not read_kurum(gateway, kurum):
        return []
    with reading(gateway.database) as tx:
        found = register.read_all(tx, gateway.keyring.sealer(kurum), kurum, PROFESYONEL)
    return sorted((facts for _, facts in found), key=lambda facts: (str(facts.get("ad")), str(facts.get("tckn"))))


def _workers(tx: Tx, kurum: KurumNo) -> tuple[dict[str, int], dict[str, int]]:
    marked = CALISAN.table.c.not_seen_since
    return (
        register.count_by_workplace(tx, kurum, CALISAN, marked.is_(None)),
        register.count_by_workplace(tx, kurum, CALISAN, marked.is_not(None)),
    )


def set_card(gateway: Gateway, kurum: KurumNo, sgk_tescil_no: SgkTescilNo, facts: Facts, hand: Hand) -> Change:
    """Write what an operator knows of a workplace, known before or not."""
    sealer = gateway.keyring.sealer(kurum, now=gateway.clock.now())
    sgk = sgk_tescil_no.value
    told = Told(ISYERI, register.isyeri_index(sealer, sgk), {"sgk_tescil_no": sgk, **facts})
    return _write(gateway, kurum, [told], hand, {"set": sorted(facts)})[0]


def change_number(gateway: Gateway, kurum: KurumNo, old: SgkTescilNo, new: SgkTescilNo, hand: Hand) -> bool:
    """Write that `new` took the place of `old`; nothing else moves. False when it was known already.

    Raises Malformed when it would lead in a circle.
    """
    if old == new or _leads_to(gateway, kurum, new.value, old.value):
        raise Malformed(f"{new.value} is the same number, or was itself replaced by {old.value}")
    sealer = gateway.keyring.sealer(kurum, now=gateway.clock.now())
    told = [
        Told(ISYERI, register.isyeri_index(sealer, old.value), {"sgk_tescil_no": old.value, "replaced_by": new.value}),
        Told(ISYERI, register.isyeri_index(sealer, new.value), {"sgk_tescil_no": new.value}),
    ]
    return any(each.kind != "same" for each in _write(gateway, kurum, told, hand, {"set": ["replaced_by"]}))


def _leads_to(gateway: Gateway, kurum: KurumNo, start: str, end: str) -> bool:
    """Whether the numbers that took the place of `start` come to `end`."""
    replaced = {card.facts["sgk_tescil_no"]: card.facts.get("replaced_by") for card in read_cards(gateway, kurum)}
    at, passed = replaced.get(start), set[str]()
    while at and at not in passed and at != end:
        passed.add(at)
        at = replaced.get(at)
    return at == end


def _write(gateway: Gateway, kurum: KurumNo, told: list[Told], hand: Hand, facts: Mapping[str, Any]) -> list[Change]:
    now = gateway.clock.now()

    def write(tx: Tx) -> list[Change]:
        sealer = gateway.keyring.sealer(kurum, now=now)
        gateway.keyring.hold(tx, kurum, sealer)
        register.hold_registers(tx, kurum)
        changes = register.compare(tx, sealer, kurum, told)
        register.write(tx, sealer, kurum, changes, now=now)
        if any(each.kind != "same" for each in changes):
            about = {"kurum": kurum, "isyeri": [each.key for each in told], **facts, **hand.facts}
            about |= told_now(tx, sealer, kurum, register.written(changes))
            gateway.record(tx, [Entry("party.changed", gateway.actor, about)], now)
        return changes

    return write_anew(gateway.database, write)


def read_kurum(gateway: Gateway, kurum: KurumNo) -> dict[str, Any]:
    """The kurum's own type, and whether it follows served-workplace notifications; empty when it is not known here."""
    with reading(gateway.database) as tx:
        return register.read_kurum(tx, kurum)


def set_kurum(gateway: Gateway, kurum: KurumNo, facts: Facts, hand: Hand) -> dict[str, Any]:
    """Write the kurum's own facts; returns all of them."""
    now = gateway.clock.now()
    sealer = gateway.keyring.sealer(kurum, now=now)  # an unknown kurum is written down

    def write(tx: Tx) -> dict[str, Any]:
        before = register.read_kurum(tx, kurum)
        if {**before, **facts} != before:
            register.write_kurum(tx, kurum, facts)
            about = {"kurum": kurum, **facts, **hand.facts, **told_now(tx, sealer, kurum, {kurum_table: [()]})}
            gateway.record(tx, [Entry("party.changed", gateway.actor, about)], now)
        return {**before, **facts}

    return write_anew(gateway.database, write)
