"""What the registers say about the workplaces and people of some records, read at once by a few indexed queries.

Made for one accepting group: it answers about who is named in the records it was given, and about nobody else. A
kurum that imported nothing costs one query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, exists, literal_column, select

from integrator.domain.identifiers import KurumNo, is_nace
from integrator.domain.parties import Isyeri as LookedUp
from integrator.domain.records import Submitted
from integrator.domain.workplaces import (
    Isyeri,
    Known,
    NothingKnown,
    Sozlesme,
    SozlesmeDurumu,
    TehlikeSinifi,
    read_tehlike_sinifi,
)
from integrator.parties.mirror import read_workplaces
from integrator.parties.register import ISYERI, calisan_index, in_portions, isyeri_index, profesyonel_index, read
from integrator.protect.seal import Sealer
from integrator.store.prepared import Prepared
from integrator.store.tables import bildirim, calisan, isyeri, isyeri_karti, kayit, kurum, profesyonel, sozlesme

Rows = Mapping[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Roster:
    """A workplace's roster. It holds those people only of whom the records speak."""

    refreshed_on: date
    rows: Mapping[str, Any] = field(repr=False)  # hired_on, left_on, not_seen_since by identity number

    def holds(self, tckn: str, day: date) -> bool:
        """Whether the worker stands, or stood on `day`, on the roster, hired by then and not yet gone."""
        row = self.rows.get(tckn)
        return row is not None and (
            (row.hired_on is None or row.hired_on <= day)
            and (row.left_on is None or day <= row.left_on)
            and (row.not_seen_since is None or day < row.not_seen_since)
        )


@dataclass(frozen=True, slots=True)
class Registered:
    """`Known` of one kurum, about the subjects of some records."""

    sealer: Sealer = field(repr=False)
    cards: Mapping[str, Mapping[str, Any]] = field(repr=False)  # by the workplace's number
    professionals: Rows = field(repr=False)
    contracts: Rows = field(repr=False)  # by workplace
    rosters: Mapping[str, Roster] = field(repr=False)
    served: Rows = field(repr=False)
    looked_up: Mapping[str, LookedUp] = field(repr=False)
    follows_served: bool

    def isyeri(self, sgk_tescil_no: str) -> Isyeri | None:
        """What the ministry said of it within the last day, and where it said nothing its card (domain INT-2.5b)."""
        card, told = self.cards.get(sgk_tescil_no, {}), self.looked_up.get(sgk_tescil_no, LookedUp(sgk_tescil_no))
        if not card and sgk_tescil_no not in self.looked_up:
            return None
        sinif, kamu = card.get("tehlike_sinifi"), card.get("kamu")
        return Isyeri(
            read_tehlike_sinifi(told.tehlike_sinifi) or (TehlikeSinifi(sinif) if sinif else None),
            told.calisan_sayisi or card.get("calisan_sayisi"),
            None if kamu is None else bool(kamu),
            told.nace_kodu if is_nace(told.nace_kodu) else card.get("nace_kodu") or "",
        )

    def belge_tipi(self, tckn: str) -> str | None:
        """By the imported professionals; a contract's role says nothing of the person's other certificates."""
        rows = self.professionals.get(profesyonel_index(self.sealer, tckn), ())
        return next((row.belge_tipi for row in rows if row.belge_tipi), None)

    def sozlesmeler(self, profesyonel: str, sgk_tescil_no: str) -> Sequence[Sozlesme] | None:
        """Their contracts there; None when that workplace's contracts were never imported as a whole."""
        card = self.cards.get(sgk_tescil_no)
        if card is None or card["contracts_on"] is None:
            return None
        person = profesyonel_index(self.sealer, profesyonel)
        return [
            Sozlesme(
                profesyonel,
                sgk_tescil_no,
                row.belge_tipi or "",
                SozlesmeDurumu(row.durum),
                row.baslangic,
                row.bitis,
                row.onay_tarihi,
                row.silinme_tarihi,
                told_on=card["contracts_on"],
            )
            for row in self.contracts.get(isyeri_index(self.sealer, sgk_tescil_no), ())
            if row.profesyonel_index == person
        ]

    def calisan_listesi(self, sgk_tescil_no: str) -> Roster | None:
        """Its roster, once one was imported whole."""
        return self.rosters.get(sgk_tescil_no)

    def new_number(self, sgk_tescil_no: str) -> str | None:
        """The number that an import or an operator said took its place."""
        return self.cards.get(sgk_tescil_no, {}).get("replaced_by")

    def hizmet_bildirildi(self, sgk_tescil_no: str, day: date) -> bool | None:
        """Whether a served-workplace message of ours was accepted, or the card says so, for that day.

        None where nothing is known, unless the kurum follows these notifications for all its workplaces.
        """
        card = self.cards.get(sgk_tescil_no, {})
        begun, ended = card.get("served_from"), card.get("served_until")
        if begun and begun <= day and (ended is None or day <= ended):
            return True
        ours = self.served.get(isyeri_index(self.sealer, sgk_tescil_no), ())
        if any(row.state == "accepted" and row.event_date <= day for row in ours):
            return True
        return False if begun or ours or self.follows_served else None


