"""Destroying content whose time is over, or that a person may ask to be destroyed (docs/decisions/0025).

A record's content key is destroyed; everything sealed by it (the record, the signed bytes, the signature, requests,
replies) opens for nobody any more. Numbers, times, states and the audit log with its commitments stay, so the log still
verifies. One record is destroyed whole or not at all: its signed bytes are one, whoever else they speak of.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import Malformed, NothingKept
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo, Tckn
from integrator.gateway import Gateway
from integrator.keeping import registers
from integrator.keeping.certificates import HELD, NOT_ENDED, OTHERS, TIME, Certificate, Ground, write_certificate
from integrator.keeping.classes import PARTIES, RetentionClass, class_named, class_of, classes, workers_of
from integrator.keeping.registers import Taken, Taker, Terms
from integrator.parties import calls
from integrator.parties.register import hold_registers
from integrator.protect.seal import Sealer
from integrator.queue import bodies, erasures
from integrator.store.dialect import overwriting, wipe
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.tables import destruction, legal_hold, retention_event

AT_ONCE = 500
PERSON = "calisan"


@dataclass(frozen=True, slots=True)
class Record:
    """One record that is not erased: its class, when its time is over (None: the start is not known), its workers."""

    kayit_no: str
    named: str
    ends_on: date | None
    workers: frozenset[str] = field(repr=False)  # blind indexes


def tell_event(gateway: Gateway, kurum: KurumNo, person: Tckn, event: str, on: date, *, by: str = "") -> None:
    """An event from which a worker's records are counted: leaving, exposure, exposure_end. Replaces one told before."""
    if on > _today(gateway):
        raise Malformed(f"{on} has not come yet: tell it when it has happened; nothing was changed")
    sealer = gateway.keyring.sealer(kurum, now=gateway.clock.now())
    index = sealer.blind_index(PERSON, person.value)

    def act(tx: Tx) -> None:
        erasures.tell(tx, kurum, index, event, on)
        facts = {"kurum": kurum, "about": event, "by": by or gateway.actor}
        facts |= told_now(tx, sealer, kurum, {retention_event: [(index, event)]})
        gateway.record(tx, [Entry("retention.told", gateway.actor, facts)], gateway.clock.now())

    write_anew(gateway.database, act)


def place_hold(gateway: Gateway, kurum: KurumNo, records: Sequence[str], *, reason: str, by: str = "") -> None:
    """Keep records (or, without any, the customer's every one) whatever their time: a court, an inspection.

    Raises NothingKept when one of them is not here: a hold on a number mistyped would keep nothing.
    """
    hand, which = Hand(by or gateway.actor, reason), list(records) or [erasures.ALL]

    def act(tx: Tx) -> None:
        now = gateway.clock.now()
        if unknown := erasures.unknown(tx, kurum, records):
            raise NothingKept(f"no record {', '.join(unknown)} here, or its content is erased; nothing was held")
        erasures.place_hold(tx, kurum, which, reason=hand.reason, now=now)
        facts = {"kurum": kurum, "records": which, **hand.facts, **_holds_now(gateway, tx, kurum, which)}
        gateway.record(tx, [Entry("hold.placed", gateway.actor, facts)], now)

    write_anew(gateway.database, act)


def read_holds(gateway: Gateway, kurum: KurumNo) -> list[Any]:
    """Every hold of the customer: (kayit_no, empty for all of them; reason; placed_at)."""
    with reading(gateway.database) as tx:
        return erasures.read_holds(tx, kurum)


def lift_hold(gateway: Gateway, kurum: KurumNo, records: Sequence[str], *, reason: str, by: str = "") -> int:
    """End such holds; raises NothingKept when there is none."""
    hand, which = Hand(by or gateway.actor, reason), list(records) or [erasures.ALL]

    def act(tx: Tx) -> int:
        count = erasures.lift_hold(tx, kurum, which)
        if not count:
            raise NothingKept("there is no such hold; nothing was changed")
        facts = {"kurum": kurum, "records": which, **hand.facts, **_holds_now(gateway, tx, kurum, which)}
        gateway.record(tx, [Entry("hold.lifted", gateway.actor, facts)], gateway.clock.now())
        return count

    return write_anew(gateway.database, act)


def _holds_now(gateway: Gateway, tx: Tx, kurum: KurumNo, which: Sequence[str]) -> dict[str, Any]:
    sealer = gateway.keyring.sealer(kurum, now=gateway.clock.now())
    return told_now(tx, sealer, kurum, {legal_hold: [(each,) for each in which]})


