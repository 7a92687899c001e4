"""What a generation (metot) of the ministry's service must be able to do. Each one is a plug-in of this shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from integrator.deliver.dvo import Dvo
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Outcome, Reply, Sonuc

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


class Generation(Protocol):
    """One generation of the ministry's service at one address."""

    metot: str

    def send(self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes) -> Exchange[Reply]:
        """Save one message under its number."""

    def ask(self, sorgu_no: SorguNo, dvo: Dvo) -> Exchange[Sequence[Sonuc]]:
        """What the ministry holds under a number: one Sonuc per pair, none when it knows nothing."""

    def fetch_training_codes(self) -> list[tuple[str, str, bool]]:
        """(code, text, active) rows of the training code list; raises Unavailable."""
