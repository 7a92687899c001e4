"""The keys of each kurum: made on first use, wrapped by the master key, kept in `data_key`.

Purposes: ``general`` and ``health`` seal, each by its newest key, whose `replaced_at` is empty; ``index`` (number 0)
holds the keys of fingerprints and blind indexes, which are never replaced, or nothing would be found again. Whoever
writes a value under a data key asks `hold` in its own transaction whether that key is still the one to seal with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, select, update

from integrator.domain.errors import Misconfigured, Tampered
from integrator.domain.haste import require_time
from integrator.domain.identifiers import KurumNo
from integrator.protect.master import HeldMaster, MasterKey
from integrator.protect.seal import Sealer, index_of, new_key
from integrator.store.dialect import hold, insert_new
from integrator.store.engine import Conflict, reading, writing
from integrator.store.prepared import Prepared
from integrator.store.tables import data_key, kurum

GENERAL, HEALTH, INDEX = "general", "health", "index"
PURPOSES = {GENERAL, HEALTH, INDEX}
INDEX_NO, FIRST_NO = 0, 1
MASTER = "master_key"
"""What whoever wraps a data key holds: the master key may be replaced at that moment."""
_STILL_SEALS = Prepared(
    select(data_key.c.key_no)
    .where(data_key.c.kurum_id == bindparam("kurum"), data_key.c.key_no == bindparam("number"))
    .where(data_key.c.replaced_at.is_(None))
    .with_for_update(read=True)
)
Made = Callable[[Connection, KurumNo, int, datetime], None]
"""Called in the transaction that stores a new data key: (transaction, kurum, key number, now)."""


class KeyRing:
    """Gives the Sealer of a kurum; unwrapped keys stay in this process's memory only."""

    def __init__(self, engine: Engine, master: MasterKey | bytes, *, made: Made | None = None) -> None:
        self._made = made
        self._engine = engine
        self.master: MasterKey = HeldMaster(master) if isinstance(master, bytes) else master
        self._sealers: dict[tuple[KurumNo, str], Sealer] = {}
        self._lock = Lock()

    def sealer(self, kurum_no: KurumNo, *, now: datetime | None = None, health: bool = False) -> Sealer:
        """The Sealer of `kurum_no`, for health facts or the rest; either opens all that is this customer's.

        With `now` given, an unknown kurum is written down and gets its keys.
        """
        wanted = (kurum_no, HEALTH if health else GENERAL)
        found = self._sealers.get(wanted)
        if found is not None:
            return found
        require_time("the customer's keys")
        with self._lock:
            found = self._sealers.get(wanted)
            if found is None:
                fresh = self._load(kurum_no) or self._enrol(kurum_no, now)
                self._sealers |= fresh
                found = fresh[wanted]
            return found

    def is_at_hand(self, kurum_no: KurumNo) -> bool:
        """Whether this customer's keys are in memory: then asking for a Sealer waits for nobody."""
        return (kurum_no, GENERAL) in self._sealers

    def sealer_in(self, tx: Connection, kurum_no: KurumNo) -> Sealer:
        """The general Sealer by the keys that this transaction sees, before anybody else does."""
        return self._sealers_of(kurum_no, _rows(tx, kurum_no))[kurum_no, GENERAL]

    def forget(self, kurum_no: KurumNo) -> None:
        """Read this customer's keys anew when they are wanted next.

        Waits for nobody: whoever reads keys holds the lock, and may wait for the transaction in which this is said.
        That such a reader puts old ones back is seen by the next `hold`.
        """
        for purpose in (GENERAL, HEALTH):
            self._sealers.pop((kurum_no, purpose), None)

    def hold(self, tx: Connection, kurum_no: KurumNo, sealer: Sealer) -> None:
        """Nobody replaces the sealer's key before the commit. Raises Conflict when somebody did: ask for it anew."""
        self.hold_all(tx, {(kurum_no, sealer)})

    def hold_all(self, tx: Connection, several: Set[tuple[KurumNo, Sealer]]) -> None:
        """The same for several. In one order, as `rewrap`: two processes do not hold each other up."""
        in_order = sorted(several, key=lambda each: (each[0], each[1].key_no))
        old = [
            kurum_no for kurum_no, sealer in in_order if not _STILL_SEALS.all(tx, kurum=kurum_no, number=sealer.key_no)
        ]
        if old:
            require_time("the customer's new keys")  # whoever holds them may wait for what this transaction holds
            for each in old:
                self.forget(each)
            raise Conflict("a data key was replaced meanwhile")

    def replaced(self) -> dict[KurumNo, list[Any]]:
        """The keys with which nothing new is sealed, by customer; rows of `data_key`."""
        query = select(data_key).where(data_key.c.replaced_at.is_not(None)).order_by(data_key.c.kurum_id)
        found: dict[KurumNo, list[Any]] = {}
        with reading(self._engine) as tx:
            for row in tx.execute(query):
                found.setdefault(KurumNo(row.kurum_id), []).append(row)
        return found

    def replace(self, tx: Connection, kurum_no: KurumNo, *, now: datetime) -> list[tuple[str, int, int]]:
        """New keys for new values, from this transaction's commit on: (purpose, old number, new number) of each."""
        hold(tx, MASTER)
        query = select(data_key).where(data_key.c.kurum_id == kurum_no, data_key.c.purpose != INDEX)
        rows = tx.execute(query.order_by(data_key.c.key_no).with_for_update()).all()
        newest, done = max(row.key_no for row in rows), []
        for old in [row for row in rows if row.replaced_at is None]:
            newest += 1
            mine = (data_key.c.kurum_id == kurum_no, data_key.c.key_no == old.key_no)
            tx.execute(update(data_key).where(*mine).values(replaced_at=now))
            self.put(tx, kurum_no, newest, old.purpose, new_key(), now=now)
            done.append((old.purpose, old.key_no, newest))
        return done

    def retire(self, tx: Connection, kurum_no: KurumNo, key_no: int) -> None:
        """Destroy a replaced key. The caller has made sure that nothing names it."""
        mine = (data_key.c.kurum_id == kurum_no, data_key.c.key_no == key_no, data_key.c.replaced_at.is_not(None))
        tx.execute(delete(data_key).where(*mine))

    def wrapped_anew(self, old: MasterKey, new: MasterKey) -> dict[bytes, bytes]:
        """Wrapped keys as they stand -> as `new` wraps them: made before any lock, for a master key may be slow."""
        with reading(self._engine) as tx:
            rows = tx.execute(select(data_key)).all()
        found = [_anew(row, old, new) for row in rows]
        return {before: after for before, after in found if before != after}

    def rewrap(self, tx: Connection, old: MasterKey, new: MasterKey, ready: Mapping[bytes, bytes]) -> int:
        """Write every data key as `new` wraps it; returns how many were not so before. Either all are, or none."""
        hold(tx, MASTER)
        count = 0
        in_order = select(data_key).order_by(data_key.c.kurum_id, data_key.c.key_no)  # as those who `hold` them
        for row in tx.execute(in_order.with_for_update()).all():
            wrapped = ready.get(row.wrapped) or _anew(row, old, new)[1]
            mine = (data_key.c.kurum_id == row.kurum_id, data_key.c.key_no == row.key_no)
            if wrapped != row.wrapped:
                tx.execute(update(data_key).where(*mine).values(wrapped=wrapped))
                count += 1
        return count

    def kurum_list(self) -> list[KurumNo]:
        """Every customer that has keys."""
        with reading(self._engine) as tx:
            return [KurumNo(each) for each in tx.execute(select(data_key.c.kurum_id).distinct()).scalars()]

    def check_all(self, tx: Connection) -> None:
        """Open every stored key; raises Misconfigured for the first that the master key does not open."""
        for row in tx.execute(select(data_key)):
            self._unwrap(row)

    def check_master(self) -> None:
        """Open one stored key, so that a wrong master key is told at start; raises Misconfigured."""
        with reading(self._engine) as tx:
            row = tx.execute(select(data_key).limit(1)).one_or_none()
        if row:
            self._unwrap(row)

    def _load(self, kurum_no: KurumNo) -> dict[tuple[KurumNo, str], Sealer] | None:
        with reading(self._engine) as tx:
            rows = _rows(tx, kurum_no)
        if not rows:
            return None
        if {row.purpose for row in rows} == {GENERAL} and rows[0].key_no == FIRST_NO:
            rows = self._complete(kurum_no, rows)
        return self._sealers_of(kurum_no, _require_whole(kurum_no, rows))

    def _enrol(self, kurum_no: KurumNo, now: datetime | None) -> dict[tuple[KurumNo, str], Sealer]:
        if now is None:
            raise _lost(kurum_no, "all keys")
        with writing(self._engine) as tx:
            hold(tx, MASTER)
            is_known = tx.execute(select(kurum.c.kurum_id).where(kurum.c.kurum_id == kurum_no)).one_or_none()
            if is_known and not _rows(tx, kurum_no):
                raise _lost(kurum_no, "all keys")
            insert_new(tx, kurum, [{"kurum_id": kurum_no, "created_at": now}])
            self._make(tx, kurum_no, FIRST_NO, GENERAL, new_key(), now=now)
            rows = _rows(tx, kurum_no)  # another process may have been first: then these are its keys
        return self._sealers_of(kurum_no, self._complete(kurum_no, rows))

    def _complete(self, kurum_no: KurumNo, rows: Sequence[Any]) -> Sequence[Any]:
        """Health and index keys of a customer that has neither; indexes stay what the first key made them."""
        first = min((row for row in rows if row.purpose == GENERAL), key=lambda row: row.key_no)
        index = index_of(self._unwrap(first))
        with writing(self._engine) as tx:
            hold(tx, MASTER)
            self._make(tx, kurum_no, INDEX_NO, INDEX, index, now=first.created_at)
            if not any(row.purpose == HEALTH for row in _rows(tx, kurum_no)):
                number = max(row.key_no for row in rows) + 1
                self._make(tx, kurum_no, number, HEALTH, new_key(), now=first.created_at)
            return _rows(tx, kurum_no)

    def _make(self, tx: Connection, kurum_no: KurumNo, key_no: int, purpose: str, key: bytes, *, now: datetime) -> None:
        """A customer's first key of a purpose, and whoever must know of it; nothing when another process was first."""
        taken = select(data_key.c.key_no).where(data_key.c.kurum_id == kurum_no, data_key.c.key_no == key_no)
        if tx.execute(taken).one_or_none() is None:
            self.put(tx, kurum_no, key_no, purpose, key, now=now)
            if self._made:
                self._made(tx, kurum_no, key_no, now)

    def put(self, tx: Connection, kurum_no: KurumNo, key_no: int, purpose: str, key: bytes, *, now: datetime) -> None:
        """Write a key down, unless its number is taken. The caller holds MASTER.

        Raises Misconfigured when the master key is not the one that wrapped what is here: two would lose one of them.
        """
        there = tx.execute(select(data_key).limit(1)).one_or_none()
        if there:
            self._unwrap(there)
        wrapped = self.master.wrap(key, place_of(kurum_no, key_no))
        row = {"kurum_id": kurum_no, "key_no": key_no, "purpose": purpose, "wrapped": wrapped, "created_at": now}
        insert_new(tx, data_key, [row])

    def _sealers_of(self, kurum_no: KurumNo, rows: Sequence[Any]) -> dict[tuple[KurumNo, str], Sealer]:
        keys = {row.key_no: self._unwrap(row) for row in rows}

        def another(key_no: int) -> bytes:
            if key_no not in keys:
                keys[key_no] = self._read(kurum_no, key_no)
            return keys[key_no]

        current = {row.purpose: row.key_no for row in rows if row.replaced_at is None}
        return {
            (kurum_no, purpose): Sealer(number, keys[number], index=keys[INDEX_NO], another=another)
            for purpose, number in current.items()
            if purpose != INDEX
        }

    def _read(self, kurum_no: KurumNo, key_no: int) -> bytes:
        """A key that another process made since this one looked."""
        query = select(data_key).where(data_key.c.kurum_id == kurum_no, data_key.c.key_no == key_no)
        with reading(self._engine) as tx:
            row = tx.execute(query.where(data_key.c.purpose != INDEX)).one_or_none()
        if row is None:
            told = f"a sealed value names the data key {key_no} of {kurum_no!r}, which is not in the database"
            raise Tampered(f"{told}: the value was changed, or the row of data_key must come back from a backup")
        return self._unwrap(row)

    def _unwrap(self, row: Any) -> bytes:
        require_time("the master key")  # it may be a command's or a token's
        return self.master.unwrap(row.wrapped, place_of(KurumNo(row.kurum_id), row.key_no))


