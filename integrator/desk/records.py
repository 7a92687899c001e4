"""Messages found by whatever is known of them: worker, workplace, professional, number, own id, state, day, veri seti.

One of the things asked for leads: its index gives the messages in the order of the page, the others only filter. Which
one leads is decided here and not by the database, because a planner without statistics takes any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, literal, select, tuple_

from integrator.coverage.messages import read_depths, worker_index
from integrator.desk.names import Names, Place, read_names
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import KurumNo, SorguNo, Tckn
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.parties.register import in_portions
from integrator.queue.groups import Cause, of_cause
from integrator.store.coverage_tables import coverage_count, coverage_message, coverage_worker
from integrator.store.dialect import in_index_order
from integrator.store.engine import Tx
from integrator.store.tables import bildirim, kayit

PAGE, MOST = 50, 500
RARE = 5_000
"""A state with so few messages leads, whatever else is asked for."""


class Lead(StrEnum):
    """What gives the order of a page; its letter stands in the cursor."""

    NUMBER = "n"
    OWN_ID = "k"
    WORKER = "w"
    STATE = "s"
    ISYERI = "i"
    PROFESYONEL = "p"
    VERI_SETI = "v"
    DAY = "d"
    ALL = "a"


_BY_DAY = frozenset({Lead.VERI_SETI, Lead.DAY})
_FOLLOWED = _BY_DAY | {Lead.ISYERI, Lead.PROFESYONEL}
"""These lead over the rows that the walk of coverage keeps."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What all messages found have; empty asks for nothing. Days are those of the events.

    A worker is asked for by number, or by the index that a page of workers tells. A `cause` is what keeps them.
    """

    worker: Tckn | None = field(default=None, repr=False)
    worker_index: str = ""
    isyeri_index: str = ""
    profesyonel_index: str = ""
    sorgu_no: int | None = None
    kayit_no: str = ""
    state: State | None = None
    veri_seti: str = ""
    since: date | None = None
    until: date | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One message as a list shows it; the professional masked unless whoever asks keeps the registers."""

    sorgu_no: SorguNo
    kayit_no: str
    part: int
    veri_seti: str
    version: str
    state: State
    reason: str
    code: str
    event_date: date
    taken_in_at: datetime
    changed_at: datetime
    parts_total: int
    parts_accepted: int
    place: Place
    profesyonel_index: str
    professional: str


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. `next` is the `after` of the following page, empty on the last."""

    rows: Sequence[Found]
    next: str


def search(
    tx: Tx,
    gateway: Gateway,
    kurum: KurumNo,
    wanted: Wanted,
    *,
    after: str = "",
    limit: int = PAGE,
    whole: bool = False,
) -> Page:
    """A page of the messages that have everything in `wanted`; raises Malformed for an `after` of no page."""
    lead, place = _read_cursor(after) if after else (lead_of(tx, kurum, wanted), None)
    numbers = _of_worker(tx, gateway, kurum, wanted) if lead is Lead.WORKER else None
    limit = min(limit, MOST)
    in_index_order(tx)  # or a planner that takes a filter for rarer than it is reads all that leads, to sort a few
    rows = list(tx.execute(query_of(kurum, wanted, lead, place, numbers).limit(limit + 1)).mappings())
    shown = rows[:limit]
    names = read_names(
        tx,
        gateway,
        kurum,
        isyeri=(row["isyeri_index"] for row in shown),
        profesyonel=(row["profesyonel_index"] for row in shown),
        whole=whole,
    )
    return Page([_found(row, names) for row in shown], _tell_cursor(lead, shown[-1]) if len(rows) > limit else "")


def lead_of(tx: Tx, kurum: KurumNo, wanted: Wanted) -> Lead:
    """What has the fewest messages of what is asked for, as far as that can be said without looking."""
    if wanted.cause:
        return Lead.STATE
    is_rare = wanted.state is not None and read_depths(tx, kurum)[wanted.state] <= RARE
    asked = {
        Lead.NUMBER: wanted.sorgu_no is not None,
        Lead.OWN_ID: wanted.kayit_no,
        Lead.WORKER: wanted.worker or wanted.worker_index,
        Lead.STATE: is_rare,
        Lead.ISYERI: wanted.isyeri_index,
        Lead.PROFESYONEL: wanted.profesyonel_index,
        Lead.VERI_SETI: wanted.veri_seti,
        Lead.DAY: wanted.since or wanted.until,
    }
    return next((lead for lead, is_asked in asked.items() if is_asked), Lead.STATE if wanted.state else Lead.ALL)


def query_of(
    kurum: KurumNo,
    wanted: Wanted,
    lead: Lead,
    place: tuple[str, int] | None = None,
    numbers: Sequence[int] | None = None,
) -> Select[Any]:
    """The messages behind `place` (day, number) in the order of `lead`; without a limit. `numbers` are a worker's."""
    row, seen = bildirim.c, coverage_message.c
    same_record = and_(kayit.c.kurum_id == row.kurum_id, kayit.c.kayit_no == row.kayit_no)
    query = select(*(row[name] for name in _SHOWN), kayit.c.event_date).join(kayit, same_record)
    leading: Any = row
    if lead in _FOLLOWED:
        same = and_(seen.kurum_id == row.kurum_id, seen.sorgu_no == row.sorgu_no)
        query, leading = query.join(coverage_message, same), seen
    day = seen.event_date if lead in _FOLLOWED else kayit.c.event_date
    conditions = [leading.kurum_id == kurum, *_filters(wanted, lead, leading, day)]
    if numbers is not None:
        conditions.append(row.sorgu_no.in_(numbers))
    if place:
        conditions.append(_behind(lead, leading, day, place))
    order = (day.desc(), leading.sorgu_no.desc()) if lead in _BY_DAY else (leading.sorgu_no.desc(),)
    return query.where(*conditions).order_by(*order)


