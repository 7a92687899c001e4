"""What is missing at a workplace before anything can be notified in order, and who can mend it (domain 6.5, 3.6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from integrator.catalogue.regulation import required_minutes
from integrator.domain.identifiers import KurumNo
from integrator.domain.workplaces import SozlesmeDurumu, TehlikeSinifi
from integrator.parties.register import CALISAN, ISYERI, count_by_workplace, read_all
from integrator.protect.seal import Sealer
from integrator.store.engine import Tx
from integrator.store.tables import calisan, sozlesme

ROSTER_LASTS = timedelta(days=30)
"""domain 6.5: a roster older than this is no roster any more."""
FULL_TIME_MINUTES = 11_700
"""195 hours a month, the ceiling of one professional in practice (domain 3.6; confidence K·L)."""
ROLES: Mapping[str, str] = {"IGU": "2", "IH": "1", "DSP": "3"}
"""Role of the regulation -> belge_tipi."""


class Missing(StrEnum):
    """What a workplace lacks."""

    NACE = "nace"
    HAZARD_CLASS = "hazard_class"
    ROSTER = "roster"
    OLD_ROSTER = "old_roster"
    AUTO_UPDATE = "auto_update"
    CONTACT = "contact"
    PROFESSIONAL = "professional"  # none of a role that the law wants there
    MINUTES = "minutes"  # fewer than the law wants
    APPROVAL = "approval"  # a contract waits for the workplace's e-Bildirge user


@dataclass(frozen=True, slots=True)
class Gap:
    """`role` where it is about one; `seen` and `wanted`: days or minutes, empty where there is nothing to compare."""

    missing: Missing
    isyeri_index: str
    role: str = ""
    seen: str = ""
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """Minutes a month that a professional's approved contracts add up to, of `ceiling`."""

    profesyonel_index: str
    belge_tipi: str
    contracts: int
    minutes: int
    ceiling: int = FULL_TIME_MINUTES


@dataclass(frozen=True, slots=True)
class _Place:
    isyeri_index: str
    card: Mapping[str, Any] = field(repr=False)
    contracts: Sequence[Any] = field(repr=False)
    roster: int


def read_gaps(
    tx: Tx,
    sealer: Sealer,
    kurum: KurumNo,
    *,
    today: date,
    isyeri: str | None = None,
    known: Iterable[tuple[str, Mapping[str, Any]]] | None = None,
) -> list[Gap]:
    """What each workplace of the register lacks; of one only where `isyeri` is its index.

    `known` are (index, card) of all of them for whoever has opened them already: that is most of the work.
    """
    contracts: dict[str, list[Any]] = {}
    for row in tx.execute(_running(kurum, today)):
        contracts.setdefault(row.isyeri_index, []).append(row)
    there = (calisan.c.not_seen_since.is_(None), calisan.c.left_on.is_(None))
    rosters = count_by_workplace(tx, kurum, CALISAN, *there)
    return [
        gap
        for key, card in (read_all(tx, sealer, kurum, ISYERI) if known is None else known)
        if isyeri in (None, key) and not card.get("replaced_by")
        for gap in _gaps(_Place(key, card, contracts.get(key, ()), rosters.get(key, 0)), today)
    ]


def read_loads(tx: Tx, kurum: KurumNo, *, today: date) -> list[Load]:
    """What each professional carries, the fullest first."""
    found: dict[tuple[str, str], list[int]] = {}
    for row in tx.execute(_running(kurum, today)):
        if row.durum == SozlesmeDurumu.ONAYLANDI:
            found.setdefault((row.profesyonel_index, row.belge_tipi or ""), []).append(row.minutes_per_month or 0)
    loads = [Load(*key, contracts=len(several), minutes=sum(several)) for key, several in found.items()]
    return sorted(loads, key=lambda each: (-each.minutes, each.profesyonel_index))


def _running(kurum: KurumNo, today: date) -> Any:
    """Contracts that hold today, or wait for their approval."""
    states = (SozlesmeDurumu.ONAYLANDI.value, SozlesmeDurumu.ONAY_BEKLIYOR.value)
    columns = ("isyeri_index", "profesyonel_index", "belge_tipi", "durum", "baslangic", "bitis", "minutes_per_month")
    query = select(*(sozlesme.c[name] for name in columns))
    ended = sozlesme.c.bitis.is_not(None) & (sozlesme.c.bitis < today)
    return query.where(sozlesme.c.kurum_id == kurum, sozlesme.c.durum.in_(states), ~ended)


def _gaps(place: _Place, today: date) -> Iterator[Gap]:
    card, index = place.card, place.isyeri_index
    if not card.get("nace_kodu"):
        yield Gap(Missing.NACE, index)
    if not card.get("tehlike_sinifi"):
        yield Gap(Missing.HAZARD_CLASS, index)
    if not card.get("roster_on"):
        yield Gap(Missing.ROSTER, index)
    elif today - card["roster_on"] > ROSTER_LASTS:
        yield Gap(Missing.OLD_ROSTER, index, seen=f"{card['roster_on']}", wanted=f">= {today - ROSTER_LASTS}")
    if card.get("otomatik_guncelleme") != 1:
        yield Gap(Missing.AUTO_UPDATE, index)
    if not (card.get("contact_phone") or card.get("contact_email")):
        yield Gap(Missing.CONTACT, index)
    for row in place.contracts:
        if row.durum == SozlesmeDurumu.ONAY_BEKLIYOR:
            since = f"{row.baslangic}" if row.baslangic else ""
            yield Gap(Missing.APPROVAL, index, _role_of(row.belge_tipi), seen=since)
    yield from _service(place)


def _service(place: _Place) -> Iterator[Gap]:
    """Required against contracted minutes, where the class, the workers and the contracts are all known."""
    sinif, workers = place.card.get("tehlike_sinifi"), place.card.get("calisan_sayisi") or place.roster
    if not sinif or not workers or not place.card.get("contracts_on"):
        return
    for role, belge_tipi in ROLES.items():
        wanted = required_minutes(TehlikeSinifi(sinif), workers, role)
        minutes = wanted.full_time * FULL_TIME_MINUTES + wanted.minutes
        given = [
            row.minutes_per_month or 0
            for row in place.contracts
            if row.belge_tipi == belge_tipi and row.durum == SozlesmeDurumu.ONAYLANDI
        ]
        if minutes and not given:
            yield Gap(Missing.PROFESSIONAL, place.isyeri_index, role, seen="0", wanted=f"{minutes}")
        elif sum(given) < minutes and any(given):  # an export without minutes accuses nobody
            yield Gap(Missing.MINUTES, place.isyeri_index, role, seen=f"{sum(given)}", wanted=f"{minutes}")


def _role_of(belge_tipi: str | None) -> str:
    return next((role for role, each in ROLES.items() if each == belge_tipi), "")
