"""The morning of a compliance officer: where everything stands, what went wrong and who mends it, what ends soon.

Every part is read from kept counts, ends of indexes, or the messages that wait; nothing looks at what is settled well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select

from integrator.catalogue.changes import Change
from integrator.coverage.messages import read_depths
from integrator.coverage.reading import read_counts, sum_counts
from integrator.desk.deadlines import Deadline, Duty, read_deadlines
from integrator.desk.names import Names, Place, read_names, signer_seen
from integrator.domain.advice import advice_for
from integrator.domain.clock import ISTANBUL
from integrator.domain.hands import Verb
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.domain.states import State
from integrator.domain.texts import Language
from integrator.gateway import Gateway
from integrator.queue.groups import Group, read_groups, read_kept_back
from integrator.queue.line import PASSIVE, STOPPED, Breaker, breaker_of
from integrator.queue.quarantines import ONE_BY_HAND
from integrator.queue.restored import is_open
from integrator.queue.standing import keeps_back, told_line
from integrator.queue.verbs import verbs_open
from integrator.store.engine import Tx
from integrator.store.tables import bildirim

UNSENT = (State.AWAITING_SIGNATURE, State.QUEUED, State.HELD, State.QUARANTINED)
"""Nothing of these is at the ministry, as far as anybody knows."""
CAUSES = 100
"""So many causes a morning tells; the rest, smaller ones, only how many they are."""
Words = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class LineState:
    """The line to the ministry. `is_passive`: it answered 401; `is_stopped`: an operator stopped it.

    `is_closed`: this home came back from a backup and nobody opened it yet. `rests_until`: the ministry wants quiet.
    """

    is_passive: bool
    is_stopped: bool
    is_closed: bool
    breaker: Breaker
    reason: str
    since: datetime | None
    rests_until: datetime | None

    @property
    def is_sending(self) -> bool:
        """Whether messages go out as they come."""
        return not (self.is_passive or self.is_stopped or self.is_closed) and self.breaker is Breaker.CLOSED


@dataclass(frozen=True, slots=True)
class Signing:
    """What waits for one professional's signature."""

    profesyonel_index: str
    professional: str
    count: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One thing to mend for `count` messages: what happened, who must act, where to click.

    `fresh` of them came to stand there since the moment that was asked about. `can` holds what may be done with all
    of them at once, by `cause`; `place` and `professional` stand where the cause is of one.
    """

    cause: str
    state: State
    code: str
    reason: str
    count: int
    fresh: int
    first_at: datetime
    last_at: datetime
    examples: tuple[SorguNo, ...]
    happened: Words
    who: Words
    where: Words
    code_means: Words | None
    form: str
    place: Place | None
    professional: str
    can: tuple[Verb, ...]

    @property
    def is_releasable(self) -> bool:
        """Whether one act lets them all go on."""
        return Verb.RELEASE in self.can

    @property
    def stops_all(self) -> bool:
        """Whether it stops a form for every customer: to lift that is the integrator's, who mends it."""
        return bool(self.form) and self.reason != ONE_BY_HAND


@dataclass(frozen=True, slots=True)
class Coming:
    """A change of what is asked of us, and the calendar days that are left to adapt."""

    change: Change
    days_left: int
    state: str


@dataclass(frozen=True, slots=True)
class Morning:
    """The whole page. `oldest_unsent_at` is when the message was taken in that has waited the longest to be sent.

    `causes` are the largest ones, `more_causes` how many there are beside them.
    """

    at: datetime
    counts: Mapping[State, int]
    oldest_unsent_at: datetime | None
    line: LineState
    signing: Sequence[Signing] = field(repr=False)
    causes: Sequence[CauseRow] = field(repr=False)
    more_causes: int
    deadlines: Mapping[Duty, Counter[str]]
    coverage: Mapping[str, Counter[str]]
    roster: int
    coming: Sequence[Coming]


def read_morning(
    tx: Tx, gateway: Gateway, kurum: KurumNo, *, since: datetime, changes: Iterable[Change] = (), whole: bool = False
) -> Morning:
    """Everything of the morning page; `since` tells what is fresh, `whole` shows names unmasked."""
    now = gateway.clock.now()
    today = now.astimezone(ISTANBUL).date()
    groups = _groups(tx, gateway, kurum, since)
    to_sign = [each for each in groups if each.cause.state is State.AWAITING_SIGNATURE]
    to_mend = [each for each in groups if each.cause.state is not State.AWAITING_SIGNATURE]
    signing, causes = _tell_waiting(tx, gateway, kurum, [*to_sign, *to_mend[:CAUSES]], whole=whole)
    counted = read_counts(tx, kurum)
    return Morning(
        at=now,
        counts=read_depths(tx, kurum),
        oldest_unsent_at=read_oldest_unsent(tx, kurum),
        line=read_line_state(tx, gateway),
        signing=signing,
        causes=causes,
        more_causes=max(0, len(to_mend) - CAUSES),
        deadlines=count_deadlines(read_deadlines(tx, kurum, today=today, counted=counted)),
        coverage=sum_counts(counted),
        roster=sum(each.roster for each in counted),
        coming=coming(changes, today),
    )


