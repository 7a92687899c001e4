"""Invented people, workplaces and trainings, the same for the same seed.

Identity numbers begin with 8, which to our knowledge are not issued; names are not needed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

FIRMA_KODU = "DENEME00001"
TRAINING_CODES = (24, 240, 390, 101, 102, 103, 104, 201, 202, 203, 204, 205, 301, 302, 303, 304, 305, 306, 307, 308)
PUBLIC_CODES = (24, 240, 390)
"""What a gateway knows that no ministry served a list."""
FIRST_FORM_ENDS = date(2018, 11, 14)
PAIRS_SPLIT_WORKERS = 130
RECORDS_PER_WORKPLACE = 20


def tckn(first_nine: int) -> str:
    """The identity number whose first nine digits are given."""
    digits = [int(digit) for digit in f"{first_nine:09}"]
    odd, even = sum(digits[0::2]), sum(digits[1::2])
    tenth = (7 * odd - even) % 10
    return f"{first_nine:09}{tenth}{(odd + even + tenth) % 10}"


def sgk_tescil_no(serial: int, il: int = 6) -> str:
    """A workplace number with right control digits."""
    control = int(f"{il:03}{serial:07}") % 97 or 97
    return f"299990101{serial:07}{il:03}99{control:02}000"


@dataclass(frozen=True)
class Workplace:
    """A workplace with its roster, its professional, and whether their contract is approved."""

    sgk: str
    professional: str = field(repr=False)
    roster: tuple[str, ...] = field(repr=False)
    approved: bool


class Town:
    """Everything a trial run needs to exist, for `records` records that `metot` can carry.

    A metot of single records gets small sessions, because each becomes workers x trainings messages; the days of
    `soap-g1` are those of its veri seti's version.
    """

    def __init__(self, *, records: int, seed: int, today: date, metot: str = "soap-g2") -> None:
        self._random = random.Random(f"town/{seed}")
        self._records = records
        self._is_single = metot in ("soap-g1", "json-g4")
        self._codes = PUBLIC_CODES if metot == "json-g4" else TRAINING_CODES
        self._today = min(today, FIRST_FORM_ENDS) if metot == "soap-g1" else today
        self._next_person = 800_000_000 + seed % 1000 * 100_000
        self.professionals = [self._person() for _ in range(2)]
        count = max(2, records // RECORDS_PER_WORKPLACE)
        self.workplaces = [self._workplace(number, count) for number in range(count)]

    def _person(self) -> str:
        self._next_person += 1
        return tckn(self._next_person)

    def _workplace(self, number: int, count: int) -> Workplace:
        size = PAIRS_SPLIT_WORKERS if number == 0 else self._random.randint(8, 30)
        return Workplace(
            sgk=sgk_tescil_no(1000 + number),
            professional=self.professionals[number % len(self.professionals)],
            roster=tuple(self._person() for _ in range(size)),
            approved=count < 5 or number != count - 1,  # one contract of a larger town waits for its approval
        )

    def parties(self, parola: str) -> dict[str, Any]:
        """What the ministry knows, in the form its control port takes."""
        return {
            "firmalar": [{"firma_kodu": FIRMA_KODU, "parola": parola, "aktif": True}],
            "isyerleri": [
                {
                    "sgk_tescil_no": each.sgk,
                    "ad_unvan": f"DENEME İŞYERİ {number}",
                    "nace_kodu": "41.00.01",
                    "tehlike_sinifi": "Çok Tehlikeli",
                    "calisanlar": list(each.roster),
                }
                for number, each in enumerate(self.workplaces)
            ],
            "profesyoneller": [{"tckn": each, "belge_tipi": 2} for each in self.professionals],
            "sozlesmeler": [
                {
                    "profesyonel": each.professional,
                    "sgk_tescil_no": each.sgk,
                    "durum": "Onaylandı" if each.approved else "Onay Bekliyor",
                    "baslangic": "2018-01-01",
                    "bitis": None,
                }
                for each in self.workplaces
            ],
            "egitim_kodlari": [
                {"kodu": code, "aciklama": f"Deneme konusu {code}", "aktif": 1} for code in TRAINING_CODES
            ],
        }

    def records(self) -> Iterator[dict[str, Any]]:
        """One submitted record per session; no worker gets the same training at the same place and day twice."""
        for number in range(self._records):
            place = self.workplaces[number % len(self.workplaces)]
            day = self._today - timedelta(days=1 + number // len(self.workplaces))
            yield {
                "id": f"DENEME-{number:06}",
                "belgeTipi": 2,
                "isgProfTckNo": place.professional,
                "calisan": self._workers(place, number),
                "egitim": self._trainings(number),
                "egitimTarihi": day.isoformat(),
                "egitimYer": 1,
                "egitimTur": 1,
                "sgkTescilNo": place.sgk,
                "egiticiTckNo": place.professional,
            }

    def _workers(self, place: Workplace, number: int) -> list[str]:
        if number % 50 == 0 and len(place.roster) > 100 and not self._is_single:
            return list(place.roster)  # more than one message takes: split
        fewest, most = (1, 3) if self._is_single else (3, 15)
        workers = self._random.sample(place.roster, self._random.randint(fewest, min(most, len(place.roster))))
        if number % 47 == 46:
            workers.append(self._person())  # on nobody's roster: the ministry will say 212 for this one
        return workers

    def _trainings(self, number: int) -> list[dict[str, Any]]:
        most = 2 if self._is_single else 4
        count = 14 if number % 20 == 10 and not self._is_single else self._random.randint(1, most)
        codes = self._random.sample(self._codes, count)
        return [{"egitimKoduId": code, "egitimSuresi": self._random.choice((45, 60, 90))} for code in codes]


def pairs_of(record: dict[str, Any]) -> set[tuple[str, ...]]:
    """Every effect the ministry should hold after this record, as its ledger names them."""
    where = (record["isgProfTckNo"], record["sgkTescilNo"], record["egitimTarihi"])
    codes = [str(each["egitimKoduId"]) for each in record["egitim"]]
    return {(*where, worker, code) for worker in record["calisan"] for code in codes}
