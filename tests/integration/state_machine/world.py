"""What the state machine plays with: processes that die and wake, clocks of their own, a ministry that turns."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import select

from integrator.audit.trail import Trail
from integrator.domain import fault_points
from integrator.domain.outcomes import Kind, Outcome, Reply
from integrator.store.engine import reading
from integrator.store.keyring import KeyRing
from integrator.store.tables import deneme
from tests.conftest import MASTER
from tests.fakes import FakeClock, FakeMinistry


class Died(BaseException):
    """The process was killed: nothing it would have done afterwards happens."""


class Mortal:
    """Ends one process at the n-th fault point that its own thread passes; once dead it commits nothing more."""

    of_thread = threading.local()

    def __init__(self) -> None:
        self.dead = False
        self._left = 0

    def die_after(self, points: int) -> None:
        self._left = points

    def passing(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.dead = True
        if self.dead:
            raise Died

    def __enter__(self) -> None:
        self._before = getattr(Mortal.of_thread, "current", None)
        Mortal.of_thread.current = self

    def __exit__(self, *_: object) -> None:
        Mortal.of_thread.current = self._before

    @staticmethod
    def act(_point: str) -> None:
        current = getattr(Mortal.of_thread, "current", None)
        if current is not None:
            current.passing()


class Process:
    """One gateway process: own memory, own clock, and a life that can end."""

    def __init__(self, gateway, ministry: Ministry, name: str, clock: FakeClock) -> None:
        self.name = name
        self.clock = clock
        self.mortal = Mortal()
        self.gateway = replace(
            gateway,
            clock=clock,
            keyring=KeyRing(gateway.database, MASTER),
            trail=Trail(),
            actor=name,
            generation=Mouth(ministry, self),
        )

    def live(self, act: Callable[[], object], *, points: int = 0) -> bool:
        """Do `act`; False when the process died in it (after `points` fault points, when that is not 0)."""
        self.mortal.die_after(points)
        try:
            with self.mortal:
                act()
        except Died:
            pass
        return not self.mortal.dead

    def is_dead(self) -> bool:
        return self.mortal.dead


class Mouth:
    """How one process speaks to the ministry: the dead send nothing, and nothing leaves without a written intent."""

    metot = "soap-g2"

    def __init__(self, ministry: Ministry, process: Process) -> None:
        self._ministry = ministry
        self._process = process

    def send(self, sorgu_no, dvo, cms):
        if self._process.is_dead():
            return self._ministry._exchange(Outcome(Kind.UNCERTAIN, "timeout"))
        self._ministry.check_intent(self._process, sorgu_no)
        return self._ministry.send_from(self._process, sorgu_no, dvo, cms)

    def ask(self, sorgu_no, dvo):
        if self._process.is_dead():
            return self._ministry._exchange(Outcome(Kind.UNCERTAIN, "timeout"))
        return self._ministry.ask(sorgu_no, dvo)

    def fetch_training_codes(self):
        return self._ministry.fetch_training_codes()


class Ministry(FakeMinistry):
    """Stores a number once, whatever is sent how often. Hooks run while a worker is in its call, before or after."""

    def __init__(self, database) -> None:
        super().__init__()
        self._database = database
        self.before: deque[Callable[[Process, int], None]] = deque()
        self.after: deque[Callable[[Process, int], None]] = deque()
        self.refused: dict[int, str] = {}  # what was refused once is refused again
        self.without_intent: list[int] = []

    def check_intent(self, process: Process, sorgu_no: int) -> None:
        with reading(self._database) as tx:
            mine = select(deneme.c.deneme_no).where(deneme.c.sorgu_no == sorgu_no, deneme.c.act == "send")
            if tx.execute(mine).first() is None:
                self.without_intent.append(sorgu_no)

    def send_from(self, process: Process, sorgu_no, dvo, cms):
        if self.before:
            self.before.popleft()(process, sorgu_no)
        if process.is_dead():
            return self._exchange(Outcome(Kind.UNCERTAIN, "timeout"))
        exchange = self.send(sorgu_no, dvo, cms)
        if self.after:
            self.after.popleft()(process, sorgu_no)
        return exchange

    def _answer(self, sorgu_no, dvo, fault):
        known = any(number == sorgu_no for number, _ in self.effects)
        if known and fault.startswith("stored_"):
            return Reply(sorgu_no, fault.removeprefix("stored_"), "")
        if known and fault == "lost_reply":
            return Outcome(Kind.UNCERTAIN, "timeout")
        if fault in ("213", "214") and not known:
            self.refused[sorgu_no] = fault
        return super()._answer(sorgu_no, dvo, self.refused.get(sorgu_no, fault))

    def be_calm(self) -> None:
        for each in (self.faults, self.ask_faults, self.before, self.after):
            each.clear()
        self.is_firm_active = True
        self.refused = {number: code for number, code in self.refused.items() if code != "213"}  # now approved


def arm() -> None:
    """Every process dies at its own fault points only."""
    fault_points.arm(Mortal.act)


def disarm() -> None:
    fault_points.arm(None)
