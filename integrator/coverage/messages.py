"""What the desk finds messages by, kept on the same walk: day, workplace, professional, workers, and counts of them.

A message's row remembers the state in which it was taken in, so that taking it in again moves the counts by the
difference and by nothing when there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import RowMapping, and_, bindparam, func, select, update

from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.protect.seal import Sealer
from integrator.store.coverage_tables import (
    coverage_cursor,
    coverage_depth,
    coverage_message,
    coverage_month,
    coverage_worker,
)
from integrator.store.dialect import insert_new
from integrator.store.engine import Tx
from integrator.store.rows import insert_rows, update_rows
from integrator.store.tables import audit_entry, bildirim, kayit

TAIL = 2_000
"""So many messages behind the walk are looked at one by one; of more, all are counted."""
WITHDRAWN = (State.CANCELLED, State.SUPERSEDED)


def worker_index(sealer: Sealer, isyeri_index: str, tckn: str) -> str:
    """A worker at one workplace, findable without that workplace's number; at another they have another index."""
    return sealer.blind_index("desk", f"{isyeri_index}/{tckn}")


def read_messages(tx: Tx, kurum: KurumNo, numbers: Iterable[int]) -> list[RowMapping]:
    """These messages as they stand, each as a row of `coverage_message`."""
    same = and_(kayit.c.kurum_id == bildirim.c.kurum_id, kayit.c.kayit_no == bildirim.c.kayit_no)
    names = ("kurum_id", "sorgu_no", "veri_seti", "state", "isyeri_index", "profesyonel_index")
    query = select(*(bildirim.c[name] for name in names), kayit.c.event_date).join(kayit, same)
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no.in_(sorted(numbers)))
    return list(tx.execute(query.where(*mine).order_by(bildirim.c.sorgu_no)).mappings())


def take_in(tx: Tx, kurum: KurumNo, rows: Sequence[RowMapping], workers: Mapping[int, Iterable[str]]) -> None:
    """Messages as they stand now, and the workers (by index) of those that are read for the first time."""
    known = _states(tx, kurum, [row["sorgu_no"] for row in rows])
    new = [row for row in rows if row["sorgu_no"] not in known]
    moved = [row for row in rows if known.get(row["sorgu_no"], row["state"]) != row["state"]]
    insert_rows(tx, coverage_message, [dict(row) for row in new])
    update_rows(tx, coverage_message, _KEY, [{name: row[name] for name in (*_KEY, "state")} for row in moved])
    about = [(index, row["sorgu_no"]) for row in new for index in sorted(set(workers.get(row["sorgu_no"], ())))]
    insert_rows(
        tx, coverage_worker, [{"kurum_id": kurum, "worker_index": index, "sorgu_no": number} for index, number in about]
    )
    _count_depths(tx, kurum, _moves(new, moved, known))
    _count_months(tx, kurum, [*new, *moved], known)


_KEY = ("kurum_id", "sorgu_no")


def _states(tx: Tx, kurum: KurumNo, numbers: Sequence[int]) -> dict[int, str]:
    row = coverage_message.c
    query = select(row.sorgu_no, row.state).where(row.kurum_id == kurum, row.sorgu_no.in_(numbers))
    return {each.sorgu_no: each.state for each in tx.execute(query)}


def _moves(new: Sequence[RowMapping], moved: Sequence[RowMapping], known: Mapping[int, str]) -> Counter[str]:
    changes = Counter[str](row["state"] for row in (*new, *moved))
    changes.subtract(known[row["sorgu_no"]] for row in moved)
    return changes


def _count_depths(tx: Tx, kurum: KurumNo, changes: Mapping[str, int]) -> None:
    told = [{"k_state": state, "k_change": change} for state, change in sorted(changes.items()) if change]
    if not told:
        return
    insert_new(tx, coverage_depth, [{"kurum_id": kurum, "state": each["k_state"], "depth": 0} for each in told])
    row = coverage_depth.c
    mine = update(coverage_depth).where(row.kurum_id == kurum, row.state == bindparam("k_state"))
    tx.execute(mine.values(depth=row.depth + bindparam("k_change")), told)


def _count_months(tx: Tx, kurum: KurumNo, rows: Iterable[RowMapping], known: Mapping[int, str]) -> None:
    changes: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        before, after = _weight(known.get(row["sorgu_no"])), _weight(row["state"])
        at = changes.setdefault((row["isyeri_index"], f"{row['event_date']:%Y-%m}", row["veri_seti"]), [0, 0])
        at[:] = (told + new - old for told, new, old in zip(at, after, before, strict=True))
    told = [
        {"k_isyeri": place, "k_month": month, "k_set": name, "k_notified": at[0], "k_accepted": at[1]}
        for (place, month, name), at in sorted(changes.items())
        if place and any(at)
    ]
    if not told:
        return
    nothing = {"kurum_id": kurum, "notified": 0, "accepted": 0}
    insert_new(
        tx,
        coverage_month,
        [
            {**nothing, "isyeri_index": each["k_isyeri"], "month": each["k_month"], "veri_seti": each["k_set"]}
            for each in told
        ],
    )
    month = coverage_month.c
    mine = update(coverage_month).where(
        month.kurum_id == kurum,
        month.isyeri_index == bindparam("k_isyeri"),
        month.month == bindparam("k_month"),
        month.veri_seti == bindparam("k_set"),
    )
    values = {
        "notified": month.notified + bindparam("k_notified"),
        "accepted": month.accepted + bindparam("k_accepted"),
    }
    tx.execute(mine.values(values), told)


def _weight(state: str | None) -> tuple[int, int]:
    """(notified, accepted) of a message that stands so."""
    return (int(state is not None and state not in WITHDRAWN), int(state == State.ACCEPTED))


def read_depths(tx: Tx, kurum: KurumNo) -> dict[State, int]:
    """How many messages of the customer stand in each state now: the kept counts, and what was not followed yet."""
    followed = select(coverage_cursor.c.followed).where(coverage_cursor.c.kurum_id == kurum)
    start = tx.execute(followed).scalar_one_or_none() or 0
    behind = select(audit_entry.c.sorgu_no).where(audit_entry.c.kurum_id == kurum, audit_entry.c.i >= start)
    behind = behind.where(audit_entry.c.sorgu_no.is_not(None)).order_by(audit_entry.c.i).limit(TAIL + 1)
    numbers = list(tx.execute(behind).scalars())
    found = _count_all(tx, kurum) if len(numbers) > TAIL else _kept(tx, kurum, sorted(set(numbers)))
    return {state: found[state.value] for state in State}


def _kept(tx: Tx, kurum: KurumNo, numbers: Sequence[int]) -> Counter[str]:
    kept = select(coverage_depth.c.state, coverage_depth.c.depth).where(coverage_depth.c.kurum_id == kurum)
    found = Counter[str]({row.state: row.depth for row in tx.execute(kept)})
    if numbers:
        found.subtract(_states(tx, kurum, numbers).values())
        now = select(bildirim.c.state).where(bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no.in_(numbers))
        found.update(tx.execute(now).scalars())
    return found


def _count_all(tx: Tx, kurum: KurumNo) -> Counter[str]:
    query = select(bildirim.c.state, func.count()).where(bildirim.c.kurum_id == kurum).group_by(bildirim.c.state)
    return Counter({row[0]: row[1] for row in tx.execute(query)})
