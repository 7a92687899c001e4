"""The outbox: rows of `bildirim` moved by one verb each. Every function runs in the caller's transaction.

"Claimed" means: the state is `sending` (or the row is `uncertain` and being asked about) and `due_at`, the
lease's end, has not come. Each claim raises `fence`; a worker that slept past its lease holds an old fence and
cannot settle (docs/decisions/0006). What is returned as `Moved` must be audited before the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, bindparam, exists, or_, select, update

from integrator.domain.errors import IllegalMove, MayBeStored, Misconfigured, NotFound
from integrator.domain.hands import Verb
from integrator.domain.identifiers import SORGU_NO_LAST, KurumNo, SorguNo
from integrator.domain.outcomes import Kind
from integrator.domain.records import Bildirim, Claimed, Form, Moved, Settlement
from integrator.domain.states import State, advance
from integrator.queue.fair import BY_HAND, Rotation, Turn, take_fairly
from integrator.queue.records import content_keys_of
from integrator.queue.verbs import NEVER_TO_BE_SENT, require_open
from integrator.store.dialect import hold
from integrator.store.prepared import Prepared
from integrator.store.rows import insert_rows, update_rows
from integrator.store.tables import (
    bildirim,
    bildirim_body,
    deneme,
    sonuc,
    sorgu_no_counter,
)

KEY = ("kurum_id", "sorgu_no")
_TAKE = Prepared(
    update(sorgu_no_counter)
    .where(sorgu_no_counter.c.counter_id == 1)
    .values(next=sorgu_no_counter.c.next + bindparam("count"))
    .returning(sorgu_no_counter.c.next)
)


def take_numbers(tx: Connection, count: int) -> range:
    """`count` fresh sorgu_no. Inside the transaction that uses them, so a number is never handed out twice."""
    [[end]] = _TAKE.all(tx, count=count)
    if end - 1 > SORGU_NO_LAST:
        raise Misconfigured("the eleven-digit numbers are used up")
    return range(end - count, end)


def put(
    tx: Connection, rows: Sequence[Bildirim], sealed: Sequence[tuple[bytes, bytes | None]], *, now: datetime
) -> list[Moved]:
    """Store new messages with their sealed (canonical, cms): queued when signed, else awaiting the signature."""
    ends = [State.QUEUED if cms is not None else State.AWAITING_SIGNATURE for _, cms in sealed]
    insert_rows(tx, bildirim, [_new_row(row, end, now) for row, end in zip(rows, ends, strict=True)])
    insert_rows(
        tx,
        bildirim_body,
        [
            {"kurum_id": row.kurum, "sorgu_no": row.sorgu_no, "canonical": canonical, "cms": cms}
            for row, (canonical, cms) in zip(rows, sealed, strict=True)
        ],
    )
    return [Moved(row.sorgu_no, row.kurum, None, end, _birth(row)) for row, end in zip(rows, ends, strict=True)]


def _birth(row: Bildirim) -> dict[str, Any]:
    """What never changes about a message, for its first entry."""
    form = f"{row.form.veri_seti} {row.form.version} {row.form.metot}"
    return {"part": row.part, "kayit_no": row.kayit_no, "form": form, "parts": row.parts_total}


def _new_row(row: Bildirim, end: State, now: datetime) -> dict[str, Any]:
    return {
        "kurum_id": row.kurum,
        "sorgu_no": row.sorgu_no,
        "kayit_no": row.kayit_no,
        "part": row.part,
        "veri_seti": row.form.veri_seti,
        "version": row.form.version,
        "metot": row.form.metot,
        "state": end.value,
        "due_at": now,
        "fence": 0,
        "attempt": 0,
        "asks": 0,
        "deneme_no": 0,
        "reason": "",
        "last_code": "",
        "parts_total": row.parts_total,
        "parts_accepted": 0,
        "created_at": now,
        "changed_at": now,
        "isyeri_index": row.isyeri_index,
        "profesyonel_index": row.profesyonel_index,
    }


def attach(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo, cms: bytes, *, now: datetime) -> Moved:
    """Put the professional's sealed signature beside the bytes it was made over, and queue the message."""
    state, _ = stands(tx, kurum, sorgu_no)
    if state is not State.AWAITING_SIGNATURE:
        raise IllegalMove(f"{sorgu_no} is {state}; its signature is not awaited")
    moved = move_one(tx, kurum, sorgu_no, State.QUEUED, reason="", now=now)
    body = bildirim_body.c
    tx.execute(update(bildirim_body).where(body.kurum_id == kurum, body.sorgu_no == sorgu_no).values(cms=cms))
    return moved


