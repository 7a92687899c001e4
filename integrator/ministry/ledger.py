"""What the ministry holds: every stored message, and counts of what was asked, answered and spoiled.

A message is kept whole, with the pairs that were stored and those that were refused; a message refused as
a whole leaves nothing, so its number stays free. Effects are spread out only when somebody asks for them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from integrator.ministry.answers import BASARILI, Answer, Pair


@dataclass(frozen=True, slots=True)
class Stored:
    """One message that had an effect, and the answer it was given."""

    firma_kodu: str
    isg_prof_tck_no: int
    sgk_tescil_no: str
    gun: date
    answer: Answer
    at: datetime

    def effects(self) -> Iterator[Pair]:
        """The pairs that were really stored."""
        return (pair for pair in self.answer.pairs if pair.status == BASARILI)


class Ledger:
    """All effects since start or reset. One number of one firm is stored at most once."""

    def __init__(self) -> None:
        self._messages: list[Stored] = []
        self._by_number: dict[tuple[str, int], Stored] = {}
        self.codes: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.saves = self.queries = self.repeated_numbers = 0

    def find(self, firma_kodu: str, sorgu_no: int) -> Stored | None:
        """What this firm stored under this number."""
        return self._by_number.get((firma_kodu, sorgu_no))

    def put(self, stored: Stored) -> None:
        """Keep one message and its effects."""
        self._messages.append(stored)
        self._by_number[stored.firma_kodu, stored.answer.sorgu_no] = stored

    def messages_of(self, firma_kodu: str) -> Iterator[Stored]:
        """This firm's messages in the order in which they were stored."""
        return (stored for stored in self._messages if stored.firma_kodu == firma_kodu)

    def last_other_than(self, sorgu_no: int) -> Stored | None:
        """The youngest message under another number; what a muddled ministry answers with."""
        return next((one for one in reversed(self._messages) if one.answer.sorgu_no != sorgu_no), None)

    def effects(self, sorgu_no: int | None = None) -> list[dict[str, Any]]:
        """Every stored pair, of one number or of all, as the control port shows it."""
        wanted = (one for one in self._messages if sorgu_no in (None, one.answer.sorgu_no))
        return [_effect(stored, pair) for stored in wanted for pair in stored.effects()]

    def summary(self) -> dict[str, Any]:
        """The counts that say whether anything was lost or happened twice."""
        pairs = Counter(_key(stored, pair) for stored in self._messages for pair in stored.effects())
        numbers = Counter((stored.firma_kodu, stored.answer.sorgu_no) for stored in self._messages)
        return {
            "messages": len(self._messages),
            "effects": pairs.total(),
            "duplicate_pairs": sum(1 for count in pairs.values() if count > 1),
            "numbers_with_two_effects": sum(1 for count in numbers.values() if count > 1),
            "saves": self.saves,
            "queries": self.queries,
            "repeated_numbers": self.repeated_numbers,
            "codes": {str(code): count for code, count in sorted(self.codes.items())},
            "faults": dict(sorted(self.faults.items())),
        }


def _key(stored: Stored, pair: Pair) -> tuple[int, str, date, int, int]:
    return stored.isg_prof_tck_no, stored.sgk_tescil_no, stored.gun, pair.calisan_tck_no, pair.egitim_kodu_id


def _effect(stored: Stored, pair: Pair) -> dict[str, Any]:
    return {
        "sorgu_no": pair.sorgu_no,
        "isg_prof_tck_no": str(stored.isg_prof_tck_no),
        "sgk_tescil_no": stored.sgk_tescil_no,
        "egitim_tarihi": pair.egitim_tarihi,
        "calisan_tck_no": str(pair.calisan_tck_no),
        "egitim_kodu_id": pair.egitim_kodu_id,
        "egitim_suresi": pair.egitim_suresi,
        "at": stored.at.isoformat(timespec="milliseconds"),
    }
