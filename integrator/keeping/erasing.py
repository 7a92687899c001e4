"""Destroying content whose time is over, or that a person may ask to be destroyed (docs/decisions/0025).

A record's content key is destroyed; everything sealed by it (the record, the signed bytes, the signature, requests,
replies) opens for nobody any more. Numbers, times, states and the audit log with its commitments stay, so the log still
verifies. One record is destroyed whole or not at all: its signed bytes are one, whoever else they speak of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import NotFound
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, Tckn
from integrator.gateway import Gateway
from integrator.keeping.classes import RetentionClass, class_named, class_of, classes, workers_of
from integrator.parties import mirror
from integrator.queue import bodies, erasures
from integrator.store.dialect import overwriting, wipe
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.tables import destruction, legal_hold, retention_event

AT_ONCE = 500
PERSON = "calisan"
HELD, OTHERS, NOT_ENDED, TIME = "legal_hold", "about_others_too", "not_ended", "time_not_over"
"""Why a record stays."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record that is not erased: its class, when its time is over (None: the start is not known), its workers."""

    kayit_no: str
    named: str
    ends_on: date | None
    workers: frozenset[str] = field(repr=False)  # blind indexes


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was destroyed and what stays, as it is kept and handed out; no identity number stands in it."""

    number: int
    document: dict[str, Any]

    @property
    def text(self) -> str:
        """One page for people, Turkish and English."""
        told = self.document
        lines = [
            f"İMHA TUTANAĞI / CERTIFICATE OF DESTRUCTION No {self.number}",
            f"Kurum: {told['kurum']}   Sınıf / class: {told['class']} ({told['years']} yıl / years)",
            f"Dayanak / ground: {told['source']}",
            f"Tarih / date: {told['at']}   Yapan / by: {told['by']}",
            f"Gerekçe / reason: {told['reason']}",
            f"Yöntem / method: {told['method']}",
            "",
            *(f"  {each['kayit_no']}  {', '.join(map(str, each['sorgu_no']))}" for each in told["records"]),
            "",
            *(f"  kaldı / stays: {each['kayit_no']}  {each['why']}" for each in told["stays"]),
            f"Kalan / what is left: {told['left']}",
        ]
        return "\n".join(lines) + "\n"


METHOD = "the record's AES-256 content key was destroyed; nothing sealed by it opens any more"
LEFT = (
    "numbers, days, states, codes, salted digests in the audit log, and unreadable sealed bytes; a backup made before "
    "holds the content until it is destroyed itself, and a restored one must be given this certificate"
)


def tell_event(gateway: Gateway, kurum: KurumNo, person: Tckn, event: str, on: date, *, by: str = "") -> None:
    """An event from which a worker's records are counted: leaving, exposure, exposure_end."""
    sealer = gateway.keyring.sealer(kurum, now=gateway.clock.now())
    index = sealer.blind_index(PERSON, person.value)

    def act(tx: Tx) -> None:
        erasures.tell(tx, kurum, index, event, on)
        facts = {"kurum": kurum, "about": event, "by": by or gateway.actor}
        facts |= told_now(tx, sealer, kurum, {retention_event: [(index, event)]})
        gateway.record(tx, [Entry("retention.told", gateway.actor, facts)], gateway.clock.now())

    write_anew(gateway.database, act)


def place_hold(gateway: Gateway, kurum: KurumNo, records: Sequence[str], *, reason: str, by: str = "") -> None:
    """Keep records (or, without any, the customer's every one) whatever their time: a court, an inspection."""
    hand, which = Hand(by or gateway.actor, reason), list(records) or [erasures.ALL]

    def act(tx: Tx) -> None:
        now = gateway.clock.now()
        erasures.place_hold(tx, kurum, which, reason=hand.reason, now=now)
        facts = {"kurum": kurum, "records": which, **hand.facts, **_holds_now(gateway, tx, kurum, which)}
        gateway.record(tx, [Entry("hold.placed", gateway.actor, facts)], now)

    write_anew(gateway.database, act)


def lift_hold(gateway: Gateway, kurum: KurumNo, records: Sequence[str], *, reason: str, by: str = "") -> int:
    """End such holds; raises NotFound when there is none."""
    hand, which = Hand(by or gateway.actor, reason), list(records) or [erasures.ALL]

    def act(tx: Tx) -> int:
        count = erasures.lift_hold(tx, kurum, which)
        if not count:
            raise NotFound("there is no such hold; nothing was changed")
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
    today = gateway.clock.now().astimezone(ISTANBUL).date()
    return [each for each in read_records(gateway, kurum) if each.ends_on and each.ends_on <= today]


def erase_due(gateway: Gateway, kurum: KurumNo, *, reason: str, by: str = "") -> list[Certificate]:
    """Destroy what is due, with a certificate for each class and group; what is held or has not ended stays."""
    hand, done = Hand(by or gateway.actor, reason), list[Certificate]()
    several = due(gateway, kurum)
    for name in sorted({each.named for each in several}):
        mine = [each for each in several if each.named == name]
        for start in range(0, len(mine), AT_ONCE):
            done.append(_destroy(gateway, _Order(kurum, class_named(name), hand), mine[start : start + AT_ONCE]))
    return done


