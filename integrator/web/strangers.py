"""Calls that no key opens, counted for each address: guessing and noise must not cost the database a question each.

Held in memory, for a bounded number of addresses; a process that starts anew forgets them. Who was let in lately is let
in again, whatever others behind the same address do.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock

from integrator.domain.clock import Clock
from integrator.limiting import TooManyCalls

ADDRESSES = 10_000
GUESTS = 10_000


@dataclass(slots=True)
class _Tries:
    left: float
    at: datetime


class Strangers:
    """At most `per_minute` failed tries from one address (of IPv6: one /64), and as many at once after a rest."""

    def __init__(self, clock: Clock, per_minute: float) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._guests: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def require_patience(self, address: str, token: str) -> None:
        """Raises TooManyCalls when this address failed too often, unless `token` opened a moment ago."""
        if not self._per_minute:
            return
        with self._lock:
            if _digest(token) in self._guests or self._left(_net(address)) >= 1:
                return
        raise TooManyCalls("address", retry_after=timedelta(minutes=1) / self._per_minute)

    def note_failure(self, address: str, token: str) -> None:
        """One more try that failed."""
        net = _net(address)
        with self._lock:
            self._guests.pop(_digest(token), None)
            left = self._left(net) - 1
            self._tries[net] = _Tries(left, self._clock.now())
            self._tries.move_to_end(net)
            while len(self._tries) > ADDRESSES:
                self._tries.popitem(last=False)

    def note_guest(self, token: str) -> None:
        """This token opened."""
        with self._lock:
            self._guests[_digest(token)] = None
            self._guests.move_to_end(_digest(token))
            while len(self._guests) > GUESTS:
                self._guests.popitem(last=False)

    def count(self, address: str) -> None:
        """One more call of a kind that needs no key; raises TooManyCalls when there were too many from this address."""
        self.require_patience(address, "")
        self.note_failure(address, "")

    def __len__(self) -> int:
        return len(self._tries)

    def _left(self, net: str) -> float:
        found = self._tries.get(net)
        if found is None:
            return self._per_minute
        grown = max(0.0, (self._clock.now() - found.at).total_seconds()) * self._per_minute / 60
        return min(self._per_minute, found.left + grown)


def _net(address: str) -> str:
    """The address, of IPv6 its /64: one subscriber has all of it. What is no address is one stranger."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
