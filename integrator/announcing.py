"""Announcements to persons (circular 7e): put in by an operator, shown to whom they concern, acknowledged by name.

An announcement never changes; whoever wants another text puts in another one. That it was shown, and that a person
acknowledged it, is kept with its time, and the first acknowledgement of a person counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select, update

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.domain.clock import ISTANBUL
from integrator.domain.errors import Duplicate, Malformed, NotFound
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, holds_tckn
from integrator.domain.roles import Role
from integrator.gateway import Gateway
from integrator.parties.people import OWN
from integrator.registering import read_cards
from integrator.store.dialect import hold, insert_new
from integrator.store.engine import Tx, reading, write_anew, writing
from integrator.store.tables_of_doors import duyuru, duyuru_alindi

LONGEST_TITLE, LONGEST_BODY, LONGEST_NO = 200, 20_000, 64
MOST_TARGETS = 1_000
_PROVINCE = slice(16, 19)  # of a workplace's number


@dataclass(frozen=True, slots=True)
class Target:
    """Whom it concerns; an empty one means everybody. `iller`: whoever has a workplace in one of these provinces."""

    roles: tuple[Role, ...] = ()
    kurumlar: tuple[str, ...] = ()
    iller: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.kurumlar) > MOST_TARGETS or any("," in each or not each for each in self.kurumlar):
            raise Malformed(f"target: at most {MOST_TARGETS} kurum, by their numbers")
        if any(not 1 <= each <= 81 for each in self.iller):
            raise Malformed("target: provinces are 1 to 81")


@dataclass(frozen=True, slots=True)
class Duyuru:
    """One announcement. `no` is its source's number for it."""

    no: str
    title: str
    body: str
    published_on: date
    target: Target = field(default_factory=Target)
    must_acknowledge: bool = False

    def __post_init__(self) -> None:
        texts = (("no", self.no, LONGEST_NO), ("title", self.title, LONGEST_TITLE), ("text", self.body, LONGEST_BODY))
        for name, text, longest in texts:
            if not text.strip() or len(text) > longest or "\0" in text:
                raise Malformed(f"{name}: 1 to {longest} characters")
            if holds_tckn(text):
                raise Malformed(f"{name}: an identity number stands in it")
        if not self.no.isprintable() or "/" in self.no:
            raise Malformed("no: printable, without a slash")


@dataclass(frozen=True, slots=True)
class Heard:
    """An announcement as it stands with one person."""

    duyuru: Duyuru
    seen_at: datetime | None
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Alindi:
    """A person's receipt."""

    kurum: KurumNo
    person: str
    role: str
    seen_at: datetime
    acknowledged_at: datetime | None


def announce(gateway: Gateway, told: Duyuru, *, by: str) -> bool:
    """Put it in; False when it is here already. Raises Duplicate when that number says something else."""
    now, hand = gateway.clock.now(), Hand(by, "announce")
    sealer = gateway.keyring.sealer(OWN, now=now)

    def write(tx: Tx) -> bool:
        hold(tx, "duyuru")
        before = tx.execute(select(duyuru).where(duyuru.c.duyuru_no == told.no)).mappings().one_or_none()
        if before is not None:
            if {name: before[name] for name in _row(told)} != _row(told):
                raise Duplicate(told.no)
            return False
        tx.execute(insert(duyuru).values(**_row(told), made_at=now, made_by=hand.by))
        facts = {"duyuru_no": told.no, "by": hand.by, "must_acknowledge": told.must_acknowledge}
        facts |= told_now(tx, sealer, OWN, {duyuru: [(told.no,)]})
        gateway.record(tx, [Entry("announcement.made", gateway.actor, facts)], now)
        return True

    return write_anew(gateway.database, write)


def show_to(gateway: Gateway, kurum: KurumNo, role: Role | None, person: str) -> list[Heard]:
    """Those that concern this person, newest first; that they were shown is written down. No `role` means any."""
    now, name = gateway.clock.now(), Hand(person, "look").by
    mine = (duyuru_alindi.c.kurum_id == kurum, duyuru_alindi.c.person == name)
    with reading(gateway.database) as tx:
        found = [_read(row) for row in tx.execute(select(duyuru)).mappings()]
        kept = {row.duyuru_no: row for row in tx.execute(select(duyuru_alindi).where(*mine))}
    today = now.astimezone(ISTANBUL).date()
    concerned = [each for each in found if each.published_on <= today and _concerns(gateway, kurum, role, each.target)]
    fresh = [_alindi_row(kurum, each.no, name, role, now) for each in concerned if each.no not in kept]
    if fresh:
        _note_shown(gateway, kurum, name, fresh, now=now)
    times = {no: (row.seen_at, row.acknowledged_at) for no, row in kept.items()}
    heard = [Heard(each, *times.get(each.no, (now, None))) for each in concerned]
    return sorted(heard, key=lambda each: (each.duyuru.published_on, each.duyuru.no), reverse=True)