def read_known(tx: Connection, sealer: Sealer, kurum_no: KurumNo, records: Sequence[Submitted], now: datetime) -> Known:
    """What is known beside these records."""
    facts = next(iter(_ANYTHING.all(tx, kurum=kurum_no)), None)
    if facts is None or not any(facts):
        return NothingKnown()
    subjects = [_subjects(each.fields) for each in records]
    numbers = {isyeri_index(sealer, sgk): sgk for each in subjects for sgk in each.places}
    cards = {numbers[key]: card for key, card in read(tx, sealer, kurum_no, ISYERI, numbers)}
    leads = {profesyonel_index(sealer, person) for each in subjects for person in each.leads}
    there = [key for key, sgk in numbers.items() if sgk in cards]
    return Registered(
        sealer,
        cards,
        _rows(tx, profesyonel, "profesyonel_index", kurum_no, leads),
        _rows(tx, sozlesme, "isyeri_index", kurum_no, there),
        _rosters(tx, sealer, kurum_no, subjects, cards),
        _served(tx, kurum_no, numbers),
        read_workplaces(tx, sealer, kurum_no, numbers.values(), now=now) if facts.any_isyeri else {},
        bool(facts.follows_served),
    )


@dataclass(frozen=True, slots=True)
class _Subjects:
    """Whom one record names: workplaces, people in its own fields, and all people."""

    places: set[str]
    leads: set[str]
    people: set[str]


def _subjects(fields: Mapping[str, Any]) -> _Subjects:
    """Lists are looked into one level deep, as deep as any veri seti goes."""
    own = [str(value) for value in fields.values() if isinstance(value, (str, int))]
    entries = [each for value in fields.values() if isinstance(value, list) for each in value]
    inside = [value for each in entries for value in (each.values() if isinstance(each, dict) else (each,))]
    leads = _people(own)
    people = leads | _people([str(value) for value in inside if isinstance(value, (str, int))])
    return _Subjects({text for text in own if len(text) == 26 and text.isascii()}, leads, people)


def _people(texts: Iterable[str]) -> set[str]:
    """What has the length of an identity number; what is none stands in no register."""
    return {text for text in texts if len(text) == 11 and text.isascii()}


def _rosters(
    tx: Connection,
    sealer: Sealer,
    kurum_no: KurumNo,
    subjects: Iterable[_Subjects],
    cards: Mapping[str, Mapping[str, Any]],
) -> dict[str, Roster]:
    """The rosters of these workplaces, each with those of the people it is asked about."""
    days = {sgk: card["roster_on"] for sgk, card in cards.items() if card["roster_on"]}
    people: dict[str, set[str]] = {sgk: set() for sgk in days}
    for each in subjects:
        for sgk in each.places & days.keys():
            people[sgk] |= each.people
    asked = {calisan_index(sealer, sgk, person): (sgk, person) for sgk in people for person in people[sgk]}
    found: dict[str, dict[str, Any]] = {sgk: {} for sgk in days}
    columns = (calisan.c.calisan_index, calisan.c.hired_on, calisan.c.left_on, calisan.c.not_seen_since)
    for several in in_portions(asked):
        mine = (calisan.c.kurum_id == kurum_no, calisan.c.calisan_index.in_(several))
        for row in tx.execute(select(*columns).where(*mine)).all():
            sgk, person = asked[row[0]]
            found[sgk][person] = row
    return {sgk: Roster(day, found[sgk]) for sgk, day in days.items()}


def _any_of(table: Table) -> Any:
    """Whether the kurum has a row there."""
    return exists().where(table.c.kurum_id == kurum.c.kurum_id).label(f"any_{table.name}")


_ANYTHING = Prepared(
    select(kurum.c.follows_served, *map(_any_of, (isyeri_karti, profesyonel, isyeri))).where(
        kurum.c.kurum_id == bindparam("kurum")
    )
)


def _rows(tx: Connection, table: Table, column: str, kurum_no: KurumNo, keys: Iterable[str]) -> Rows:
    """The kurum's rows with these keys in `column`, by it. Bodies are left sealed where they are."""
    wanted = [each for each in table.c if each.name not in ("body", "changed_at")]
    found: dict[str, list[Any]] = {}
    for several in in_portions(keys):
        query = select(*wanted).where(table.c.kurum_id == kurum_no, table.c[column].in_(several))
        for row in tx.execute(query):
            found.setdefault(row._mapping[column], []).append(row)
    return found


def _served(tx: Connection, kurum_no: KurumNo, keys: Iterable[str]) -> Rows:
    """Our served-workplace messages about these workplaces: state and first day of the service."""
    same = and_(kayit.c.kurum_id == bildirim.c.kurum_id, kayit.c.kayit_no == bildirim.c.kayit_no)
    told = select(bildirim.c.isyeri_index, bildirim.c.state, kayit.c.event_date).join(kayit, same)
    # literal, so that SQLite sees that the partial index answers
    served = told.where(bildirim.c.veri_seti == literal_column("'hizmet_verilen_isyeri'"))
    found: dict[str, list[Any]] = {}
    for several in in_portions(keys):
        query = served.where(bildirim.c.kurum_id == kurum_no, bildirim.c.isyeri_index.in_(several))
        for row in tx.execute(query):
            found.setdefault(row.isyeri_index, []).append(row)
    return found
