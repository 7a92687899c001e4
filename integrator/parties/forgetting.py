"""What the registers hold of one person, taken away; and the mark by which they are known when a file comes again.

Rows of a worker (`calisan`), a professional (`profesyonel`) and a professional's contracts (`sozlesme`) are deleted.
A contact person stands inside a workplace's sealed card: those facts are taken out of it. A mark is a blind index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, or_, select

from integrator.domain.identifiers import KurumNo
from integrator.domain.workplaces import LIVE
from integrator.parties import register
from integrator.parties.register import CALISAN, ISYERI, PROFESYONEL, SOZLESME, Change, Register, Told
from integrator.protect.seal import Sealer
from integrator.store.tables import bildirim, calisan, erased_party, sozlesme

CONTACT = ("contact_name", "contact_phone", "contact_email", "otomatik_by")
"""Facts of a workplace's card that name or reach a person."""
REGISTERS = {each.table.name: each for each in (CALISAN, SOZLESME, PROFESYONEL, ISYERI)}


@dataclass(frozen=True, slots=True)
class Row:
    """A row about a person: the last day of what it tells (None: it goes on), and the indexes it stands under."""

    register: Register
    key: str
    ended_on: date | None
    indexes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A person, or a fact of a contact person, that was erased: on which day, by which certificate."""

    erased_on: date
    certificate_no: int


def mark_of(sealer: Sealer, tckn: str) -> str:
    """The mark of a worker or a professional, wherever they are named."""
    return sealer.blind_index("calisan", tckn)


def mark_of_contact(sealer: Sealer, name: str, value: str) -> str:
    """The mark of one fact of a contact person."""
    return sealer.blind_index("contact", f"{name}/{value}")


def rows_of(tx: Connection, sealer: Sealer, kurum: KurumNo, tckn: str) -> list[Row]:
    """Every row about this person. A worker has an index for each workplace, so each known one is tried."""
    cards = register.read_all(tx, sealer, kurum, ISYERI)
    keys = [register.calisan_index(sealer, str(facts["sgk_tescil_no"]), tckn) for _, facts in cards]
    person = register.profesyonel_index(sealer, tckn)
    found = [_worker(row) for several in register.in_portions(keys) for row in _rows(tx, kurum, CALISAN, several)]
    contracts = [_contract(row) for row in _all(tx, kurum, SOZLESME, sozlesme.c.profesyonel_index == person)]
    people = [_person(row, contracts) for row in _rows(tx, kurum, PROFESYONEL, [person])]
    return [*found, *contracts, *people]


def ended_rows(tx: Connection, kurum: KurumNo, before: date) -> list[Row]:
    """Rows of whomever that tell of what ended before that day; a professional's go when no contract is left."""
    left = or_(calisan.c.left_on < before, calisan.c.not_seen_since < before)
    workers = [_worker(row) for row in _all(tx, kurum, CALISAN, left)]
    contracts = [_contract(row) for row in _all(tx, kurum, SOZLESME)]
    over = {each.key for each in contracts if each.ended_on and each.ended_on < before}
    running = {index for each in contracts if each.key not in over for index in each.indexes}
    people = [_person(row, contracts) for row in _all(tx, kurum, PROFESYONEL) if row[PROFESYONEL.key] not in running]
    several = [*workers, *(each for each in contracts if each.key in over), *people]
    return [each for each in several if each.ended_on and each.ended_on < before]


def _rows(tx: Connection, kurum: KurumNo, of: Register, keys: Sequence[str]) -> Sequence[RowMapping]:
    return _all(tx, kurum, of, of.table.c[of.key].in_(keys))


def _all(tx: Connection, kurum: KurumNo, of: Register, *where: Any) -> Sequence[RowMapping]:
    plain = [column for column in of.table.c if column.name != "body"]
    return tx.execute(select(*plain).where(of.table.c.kurum_id == kurum, *where)).mappings().all()


def _worker(row: RowMapping) -> Row:
    days = [each for each in (row["left_on"], row["not_seen_since"]) if each]
    return Row(CALISAN, row[CALISAN.key], max(days, default=None), frozenset({row["isyeri_index"]}))


def _contract(row: RowMapping) -> Row:
    told = row["silinme_tarihi"] or row["bitis"]
    ended = told or (None if row["durum"] in LIVE else row["changed_at"].date())
    return Row(SOZLESME, row[SOZLESME.key], ended, frozenset({row["isyeri_index"], row["profesyonel_index"]}))


def _person(row: RowMapping, contracts: Iterable[Row]) -> Row:
    """A professional's end is that of the last contract; without any, the day they were last told of."""
    key = row[PROFESYONEL.key]
    days = [each.ended_on for each in contracts if key in each.indexes]
    known = [each for each in days if each]
    ended = (max(known) if len(known) == len(days) else None) if days else row["changed_at"].date()
    return Row(PROFESYONEL, key, ended, frozenset({key}))


def on_hold(tx: Connection, kurum: KurumNo, records: Iterable[str]) -> frozenset[str]:
    """Indexes of the workplaces and professionals that held records speak of: what explains them stays."""
    named = select(bildirim.c.isyeri_index, bildirim.c.profesyonel_index).where(bildirim.c.kurum_id == kurum)
    rows = tx.execute(named.where(bildirim.c.kayit_no.in_(list(records)))).all()
    return frozenset(index for row in rows for index in row if index)


def take(tx: Connection, kurum: KurumNo, of: Register, keys: Iterable[str]) -> int:
    """Delete these rows; returns how many there were."""
    found = 0
    for several in register.in_portions(keys):
        mine = (of.table.c.kurum_id == kurum, of.table.c[of.key].in_(several))
        found += tx.execute(delete(of.table).where(*mine)).rowcount
    return found


def take_contact(tx: Connection, sealer: Sealer, kurum: KurumNo, key: str, *, now: datetime) -> list[str]:
    """Take the contact person out of a workplace's card; returns the marks of what stood there."""
    card = dict(register.read(tx, sealer, kurum, ISYERI, [key])).get(key, {})
    there = {name: str(card[name]) for name in CONTACT if card.get(name)}
    if there:
        empty = Told(ISYERI, key, dict.fromkeys(there, None))
        register.write(tx, sealer, kurum, [Change(empty, card, tuple(there))], now=now)
    return [mark_of_contact(sealer, name, value) for name, value in there.items()]


def put_marks(tx: Connection, kurum: KurumNo, marks: Iterable[str], mark: Mark) -> None:
    """Remember that these were erased; a mark that stands already tells the newer day."""
    for each in sorted(set(marks)):
        remove_marks(tx, kurum, [each])
        facts = {"erased_on": mark.erased_on, "certificate_no": mark.certificate_no}
        tx.execute(insert(erased_party).values(kurum_id=kurum, mark=each, **facts))


def remove_marks(tx: Connection, kurum: KurumNo, marks: Iterable[str]) -> None:
    """They came back, and somebody said that they may."""
    for several in register.in_portions(marks):
        tx.execute(delete(erased_party).where(erased_party.c.kurum_id == kurum, erased_party.c.mark.in_(several)))


def read_marks(tx: Connection, kurum: KurumNo) -> dict[str, Mark]:
    """Everybody of this customer's registers who was erased, by mark."""
    rows = tx.execute(select(erased_party).where(erased_party.c.kurum_id == kurum))
    return {row.mark: Mark(row.erased_on, row.certificate_no) for row in rows}