def _note_shown(gateway: Gateway, kurum: KurumNo, person: str, fresh: list[dict[str, Any]], *, now: datetime) -> None:
    """Rows of what was shown for the first time, with their entry; one that another call wrote meanwhile stays."""
    gateway.keyring.sealer(kurum, now=now)
    with writing(gateway.database) as tx:
        insert_new(tx, duyuru_alindi, fresh)
        entry = _entry(gateway, tx, "announcement.shown", kurum, [(each["duyuru_no"], person) for each in fresh])
        gateway.record(tx, [entry], now)


def _entry(gateway: Gateway, tx: Tx, event: str, kurum: KurumNo, keys: list[tuple[str, str]]) -> Entry:
    """What a person saw or acknowledged, and what the rows of these keys (number, person) say now."""
    told = told_now(tx, gateway.keyring.sealer(kurum), kurum, {duyuru_alindi: keys})
    numbers = ", ".join(no for no, _ in keys)
    return Entry(event, gateway.actor, {"kurum": kurum, "duyuru_no": numbers, "by": keys[0][1], **told})


def acknowledge(gateway: Gateway, kurum: KurumNo, role: Role | None, no: str, person: str) -> Heard:
    """The person says that they read it; the first time counts. Raises NotFound for one that does not concern them."""
    name = Hand(person, "acknowledge").by.strip()
    heard = next((each for each in show_to(gateway, kurum, role, name) if each.duyuru.no == no), None)
    if heard is None:
        raise NotFound("no announcement of that number concerns you")
    if heard.acknowledged_at is not None:
        return heard
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        mine = (duyuru_alindi.c.kurum_id == kurum, duyuru_alindi.c.duyuru_no == no, duyuru_alindi.c.person == name)
        fresh = update(duyuru_alindi).where(*mine, duyuru_alindi.c.acknowledged_at.is_(None))
        if tx.execute(fresh.values(acknowledged_at=now)).rowcount:
            gateway.record(tx, [_entry(gateway, tx, "announcement.acknowledged", kurum, [(no, name)])], now)
    return Heard(heard.duyuru, heard.seen_at, now)


def read_announcements(gateway: Gateway) -> list[Duyuru]:
    """All of them, newest first: for the operator."""
    with reading(gateway.database) as tx:
        rows = tx.execute(select(duyuru).order_by(duyuru.c.published_on.desc(), duyuru.c.duyuru_no.desc())).mappings()
        return [_read(row) for row in rows]


def read_receipts(gateway: Gateway, no: str) -> list[Alindi]:
    """Who saw it and who acknowledged it, by customer and name; raises NotFound."""
    if all(each.no != no for each in read_announcements(gateway)):
        raise NotFound("no announcement has that number")
    query = select(duyuru_alindi).where(duyuru_alindi.c.duyuru_no == no)
    with reading(gateway.database) as tx:
        rows = tx.execute(query.order_by(duyuru_alindi.c.kurum_id, duyuru_alindi.c.person))
        return [Alindi(KurumNo(r.kurum_id), r.person, r.role, r.seen_at, r.acknowledged_at) for r in rows]


def _concerns(gateway: Gateway, kurum: KurumNo, role: Role | None, target: Target) -> bool:
    if target.kurumlar and kurum not in target.kurumlar:
        return False
    if target.roles and role is not None and role not in target.roles:
        return False
    return not target.iller or not set(target.iller).isdisjoint(_provinces(gateway, kurum))


def _provinces(gateway: Gateway, kurum: KurumNo) -> set[int]:
    return {int(str(card.facts["sgk_tescil_no"])[_PROVINCE]) for card in read_cards(gateway, kurum)}


def _alindi_row(kurum: KurumNo, no: str, person: str, role: Role | None, now: datetime) -> dict[str, Any]:
    told = role.value if role else ""
    return {"kurum_id": kurum, "duyuru_no": no, "person": person, "role": told, "seen_at": now, "acknowledged_at": None}


def _row(told: Duyuru) -> dict[str, Any]:
    return {
        "duyuru_no": told.no,
        "title": told.title,
        "body": told.body,
        "published_on": told.published_on,
        "roles": _joined(each.value for each in told.target.roles),
        "kurumlar": _joined(told.target.kurumlar),
        "iller": _joined(map(str, told.target.iller)),
        "must_acknowledge": int(told.must_acknowledge),
    }


def _read(row: Any) -> Duyuru:
    target = Target(
        tuple(Role(each) for each in _parted(row["roles"])),
        tuple(_parted(row["kurumlar"])),
        tuple(int(each) for each in _parted(row["iller"])),
    )
    texts = (row["duyuru_no"], row["title"], row["body"])
    return Duyuru(*texts, row["published_on"], target, bool(row["must_acknowledge"]))


def _joined(words: Iterable[str]) -> str:
    return ",".join(sorted(set(words)))


def _parted(text: str) -> Sequence[str]:
    return text.split(",") if text else []
