"""What the ministry holds: every stored message, and counts of what was asked, answered and spoiled.

A message is kept whole, with the pairs that were stored and those that were refused; a message refused as
a whole leaves nothing, so its number stays free. Effects are spread out only when somebody asks for them.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from integrator.ministry.answers import BASARILI, Answer, Pair
from integrator.ministry.fault_plan import QUERY, SAVE

Identity = tuple[str, int, int, date, str]  # firma, worker, code, day, workplace


@dataclass(frozen=True, slots=True)
class Stored:
    """One message that had an effect, and the answer it was given."""

    firma_kodu: str
    isg_prof_tck_no: int
    sgk_tescil_no: str
    gun: date
    answer: Answer
    at: datetime
    generation: str

    def effects(self) -> Iterator[Pair]:
        """The pairs that were really stored."""
        return (pair for pair in self.answer.pairs if pair.status == BASARILI)


@dataclass(frozen=True, slots=True)
class Notice:
    """One stored message of another veri seti than egitim; `fields` as the control port shows them."""

    veri_seti: str
    generation: str
    fields: dict[str, str]
    at: datetime


class Ledger:
    """All effects since start or reset. One number of one firm is stored at most once.

    It grows by design. With `keep` it forgets what was stored longer ago on the stub's clock, and says how much.
    """

    def __init__(self, keep: timedelta | None = None) -> None:
        self.keep, self.forgotten = keep, 0
        self._messages: deque[Stored] = deque()
        self._by_number: dict[tuple[str, int], Stored] = {}
        self._by_identity: dict[Identity, Stored] = {}
        self._unidentified: deque[Stored] = deque()  # the youngest, not in it yet
        self._notices: OrderedDict[tuple[str, ...], Notice] = OrderedDict()
        self.codes: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.saves = self.queries = self.repeated_numbers = 0

    def find(self, firma_kodu: str, sorgu_no: int) -> Stored | None:
        """What this firm stored under this number."""
        return self._by_number.get((firma_kodu, sorgu_no))

    def find_same(self, identity: Identity) -> Stored | None:
        """The message that stored this training of this worker first, in whichever generation.

        What came since the last call is entered only now: the generations with numbers pay nothing for it.
        """
        while self._unidentified:
            stored = self._unidentified.popleft()
            for key in _identities(stored):
                self._by_identity.setdefault(key, stored)
        return self._by_identity.get(identity)

    def put(self, stored: Stored) -> None:
        """Keep one message and its effects."""
        self._forget_before(stored.at)
        self._messages.append(stored)
        self._unidentified.append(stored)
        if stored.answer.sorgu_no:
            self._by_number[stored.firma_kodu, stored.answer.sorgu_no] = stored

    def put_notice(self, key: tuple[str, ...], notice: Notice) -> bool:
        """Keep one message of another veri seti; False when one is stored under this key already."""
        if key in self._notices:
            self.repeated_numbers += 1
            return False
        self._forget_before(notice.at)
        self._notices[key] = notice
        return True

    def messages(self) -> Iterator[Stored]:
        """Every message in the order in which it was stored."""
        return iter(self._messages)

    def notices(self) -> Iterator[tuple[str, Notice]]:
        """Every message of another veri seti with its firma kodu."""
        return ((key[0], one) for key, one in self._notices.items())

    def youngest(self) -> Iterator[Stored]:
        """Every message, the last one first."""
        return reversed(self._messages)

    def keyed_notices(self) -> Iterator[tuple[tuple[str, ...], Notice]]:
        """The same with all of what tells one from another."""
        return iter(self._notices.items())

    def _forget_before(self, now: datetime) -> None:
        """Drop what `keep` says is too old at `now`: effects, numbers and identities."""
        while self.keep and self._messages and self._messages[0].at < now - self.keep:
            self._forget(self._messages.popleft())
        while self.keep and self._notices and next(iter(self._notices.values())).at < now - self.keep:
            self._notices.popitem(last=False)
            self.forgotten += 1

    def _forget(self, stored: Stored) -> None:
        self.forgotten += 1
        self._by_number.pop((stored.firma_kodu, stored.answer.sorgu_no), None)
        if self._unidentified and self._unidentified[0] is stored:
            self._unidentified.popleft()
        for key in _identities(stored):
            if self._by_identity.get(key) is stored:
                del self._by_identity[key]

    def arrived(self, kind: str) -> None:
        """Count one request."""
        self.saves += kind == SAVE
        self.queries += kind == QUERY

    def counted(self, answer: Answer) -> Answer:
        """The same answer to a save, its result code counted."""
        self.codes[answer.status] += 1
        return answer

    def messages_of(self, firma_kodu: str) -> Iterator[Stored]:
        """This firm's messages in the order in which they were stored."""
        return (stored for stored in self._messages if stored.firma_kodu == firma_kodu)

    def last_other_than(self, sorgu_no: int) -> Stored | None:
        """The youngest message under another number; what a muddled ministry answers with."""
        return next((one for one in reversed(self._messages) if one.answer.sorgu_no != sorgu_no), None)

    def effects(self, sorgu_no: int | None = None) -> list[dict[str, Any]]:
        """Every stored pair, of one number or of all, as the control port shows it."""
        wanted = (one for one in self._messages if sorgu_no in (None, one.answer.sorgu_no))
        notices = [] if sorgu_no is not None else [notice_row(one) for one in self._notices.values()]
        return [effect_row(stored, pair) for stored in wanted for pair in stored.effects()] + notices

    def summary(self) -> dict[str, Any]:
        """The counts that say whether anything was lost or happened twice."""
        pairs = Counter(_key(stored, pair) for stored in self._messages for pair in stored.effects())
        numbers = Counter((one.firma_kodu, one.answer.sorgu_no) for one in self._messages if one.answer.sorgu_no)
        generations = Counter(stored.generation for stored in self._messages for _ in stored.effects())
        generations.update(notice.generation for notice in self._notices.values())
        return {
            "messages": len(self._messages) + len(self._notices),
            "forgotten": self.forgotten,
            "effects": generations.total(),
            "effects_by_generation": dict(sorted(generations.items())),
            "duplicate_pairs": sum(1 for count in pairs.values() if count > 1),
            "numbers_with_two_effects": sum(1 for count in numbers.values() if count > 1),
            "saves": self.saves,
            "queries": self.queries,
            "repeated_numbers": self.repeated_numbers,
            "codes": {str(code): count for code, count in sorted(self.codes.items())},
            "faults": dict(sorted(self.faults.items())),
        }


