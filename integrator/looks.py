"""Around every act that shows sealed content to a person or writes it out: intent and outcome in the audit log.

An intent without an outcome means that it may have been seen. What is only opened to be sent, judged or counted by
the gateway itself is no look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from integrator.audit.trail import Entry
from integrator.domain.errors import ContentWithheld
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.gateway import Gateway
from integrator.store.engine import writing

NAMED_AT_ONCE = 1_000  # numbers in one audit entry


@dataclass(frozen=True, slots=True)
class Events:
    """The names of intent, outcome and failure."""

    intent: str
    done: str
    failed: str


EXPORT = Events("bytes.exporting", "bytes.exported", "bytes.export_failed")
OPEN = Events("content.opening", "content.opened", "content.open_failed")
WITHHELD = "content.withheld"
PACK = Events("pack.making", "pack.made", "pack.failed")


@contextmanager
def looking(
    gateway: Gateway,
    kurum: KurumNo,
    events: Events,
    numbers: Sequence[SorguNo] = (),
    *,
    by: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Audit what happens in the block; facts put into the yielded dict go into the outcome.

    Raises BadReason for a name the log must not keep.
    """
    told = {"kurum": kurum, "by": Hand(by or gateway.actor, "look").by, **(facts or {})}
    more: dict[str, Any] = {}
    _record(gateway, events.intent, numbers, told)
    try:
        yield more
    except BaseException:
        _record(gateway, events.failed, numbers, told)
        raise
    _record(gateway, events.done, numbers, told | more)


def note_refusal(gateway: Gateway, kurum: KurumNo, *, by: str, role: str, right: str, call: str) -> None:
    """Somebody whom we know asked for content that their role does not see; `call` is the route's pattern."""
    facts = {"kurum": kurum, "by": Hand(by, "look").by, "role": role, "right": right, "call": call}
    with writing(gateway.database) as tx:
        gateway.record(tx, [Entry(WITHHELD, gateway.actor, facts)], gateway.clock.now())


def withhold(gateway: Gateway, kurum: KurumNo, sorgu_no: SorguNo, *, by: str, what: str) -> ContentWithheld:
    """Audit that somebody asked for content that is not for them; what to raise then."""
    _record(gateway, WITHHELD, [sorgu_no], {"kurum": kurum, "by": Hand(by, "look").by, "what": what})
    return ContentWithheld(what)


def _record(gateway: Gateway, event: str, numbers: Sequence[SorguNo], facts: Mapping[str, Any]) -> None:
    now = gateway.clock.now()
    several = [list(numbers[start : start + NAMED_AT_ONCE]) for start in range(0, len(numbers), NAMED_AT_ONCE)]
    named = [{**facts, "messages": each} for each in several] or [dict(facts)]
    with writing(gateway.database) as tx:
        gateway.record(tx, (Entry(event, gateway.actor, each) for each in named), now)
