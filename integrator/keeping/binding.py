"""A home of an older release: what stands in its registers is told to the log once, so that from then on every row is
bound (``audit/bound.py``). Nobody can say of such a row that it was not changed before.
"""

from __future__ import annotations

from sqlalchemy import insert, select

from integrator.audit.bound import BOUND, ROWS, all_marks
from integrator.audit.trail import Entry
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.store.dialect import hold
from integrator.store.engine import Tx, reading, write_anew
from integrator.store.tables import kurum, meta

NAME = "rows_bound"
"""The row of `meta` that says that it was done, or that the home was made so."""


def bind_older_rows(gateway: Gateway) -> int:
    """Tell the log of every row of an older home, in one transaction; returns how many entries that took."""
    with reading(gateway.database) as tx:
        if _is_bound(tx):
            return 0
    return write_anew(gateway.database, lambda tx: _bind(gateway, tx))


def put_bound(tx: Tx) -> None:
    """A new home has nothing that is not bound."""
    tx.execute(insert(meta).values(name=NAME, value="1"))


def _bind(gateway: Gateway, tx: Tx) -> int:
    hold(tx, NAME)
    if _is_bound(tx):
        return 0
    entries = [
        Entry(BOUND, gateway.actor, {"kurum": each, ROWS: marks})
        for each in tx.execute(select(kurum.c.kurum_id).order_by(kurum.c.kurum_id)).scalars().all()
        for marks in all_marks(tx, gateway.keyring.sealer(KurumNo(each)), KurumNo(each))
    ]
    gateway.record(tx, entries, gateway.clock.now())
    put_bound(tx)
    return len(entries)


def _is_bound(tx: Tx) -> bool:
    return tx.execute(select(meta.c.value).where(meta.c.name == NAME)).first() is not None
