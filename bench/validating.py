"""The check alone: parse, fields, all rules, XSD, beside parsing alone; single records, full messages, examinations.

Processor time, not the clock on the wall: nothing here waits for a disk or a peer, and "on one core" is the question.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from io import BytesIO
from statistics import median
from typing import Any

from bench.figures import Row, Scale, Void, in_turn
from bench.world import today
from integrator.catalogue.catalogue import Catalogue, read_catalogue
from integrator.catalogue.codes import OPEN_FROM, Code
from integrator.intake.read_json import Caps, read_ndjson
from integrator.trial.people import TRAINING_CODES, sgk_tescil_no, tckn
from integrator.validate.check import check

SHAPES = (("single record", 1, 1, 5000.0), ("full message, 10 x 100", 100, 10, 500.0))


def measure(scale: Scale) -> Iterator[Row]:
    """Records per second that are checked from bytes to a Kayit, on one core."""
    catalogue, day = _catalogue(), today()
    for name, workers, trainings, target in SHAPES:
        record = _training(day, workers, trainings)
        yield _row(f"check, {name}", record, catalogue, ("soap-g2", day), scale, target=target)
    yield _row("check, examination", _examination(day), catalogue, ("json-g4", day), scale, target=None)


def _row(
    name: str,
    record: dict[str, Any],
    catalogue: Catalogue,
    asked: tuple[str, date],
    scale: Scale,
    *,
    target: float | None,
) -> Row:
    metot, day = asked
    text = json.dumps(record).encode() + b"\n"
    count = max(20, int(scale.seconds * 5_000_000 / max(len(text), 500)))
    ours, parsing = in_turn(
        scale.rounds,
        _rate(text * count, count, lambda submitted: _require(submitted, catalogue, metot, day)),
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


def _require(submitted: Any, catalogue: Catalogue, metot: str, day: date) -> None:
    found = check(submitted, catalogue, today=day, metot=metot)
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