def erase_person(
    gateway: Gateway, kurum: KurumNo, person: Tckn, named: str, *, reason: str, by: str = "", early: bool = False
) -> Certificate:
    """Destroy a worker's records of one class; raises NotFound when there is none.

    A record stays that is about others too, on hold, not ended, or (unless `early`, for what the law does not make us
    keep) whose time is not over. Kept answers to look-ups about the person go in any case.
    """
    hand, kind, today = Hand(by or gateway.actor, reason), class_named(named), gateway.clock.now().astimezone(ISTANBUL)
    index = gateway.keyring.sealer(kurum).blind_index(PERSON, person.value)
    mine = [each for each in read_records(gateway, kurum, kind.veri_seti) if index in each.workers]
    mine = [each for each in mine if each.named == named]
    if not mine:
        raise NotFound("this person has no record of that class here, or none that is not erased already")
    stays, go = list[tuple[str, str]](), list[Record]()
    for each in mine:
        if len(each.workers) > 1:
            stays.append((each.kayit_no, OTHERS))
        elif not early and (each.ends_on is None or each.ends_on > today.date()):
            stays.append((each.kayit_no, TIME))
        else:
            go.append(each)
    return _destroy(gateway, _Order(kurum, kind, hand), go, stays, person)


@dataclass(frozen=True, slots=True)
class _Order:
    """Of whom, under which class, by whom and why."""

    kurum: KurumNo
    kind: RetentionClass
    hand: Hand


def _destroy(
    gateway: Gateway,
    order: _Order,
    go: Sequence[Record],
    stays: Sequence[tuple[str, str]] = (),
    person: Tckn | None = None,
) -> Certificate:
    """One transaction: keys, certificate and audit entry; then the places where the keys stood are wiped."""
    kurum, kind, hand = order.kurum, order.kind, order.hand

    def act(tx: Tx) -> Certificate:
        now = gateway.clock.now()
        overwriting(tx)
        number, kept, done = erasures.next_certificate(tx), list(stays), list[dict[str, Any]]()
        sealer, places = gateway.keyring.sealer(kurum), dict[str, str]()
        holds = erasures.held(tx, kurum)
        for each in go:
            states = erasures.messages_of(tx, kurum, each.kayit_no)
            if erasures.ALL in holds or each.kayit_no in holds:
                kept.append((each.kayit_no, HELD))
            elif not erasures.has_ended(states.values()):
                kept.append((each.kayit_no, NOT_ENDED))
            elif erasures.destroy(tx, kurum, each.kayit_no, day=f"{now:%Y-%m-%d}", named=kind.name):
                done.append({"kayit_no": each.kayit_no, "sorgu_no": sorted(states)})
                places |= erasures.places_of(tx, sealer, kurum, each.kayit_no)
        gone = mirror.forget(tx, sealer, kurum, person.value) if person else {}
        document = _document(number, order, now.isoformat(), done, kept)
        text = json.dumps(document, ensure_ascii=False, sort_keys=True)
        erasures.put_certificate(tx, number, kurum, text, now=now)
        records = [each["kayit_no"] for each in done]
        facts = {"kurum": kurum, "certificate": number, "class": kind.name, "records": records, **hand.facts}
        facts |= {"places": places, **told_now(tx, sealer, kurum, {destruction: [(number,)], **gone})}
        gateway.record(tx, [Entry("content.erased", gateway.actor, facts)], now)
        return Certificate(number, document)

    made = write_anew(gateway.database, act)
    wipe(gateway.database, "content_key")
    return made


def _document(
    number: int, order: _Order, at: str, done: list[dict[str, Any]], kept: list[tuple[str, str]]
) -> dict[str, Any]:
    return {
        "certificate": number,
        "kurum": order.kurum,
        "class": order.kind.name,
        "years": order.kind.years,
        "starts": order.kind.starts,
        "source": order.kind.source,
        "at": at,
        **order.hand.facts,
        "method": METHOD,
        "left": LEFT,
        "records": done,
        "stays": [{"kayit_no": each, "why": why} for each, why in kept],
    }


def reapply(tx: Tx, document: dict[str, Any]) -> int:
    """Destroy again what a certificate names, in a copy from an older backup; returns how many keys still stood."""
    kurum, day, named = KurumNo(document["kurum"]), str(document["at"])[:10], str(document["class"])
    return sum(erasures.destroy(tx, kurum, each, day=day, named=named) for each in names_of(document))


def facts_of(document: dict[str, Any]) -> dict[str, Any]:
    """What the log of a copy is told of a certificate that was applied to it again."""
    on, named = str(document["at"])[:10], document["class"]
    return {"kurum": document["kurum"], "records": names_of(document), "class": named, "on": on}


def names_of(document: dict[str, Any]) -> list[str]:
    """The records that a certificate says are destroyed."""
    return [each["kayit_no"] for each in document["records"]]
