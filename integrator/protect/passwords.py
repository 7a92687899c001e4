"""Passwords: hashed with argon2id, judged before they are taken. The one door of argon2.

No memory but the hash is kept. Long ones are refused rather than cut, so that what was typed is what counts.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 128
_AT_ONCE = BoundedSemaphore(4)  # each takes its memory: a storm of log-ins waits here and not in the swap
_NO_LETTER = re.compile(r"[\W\d_]+")


@dataclass(frozen=True)
class Passwords:
    """How much a hash costs: memory in KiB, passes over it, lanes."""

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 1

    @cached_property
    def _hasher(self) -> PasswordHasher:
        return PasswordHasher(time_cost=self.passes, memory_cost=self.memory_kib, parallelism=self.lanes)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("of nobody")

    def hash(self, password: str) -> str:
        """An encoded hash with its own salt and costs in it."""
        with _AT_ONCE:
            return self._hasher.hash(_as_typed(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` was hashed to `stored`; without `stored` the same work is done for nothing."""
        try:
            with _AT_ONCE:
                return self._hasher.verify(stored or self._nobodys, _as_typed(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` cost something else than a new hash would."""
        return self._hasher.check_needs_rehash(stored)


def fault_of(password: str, *, login: str) -> str:
    """Why `password` is not taken, in a few English words without it; empty for a good one."""
    if len(password) < SHORTEST:
        return f"at least {SHORTEST} characters are wanted"
    if len(password) > LONGEST:
        return f"at most {LONGEST} characters are taken"
    if not password.isprintable():
        return "it holds a sign that cannot be typed"
    plain = _as_typed(password).decode().casefold()
    if len(set(plain)) < 5 or plain in _runs():
        return "it is a row of the same or of neighbouring signs"
    if _NO_LETTER.sub("", plain) in forbidden() or plain in forbidden():
        return "it is one of those that are tried first"
    name = login.partition("@")[0].casefold()
    return "the login stands in it" if len(name) > 3 and name in plain else ""


def _as_typed(password: str) -> bytes:
    """One form for the same letters from different keyboards (NFKC)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")


@cache
def forbidden() -> frozenset[str]:
    """Words that guessers begin with, with and without the digits people put behind them."""
    text = files("integrator.protect").joinpath("forbidden_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


@cache
def _runs() -> frozenset[str]:
    """Every run of at least twelve signs along the rows of a keyboard or the digits, both ways."""
    rows = (
        "1234567890" * 3,
        "qwertyuiopğüasdfghjklşizxcvbnmöç",
        "qwertyuiopasdfghjklzxcvbnm",
        "abcdefghijklmnopqrstuvwxyz",
    )
    both = [way for row in rows for way in (row, row[::-1])]
    return frozenset(
        row[start:end] for row in both for start in range(len(row)) for end in range(start + SHORTEST, len(row) + 1)
    )
