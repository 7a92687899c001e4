"""Counts what was lost and what happened twice, from the ministry's ledger and the input, not from our belief.

Lost is every part of an accepted record that the ministry does not hold and that no message shows a person as
undelivered (held, refused, awaiting a signature, ...). Our own tables are asked only for that excuse. Misjudged
is what we call refused although the ministry holds it: a customer would send it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrator.acts import read_canonical
from integrator.deliver.dvo import cut_dvo
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import FOR_A_PERSON, State
from integrator.gateway import Gateway
from integrator.queue.bodies import open_refused
from integrator.queue.readings import read_one
from integrator.store.engine import reading
from integrator.trial.people import pairs_of

Part = tuple[str, ...]
_EXCUSED = FOR_A_PERSON | {State.REFUSED, State.CANCELLED, State.SUPERSEDED}


@dataclass(frozen=True, slots=True)
class Count:
    """Parts, counted."""

    expected: int
    at_ministry: int
    shown_to_a_person: int
    lost: int
    duplicate_effects: int
    unexpected: int
    misjudged: int


def count_effects(
    gateway: Gateway, kurum: KurumNo, records: Iterable[dict[str, Any]], numbers: Iterable[int], ledger: dict[str, Any]
) -> Count:
    """Compare the parts of all accepted `records` with the ledger's effects."""
    expected = set[Part]().union(*(pairs_of(record) for record in records))
    effects = [_part_of(effect) for effect in ledger["effects"]]
    held = set(effects)
    missing = expected - held
    excused, refused = _excused(gateway, kurum, numbers)
    return Count(
        expected=len(expected),
        at_ministry=len(expected & held),
        shown_to_a_person=len(missing & excused),
        lost=len(missing - excused),
        duplicate_effects=len(effects) - len(held),
        unexpected=len(held - expected),
        misjudged=len(refused & held),
    )


def _part_of(effect: dict[str, Any]) -> Part:
    day = str(effect["egitim_tarihi"])
    if day[2:3] == "-":
        day = datetime.strptime(day, "%d-%m-%Y").date().isoformat()
    names = ("isg_prof_tck_no", "sgk_tescil_no", None, "calisan_tck_no", "egitim_kodu_id")
    return tuple(str(effect[name]) if name else day for name in names)


def _excused(gateway: Gateway, kurum: KurumNo, numbers: Iterable[int]) -> tuple[set[Part], set[Part]]:
    """Parts a person sees as not delivered, and among them those we say the ministry refused."""
    excused, refused = set[Part](), set[Part]()
    for number in map(SorguNo, numbers):
        with reading(gateway.database) as tx:
            found = read_one(tx, kurum, number)
        state = State(found["row"]["state"])
        if state is State.PARTIAL:
            key = gateway.content(kurum, found["row"]["kayit_no"], found["content_key"])
            listed = open_refused(key, kurum, number, found["refused_parts"])
            refused |= _parts(gateway, kurum, number, {each.pair for each in listed})
        elif state is State.REFUSED:
            refused |= _parts(gateway, kurum, number, None)
        elif state in _EXCUSED:
            excused |= _parts(gateway, kurum, number, None)
    return excused | refused, refused


def _parts(gateway: Gateway, kurum: KurumNo, number: SorguNo, only: set[tuple[str, str]] | None) -> set[Part]:
    dvo = cut_dvo(read_canonical(gateway, kurum, number))
    text = {name: element[len(name) + 2 : -len(name) - 3] for name, element in dvo.elements.items()}
    day = datetime.strptime(text["egitimTarihi"], "%d-%m-%Y").date().isoformat()
    return {
        (dvo.professional, text["sgkTescilNo"], day, worker, code)
        for worker, code in dvo.pairs
        if only is None or (worker, code) in only
    }
