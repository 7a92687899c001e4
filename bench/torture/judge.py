"""What a trial came to, from the ministry's ledger, the customer's file and our own rows: every claim is a count.

Nothing lost, nothing twice, nothing unchecked, everything provable (design, 1), each with a number that must be 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from integrator import acts
from integrator.audit.checkpoint import write_checkpoint_file
from integrator.audit.verify import verify
from integrator.domain.errors import IllegalMove
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import FOR_A_PERSON, SETTLED, State, advance
from integrator.gateway import Gateway
from integrator.queue import readings
from integrator.store.engine import Tx, reading
from integrator.store.tables import audit_entry, bildirim, deneme, kayit
from integrator.trial.count import count_effects


@dataclass(frozen=True)
class Verdict:
    """What was counted. All of `FAULTS` are 0 in a good trial; `broken` is empty."""

    messages: int
    at_ministry: int
    shown_to_a_person: int
    lost: int
    duplicates: int
    unexpected: int
    misjudged: int
    accepted_missing: int  # records that were answered "accepted" and do not stand in our tables
    unsettled: int  # messages the gateway still has to act on
    sent_without_intent: int  # messages at the ministry without an attempt that was written before
    illegal_moves: int
    broken: str  # the first broken place of the audit log
    states: dict[str, int]

    @property
    def faults(self) -> list[str]:
        """Everything that must not be, in words."""
        wrong = [f"{name}={getattr(self, name)}" for name in FAULTS if getattr(self, name)]
        return wrong + ([f"audit: {self.broken}"] if self.broken else [])

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


FAULTS = (
    "lost", "duplicates", "unexpected", "misjudged", "accepted_missing", "unsettled", "sent_without_intent",
    "illegal_moves",
)  # fmt: skip
COUNTS = tuple(each.name for each in fields(Verdict) if each.type == "int")


def judge(
    gateway: Gateway,
    kurum: KurumNo,
    input_file: Path,
    ledger: dict[str, Any],
    answered: Iterable[str],
    *,
    clocks_agree: bool = True,
) -> Verdict:
    """Compare everything, once the gateway says that it has nothing left to do."""
    made = acts.checkpoint(gateway)
    folder = input_file.parent / "checkpoints"
    if made:
        write_checkpoint_file(folder, *made)
    with reading(gateway.database) as tx:
        notes = [(path, path.read_text()) for path in sorted(folder.glob("*.checkpoint"))]
        report = verify(tx, gateway.checkpoint_key.public, gateway.checkpoint_key.origin, notes)
        states = readings.count_states(tx)
        stored = set(tx.execute(select(kayit.c.kayit_no)).scalars())
        numbers = list(tx.execute(select(bildirim.c.sorgu_no)).scalars())
        unasked = _sent_without_intent(tx, ledger, clocks_agree=clocks_agree)
        illegal = _illegal_moves(tx)
    lines = [json.loads(line) for line in input_file.open("rb")]
    records = [record for record in lines if record.get("id") in stored]
    count = count_effects(gateway, kurum, records, numbers, ledger)
    return Verdict(
        messages=len(numbers),
        at_ministry=len({effect["sorgu_no"] for effect in ledger["effects"]}),
        shown_to_a_person=count.shown_to_a_person,
        lost=count.lost,
        duplicates=count.duplicate_effects,
        unexpected=count.unexpected,
        misjudged=count.misjudged,
        accepted_missing=len(set(answered) - stored),
        unsettled=sum(count for state, count in states.items() if State(state) not in SETTLED | FOR_A_PERSON),
        sent_without_intent=unasked,
        illegal_moves=illegal,
        broken=report.broken or "",
        states=states,
    )


def _sent_without_intent(tx: Tx, ledger: dict[str, Any], *, clocks_agree: bool) -> int:
    """Messages that the ministry stored before, or without, an attempt of ours that was written down."""
    query = select(deneme.c.sorgu_no, deneme.c.started_at).where(deneme.c.act == "send")
    first: dict[int, datetime] = {}
    for row in tx.execute(query):
        first[row.sorgu_no] = min(row.started_at, first.get(row.sorgu_no, row.started_at))
    arrived = {effect["sorgu_no"]: datetime.fromisoformat(effect["at"]) for effect in ledger["effects"]}
    return sum(number not in first or (clocks_agree and at < first[number]) for number, at in arrived.items())


def _illegal_moves(tx: Tx) -> int:
    """Moves in the audit log that the table of moves does not know, or that do not follow one another."""
    stands: dict[int, str] = {}
    wrong = 0
    for leaf in tx.execute(select(audit_entry.c.leaf).order_by(audit_entry.c.i)).scalars():
        fact = json.loads(leaf)
        if fact["event"] != "bildirim.moved":
            continue
        before = stands.get(fact["sorgu_no"])
        stands[fact["sorgu_no"]] = fact["to"]
        if before is None:
            wrong += fact["to"] not in (State.QUEUED, State.AWAITING_SIGNATURE)
            continue
        try:
            advance(State(before), State(fact["to"]))
        except IllegalMove:
            wrong += 1
    return wrong
