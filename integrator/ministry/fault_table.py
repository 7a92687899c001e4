"""The table of faults: what a fault is, what it gets to see of a request, and how it is entered under its name.

A fault gets an Exchange and yields Steps. `answer()` is the honest processing with its effect; a fault that
never calls it stores nothing. Which request meets which fault is decided in `fault_plan`; the faults themselves
stand in `faults`, `reply_forms` and `doors`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from integrator.ministry.answers import Answer
from integrator.ministry.wire import Reply, Send, Step, Wait

NOT_HTTP = bytes(range(255, 127, -1)) + b"\r\n\r\n\x00\x00"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as a fault sees it. `render` gives an Answer the form of the operation that was asked.

    `another` is an answer that belongs elsewhere, `partial` the effect on every second worker only, `signed_xml` what
    the signature must be over.
    """

    path: str
    sorgu_no: int
    slow_seconds: float
    answer: Callable[[], Answer]
    render: Callable[[Answer], Reply]
    another: Callable[[], Answer]
    thin: Callable[[Answer], Answer]
    platform_error: Callable[[str], Reply]
    begin_401_spell: Callable[[], None]
    begin_outage: Callable[[], None]
    close_port: Callable[[], None]
    now: Callable[[], datetime]
    partial: Callable[[], Answer]
    signed_xml: Callable[[], str]
    garbage: bytes = NOT_HTTP

    def code(self, status: int, message: str) -> Step:
        """An answer of this operation that carries a result code and nothing else."""
        return Send(self.render(Answer(status, message, self.sorgu_no)).encode())

    def honest(self) -> Reply:
        """The honest reply; whatever is to be stored is stored by asking for it."""
        return self.render(self.answer())


Act = Callable[[Exchange], Iterator[Step]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A named fault and how often each set draws it for a save; `on_queries` at QUERY_SHARE of that rate."""

    name: str
    act: Act
    usual: float
    hostile: float
    on_queries: bool
    on_json: bool  # makes sense where an answer has no number, no pairs and no signature

    @property
    def what(self) -> str:
        """What it does, in one line."""
        return (self.act.__doc__ or "").strip()


FAULTS: dict[str, Fault] = {}
QUERY_SHARE = 0.3


def fault(
    *, usual: float = 0.0, hostile: float = 0.0, on_queries: bool = True, on_json: bool = True
) -> Callable[[Act], Act]:
    """Enter a fault into FAULTS under its function's name."""

    def enter(act: Act) -> Act:
        name = getattr(act, "__name__", "")
        FAULTS[name] = Fault(name, act, usual, usual + hostile, on_queries, on_json)
        return act

    return enter


def encounter(exchange: Exchange, name: str | None, latency: float, struck: Counter[str]) -> Iterator[Step]:
    """What happens on the socket when a request meets a fault (None: the honest answer) after `latency` seconds."""
    if latency:
        yield Wait(latency)
    if name is None:
        yield Send(exchange.honest().encode())
        return
    struck[name] += 1
    yield from FAULTS[name].act(exchange)
