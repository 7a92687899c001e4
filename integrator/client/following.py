"""The change feed as a loop: at least once, in order for each record, through restarts of either side.

The cursor is saved once the loop's body is through with a change; whoever dies in the middle sees that change again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrator.client.problems import Busy, Unreachable
from integrator.client.wire import Wire

START, NOW = "0", "now"
PAGE = 500
LONGEST_WAIT = 20.0
SLACK = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    """One move of a message: it stands at `state` since `at`. `cause` names what to mend when it waits for a person."""

    cursor: str
    at: str
    event: str
    kayit_no: str
    sorgu_no: int | None
    state: str
    code: str
    cause: str
    told: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Change:
        """The change of a page."""
        names = [each for each in cls.__slots__ if each != "told"]
        return cls(**{name: told[name] for name in names}, told=told)


def follow(wire: Wire, after: str, save: Callable[[str], None] | None, *, forever: bool) -> Iterator[Change]:
    """Changes behind `after`; when `forever`, waits for more and never gives the server up."""
    asked: dict[str, Any] = {"limit": PAGE, "wait": LONGEST_WAIT if forever else 0}
    while True:
        try:
            page = wire.call("GET", "/change", query=asked | {"after": after}, silence=LONGEST_WAIT + SLACK).json()
        except (Unreachable, Busy):  # every try of the wire's patience is behind it, with its waits
            if forever:
                continue
            raise
        for told in page["changes"]:
            yield Change.of(told)
            if save:
                save(told["cursor"])
        if not page["changes"] and not forever:
            return
        after = page["next"]
