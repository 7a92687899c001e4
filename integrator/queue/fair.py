"""Whose turn it is: customers in rotation, a share for each, so that nobody waits behind another's hundred thousand.

When everything that is due fits, everything is taken. Otherwise the index (state, metot, kurum_id, due_at) is stepped
over from customer to customer, one look each, from where the last claim stopped: the cost hangs on the customers
looked at, never on how many messages wait (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from integrator.domain.states import State
from integrator.queue.standing import may_leave
from integrator.store.dialect import dialect_of
from integrator.store.tables import bildirim, quarantine

CUSTOMERS_AT_ONCE = 64
LOOKS_AT_ONCE = 1000

BY_HAND = "by_hand"
"""Reason beside a message that a person moved; a queued one with it is sent even while its form is stopped."""

Each = TypeVar("Each")


@dataclass(slots=True)
class Rotation:
    """After whom the next claim begins. Whoever claims keeps it between claims."""

    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What is handed out: messages in `state` and of `metot`, as the index is led by, none of the customer `but_not`.

    `stopped` are the forms in quarantine. They are looked up first, because they are few and mostly none: a claim whose
    every row had to be compared with a table would be planned as if it had to read them all. Of `barred` forms nothing
    that is queued goes at all: no generation sends them. With `needs_form` nothing queued goes of a customer whose form
    was not delivered to the ministry.
    """

    state: str
    metot: str
    rotation: Rotation
    but_not: str | None = None
    stopped: tuple[tuple[str, str, str], ...] = ()
    barred: tuple[tuple[str, str, str], ...] = ()
    needs_form: bool = False

    def may_go(self, rows: FromClause) -> tuple[ColumnElement[bool], ...]:
        """What is queued under a stopped form stays, unless a person released it to try the mend."""
        form = tuple_(rows.c.veri_seti, rows.c.version, rows.c.metot)
        free = (or_(rows.c.reason == BY_HAND, form.not_in(self.stopped)),) if self.stopped else ()
        return (*free, form.not_in(self.barred)) if self.barred and self.state == State.QUEUED else free

    def of_customer(self, kurum: ColumnElement[str]) -> tuple[ColumnElement[bool], ...]:
        """What must be true of a customer; asked once for each, not for every message."""
        return may_leave(kurum, needs_form=self.needs_form and self.state == State.QUEUED)

    def of(self, rows: FromClause) -> tuple[ColumnElement[bool], ...]:
        """The conditions on `rows`, which are of `bildirim`."""
        return rows.c.state == self.state, rows.c.metot == self.metot


def take_fairly(tx: Connection, turn: Turn, *, now: datetime, limit: int) -> list[int]:
    """Numbers of up to `limit` due messages, locked, in the order in which they should go."""
    turn = replace(turn, stopped=_stopped_forms(tx)) if turn.state == State.QUEUED else turn
    due = (*turn.of(bildirim), *turn.may_go(bildirim), bildirim.c.due_at <= now)
    if turn.but_not is None:
        # of every metot, so that one index answers however many of another metot wait
        some = select(bildirim.c.sorgu_no).where(bildirim.c.state == turn.state, bildirim.c.due_at <= now)
        count = tx.execute(select(func.count()).select_from(some.limit(limit + 1).subquery())).scalar_one()
        if count == 0:
            return []
        if count <= limit:
            return _interleaved(_take(tx, (*due, *turn.of_customer(bildirim.c.kurum_id)), limit))
    dialect_of(tx).in_index_order(tx)
    customers = _customers(tx, turn, now=now, count=min(limit, CUSTOMERS_AT_ONCE))

    def take_of(kurum: str, some: int, after: int) -> list[tuple[str, int]]:
        return _take(tx, (*due, bildirim.c.kurum_id == kurum), some, after)

    return _interleaved(share_out(customers, limit, take_of))


def _stopped_forms(tx: Connection) -> tuple[tuple[str, str, str], ...]:
    form = (quarantine.c.veri_seti, quarantine.c.version, quarantine.c.metot)
    is_open = (quarantine.c.since.is_not(None), quarantine.c.lifted_at.is_(None))
    return tuple((row[0], row[1], row[2]) for row in tx.execute(select(*form).where(*is_open)))