@dataclass(frozen=True, slots=True)
class Terms:
    """Of a claim: who claims for how long and how many, and whose turn it is.

    Only messages written for `metot`: another generation's service does not understand them. A message of the customer
    `but_not` is not handed out, nor a queued one of the forms `barred`, nor, with `needs_form`, of a customer whose
    form was not delivered.
    """

    now: datetime
    worker: str
    lease: timedelta
    limit: int
    metot: str
    rotation: Rotation = field(default_factory=Rotation)
    but_not: str | None = None
    barred: tuple[tuple[str, str, str], ...] = ()
    needs_form: bool = False

    def turn(self, state: State) -> Turn:
        """What is handed out of `state`."""
        return Turn(
            state.value, self.metot, self.rotation, self.but_not, barred=self.barred, needs_form=self.needs_form
        )


def claim(tx: Connection, terms: Terms) -> list[Claimed]:
    """Hand due messages to a worker with the intent to send written down; each customer gets its share."""
    numbers = take_fairly(tx, terms.turn(State.QUEUED), now=terms.now, limit=terms.limit)
    step = {"state": State.SENDING.value, "attempt": bildirim.c.attempt + 1, "ministry_no": None}
    return _claim(tx, numbers, step, terms, act="send")


def claim_to_ask(tx: Connection, terms: Terms, *, at_once: int = 1) -> list[Claimed]:
    """Hand due messages of unknown outcome to a worker, then those in processing, of which one question names many."""
    numbers = take_fairly(tx, terms.turn(State.UNCERTAIN), now=terms.now, limit=terms.limit)
    left = terms.limit - len(numbers)
    if left:
        numbers += take_fairly(tx, terms.turn(State.PENDING), now=terms.now, limit=left * at_once)
    return _claim(tx, numbers, {"asks": bildirim.c.asks + 1}, terms, act="ask")


def _claim(tx: Connection, numbers: Sequence[int], step: Mapping[str, Any], terms: Terms, *, act: str) -> list[Claimed]:
    """Write the claim of rows that this transaction has locked; they come back in the order of `numbers`."""
    if not numbers:
        return []
    taken = (
        update(bildirim)
        .where(bildirim.c.sorgu_no.in_(numbers))
        .values(
            **step,
            fence=bildirim.c.fence + 1,
            deneme_no=bildirim.c.deneme_no + 1,
            claimed_by=terms.worker,
            due_at=terms.now + terms.lease,
            changed_at=terms.now,
        )
    )
    rows = {row["sorgu_no"]: row for row in tx.execute(taken.returning(bildirim)).mappings()}
    insert_rows(tx, deneme, [_intent(row, act, terms.now) for row in rows.values()])
    kurum_ids = {row["kurum_id"] for row in rows.values()}  # both parts of the key, or the whole table is read
    found = select(bildirim_body).where(
        bildirim_body.c.kurum_id.in_(kurum_ids), bildirim_body.c.sorgu_no.in_(list(rows))
    )
    bodies = {body["sorgu_no"]: body for body in tx.execute(found).mappings()}
    keys = content_keys_of(tx, {(row["kurum_id"], row["kayit_no"]) for row in rows.values()})
    return [_claimed(rows[number], bodies[number], keys) for number in numbers]


def _once(found: Select[tuple[int]]) -> Select[tuple[int]]:
    """The numbers as a CTE: a subquery that locks under a limit may be run again for every row of the outer one."""
    numbers = found.cte("numbers")
    return select(numbers.c.sorgu_no)


def _intent(row: RowMapping, act: str, now: datetime) -> dict[str, Any]:
    key = {name: row[name] for name in ("kurum_id", "sorgu_no", "deneme_no")}
    return {**key, "act": act, "started_at": now}


def _claimed(row: RowMapping, body: RowMapping, keys: Mapping[tuple[str, str], bytes]) -> Claimed:
    return Claimed(
        sorgu_no=SorguNo(row["sorgu_no"]),
        kurum=KurumNo(row["kurum_id"]),
        form=Form(row["veri_seti"], row["version"], row["metot"]),
        state=State(row["state"]),
        fence=row["fence"],
        attempt=row["attempt"],
        asks=row["asks"],
        deneme_no=row["deneme_no"],
        parts_total=row["parts_total"],
        uncertain_since=row["uncertain_since"],
        last_code=row["last_code"],
        until_at=row["due_at"],
        canonical=body["canonical"],
        cms=body["cms"] or b"",
        ministry_no=row["ministry_no"] or "",
        kayit_no=row["kayit_no"],
        content_key=keys.get((row["kurum_id"], row["kayit_no"])),
    )


