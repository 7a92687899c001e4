"""Work that may not wait for somebody else: what is stored on the event loop, where every other call stands behind it.

Whoever would wait for a lock, a connection, a key that is elsewhere or an answer of the network looks here first.
Nobody but the one who is in haste catches WouldWait; what was begun is undone on its way there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

_at_most: ContextVar[float | None] = ContextVar("haste", default=None)


class WouldWait(Exception):
    """The same act must be done again where it may wait."""


@contextmanager
def in_haste(at_most: timedelta) -> Iterator[None]:
    """Nothing in this block waits for a lock longer than `at_most`, nor for anybody else at all."""
    token = _at_most.set(at_most.total_seconds())
    try:
        yield
    finally:
        _at_most.reset(token)


def is_in_haste() -> bool:
    """Whether this is such a block."""
    return _at_most.get() is not None


def patience(usual: float) -> float:
    """Seconds to wait for a lock: `usual`, or less in haste."""
    told = _at_most.get()
    return usual if told is None else min(told, usual)


def require_time(wanted: str) -> None:
    """Raises WouldWait in haste: `wanted` is not at hand."""
    if is_in_haste():
        raise WouldWait(wanted)