def _identities(stored: Stored) -> Iterator[Identity]:
    for pair in stored.effects():
        yield stored.firma_kodu, pair.calisan_tck_no, pair.egitim_kodu_id, stored.gun, stored.sgk_tescil_no


def _key(stored: Stored, pair: Pair) -> tuple[int, str, date, int, int]:
    return stored.isg_prof_tck_no, stored.sgk_tescil_no, stored.gun, pair.calisan_tck_no, pair.egitim_kodu_id


def effect_row(stored: Stored, pair: Pair) -> dict[str, Any]:
    """One pair as the control port shows it."""
    return {
        "veri_seti": "egitim",
        "generation": stored.generation,
        "sorgu_no": pair.sorgu_no or None,
        "isg_prof_tck_no": str(stored.isg_prof_tck_no),
        "sgk_tescil_no": stored.sgk_tescil_no,
        "egitim_tarihi": pair.egitim_tarihi,
        "calisan_tck_no": str(pair.calisan_tck_no),
        "egitim_kodu_id": pair.egitim_kodu_id,
        "egitim_suresi": pair.egitim_suresi,
        "at": stored.at.isoformat(timespec="milliseconds"),
    }


def notice_row(notice: Notice) -> dict[str, Any]:
    """One message of another veri seti as the control port shows it."""
    shown = {"veri_seti": notice.veri_seti, "generation": notice.generation, "sorgu_no": None, **notice.fields}
    return shown | {"at": notice.at.isoformat(timespec="milliseconds")}
