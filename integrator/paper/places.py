"""Workplaces and professionals by their index, as paper names them: a workplace whole, a person by first letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.parties.register import ISYERI, PROFESYONEL, masked, read_all
from integrator.registering import read_kurum
from integrator.store.engine import reading


@dataclass(frozen=True, slots=True)
class Place:
    """What paper says of a workplace. A firm's name and its SGK number are public; empty where not known."""

    ad_unvan: str = ""
    sgk_tescil_no: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """Of one customer, by blind index."""

    places: Mapping[str, Place] = field(repr=False)
    people: Mapping[str, str] = field(repr=False)

    def place(self, index: str) -> Place:
        """The workplace; an empty one when no register knows it."""
        return self.places.get(index, Place())

    def person(self, index: str) -> str:
        """``A*** B***``; empty when no register knows them."""
        return self.people.get(index, "")


def read_names(gateway: Gateway, kurum: KurumNo) -> Names:
    """Everything the registers know of `kurum`; nothing for a customer that is not known here."""
    if not read_kurum(gateway, kurum):
        return Names({}, {})
    sealer = gateway.keyring.sealer(kurum)
    with reading(gateway.database) as tx:
        cards = read_all(tx, sealer, kurum, ISYERI)
        people = read_all(tx, sealer, kurum, PROFESYONEL)
    places = {key: Place(str(facts.get("ad_unvan") or ""), str(facts["sgk_tescil_no"])) for key, facts in cards}
    return Names(places, {key: masked(str(facts.get("ad") or "")) for key, facts in people})
