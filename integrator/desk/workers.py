"""The workers on one workplace's roster: how each stands in each veri seti, and at which step it stopped.

Names are masked unless whoever asks keeps the registers, numbers always. Of an examination nobody learns more here than
that one counts; until when is told to those only who keep the roster or may read content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from integrator.coverage.messages import worker_index
from integrator.coverage.reading import Worker, read_workers
from integrator.coverage.standing import COVERED, Facts, Standing
from integrator.coverage.subjects import KINDS, MUAYENE
from integrator.desk.names import Place, read_names, shown_name
from integrator.domain.findings import seen
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Right
from integrator.gateway import Gateway
from integrator.parties.register import CALISAN, read
from integrator.store.engine import Tx

PAGE, MOST = 50, 500
_WORST_FIRST = {standing: at for at, standing in enumerate(reversed(Standing))}


@dataclass(frozen=True, slots=True)
class Of:
    """One worker in one veri seti. `sorgu_no` is the message that says so, `until` the last day that counts."""

    standing: Standing
    sorgu_no: int | None
    until: date | None


@dataclass(frozen=True, slots=True)
class OnRoster:
    """One worker. `name` and `number` are empty in rows of an older release that no import told anew.

    `worker_index` finds their messages; it is empty where the number is not known.
    """

    calisan_index: str
    name: str = field(repr=False)
    number: str = field(repr=False)
    worker_index: str
    hired_on: date | None
    of: Mapping[str, Of]


@dataclass(frozen=True, slots=True)
class Workers:
    """A page of a roster, those who miss most first. `counts` are of the whole roster, by veri seti.

    `total` is how many there are of those asked for, `next` the `after` of the following page, None on the last.
    """

    place: Place
    roster: int
    counts: Mapping[str, Counter[Standing]]
    rows: Sequence[OnRoster] = field(repr=False)
    total: int
    next: int | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which workers: of one standing, in one veri seti or in any; empty is everybody."""

    standing: Standing | None = None
    veri_seti: str = ""

    def has(self, worker: Worker) -> bool:
        """Whether the worker is one of them."""
        named = [self.veri_seti] if self.veri_seti else KINDS
        return self.standing is None or any(worker.standing.get(each) is self.standing for each in named)


def read_roster(
    tx: Tx,
    gateway: Gateway,
    kurum: KurumNo,
    isyeri: str,
    *,
    rights: AbstractSet[Right],
    today: date,
    chosen: Chosen = Chosen(),
    after: int = 0,
    limit: int = PAGE,
) -> Workers:
    """A page of the roster of the workplace with this index, as whoever has `rights` may see it."""
    everybody = read_workers(tx, kurum, isyeri, today=today)
    wanted = sorted(filter(chosen.has, everybody), key=lambda each: (_badness(each), each.calisan_index))
    limit = min(limit, MOST)
    shown = wanted[after : after + limit]
    people = _people(tx, gateway, kurum, [each.calisan_index for each in shown])
    sees = _Seeing(gateway, kurum, isyeri, rights)
    return Workers(
        place=read_names(tx, gateway, kurum, isyeri=[isyeri], profesyonel=()).place(isyeri),
        roster=len(everybody),
        counts={name: Counter(each.standing[name] for each in everybody) for name in KINDS},
        rows=[sees.row(each, people.get(each.calisan_index, {})) for each in shown],
        total=len(wanted),
        next=after + limit if len(wanted) > after + limit else None,
    )


def _badness(worker: Worker) -> tuple[int, ...]:
    return tuple(sorted(_WORST_FIRST[each] for each in worker.standing.values()))


def _people(tx: Tx, gateway: Gateway, kurum: KurumNo, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    return dict(read(tx, gateway.keyring.sealer(kurum), kurum, CALISAN, keys)) if keys else {}


@dataclass(frozen=True, slots=True)
class _Seeing:
    """What one person may see of the workers of one workplace."""

    gateway: Gateway = field(repr=False)
    kurum: KurumNo
    isyeri: str
    rights: AbstractSet[Right]

    def row(self, worker: Worker, person: Mapping[str, Any]) -> OnRoster:
        """One worker as they may be shown."""
        tckn = str(person.get("tckn") or "")
        return OnRoster(
            calisan_index=worker.calisan_index,
            name=shown_name(person, whole=Right.KEEP_PARTIES in self.rights) if person.get("ad") else "",
            number=seen(tckn),
            worker_index=worker_index(self.gateway.keyring.sealer(self.kurum), self.isyeri, tckn) if tckn else "",
            hired_on=worker.hired_on,
            of={name: self._of(worker, name) for name in KINDS},
        )

    def _of(self, worker: Worker, veri_seti: str) -> Of:
        facts, standing = worker.facts.get(veri_seti, Facts(veri_seti)), worker.standing[veri_seti]
        tells_day = veri_seti != MUAYENE or bool(self.rights & {Right.KEEP_PARTIES, Right.READ_CONTENT})
        number = facts.accepted_no if standing in COVERED else facts.latest_no or facts.accepted_no
        return Of(standing, number, worker.ends_on.get(veri_seti) if tells_day else None)
