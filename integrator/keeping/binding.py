"""A home of an older release: what stands in its tables is told to the log once, so that from then on every row is
bound (``audit/bound.py``). Nobody can say of such a row that it was not changed before.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update

from integrator.audit.bound import BOUND, EDITION, ROWS, all_marks
from integrator.audit.trail import Entry
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.parties.people import OWN
from integrator.store.dialect import hold
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.tables import kurum, meta
from integrator.store.tables_of_doors import duyuru

NAME = "rows_bound"
"""The row of `meta` that says which edition of tables was told, or that the home was made so."""


def bind_older_rows(gateway: Gateway) -> int:
    """Tell the log of every row of an older home, in one transaction; returns how many entries that took."""
    with reading(gateway.database) as tx:
        if _told(tx) == EDITION:
            return 0
        is_own = tx.execute(select(duyuru.c.duyuru_no).limit(1)).first() is not None
    if is_own:
        gateway.keyring.sealer(OWN, now=gateway.clock.now())  # what no customer is named in is told under its key
    return write_anew(gateway.database, lambda tx: _bind(gateway, tx))


def put_bound(tx: Tx) -> None:
    """A new home has nothing that is not bound."""
    tx.execute(insert(meta).values(name=NAME, value=str(EDITION)))


def _bind(gateway: Gateway, tx: Tx) -> int:
    hold(tx, NAME)
    told = _told(tx)
    entries = [each for edition in range(told + 1, EDITION + 1) for each in _entries_of(gateway, tx, edition)]
    gateway.record(tx, entries, gateway.clock.now())
    if not tx.execute(update(meta).where(meta.c.name == NAME).values(value=str(EDITION))).rowcount:
        put_bound(tx)
    return len(entries)


def _entries_of(gateway: Gateway, tx: Tx, edition: int) -> list[Entry]:
    """Every row of an edition's tables; of a later one that there was none is told, too."""
    facts = {"edition": edition} if edition > 1 else {}
    several: list[dict[str, Any]] = [
        {"kurum": each, ROWS: marks}
        for each in tx.execute(select(kurum.c.kurum_id).order_by(kurum.c.kurum_id)).scalars().all()
        for marks in all_marks(tx, gateway.keyring.sealer(KurumNo(each)), KurumNo(each), edition)
    ]
    if not several and edition > 1:
        several = [{ROWS: {}}]
    return [Entry(BOUND, gateway.actor, {**facts, **each}) for each in several]


def _told(tx: Tx) -> int:
    """The newest edition that was told. What is no number counts as none: telling it again is found."""
    value = tx.execute(select(meta.c.value).where(meta.c.name == NAME)).scalar_one_or_none()
    return min(int(value), EDITION) if value and value.isdecimal() else 0
