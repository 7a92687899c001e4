"""The data keys of each kurum: made on first use, wrapped by the master key, kept in `data_key`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Lock

from sqlalchemy import Connection, Engine, select

from integrator.domain.errors import Misconfigured
from integrator.domain.identifiers import KurumNo
from integrator.protect.seal import Sealer, new_key, unwrap_key, wrap_key
from integrator.store.dialect import insert_new
from integrator.store.engine import reading, writing
from integrator.store.tables import data_key, kurum

Made = Callable[[Connection, KurumNo, int, datetime], None]
"""Called in the transaction that stores a new data key: (transaction, kurum, key number, now)."""


class KeyRing:
    """Gives the Sealer of a kurum; unwrapped keys stay in this process's memory only."""

    def __init__(self, engine: Engine, master: bytes, *, made: Made | None = None) -> None:
        self._made = made
        self._engine = engine
        self._master = master
        self._sealers: dict[KurumNo, Sealer] = {}
        self._lock = Lock()

    def sealer(self, kurum_no: KurumNo, *, now: datetime | None = None) -> Sealer:
        """The Sealer of `kurum_no`. With `now` given, an unknown kurum is written down and gets its key."""
        found = self._sealers.get(kurum_no)
        if found is not None:
            return found
        with self._lock:
            self._sealers[kurum_no] = self._load(kurum_no) or self._enrol(kurum_no, now)
            return self._sealers[kurum_no]

    def check_master(self) -> None:
        """Open one stored key, so that a wrong master key is told at start; raises Misconfigured."""
        with reading(self._engine) as tx:
            row = tx.execute(select(data_key.c.kurum_id).limit(1)).one_or_none()
            if row:
                self._current(tx, KurumNo(row.kurum_id))

    def _load(self, kurum_no: KurumNo) -> Sealer | None:
        with reading(self._engine) as tx:
            return self._current(tx, kurum_no)

    def _current(self, tx: Connection, kurum_no: KurumNo) -> Sealer | None:
        query = select(data_key).where(data_key.c.kurum_id == kurum_no).order_by(data_key.c.key_no.desc())
        row = tx.execute(query.limit(1)).one_or_none()
        if row is None:
            return None
        return Sealer(row.key_no, unwrap_key(self._master, row.wrapped, _place(kurum_no, row.key_no)))

    def _enrol(self, kurum_no: KurumNo, now: datetime | None) -> Sealer:
        if now is None:
            raise Misconfigured(f"the data key of {kurum_no!r} is not in the database: restore the data_key table")
        wrapped = wrap_key(self._master, new_key(), _place(kurum_no, 1))
        with writing(self._engine) as tx:
            insert_new(tx, kurum, [{"kurum_id": kurum_no, "created_at": now}])
            insert_new(tx, data_key, [{"kurum_id": kurum_no, "key_no": 1, "wrapped": wrapped, "created_at": now}])
            stored = tx.execute(select(data_key.c.wrapped).where(data_key.c.kurum_id == kurum_no)).scalar_one()
            if stored == wrapped and self._made:  # another process may have been first: then this is its key
                self._made(tx, kurum_no, 1, now)
            found = self._current(tx, kurum_no)
        assert found is not None
        return found


def _place(kurum_no: KurumNo, key_no: int) -> bytes:
    return f"data_key/{kurum_no}/{key_no}".encode()
