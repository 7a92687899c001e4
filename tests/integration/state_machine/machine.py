"""A gateway of two processes under everything that can happen to it, and what must hold after every step.

Rules: records come in (new, repeated, bad), ticks of either process, faults of the ministry, deaths at a fault point,
restarts, a worker that sleeps past its lease while the other takes over, people's acts, clocks that jump, checkpoints.
At the end of a run the storm is over: everything must come to rest, each record with its effect exactly once.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from integrator import acts, pipeline
from integrator.audit.verify import verify
from integrator.deliver.dvo import cut_dvo
from integrator.domain.errors import Rejected
from integrator.domain.identifiers import SorguNo
from integrator.domain.states import FOR_A_PERSON, SETTLED, State, advance
from integrator.queue import bodies
from integrator.queue.depths import read_depths
from integrator.store.engine import reading
from integrator.store.tables import audit_entry, bildirim, bildirim_body, deneme
from tests.factories import KURUM, content_of, record, submitted, tckn
from tests.fakes import START, FakeClock
from tests.integration.state_machine.world import Ministry, Process

LEASE = timedelta(minutes=2)
FAULTS = (
    "lost_reply", "lost_request", "connect", "busy", "stored_1111", "2222", "stored_204", "stored_777", "777", "213",
    "214", "401",
)  # fmt: skip
JUMPS = (-7200, -90, -5, 5, 90, 7200, 300_000)
ACTING = {State.QUEUED, State.SENDING, State.UNCERTAIN, State.PENDING}
INDEX = st.integers(0, 1000)


def _bug(_number: int) -> None:
    raise RuntimeError("a bug in the middle of a call")


class Storm(RuleBasedStateMachine):
    """`open_gateway` gives a Gateway on an empty database."""

    total = Counter[str]()  # noqa: RUF012 - of all storms of this process

    def __init__(self, open_gateway) -> None:
        super().__init__()
        self.template = open_gateway()
        self.database = self.template.database
        self.ministry = Ministry(self.database)
        self.clocks = [FakeClock(), FakeClock()]
        self.names = 0
        self.processes = [self._born(0), self._born(1)]
        self.accepted: dict[str, tuple[int, ...]] = {}
        self.records = 0
        self.last: dict[str, object] = {}
        self.replayed = 0
        self.stands: dict[int, State] = {}
        self.pairs: dict[int, tuple[str, set[tuple[str, str]]]] = {}

    def _born(self, place: int) -> Process:
        self.names += 1
        return Process(self.template, self.ministry, f"test:{self.names}", self.clocks[place])

    def _alive(self, place: int) -> Process:
        """A dead process is started anew before it does anything."""
        if self.processes[place].is_dead():
            self.processes[place] = self._born(place)
        return self.processes[place]

    # rules

    @initialize()
    def first_record(self) -> None:
        self._accept(0, [self._new()])

    @rule(place=st.integers(0, 1), count=st.integers(1, 3), points=st.integers(0, 3))
    def new_records(self, place, count, points):
        self._accept(place, [self._new() for _ in range(count)], points)

    @rule(place=st.integers(0, 1), which=INDEX, other=st.booleans())
    @precondition(lambda self: self.last)
    def known_record(self, place, which, other):
        known = dict(self.last[sorted(self.last)[which % len(self.last)]])
        self._accept(place, [{**known, "egitimYer": 0} if other else known])

    @rule(place=st.integers(0, 1))
    def bad_record(self, place):
        self._accept(place, [self._new(calisan=[]), self._new()])

    def _new(self, **changes):
        self.records += 1
        made = record(f"K-{self.records}", **{"calisan": [tckn(820_000_000 + self.records)], **changes})
        self.last[made["id"]] = made
        return made

    def _accept(self, place, records, points=0):
        process = self._alive(place)

        def accept():
            for answer in pipeline.accept(process.gateway, KURUM, submitted(*records)):
                if answer.status in ("accepted", "known"):
                    self.accepted[answer.kayit_no] = answer.sorgu_no

        process.live(accept, points=points)

    @rule(place=st.integers(0, 1), points=st.integers(0, 8))
    def dispatch(self, place, points):
        self._tick(place, pipeline.dispatch, points)

    @rule(place=st.integers(0, 1), points=st.integers(0, 6))
    def inquire(self, place, points):
        self._tick(place, pipeline.inquire, points)

    def _tick(self, place, tick, points=0):
        process = self._alive(place)
        process.live(lambda: tick(process.gateway, stop=process.is_dead), points=points)

    @rule(place=st.integers(0, 1), points=st.integers(0, 2))
    def recover(self, place, points):
        process = self._alive(place)
        process.live(lambda: acts.recover(process.gateway), points=points)

    @rule(place=st.integers(0, 1))
    def work(self, place):
        """What a worker does while nothing is wrong with it."""
        process = self._alive(place)
        process.live(lambda: acts.recover(process.gateway))
        self._tick(place, pipeline.inquire)
        self._tick(place, pipeline.dispatch)

    @rule(faults=st.lists(st.sampled_from((*FAULTS, _bug)), min_size=1, max_size=4), questions=st.integers(0, 2))
    def ministry_turns(self, faults, questions):
        self.ministry.faults.extend(faults)
        self.ministry.ask_faults.extend(["timeout"] * questions)

    @rule(active=st.booleans())
    def firm_is(self, active):
        self.ministry.is_firm_active = active

    @rule(after=st.booleans())
    def next_sender_dies_in_its_call(self, after):
        def die(process, _number):
            process.mortal.dead = True

        (self.ministry.after if after else self.ministry.before).append(die)

    @rule(after=st.booleans(), seconds=st.sampled_from((130, 600)), act=st.sampled_from(("cancel", "release", "none")))
    def next_sender_sleeps(self, after, seconds, act):
        """While it is in its call the clocks run past its lease, and the other process does all there is to do."""

        def sleep(sleeper, number):
            other = next(each for each in self.processes if each is not sleeper)
            if other.is_dead():
                return
            for _ in range(4):
                self._pass(seconds)
                acts.recover(other.gateway)
                pipeline.inquire(other.gateway)
                if act != "none":
                    self._by_hand(other, act, number)
                pipeline.dispatch(other.gateway)

        (self.ministry.after if after else self.ministry.before).append(sleep)

    @rule(which=INDEX, act=st.sampled_from(("release", "cancel")))
    def person_acts(self, which, act):
        with reading(self.database) as tx:
            numbers = list(tx.execute(select(bildirim.c.sorgu_no).order_by(bildirim.c.sorgu_no)).scalars())
        if numbers:
            self._by_hand(self._alive(0), act, numbers[which % len(numbers)])

    @staticmethod
    def _by_hand(process, act, number):
        try:
            getattr(acts, act)(process.gateway, KURUM, SorguNo(number), reason="test")
        except Rejected:  # not from where it stands
            pass

    @rule(seconds=st.sampled_from((1, 20, 150, 4000)))
    def time_passes(self, seconds):
        self._pass(seconds)

    def _pass(self, seconds):
        for clock in self.clocks:
            clock.advance(seconds=seconds)

    @rule(place=st.integers(0, 1), seconds=st.sampled_from(JUMPS))
    def clock_jumps(self, place, seconds):
        self.clocks[place].advance(seconds=seconds)

    @rule(place=st.integers(0, 1), points=st.integers(0, 2))
    def checkpoint(self, place, points):
        process = self._alive(place)
        process.live(lambda: acts.checkpoint(process.gateway), points=points)

    @rule(place=st.integers(0, 1))
    def restart(self, place):
        self.processes[place] = self._born(place)

    # what must hold after every step

    @invariant()
    def everything_holds(self):
        Storm.total["steps"] += 1
        self.rows_stand_where_the_log_says()
        self.no_record_is_lost()
        self.nothing_has_two_effects_and_nothing_is_misjudged()
        assert self.ministry.without_intent == []  # no attempt left before it was written down

    def rows_stand_where_the_log_says(self):
        with reading(self.database) as tx:
            entries = (
                tx.execute(select(audit_entry.c.leaf).where(audit_entry.c.i >= self.replayed).order_by(audit_entry.c.i))
                .scalars()
                .all()
            )
            rows = {row.sorgu_no: row for row in tx.execute(select(bildirim))}
            depths = {state: depth for state, depth in read_depths(tx).items() if depth}
        for leaf in entries:
            self._follow(json.loads(leaf))
        self.replayed += len(entries)
        assert {number: State(row.state) for number, row in rows.items()} == self.stands
        assert depths == Counter(self.stands.values())
        assert all(row.due_at is not None for row in rows.values() if State(row.state) in ACTING)
        self.rows = rows

    def _follow(self, fact):
        if fact["event"] != "bildirim.moved":
            return
        number, end = fact["sorgu_no"], State(fact["to"])
        if number in self.stands:
            advance(self.stands[number], end)
        else:
            assert end in (State.QUEUED, State.AWAITING_SIGNATURE)
        self.stands[number] = end

    def no_record_is_lost(self):
        assert {number for numbers in self.accepted.values() for number in numbers} <= set(self.stands)

    def nothing_has_two_effects_and_nothing_is_misjudged(self):
        effects = Counter(self.ministry.effects)
        assert not [each for each, count in effects.items() if count > 1]
        by_record = Counter((self._pairs(number)[0], pair) for number, pair in effects)
        assert not [each for each, count in by_record.items() if count > 1]
        stored = {number for number, _ in effects}
        for number, state in self.stands.items():
            if state is State.ACCEPTED:
                assert {pair for of, pair in effects if of == number} == self._pairs(number)[1]
            if state in (State.REFUSED, State.CANCELLED):
                assert number not in stored, f"{number} is {state}, but the ministry holds it"

    def _pairs(self, number):
        """(the record's id, the pairs) of a message: from its frozen bytes, so read once."""
        if number not in self.pairs:
            same = bildirim_body.c.sorgu_no == bildirim.c.sorgu_no
            both = select(bildirim.c.kayit_no, bildirim_body.c.canonical).join(bildirim_body, same)
            with reading(self.database) as tx:
                row = tx.execute(both.where(bildirim.c.sorgu_no == number)).one()
            key = content_of(self.processes[0].gateway, KURUM, number)
            _, canonical = bodies.open_canonical(key, KURUM, number, row.canonical)
            self.pairs[number] = (row.kayit_no, set(cut_dvo(canonical).pairs))
        return self.pairs[number]

    # the end

    def teardown(self):
        if not hasattr(self, "rows"):
            return
        self._calm_down()
        Storm.total.update(runs=1, messages=len(self.stands), effects=len(self.ministry.effects))
        self.everything_holds()
        assert set(self.stands.values()) <= SETTLED, Counter(self.stands.values())
        key = self.template.checkpoint_key
        with reading(self.database) as tx:
            assert verify(tx, key.public, key.origin).broken is None
            sent = set(tx.execute(select(deneme.c.sorgu_no).where(deneme.c.act == "send")).scalars())
        assert {number for number, _ in self.ministry.effects} <= sent

    def _calm_down(self):
        """The ministry is well, the clocks agree, a person lets go what waits: how long until nothing is left to do?"""
        self.ministry.be_calm()
        self.processes = [self._born(0), self._born(1)]
        latest = max([each.at for each in self.clocks] + [row.due_at for row in self.rows.values()] + [START])
        for clock in self.clocks:
            clock.at = latest
        for _ in range(12):
            self._pass(7200)
            for place in (0, 1):
                acts.recover(self.processes[place].gateway)
                self._tick(place, pipeline.inquire)
                self._tick(place, pipeline.dispatch)
            self.rows_stand_where_the_log_says()
            waiting = [number for number, state in self.stands.items() if state in FOR_A_PERSON]
            for number in waiting:
                # what a jumping clock signed before its certificate began has no signature; nobody here will make one
                act = acts.cancel if self.stands[number] is State.AWAITING_SIGNATURE else acts.release
                act(self.processes[0].gateway, KURUM, SorguNo(number), reason="calm")
            if not waiting and set(self.stands.values()) <= SETTLED:
                return