def read_oldest_unsent(tx: Tx, kurum: KurumNo) -> datetime | None:
    """When the oldest message was taken in that has not left: numbers rise, so the lowest of each state is asked."""
    row = bildirim.c
    found = [
        tx.execute(
            select(row.created_at)
            .where(row.kurum_id == kurum, row.state == state.value)
            .order_by(row.sorgu_no)
            .limit(1)
        ).scalar_one_or_none()
        for state in UNSENT
    ]
    return min(filter(None, found), default=None)


def read_line_state(tx: Tx, gateway: Gateway) -> LineState:
    """The one line that all customers share."""
    line = told_line(tx, gateway.address)
    now = gateway.clock.now()
    rests = line.rest_until if line.rest_until and line.rest_until > now else None
    return LineState(
        is_passive=line.state == PASSIVE,
        is_stopped=line.state == STOPPED,
        is_closed=is_open(tx) is False,
        breaker=breaker_of(line, now=now),
        reason=line.reason,
        since=line.changed_at,
        rests_until=rests,
    )


def read_waiting(
    tx: Tx, gateway: Gateway, kurum: KurumNo, *, since: datetime | None = None, whole: bool = False
) -> tuple[list[Signing], list[CauseRow]]:
    """What waits for signatures, the longest waiting first; and every other cause, the largest first."""
    return _tell_waiting(tx, gateway, kurum, _groups(tx, gateway, kurum, since), whole=whole)


def _groups(tx: Tx, gateway: Gateway, kurum: KurumNo, since: datetime | None) -> list[Group]:
    """What is queued for a customer for whom nothing may be sent stands first: it is everything of theirs."""
    why = keeps_back(tx, kurum, needs_form=gateway.needs_form)
    return [*read_kept_back(tx, kurum, why, since=since), *read_groups(tx, kurum, since=since)]


def _tell_waiting(
    tx: Tx, gateway: Gateway, kurum: KurumNo, groups: Sequence[Group], *, whole: bool
) -> tuple[list[Signing], list[CauseRow]]:
    names = read_names(
        tx,
        gateway,
        kurum,
        isyeri=(each.cause.isyeri_index for each in groups),
        profesyonel=(each.cause.profesyonel_index for each in groups),
        whole=whole,
    )
    known = [(each, _professional(tx, gateway, names, each)) for each in groups]
    signing = [_signing(*each) for each in known if each[0].cause.state is State.AWAITING_SIGNATURE]
    causes = [
        _cause_row(gateway, names, *each) for each in known if each[0].cause.state is not State.AWAITING_SIGNATURE
    ]
    return sorted(signing, key=lambda each: each.oldest_at), causes


def _professional(tx: Tx, gateway: Gateway, names: Names, group: Group) -> str:
    """By the register, else as the first message's bytes name them."""
    index = group.cause.profesyonel_index
    if not index:
        return ""
    return names.professional(index) or signer_seen(tx, gateway, group.cause.kurum, group.first)


def _signing(group: Group, professional: str) -> Signing:
    return Signing(group.cause.profesyonel_index, professional, group.count, group.since)


def _cause_row(gateway: Gateway, names: Names, group: Group, professional: str) -> CauseRow:
    cause = group.cause
    told, known = advice_for(cause.state, cause.code, cause.reason), gateway.catalogue.result_codes.get(cause.code)
    verbs = verbs_open(cause.state, cause.reason)
    form = cause.form
    return CauseRow(
        cause=cause.cause_id,
        state=cause.state,
        code=cause.code,
        reason=cause.reason,
        count=group.count,
        fresh=group.fresh,
        first_at=group.since,
        last_at=group.newest,
        examples=tuple(sorted({group.first, group.last})),
        happened=told.happened,
        who=told.who,
        where=told.at_desk,
        code_means={"tr": known.tr, "en": known.en} if known and not told.tells_code else None,
        form=f"{form.veri_seti} {form.version} {form.metot}" if form else "",
        place=names.place(cause.isyeri_index) if cause.isyeri_index else None,
        professional=professional,
        can=tuple(verb for verb in (Verb.RELEASE, Verb.CANCEL) if verb in verbs),
    )


def count_deadlines(several: Iterable[Deadline]) -> dict[Duty, Counter[str]]:
    """By what ends: horizon (overdue, 7, 30, 60, 90) -> how many."""
    found = {duty: Counter[str]() for duty in Duty}
    for each in several:
        found[each.duty][each.within] += each.count
    return found


def coming(changes: Iterable[Change], today: date) -> list[Coming]:
    """Announced changes that are not done, the fewest days first; what is only seen runs no clock (circular 3-0b)."""
    found = [Coming(each, left, each.state(today)) for each in changes if (left := each.days_left(today)) is not None]
    return sorted(found, key=lambda each: (each.days_left, each.change.no))
