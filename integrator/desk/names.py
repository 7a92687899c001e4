"""Names behind blind indexes, out of the registers: workplaces whole, people masked unless whoever asks keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrator.domain.findings import seen
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.gateway import Gateway
from integrator.parties.register import ISYERI, PROFESYONEL, masked, read
from integrator.protect.seal import erased_of
from integrator.queue import bodies, readings
from integrator.sign.canonical import signer_of
from integrator.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Place:
    """A workplace; what the register does not know is empty."""

    isyeri_index: str
    sgk_tescil_no: str = ""
    ad_unvan: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What the registers know of some indexes."""

    places: Mapping[str, Place] = field(repr=False)
    professionals: Mapping[str, str] = field(repr=False)

    def place(self, index: str) -> Place:
        """The workplace of an index; one that no register knows has the index only."""
        return self.places.get(index) or Place(index)

    def professional(self, index: str) -> str:
        """The name behind an index as it may be shown; empty when no register knows it."""
        return self.professionals.get(index, "")


def read_names(
    tx: Tx, gateway: Gateway, kurum: KurumNo, *, isyeri: Iterable[str], profesyonel: Iterable[str], whole: bool = False
) -> Names:
    """The names of these indexes; one query for each register."""
    place_keys, person_keys = sorted({each for each in isyeri if each}), sorted({each for each in profesyonel if each})
    if not place_keys and not person_keys:  # a customer who did nothing yet has no keys either
        return Names({}, {})
    sealer = gateway.keyring.sealer(kurum)
    places = {key: _place(key, card) for key, card in read(tx, sealer, kurum, ISYERI, place_keys)}
    people = read(tx, sealer, kurum, PROFESYONEL, person_keys)
    return Names(places, {key: shown_name(facts, whole=whole) for key, facts in people})


def _place(key: str, card: Mapping[str, Any]) -> Place:
    return Place(key, str(card.get("sgk_tescil_no") or ""), str(card.get("ad_unvan") or ""))


def shown_name(facts: Mapping[str, Any], *, whole: bool) -> str:
    """A person's name, masked unless `whole`; without one the number, which is always masked."""
    name = str(facts.get("ad") or "")
    return (name if whole else masked(name)) if name else seen(facts.get("tckn") or "")


def signer_seen(tx: Tx, gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo) -> str:
    """The professional of one message as its bytes name them, masked; empty when it is erased."""
    found = readings.read_one(tx, kurum, sorgu_no)
    if erased_of(found["content_key"]):
        return ""
    key = gateway.content(kurum, found["row"]["kayit_no"], found["content_key"])
    canonical = bodies.open_canonical(key, kurum, sorgu_no, found["body"]["canonical"])[1]
    return seen(signer_of(canonical, gateway.catalogue.signers))