def read_records(gateway: Gateway, kurum: KurumNo, veri_seti: Iterable[str] = ()) -> Iterator[Record]:
    """Every record that is not erased, with its class and time; each is opened, because only it knows its workers."""
    sealer, sets, after = gateway.keyring.sealer(kurum), sorted(veri_seti) or _all_sets(), ""
    with reading(gateway.database) as tx:
        told = erasures.told(tx, kurum)
    while True:
        with reading(gateway.database) as tx:
            page = erasures.candidates(tx, kurum, sets, after, AT_ONCE)
        for row in page:
            key = gateway.content(kurum, row.kayit_no, row.content_key)
            content = bodies.open_record(key, kurum, row.kayit_no, row.body)
            persons = {each for one in classes().values() if row.veri_seti in one.veri_seti for each in one.persons}
            workers = frozenset(sealer.blind_index(PERSON, each) for each in workers_of(content, persons))
            of = [told.get(each, {}) for each in workers]
            kind = class_of(row.veri_seti, of)
            yield Record(row.kayit_no, kind.name, kind.ends_on(row.event_date, of), workers)
        if len(page) < AT_ONCE:
            return
        after = page[-1].kayit_no


def _all_sets() -> list[str]:
    return sorted({each for one in classes().values() for each in one.veri_seti})


def due(gateway: Gateway, kurum: KurumNo) -> list[Record]:
    """Records whose time is over today."""
    return survey(gateway, kurum)[0]


def survey(gateway: Gateway, kurum: KurumNo) -> tuple[list[Record], int]:
    """(records whose time is over today, how many have none because the day it starts is not known)."""
    today, over, unknown = _today(gateway), list[Record](), 0
    for each in read_records(gateway, kurum):
        unknown += each.ends_on is None
        if each.ends_on and each.ends_on <= today:
            over.append(each)
    return over, unknown


def _today(gateway: Gateway) -> date:
    return gateway.clock.now().astimezone(ISTANBUL).date()


def erase_due(gateway: Gateway, kurum: KurumNo, *, reason: str, by: str = "") -> list[Certificate]:
    """Destroy what is due, with a certificate for each class and group; what is held or has not ended stays."""
    hand, done = Hand(by or gateway.actor, reason), list[Certificate]()
    several = due(gateway, kurum)
    for name in sorted({each.named for each in several}):
        mine = [each for each in several if each.named == name]
        for start in range(0, len(mine), AT_ONCE):
            done.append(
                _destroy(gateway, _Order(Ground(kurum, class_named(name), hand)), mine[start : start + AT_ONCE])
            )
    if due_in_registers(gateway, kurum):
        done.append(_destroy(gateway, _Order(Ground(kurum, class_named(PARTIES), hand), registers.ended), []))
    return done


def due_in_registers(gateway: Gateway, kurum: KurumNo) -> Counter[str]:
    """How many rows of each register tell of what ended so long ago that their time is over today."""
    with reading(gateway.database) as tx:
        rows = registers.due_rows(tx, Terms(kurum, gateway.clock.now(), {}))
    return Counter(each.register.table.name for each in rows)


def erase_person(
    gateway: Gateway, kurum: KurumNo, person: Tckn, named: str, *, reason: str, by: str = "", early: bool = False
) -> Certificate:
    """Destroy a person's records of one class, as a worker; raises NothingKept when there is none.

    A record stays that is about others too, on hold, not ended, or (unless `early`, for what the law does not make us
    keep) whose time is not over. Kept answers to look-ups about the person go in any case, and with every class what
    the registers hold of them and whose time is over; the class `parties` is of the registers alone.
    """
    hand, kind, alone = Hand(by or gateway.actor, reason), class_named(named), named == PARTIES
    go, stays = ([], []) if alone else _of_person(gateway, kurum, person, kind, early=early)
    taker = registers.of_person(person, early=early and alone, alone=alone)
    return _destroy(gateway, _Order(Ground(kurum, kind, hand), taker), go, stays)


def _of_person(
    gateway: Gateway, kurum: KurumNo, person: Tckn, kind: RetentionClass, *, early: bool
) -> tuple[list[Record], list[tuple[str, str]]]:
    """The person's records of a class: those that go, and those that stay with the reason."""
    index, today = gateway.keyring.sealer(kurum).blind_index(PERSON, person.value), _today(gateway)
    mine = [each for each in read_records(gateway, kurum, kind.veri_seti) if index in each.workers]
    mine = [each for each in mine if each.named == kind.name]
    if not mine:
        raise NothingKept("this person has no record of that class here, or none that is not erased already")
    stays, go = list[tuple[str, str]](), list[Record]()
    for each in mine:
        if len(each.workers) > 1:
            stays.append((each.kayit_no, OTHERS))
        elif not early and (each.ends_on is None or each.ends_on > today):
            stays.append((each.kayit_no, TIME))
        else:
            go.append(each)
    return go, stays