def _filters(wanted: Wanted, lead: Lead, leading: Any, day: Any) -> Iterator[ColumnElement[bool]]:
    """What is asked for, plain where it leads, else in a form that no index answers."""
    row = bildirim.c
    asked: tuple[tuple[Lead, Any, Any], ...] = (
        (Lead.NUMBER, row.sorgu_no, wanted.sorgu_no),
        (Lead.OWN_ID, row.kayit_no, wanted.kayit_no),
        (Lead.STATE, row.state, wanted.cause.state.value if wanted.cause else wanted.state and wanted.state.value),
        (Lead.ISYERI, leading.isyeri_index, wanted.isyeri_index),
        (Lead.PROFESYONEL, leading.profesyonel_index, wanted.profesyonel_index),
        (Lead.VERI_SETI, leading.veri_seti, wanted.veri_seti),
    )
    for name, column, value in asked:
        if value not in (None, ""):
            yield column == value if name is lead else func.coalesce(column, column) == value
    if wanted.cause:
        yield from of_cause(wanted.cause)
    plain = day if lead in _BY_DAY else func.coalesce(day, day)
    if wanted.since:
        yield plain >= wanted.since
    if wanted.until:
        yield plain <= wanted.until


def _behind(lead: Lead, leading: Any, day: Any, place: tuple[str, int]) -> ColumnElement[bool]:
    if lead in _BY_DAY:
        return tuple_(day, leading.sorgu_no) < tuple_(literal(date.fromisoformat(place[0]), day.type), place[1])
    below: ColumnElement[bool] = leading.sorgu_no < place[1]
    return below


_SHOWN = (
    "sorgu_no", "kayit_no", "part", "veri_seti", "version", "state", "reason", "last_code", "created_at", "changed_at",
    "parts_total", "parts_accepted", "isyeri_index", "profesyonel_index",
)  # fmt: skip


def _of_worker(tx: Tx, gateway: Gateway, kurum: KurumNo, wanted: Wanted) -> list[int]:
    """The numbers of the messages about a worker: at one workplace, or at each that the customer has messages of."""
    seen = coverage_worker.c
    numbers: set[int] = set()
    for several in in_portions(_worker_indexes(tx, gateway, kurum, wanted)):
        query = select(seen.sorgu_no).where(seen.kurum_id == kurum, seen.worker_index.in_(several))
        numbers.update(tx.execute(query).scalars())
    return sorted(numbers)


def _worker_indexes(tx: Tx, gateway: Gateway, kurum: KurumNo, wanted: Wanted) -> list[str]:
    if wanted.worker is None:
        return [wanted.worker_index]
    places = [wanted.isyeri_index] if wanted.isyeri_index else _places(tx, kurum)
    sealer = gateway.keyring.sealer(kurum) if places else None
    return [worker_index(sealer, each, wanted.worker.value) for each in places if sealer]


def _places(tx: Tx, kurum: KurumNo) -> list[str]:
    query = select(coverage_count.c.isyeri_index).where(coverage_count.c.kurum_id == kurum)
    return list(tx.execute(query).scalars())


def _found(row: RowMapping, names: Names) -> Found:
    facts = {name: row[name] for name in ("kayit_no", "part", "veri_seti", "version", "reason", "event_date")}
    return Found(
        **facts,
        sorgu_no=SorguNo(row["sorgu_no"]),
        state=State(row["state"]),
        code=row["last_code"],
        taken_in_at=row["created_at"],
        changed_at=row["changed_at"],
        parts_total=row["parts_total"],
        parts_accepted=row["parts_accepted"],
        place=names.place(row["isyeri_index"]),
        profesyonel_index=row["profesyonel_index"],
        professional=names.professional(row["profesyonel_index"]),
    )


def _tell_cursor(lead: Lead, row: RowMapping) -> str:
    return f"{lead}{row['event_date']}.{row['sorgu_no']}"


_CURSOR = re.compile(r"([a-z])([0-9]{4}-[0-9]{2}-[0-9]{2})\.([0-9]{1,11})")


def _read_cursor(told: str) -> tuple[Lead, tuple[str, int]]:
    found = _CURSOR.fullmatch(told[:40])
    try:
        if found is None:
            raise ValueError
        date.fromisoformat(found[2])
        return Lead(found[1]), (found[2], int(found[3]))
    except ValueError:
        raise Malformed("the page to go on from is none of this list's; begin at the first page") from None
