"""The check alone: parse, fields, all rules, XSD, beside parsing alone; and stored records against a version.

Once with nothing known beside the record, once with a contract, a served workplace and a roster on which every worker
is looked for by a blind index, as dear as a mirror that holds no numbers can be.

Processor time, not the clock on the wall: nothing here waits for a disk or a peer, and "on one core" is the question.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from io import BytesIO
from statistics import median
from typing import Any

from bench.figures import Row, Scale, Void, in_turn
from bench.world import today
from integrator.catalogue.catalogue import Catalogue, read_catalogue
from integrator.catalogue.codes import OPEN_FROM, Code
from integrator.catalogue.definitions import Field
from integrator.domain.identifiers import KurumNo
from integrator.domain.workplaces import Isyeri, Known, NothingKnown, Sozlesme, SozlesmeDurumu, TehlikeSinifi
from integrator.intake.read_json import Caps, read_ndjson
from integrator.protect.seal import Sealer
from integrator.trial.people import TRAINING_CODES, sgk_tescil_no, tckn
from integrator.validate.check import check
from integrator.validate.impact import try_version

STORED = 10_000
SHAPES = (("single record", 1, 1, 5000.0), ("full message, 10 x 100", 100, 10, 500.0))


@dataclass(frozen=True)
class _Asked:
    """How records are judged: carried by which metot, on which day, with what known beside them."""

    metot: str
    day: date
    known: Known = field(default_factory=NothingKnown)


class _Mirror(NothingKnown):
    """Knows one workplace: a contract of its professional, its roster by blind indexes, its notified service."""

    def __init__(self, day: date, professional: str, place: str, workers: list[str]) -> None:
        self._sealer = Sealer(1, bytes(32))
        self._began = day - timedelta(days=300)
        self._contract = Sozlesme(
            professional, place, "2", SozlesmeDurumu.ONAYLANDI, self._began, onay_tarihi=self._began
        )
        self._indexes = {self._sealer.blind_index("calisan", f"{place}/{each}") for each in workers}
        self._place = place
        self.refreshed_on = day

    def isyeri(self, sgk_tescil_no: str) -> Isyeri | None:
        """A small and dangerous one."""
        return Isyeri(TehlikeSinifi.TEHLIKELI, 100, kamu=False) if sgk_tescil_no == self._place else None

    def sozlesmeler(self, profesyonel: str, sgk_tescil_no: str) -> list[Sozlesme] | None:
        """The one contract."""
        asked = (profesyonel, sgk_tescil_no)
        return [self._contract] if asked == (self._contract.profesyonel, self._place) else []

    def calisan_listesi(self, sgk_tescil_no: str) -> _Mirror | None:
        """Itself."""
        return self if sgk_tescil_no == self._place else None

    def holds(self, tckn: str, day: date) -> bool:
        """One keyed digest for each worker asked about."""
        return day >= self._began and self._sealer.blind_index("calisan", f"{self._place}/{tckn}") in self._indexes

    def hizmet_bildirildi(self, sgk_tescil_no: str, day: date) -> bool | None:
        """Since the contract."""
        return sgk_tescil_no == self._place and day >= self._began


def measure(scale: Scale) -> Iterator[Row]:
    """Records per second that are checked from bytes to a Kayit, on one core."""
    catalogue, day = _catalogue(), today()
    for name, workers, trainings, target in SHAPES:
        record = _training(day, workers, trainings)
        yield _row(f"check, {name}", record, catalogue, _Asked("soap-g2", day), scale, target=target)
        mirror = _Mirror(day, record["isgProfTckNo"], record["sgkTescilNo"], record["calisan"])
        asked = _Asked("soap-g2", day, mirror)
        yield _row(f"check, {name}, contract and roster known", record, catalogue, asked, scale, target=target)
    yield _row("check, examination", _examination(day), catalogue, _Asked("json-g4", day), scale, target=None)
    yield _impact(catalogue, day)


def _impact(catalogue: Catalogue, day: date) -> Row:
    """Records tried on a version with one more compulsory field: each fails, so each is judged twice."""
    line = json.dumps(_training(day, 10, 2))
    lines = "".join(line.replace("BENCH-1", f"BENCH-{number}") + "\n" for number in range(STORED)).encode()
    stored = ((KurumNo("bench"), each) for each in read_ndjson(BytesIO(lines), Caps()))
    newest = catalogue.newest("egitim")
    fields = (*newest.fields, Field("yeni", "text", required=True, max=20))
    announced = replace(newest, version="bench", in_force_from=day, fields=fields, schema=None)
    began = time.process_time()
    found = try_version(announced, catalogue, stored, today=day)
    took = time.process_time() - began
    if (found.records, found.failing) != (STORED, STORED):
        raise Void(f"{found.records} of {STORED} records were tried, {found.failing} fail")
    name, note = f"impact on {STORED:,} records", "10 workers, 2 trainings each; every one fails, so is judged twice"
    return Row(name, took, "s", target=60.0, at_most=True, note=note)


def _row(
    name: str,
    record: dict[str, Any],
    catalogue: Catalogue,
    asked: _Asked,
    scale: Scale,
    *,
    target: float | None,
) -> Row:
    text = json.dumps(record).encode() + b"\n"
    count = max(20, int(scale.seconds * 5_000_000 / max(len(text), 500)))
    ours, parsing = in_turn(
        scale.rounds,
        _rate(text * count, count, lambda submitted: _require(submitted, catalogue, asked)),
        _rate(text * count, count, lambda _: None),
    )
    note = f"parse, fields, rules, XSD; {len(text):,} bytes; {median(parsing) / median(ours):.1f} x parsing alone"
    return Row(name, median(ours), "records/s", "parsing alone", median(parsing), target=target, note=note)


def _rate(content: bytes, count: int, judge: Callable[[Any], None]) -> Callable[[], float]:
    def run() -> float:
        began = time.process_time()
        for submitted in read_ndjson(BytesIO(content), Caps()):
            judge(submitted)
        return count / (time.process_time() - began)

    return run


def _require(submitted: Any, catalogue: Catalogue, asked: _Asked) -> None:
    found = check(submitted, catalogue, today=asked.day, metot=asked.metot, known=asked.known)
    if found.kayit is None or found.findings:
        raise Void(f"{submitted.where}: {found.findings}")


def _catalogue() -> Catalogue:
    published = read_catalogue()
    catalogue = Catalogue(published.definitions, published.result_codes)
    names = [str(code) for code in TRAINING_CODES]
    catalogue.refreshed = {"egitim_kodu": {name: Code(name, name, name, OPEN_FROM, None) for name in names}}
    return catalogue


def _training(day: date, workers: int, trainings: int) -> dict[str, Any]:
    professional = tckn(812_345_678)
    return {
        "id": "BENCH-1",
        "belgeTipi": 2,
        "isgProfTckNo": professional,
        "calisan": [tckn(820_000_000 + each) for each in range(workers)],
        "egitim": [{"egitimKoduId": code, "egitimSuresi": 60} for code in TRAINING_CODES[:trainings]],
        "egitimTarihi": (day - timedelta(days=1)).isoformat(),
        "egitimYer": 1,
        "egitimTur": 1,
        "sgkTescilNo": sgk_tescil_no(1000),
        "egiticiTckNo": professional,
    }


def _examination(day: date) -> dict[str, Any]:
    classes = {"fizikiOrtamSinifi": 1001, "havaSinifi": 1199, "gurultuSinifi": 1201, "elektrikSinifi": 1399}
    classes |= {"tozYonetmeligiSinifi": 1499, "kimyasalMaddeSinifi": 1599, "biyolojikEtkenlerSinifi": 1699}
    tests = ("rontgen", "isitmeTesti", "solunumFonkTesti", "kanTetkiki", "idrarTetkiki")
    return {
        "id": "BENCH-1",
        "veriSeti": "muayene",
        "isyeriHekimiTcKimlikNo": tckn(812_345_678),
        "sgkTescilNo": sgk_tescil_no(1000),
        "calisanTcKimlikNo": tckn(820_000_000),
        "raporTuru": "100050",
        "calisanMeslegi": "2263.01",
        **{name: [code] for name, code in classes.items()},
        "calismaPozisyonu": 101,
        "calismaZamani": 203,
        "aracKullanimi": 399,
        "isEkipmanlari": [1000, 2130],
        "raporTarihi": (day - timedelta(days=1)).isoformat(),
        **{f"{name}YapildiMi": 1 for name in tests},
        "raporSonGecerlilikTarihi": (day + timedelta(days=300)).isoformat(),
        "sonucVeKanaat": "100001",
        "yerel": {"tehlikeSinifi": "cok"},
    }