def settle(tx: Connection, settlements: Sequence[Settlement], *, now: datetime) -> list[Moved]:
    """Write what came of claimed messages. Those whose lease was lost are left out: somebody else holds them."""
    fences = _fences(tx, [each.claimed.sorgu_no for each in settlements])
    held = [s for s in settlements if fences.get(s.claimed.sorgu_no) == (s.claimed.fence, s.claimed.state.value)]
    if not held:
        return []
    for each in held:
        if each.end is not each.claimed.state:
            advance(each.claimed.state, each.end)  # raises for a move that does not exist
    update_rows(tx, bildirim, KEY, [_settled_row(each, now) for each in held])
    update_rows(tx, deneme, (*KEY, "deneme_no"), [_ended_row(each, now) for each in held])
    keep = [each for each in held if each.refused_parts is not None]
    if keep:
        rows = [
            {"kurum_id": s.claimed.kurum, "sorgu_no": s.claimed.sorgu_no, "refused_parts": s.refused_parts}
            for s in keep
        ]
        insert_rows(tx, sonuc, rows)
    return [
        Moved(
            s.claimed.sorgu_no,
            s.claimed.kurum,
            s.claimed.state,
            s.end,
            {"outcome": s.outcome, "code": s.code, "deneme_no": s.claimed.deneme_no, "accepted": s.parts_accepted}
            | _more_facts(s),
        )
        for s in held
    ]


def _settled_row(s: Settlement, now: datetime) -> dict[str, Any]:
    known_since = s.claimed.uncertain_since
    is_open = s.end in (State.UNCERTAIN, State.PENDING)
    since = known_since or now if is_open else known_since if s.end is State.HELD else None
    return {
        "kurum_id": s.claimed.kurum,
        "sorgu_no": s.claimed.sorgu_no,
        "state": s.end.value,
        "due_at": s.due_at,
        "claimed_by": None,
        "attempt": s.claimed.attempt - (not s.burns_attempt),
        "reason": reason_of(s.outcome, s.cause),
        "last_code": s.code,
        "parts_accepted": s.parts_accepted,
        "uncertain_since": since,
        "ministry_no": s.ministry_no or None,
        "changed_at": now,
    }


LONGEST_REASON = 64


def reason_of(outcome: str, cause: str) -> str:
    """``own_fault:INT-RCP-001``: why, and the causes as far as they fit."""
    whole = f"{outcome}:{cause}" if cause else outcome
    return whole if len(whole) <= LONGEST_REASON else whole[:LONGEST_REASON].rpartition(",")[0]


def _more_facts(s: Settlement) -> dict[str, str]:
    """The cause of a 214, the ministry's number when it is news, and when it is the message's turn again."""
    is_news = s.ministry_no and s.ministry_no != s.claimed.ministry_no
    due = {"due": s.due_at.isoformat(timespec="milliseconds")} if s.end in _TAKES_UP_AGAIN else {}
    return _cause_fact(s.cause) | ({"ministry_no": s.ministry_no} if is_news else {}) | due | dict(s.commitments)


_TAKES_UP_AGAIN = frozenset({State.QUEUED, State.UNCERTAIN, State.PENDING})


def _cause_fact(cause: str) -> dict[str, str]:
    return {"cause": cause} if cause else {}


def _ended_row(s: Settlement, now: datetime) -> dict[str, Any]:
    return {
        "kurum_id": s.claimed.kurum,
        "sorgu_no": s.claimed.sorgu_no,
        "deneme_no": s.claimed.deneme_no,
        "ended_at": now,
        "outcome": s.outcome,
        "code": s.code,
        "request": s.request,
        "reply": s.reply,
    }


def _fences(tx: Connection, numbers: list[SorguNo]) -> dict[int, tuple[int, str]]:
    columns = select(bildirim.c.sorgu_no, bildirim.c.fence, bildirim.c.state)
    mine = columns.where(bildirim.c.sorgu_no.in_(numbers)).order_by(bildirim.c.sorgu_no)
    rows = tx.execute(mine.with_for_update())  # in one order by all who lock several, or they wait for one another
    return {row.sorgu_no: (row.fence, row.state) for row in rows}


