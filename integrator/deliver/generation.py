"""What a generation (metot) of the ministry's service must be able to do. Each one is a plug-in of this shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, runtime_checkable

from integrator.deliver.dvo import Dvo
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Outcome, Reply, Sonuc
from integrator.domain.parties import Isyeri, Sigorta, Yetki

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The integrator's firma kodu and parola. Read from files; never in a repr, a log or a stored request."""

    firma_kodu: str = field(repr=False)
    parola: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Exchange(Generic[Answer]):
    """One call: what was said (an answer, or an Outcome when there was none), and both byte strings as evidence.

    `request` has the credentials blanked.
    """

    said: Answer | Outcome
    request: bytes = field(repr=False)
    reply: bytes = field(repr=False)


NUMBERS_AT_ONCE = 100
"""How many numbers one question to a processing ministry names: its limit is unknown, a lost answer costs no more than
asking the hundred again, and the answer stays some 20 kB."""


class Generation(Protocol):
    """One generation of the ministry's service at one address."""

    metot: str
    may_repeat: bool
    """Whether the same bytes may go again under the same number in order to learn what became of the first."""

    def send(self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes) -> Exchange[Reply]:
        """Save one message under its number."""


@runtime_checkable
class AsksByNumber(Protocol):
    """A generation that can be asked by our number what became of a message."""

    def ask(self, sorgu_no: SorguNo, dvo: Dvo) -> Exchange[Sequence[Sonuc]]:
        """What the ministry holds under a number: one Sonuc per pair, none when it knows nothing."""


@runtime_checkable
class LooksUpWorkplaces(Protocol):
    """A generation that tells what the ministry knows of a workplace."""

    def look_up_workplace(self, sgk_tescil_no: str) -> Isyeri | None:
        """The workplace, None when the ministry does not know it; raises Unavailable."""


@runtime_checkable
class LooksUpProfessionals(Protocol):
    """A generation that tells whether a professional may act at a workplace."""

    def look_up_professional(self, asked: Yetki) -> bool:
        """Whether they may, today; raises Unavailable."""


@runtime_checkable
class LooksUpWorkers(Protocol):
    """A generation that tells whether a worker is insured at a workplace."""

    def look_up_worker(self, asked: Sigorta) -> bool:
        """Whether they are, today; raises Unavailable."""


@runtime_checkable
class ServesCodes(Protocol):
    """A generation that serves the training code list."""

    def fetch_training_codes(self) -> list[tuple[str, str, bool]]:
        """(code, text, active) rows of the list; raises Unavailable."""


@runtime_checkable
class TakesForProcessing(Protocol):
    """A generation that takes messages first and decides later."""

    def learn(self, numbers: Sequence[str]) -> list[Exchange[Reply]]:
        """What became of the messages with these numbers of the ministry's, in their order; at most NUMBERS_AT_ONCE.

        A row that cannot be read, or is about another number, leaves the others as they are.
        """
