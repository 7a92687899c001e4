"""What the entries say about each message and record, folded in one reading of the log; fsck compares the rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from integrator.store.engine import Tx
from integrator.store.tables import audit_entry

_ERASURES = ("content.erased", "content.erased_again")

Facts = dict[tuple[str, str], Mapping[str, Any]]
"""(customer, record's id) -> an entry about it."""


@dataclass(slots=True)
class Story:
    """What the entries say about one message."""

    birth: Mapping[str, Any]
    commitments: dict[str, str] = field(default_factory=dict)
    code: str = ""
    accepted: int = 0
    level: str | None = None
    tries: dict[int, dict[str, Any]] = field(default_factory=dict)
    answers: set[str] = field(default_factory=set)  # digests of what authorities said of its certificate
    refused: bool = False  # some of its parts, and only some
    ministry_no: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether its entries tell every column; those of the first release do not."""
        return "form" in self.birth

    def take(self, fact: Mapping[str, Any]) -> None:
        """One entry, in order."""
        event, number = fact["event"], fact.get("deneme_no")
        self.commitments |= {name: fact[name] for name in ("canonical", "cms", "indexes") if name in fact}
        if event == "evidence.added":
            self.level = fact["level"]
        elif event in ("bildirim.moved", "bildirim.asked") and "code" in fact:
            self.code = fact["code"]
        self.accepted = fact.get("accepted", self.accepted)
        self.answers.update(fact.get("revocation", ()))
        self.refused = self.refused or fact.get("to") == "partial"
        self.ministry_no = fact.get("ministry_no", self.ministry_no)
        if fact.get("to") in ("accepted", "partial") and fact.get("from") != fact.get("to") and self.level is None:
            self.level = ""
        if number is not None:
            self._try(number, fact)

    def _try(self, number: int, fact: Mapping[str, Any]) -> None:
        known = self.tries.setdefault(number, {"act": "send" if "to" in fact else "ask", "started_at": fact["at"]})
        if "outcome" in fact:
            known |= {"ended_at": fact["at"], "outcome": fact["outcome"], "code": fact.get("code", "")}
            known |= {name: fact[name] for name in ("request", "reply") if name in fact}


def read_stories(tx: Tx) -> tuple[dict[int, Story], Facts, Facts]:
    """sorgu_no -> story, and the entries that accepted a record and that erased it."""
    stories: dict[int, Story] = {}
    born: Facts = {}
    erased: Facts = {}
    query = select(audit_entry.c.leaf).order_by(audit_entry.c.i).execution_options(yield_per=5000)
    for leaf in tx.execute(query).scalars():
        fact = json.loads(leaf)
        if fact["event"] == "kayit.accepted":
            born[fact["kurum"], fact["kayit_no"]] = fact
        elif fact["event"] in _ERASURES:
            erased.update({(fact["kurum"], each): fact for each in fact["records"]})
        elif "sorgu_no" in fact:
            stories.setdefault(fact["sorgu_no"], Story(fact)).take(fact)
    return stories, born, erased