def _anew(row: Any, old: MasterKey, new: MasterKey) -> tuple[bytes, bytes]:
    """(a wrapped key as it stands, as `new` wraps it); the same twice when `new` wrapped it already."""
    place = place_of(KurumNo(row.kurum_id), row.key_no)
    if new is not old and _opens(new, row.wrapped, place):
        return row.wrapped, row.wrapped
    return row.wrapped, new.wrap(old.unwrap(row.wrapped, place), place)


def _opens(master: MasterKey, wrapped: bytes, place: bytes) -> bool:
    try:
        master.unwrap(wrapped, place)
    except Misconfigured:
        return False
    return True


def _require_whole(kurum_no: KurumNo, rows: Sequence[Any]) -> Sequence[Any]:
    """The rows, when a key of each purpose seals; what is missing was lost, and is never made anew in its place."""
    missing = PURPOSES - {row.purpose for row in rows if row.replaced_at is None}
    if missing:
        raise _lost(kurum_no, ", ".join(sorted(missing)))
    return rows


def _lost(kurum_no: KurumNo, what: str) -> Misconfigured:
    told = f"the data keys of {kurum_no!r} are not whole in the database ({what})"
    return Misconfigured(f"{told}: bring the rows of data_key back from a backup; nothing was changed")


def _rows(tx: Connection, kurum_no: KurumNo) -> Sequence[Any]:
    return tx.execute(select(data_key).where(data_key.c.kurum_id == kurum_no).order_by(data_key.c.key_no)).all()


def place_of(kurum_no: KurumNo, key_no: int) -> bytes:
    """What a wrapped data key is bound to."""
    return f"data_key/{kurum_no}/{key_no}".encode()