def erase_contact(gateway: Gateway, kurum: KurumNo, sgk: SgkTescilNo, *, reason: str, by: str = "") -> Certificate:
    """Take the contact person out of a workplace's card; raises NothingKept when none stands there."""
    hand = Hand(by or gateway.actor, reason)
    return _destroy(gateway, _Order(Ground(kurum, class_named(PARTIES), hand), registers.of_contact(sgk)), [])


@dataclass(frozen=True, slots=True)
class _Order:
    """On which ground, and what goes from the registers."""

    ground: Ground
    taker: Taker = registers.nothing


def _destroy(
    gateway: Gateway, order: _Order, go: Sequence[Record], stays: Sequence[tuple[str, str]] = ()
) -> Certificate:
    """One transaction: keys, rows, certificate and audit entry; then the places where they stood are wiped."""
    made = write_anew(gateway.database, lambda tx: _carry_out(tx, gateway, order, go, stays))
    touched = [each["register"] for each in made.document["registers"] if each["destroyed"]]
    for table in ["content_key", "api_call", *touched]:
        wipe(gateway.database, table)
    return made


def _carry_out(
    tx: Tx, gateway: Gateway, order: _Order, go: Sequence[Record], stays: Sequence[tuple[str, str]]
) -> Certificate:
    kurum, named, now = order.ground.kurum, order.ground.kind.name, gateway.clock.now()
    overwriting(tx)
    sealer, places = gateway.keyring.sealer(kurum), dict[str, str]()
    number, kept, done = erasures.next_certificate(tx), list(stays), list[dict[str, Any]]()
    holds = erasures.held(tx, kurum)
    for each in go:
        states = erasures.messages_of(tx, kurum, each.kayit_no)
        if erasures.ALL in holds or each.kayit_no in holds:
            kept.append((each.kayit_no, HELD))
        elif not erasures.has_ended(states.values()):
            kept.append((each.kayit_no, NOT_ENDED))
        elif erasures.destroy(tx, kurum, each.kayit_no, day=f"{now:%Y-%m-%d}", named=named):
            done.append({"kayit_no": each.kayit_no, "sorgu_no": sorted(states)})
            places |= erasures.places_of(tx, sealer, kurum, each.kayit_no)
    taken = _from_registers(tx, gateway, order, Terms(kurum, now, holds), number)
    calls.forget_answers(tx, kurum, now=now)  # nobody knows which of them speak of what is gone
    document = write_certificate(number, order.ground, now, done, kept) | taken.told()
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    erasures.put_certificate(tx, number, kurum, text, now=now)
    records, rows = [each["kayit_no"] for each in done], {each["register"]: each["destroyed"] for each in taken.rows}
    facts = {"kurum": kurum, "certificate": number, "class": named, "records": records, "registers": rows}
    facts |= {"places": places, **told_now(tx, sealer, kurum, {destruction: [(number,)], **taken.touched})}
    gateway.record(tx, [Entry("content.erased", gateway.actor, facts | order.ground.hand.facts)], now)
    return Certificate(number, document)


def _from_registers(tx: Tx, gateway: Gateway, order: _Order, terms: Terms, number: int) -> Taken:
    if order.taker is registers.nothing:
        return Taken()
    hold_registers(tx, order.ground.kurum)
    sealer = gateway.keyring.sealer(order.ground.kurum)
    gateway.keyring.hold(tx, order.ground.kurum, sealer)
    taken = order.taker(tx, sealer, terms)
    registers.put_marks(tx, terms, taken, number)
    return taken


def reapply(tx: Tx, sealer: Sealer, document: dict[str, Any], *, now: datetime) -> int:
    """Destroy again what a certificate names, in a copy from an older backup; returns how much still stood there."""
    kurum, day, named = KurumNo(document["kurum"]), str(document["at"])[:10], str(document["class"])
    keys = sum(erasures.destroy(tx, kurum, each, day=day, named=named) for each in names_of(document))
    return keys + registers.take_again(tx, sealer, document, now=now)


def facts_of(tx: Tx, sealer: Sealer, document: dict[str, Any]) -> dict[str, Any]:
    """What the log of a copy is told of a certificate that was applied to it again."""
    kurum, on, named = KurumNo(document["kurum"]), str(document["at"])[:10], document["class"]
    rows = told_now(tx, sealer, kurum, registers.touched_by(document))
    return {"kurum": kurum, "records": names_of(document), "class": named, "on": on, **rows}


def names_of(document: dict[str, Any]) -> list[str]:
    """The records that a certificate says are destroyed."""
    return [each["kayit_no"] for each in document["records"]]
