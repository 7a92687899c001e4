"""Messages that generation 3 accepted: under which number, since when, and what was decided, if anything yet."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from integrator.ministry.answers import BASARILI, Answer
from integrator.ministry.bildirim import Bildirim

KABUL_MESAJI = "Kayıt işlenmek üzere alındı"


@dataclass(slots=True)
class Acceptance:
    """One accepted message. `told` is the number its sender was given; `decided` is None while in processing."""

    firma_kodu: str
    bildirim: Bildirim
    told: str
    at: float  # seconds of the stub's clock
    decided: Answer | None = None
    accepted_at: datetime | None = None  # None: never forgotten

    def accepted(self) -> Answer:
        """The answer that says it was accepted for processing."""
        return Answer(BASARILI, KABUL_MESAJI, self.bildirim.sorgu_no, told=self.told)

    def takes_its_number(self) -> bool:
        """In processing or stored; a final refusal gives the number back."""
        return self.decided is None or self.decided.status == BASARILI


class Acceptances:
    """All of them since start or reset, by the number told and by our number; with `keep` the old are forgotten."""

    def __init__(self, keep: timedelta | None = None) -> None:
        self.keep = keep
        self.waiting: deque[Acceptance] = deque()
        self._all: deque[Acceptance] = deque()
        self._by_told: dict[tuple[str, str], Acceptance] = {}
        self._by_number: dict[tuple[str, int], Acceptance] = {}
        self._times: Counter[tuple[str, int]] = Counter()

    def put(self, one: Acceptance) -> None:
        """Keep one; it waits to be decided."""
        if self.keep and one.accepted_at:
            self._forget_before(one.accepted_at - self.keep)
        self.waiting.append(one)
        self._all.append(one)
        self._by_told[one.firma_kodu, one.told] = one
        self._by_number[one.firma_kodu, one.bildirim.sorgu_no] = one
        self._times[one.firma_kodu, one.bildirim.sorgu_no] += 1

    def everything(self) -> Iterator[Acceptance]:
        """All of them in the order of arrival."""
        return iter(self._all)

    def _forget_before(self, moment: datetime) -> None:
        """Drop what is decided and older than `moment`; what still waits is never dropped."""
        while self._all and self._all[0].decided and (self._all[0].accepted_at or moment) < moment:
            one = self._all.popleft()
            number = one.firma_kodu, one.bildirim.sorgu_no
            if self._by_told.get((one.firma_kodu, one.told)) is one:
                del self._by_told[one.firma_kodu, one.told]
            if self._by_number.get(number) is one:
                del self._by_number[number], self._times[number]

    def told_as(self, firma_kodu: str, told: str) -> Acceptance | None:
        """What this firm was told this number for; the youngest, should there be several."""
        return self._by_told.get((firma_kodu, told))

    def numbered(self, firma_kodu: str, sorgu_no: int) -> Acceptance | None:
        """The youngest that this firm sent under this number of its own."""
        return self._by_number.get((firma_kodu, sorgu_no))

    def last_other_than(self, sorgu_no: int) -> Acceptance | None:
        """The youngest under another number; what a muddled ministry answers with."""
        return next((one for one in reversed(self._all) if one.bildirim.sorgu_no != sorgu_no), None)

    def server_number(self, seed: int, firma_kodu: str, sorgu_no: int) -> str:
        """A number of the server's own: sixteen hexadecimal digits, the same in every run with this seed."""
        nth = self._times[firma_kodu, sorgu_no]
        return sha256(f"{seed}/{firma_kodu}/{sorgu_no}/{nth}".encode()).hexdigest()[:16]