def share_out(
    customers: Sequence[str], limit: int, take_of: Callable[[str, int, int], list[tuple[str, int]]]
) -> list[tuple[str, int]]:
    """An even share for each; what some do not use goes to those who have more, in the same order.

    `take_of(customer, some, after)` gives up to `some` rows of one customer behind its first `after`.
    """
    taken: list[tuple[str, int]] = []
    more: list[tuple[str, int]] = []
    for place, kurum in enumerate(customers):
        share = -(-(limit - len(taken)) // (len(customers) - place))
        rows = take_of(kurum, share, 0)
        taken += rows
        if len(rows) == share:
            more.append((kurum, share))
    for kurum, before in more:
        if len(taken) < limit:
            taken += take_of(kurum, limit - len(taken), before)
    return taken


def interleave(several: Iterable[Sequence[Each]]) -> list[Each]:
    """The first of each, then the second of each, and so on."""
    rows = list(several)
    return [row[place] for place in range(max(map(len, rows), default=0)) for row in rows if place < len(row)]


def _interleaved(rows: Sequence[tuple[str, int]]) -> list[int]:
    by_kurum: dict[str, list[int]] = {}
    for kurum, sorgu_no in rows:
        by_kurum.setdefault(kurum, []).append(sorgu_no)
    return interleave(by_kurum.values())


def _take(tx: Connection, which: Sequence[ColumnElement[bool]], limit: int, after: int = 0) -> list[tuple[str, int]]:
    query = select(bildirim.c.kurum_id, bildirim.c.sorgu_no).where(*which)
    query = query.order_by(bildirim.c.due_at, bildirim.c.sorgu_no).limit(limit)
    query = query.offset(after) if after else query
    return [(row.kurum_id, row.sorgu_no) for row in tx.execute(query.with_for_update(skip_locked=True))]


def _customers(tx: Connection, turn: Turn, *, now: datetime, count: int) -> list[str]:
    """Up to `count` customers with something due, from the cursor on and round once; the cursor moves on.

    After so many looks it is content with fewer, but never with none while somebody is left to look at.
    """
    rotation = turn.rotation
    start, found = rotation.cursor, list[str]()
    for until in (None, start) if start else (None,):
        while len(found) < count:
            after = rotation.cursor
            looked = _look(tx, turn, now=now, between=(after, until), count=count - len(found))
            found += [kurum for kurum, is_due in looked if is_due]
            rotation.cursor = looked[-1][0] if looked else after
            if len(looked) < LOOKS_AT_ONCE:
                break
            if found:
                return found
        if len(found) >= count:
            return found
        rotation.cursor = ""
    return found


def _look(
    tx: Connection, turn: Turn, *, now: datetime, between: tuple[str, str | None], count: int
) -> list[tuple[str, bool]]:
    """(customer, whether something is due) of those with messages of this turn, in order: a loose index scan.

    Ends when `count` have something due, or after so many looks. Both engines take the least customer behind another
    from the index in one step.
    """
    after, until = between
    mine = bildirim.alias()
    least = _first(mine).where(*turn.of(mine), mine.c.kurum_id > after)
    walk = select(
        least.scalar_subquery().label("kurum_id"), literal(1, Integer).label("looks"), literal(0, Integer).label("due")
    ).cte("walk", recursive=True)
    following = bildirim.alias()
    behind = _first(following)
    behind = behind.where(*turn.of(following), following.c.kurum_id > walk.c.kurum_id).correlate(walk)
    due_so_far = walk.c.due + case((_has_due(walk, turn, now), 1), else_=0)
    step = select(behind.scalar_subquery(), walk.c.looks + 1, cast(due_so_far, Integer))
    step = step.where(_is_in_reach(walk, until), walk.c.looks < LOOKS_AT_ONCE, due_so_far < count)
    walk = walk.union_all(step)
    query = select(walk.c.kurum_id, _has_due(walk, turn, now).label("is_due"))
    query = query.where(_is_in_reach(walk, until)).order_by(walk.c.looks)
    return [(row.kurum_id, bool(row.is_due)) for row in tx.execute(query)]


def _first(rows: FromClause) -> Select[tuple[str]]:
    """The least customer. Not `min`: in the index's order to its end, no planner prefers another index and a filter."""
    return select(rows.c.kurum_id).order_by(rows.c.kurum_id, rows.c.due_at).limit(1)


def _is_in_reach(walk: CTE, until: str | None) -> ColumnElement[bool]:
    kurum = walk.c.kurum_id
    return kurum.is_not(None) if until is None else kurum <= until


def _has_due(walk: CTE, turn: Turn, now: datetime) -> ColumnElement[bool]:
    """Not `exists`, which PostgreSQL may answer by hashing every due message of everybody; in the index's order, or it
    may read the whole table in the hope of a match.
    """
    mine = bildirim.alias()
    row = select(literal(1)).where(*turn.of(mine), mine.c.kurum_id == walk.c.kurum_id, mine.c.due_at <= now)
    row = row.where(*turn.may_go(mine))
    row = row if turn.but_not is None else row.where(walk.c.kurum_id != turn.but_not)
    first = row.order_by(mine.c.due_at, mine.c.sorgu_no).limit(1).correlate(walk).scalar_subquery()
    may = turn.of_customer(walk.c.kurum_id)
    return (case((and_(*may), first)) if may else first).is_not(None)
