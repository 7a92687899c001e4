"""One message to one endpoint: the address is read, resolved and checked anew, and the checked place is connected to.

No redirect is followed, at most 64 kB of an answer are read, and every wait has an end. What came of it is an `Answer`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from integrator.deliver.soap import retry_after
from integrator.deliver.wire import Limits, NoAnswer, NotSent, Wire
from integrator.domain.clock import Clock
from integrator.domain.errors import RefusedAddress
from integrator.queue.backoff import Backoff
from integrator.webhooks.endpoints import Attempt
from integrator.webhooks.guard import Guard, NotResolved
from integrator.webhooks.standard import Message, signed_headers

REPLY_BYTES = 65_536
GONE = 410
PLACES = 4  # of a name with many, so many are tried


@dataclass(frozen=True, slots=True)
class Terms:
    """How messages are carried, as the operator set it. One turn of an endpoint lasts `turn` and one call at most."""

    guard: Guard = field(default_factory=Guard)
    limits: Limits = field(default_factory=lambda: Limits(5.0, 10.0, 15.0, REPLY_BYTES, cuts=True))
    ca_file: Path | None = None
    backoff: Backoff = field(default_factory=lambda: Backoff(timedelta(seconds=5), timedelta(hours=1), 1_000_000))
    concurrency: int = 8
    at_most: int = 10
    disable_after: timedelta = timedelta(days=5)
    turn: timedelta = timedelta(seconds=2)

    @property
    def lease(self) -> timedelta:
        """Longer than any turn: what one may take, three times."""
        return 3 * (self.turn + timedelta(seconds=self.limits.total + self.guard.seconds))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt. `wait` is what the other side asked for."""

    attempt: Attempt
    wait: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        """2xx and nothing else: the receiver has it."""
        return not self.attempt.code

    @property
    def is_gone(self) -> bool:
        """The receiver says that nobody listens there any more."""
        return self.attempt.status == GONE


class Carrier:
    """Carries messages to one address, one after the other, over one connection while its places stay the same."""

    def __init__(self, terms: Terms, address: str, clock: Clock) -> None:
        self._terms = terms
        self._address = address
        self._clock = clock
        self._wire: Wire | None = None
        self._places: frozenset[str] = frozenset()

    def carry(self, message: Message, keys: list[str]) -> Answer:
        """One attempt; never raises for anything that the other side does."""
        began_at, began = self._clock.now(), time.monotonic()
        status, code, wait = self._post(message, signed_headers(message, keys, now=began_at))
        elapsed = round((time.monotonic() - began) * 1000)
        return Answer(Attempt(message.message_id, message.type, began_at, elapsed, status, code), wait)

    def _post(self, message: Message, headers: dict[str, str]) -> tuple[int, str, timedelta | None]:
        try:
            reply = self._reached().post(message.body, headers)
        except RefusedAddress:
            return 0, "address_refused", None
        except NotResolved:
            return 0, "not_resolved", None
        except (NotSent, NoAnswer) as error:
            return 0, str(error), None
        return reply.status, "" if 200 <= reply.status < 300 else "refused", retry_after(reply)

    def _reached(self) -> Wire:
        target = self._terms.guard.read(self._address)
        places = self._terms.guard.reach(target)
        if self._wire is None or frozenset(places) != self._places:
            self.close()
            self._wire = Wire(target.address, self._terms.limits, ca_file=self._terms.ca_file, pinned=places[:PLACES])
            self._places = frozenset(places)
        return self._wire

    def close(self) -> None:
        """Let go of the connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