def shared_numbers(tx: Connection, told: Mapping[SorguNo, str], *, now: datetime) -> set[str]:
    """Those of the ministry's numbers in `told` (by our number) that another message of ours is followed by, too.

    Such a number speaks for neither: open messages that hold it forget it, and are due to ask again at once.
    """
    holders: dict[str, set[int]] = {}
    for sorgu_no, number in told.items():
        holders.setdefault(number, set()).add(sorgu_no)
    columns = select(bildirim.c.sorgu_no, bildirim.c.ministry_no)
    hold(tx, "ministry_no")  # two settlers given the same number must see each other
    holding = columns.where(bildirim.c.ministry_no.in_(list(holders))).order_by(bildirim.c.sorgu_no)
    for row in tx.execute(holding.with_for_update()):
        if row.sorgu_no not in told:
            holders[row.ministry_no].add(row.sorgu_no)
    shared = {number for number, mine in holders.items() if len(mine) > 1}
    if shared:
        is_open = bildirim.c.state.in_((State.PENDING.value, State.UNCERTAIN.value))
        others = bildirim.c.sorgu_no.not_in(list(told))  # those in `told` are settled by the caller
        doubted = update(bildirim).where(bildirim.c.ministry_no.in_(shared), is_open, others)
        tx.execute(doubted.values(ministry_no=None, due_at=now, fence=bildirim.c.fence + 1, claimed_by=None))
    return shared


def give_back(
    tx: Connection, claimed: Iterable[Claimed], *, now: datetime, rests: timedelta = timedelta(0)
) -> list[Moved]:
    """Return messages that were claimed and whose call was not begun: neither attempt nor question counts.

    They are due again after `rests`.
    """
    several = list(claimed)
    back = [
        Settlement(each, State.QUEUED, now + rests, "given_back", "", burns_attempt=False)
        for each in several
        if each.state is State.SENDING
    ]
    asked = [each for each in several if each.state in (State.UNCERTAIN, State.PENDING)]
    unasked = _unask(tx, asked, now, now + rests) if asked else []
    return (settle(tx, back, now=now) if back else []) + unasked


def _unask(tx: Connection, asked: Sequence[Claimed], now: datetime, due_at: datetime) -> list[Moved]:
    """A question that was not put is due again; the entry of its intent gets its outcome."""
    fences = _fences(tx, [each.sorgu_no for each in asked])
    held = [each for each in asked if fences.get(each.sorgu_no) == (each.fence, each.state.value)]
    for each in held:
        mine = (bildirim.c.kurum_id == each.kurum, bildirim.c.sorgu_no == each.sorgu_no)
        again = {"due_at": due_at, "asks": bildirim.c.asks - 1, "claimed_by": None, "changed_at": now}
        tx.execute(update(bildirim).where(*mine).values(**again))
    rows = [_ended_row(Settlement(each, each.state, now, "given_back", ""), now) for each in held]
    update_rows(tx, deneme, (*KEY, "deneme_no"), rows)
    facts = [{"outcome": "given_back", "deneme_no": each.deneme_no} for each in held]
    return [Moved(e.sorgu_no, e.kurum, e.state, e.state, told) for e, told in zip(held, facts, strict=True)]


def expire(tx: Connection, *, now: datetime, limit: int) -> list[Moved]:
    """Messages whose sender went silent past the lease: nobody knows whether they arrived, so they are asked about."""
    overdue = select(bildirim.c.sorgu_no)
    overdue = overdue.where(bildirim.c.state == State.SENDING.value, bildirim.c.due_at <= now)
    overdue = overdue.order_by(bildirim.c.due_at).limit(limit).with_for_update(skip_locked=True)
    lost = (
        update(bildirim)
        .where(bildirim.c.sorgu_no.in_(_once(overdue)))
        .values(
            state=State.UNCERTAIN.value,
            due_at=now,
            fence=bildirim.c.fence + 1,
            uncertain_since=now,
            reason="lease_ended",
            claimed_by=None,
            changed_at=now,
        )
    )
    rows = tx.execute(lost.returning(bildirim.c.kurum_id, bildirim.c.sorgu_no)).all()
    facts = {"outcome": "lease_ended"}
    return [Moved(SorguNo(r.sorgu_no), KurumNo(r.kurum_id), State.SENDING, State.UNCERTAIN, facts) for r in rows]


