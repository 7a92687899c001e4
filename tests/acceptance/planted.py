"""A town whose records meet five things to mend, planted at the ministry and in the records; all else is good."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from integrator.trial.people import TRAINING_CODES, Workplace, tckn
from tests.unit.intake.sheets import write_xlsx

E_BILDIRGE = "İpek Kullanıcı"
NAMES = ("Işıl Uzman", "Çağrı Gözlükçü")
UNAPPROVED, STALE, ALSO_UNAPPROVED, UNKNOWN_CODE, STOPPED = 37, 25, 9, 12, 61
CAUSES = (UNAPPROVED, STALE, ALSO_UNAPPROVED, UNKNOWN_CODE, STOPPED)
"""How many messages wait for each: 213, 212, 213 of another professional, a code nobody knows, a stopped form."""
HEADINGS = [
    "Sözleşme ID", "SGK Sicil No", "İşyeri Unvanı", "TC Kimlik No", "Ad Soyad", "Sözleşme Türü Kodu",
    "Sözleşme Durumu", "Başlangıç Tarihi", "Bitiş Tarihi", "Onay Tarihi", "Süre (dk)",
]  # fmt: skip


@dataclass
class Planted:
    """`town` with `records` records; the first of its workplaces are those where something is wrong."""

    town: Any
    today: str
    records: int

    @property
    def places(self) -> list[Workplace]:
        """Two without an approved contract, of a professional each, one with an old roster; then the good ones."""
        return self.town.workplaces[1:-1]

    def at_ministry(self) -> dict[str, Any]:
        """What the ministry knows otherwise: two contracts wait, one roster is old, people have names."""
        known = self.town.parties("unused")
        contract_of = {one["sgk_tescil_no"]: one for one in known["sozlesmeler"]}
        isyeri_of = {one["sgk_tescil_no"]: one for one in known["isyerleri"]}
        unapproved, also, stale = (each.sgk for each in self.places[:3])
        user = tckn(870_000_002)
        named = zip(self.town.professionals, NAMES, strict=True)
        isyerleri = [isyeri_of[sgk] | _served_by(user) for sgk in (unapproved, also, stale)]
        isyerleri[2] |= {"sigortalilar": isyerleri[2]["calisanlar"], "calisanlar": [tckn(870_000_003)]}
        return {
            "isyerleri": isyerleri,
            "sozlesmeler": [
                *(contract_of[sgk] | {"durum": "Onay Bekliyor"} for sgk in (unapproved, also)),
                contract_of[self.town.workplaces[-1].sgk] | {"durum": "Onaylandı"},  # the town's own waiting one
            ],
            "kisiler": [
                {"tckn": user, "ad_soyad": E_BILDIRGE},
                *({"tckn": number, "ad_soyad": name} for number, name in named),
            ],
        }

    def write_contracts(self, path) -> None:
        """What the OSGB exported from İSG-KATİP a while ago."""
        names = dict(zip(self.town.professionals, NAMES, strict=True))
        rows = [
            [str(7001 + at), one.sgk, f"DENEME İŞYERİ {at}", one.professional, names[one.professional], "103", "5001",
             "01.01.2018", "", "02.01.2018 10:00", "700"]
            for at, one in enumerate(self.town.workplaces)
        ]  # fmt: skip
        write_xlsx(path, rows, headings=HEADINGS)

    def write_records(self, path) -> None:
        """All but those whose form is stopped later."""
        unapproved, also, stale, *good = self.places
        lines = [*self._at(unapproved, UNAPPROVED), *self._at(stale, STALE), *self._at(also, ALSO_UNAPPROVED)]
        left = self.records - STOPPED - len(lines)
        share = -(-left // (len(good) - 1))
        ordinary = (line for place in good[1:] for line in self._at(place, share))
        path.write_text("\n".join([*lines, *islice(ordinary, left)]))

    def write_last(self, path) -> None:
        """What comes in while the form is stopped."""
        path.write_text("\n".join(self._at(self.places[3], STOPPED)))

    def _at(self, place: Workplace, count: int) -> list[str]:
        """Trainings of today, of one worker in one subject each, no two alike."""
        pairs = islice(product(TRAINING_CODES, place.roster), count)
        return [json.dumps(self._record(place, worker, code)) for code, worker in pairs]

    def _record(self, place: Workplace, worker: str, code: int) -> dict[str, Any]:
        return {
            "id": f"{place.sgk[9:16]}-{code}-{worker[-6:]}",
            "belgeTipi": 2,
            "isgProfTckNo": place.professional,
            "calisan": [worker],
            "egitim": [{"egitimKoduId": code, "egitimSuresi": 45}],
            "egitimTarihi": self.today,
            "egitimYer": 1,
            "egitimTur": 1,
            "sgkTescilNo": place.sgk,
            "egiticiTckNo": place.professional,
        }


def _served_by(user: str) -> dict[str, Any]:
    return {"e_bildirge": [{"tckn": user, "kayit_tarihi": "2020-01-01", "listelendi": True}]}