def quarantine(
    tx: Connection,
    form: Form,
    *,
    code: str,
    now: datetime,
    limit: int,
    cause: str = "",
    reason: str = "",
    spare_released: bool = False,
) -> list[Moved]:
    """Stop queued messages of one form, because the ministry's answer to another of them suspects us.

    `cause` holds the causes' codes that were found in that answer; `reason` is given when a person stops them.
    With `spare_released`, those that a person let through while their form is stopped are left alone.
    """
    waiting = select(bildirim.c.sorgu_no).where(bildirim.c.state == State.QUEUED.value, *of_form(form))
    waiting = waiting.where(bildirim.c.reason != BY_HAND) if spare_released else waiting
    waiting = waiting.order_by(bildirim.c.sorgu_no).limit(limit).with_for_update()
    stopped = update(bildirim).where(bildirim.c.sorgu_no.in_(_once(waiting)))
    why = reason or reason_of("own_fault", cause)
    stopped = stopped.values(state=State.QUARANTINED.value, reason=why, last_code=code, changed_at=now)
    rows = tx.execute(stopped.returning(bildirim.c.kurum_id, bildirim.c.sorgu_no)).all()
    facts = {"code": code} | _cause_fact(cause)
    return [Moved(SorguNo(r.sorgu_no), KurumNo(r.kurum_id), State.QUEUED, State.QUARANTINED, facts) for r in rows]


def of_form(form: Form) -> tuple[ColumnElement[bool], ...]:
    """Conditions for the messages of one form."""
    row = bildirim.c
    return row.veri_seti == form.veri_seti, row.version == form.version, row.metot == form.metot


def release(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str, now: datetime) -> Moved:
    """A person lets a held or quarantined message go on, with a reason; it is due at once."""
    state, why = stands(tx, kurum, sorgu_no)
    end = require_open(sorgu_no, state, why, Verb.RELEASE)
    return move_one(tx, kurum, sorgu_no, end, reason=reason, now=now, more=afresh(end, now))


def afresh(end: State, now: datetime) -> dict[str, Any]:
    """Columns of a message that a person let go on: its patience begins anew."""
    return {"attempt": 0, "asks": 0, "uncertain_since": now if end is State.UNCERTAIN else None}


def cancel(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo, *, reason: str, now: datetime) -> Moved:
    """Its owner takes back a message that is not on its way and is not believed to be at the ministry.

    One that left and was never answered cannot be: even when the ministry does not find it, its request may arrive.
    """
    state, why = stands(tx, kurum, sorgu_no)
    end = require_open(sorgu_no, state, why, Verb.CANCEL)
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no == sorgu_no, left_unanswered())
    if why not in NEVER_TO_BE_SENT and tx.execute(select(exists().where(*mine))).scalar_one():
        raise MayBeStored(
            f"{sorgu_no} was sent and not answered; it may arrive yet, so it goes again or is asked about"
        )
    return move_one(tx, kurum, sorgu_no, end, reason=reason, now=now)


def left_unanswered() -> ColumnElement[bool]:
    """Of a row of `bildirim`: an attempt has no end (its worker went silent), or ended with its fate unknown."""
    unknown = or_(deneme.c.outcome.is_(None), deneme.c.outcome == Kind.UNCERTAIN.value)
    mine = (deneme.c.kurum_id == bildirim.c.kurum_id, deneme.c.sorgu_no == bildirim.c.sorgu_no)
    return exists().where(*mine, deneme.c.act == "send", unknown)


def stands(tx: Connection, kurum: KurumNo, sorgu_no: SorguNo) -> tuple[State, str]:
    """(state, reason) of one message, locked; raises NotFound."""
    query = select(bildirim.c.state, bildirim.c.reason)
    mine = query.where(bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no == sorgu_no)
    row = tx.execute(mine.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"no bildirim {sorgu_no} of this customer")
    return State(row.state), row.reason


def move_one(
    tx: Connection,
    kurum: KurumNo,
    sorgu_no: SorguNo,
    end: State,
    *,
    reason: str,
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> Moved:
    """Move one message if the table of moves allows it; raises IllegalMove."""
    state, _ = stands(tx, kurum, sorgu_no)
    advance(state, end)
    values: dict[str, Any] = {
        "state": end.value,
        "due_at": now,
        "changed_at": now,
        "reason": BY_HAND if reason else "",
    }
    mine = (bildirim.c.kurum_id == kurum, bildirim.c.sorgu_no == sorgu_no)
    tx.execute(update(bildirim).where(*mine).values(**values | dict(more or {})))
    return Moved(sorgu_no, kurum, state, end, {"reason": reason} if reason else {})
