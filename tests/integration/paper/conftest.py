import json
from datetime import date

import pytest
from sqlalchemy import select

from integrator import pipeline
from integrator.coverage.following import follow_all
from integrator.coverage.reading import count_places
from integrator.parties import register
from integrator.parties.register import calisan_index, isyeri_index, profesyonel_index
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_entry
from tests.factories import KURUM, PROFESSIONAL, SGK, record, submitted, workers
from tests.fakes import START

TITLE = "Işıklı Döküm Çelik İnşaat ve Ğıda Şirketi A.Ş."


@pytest.fixture
def place(gateway):
    """A workplace of the registers: its card, a specialist's contract, three workers on its roster."""
    sealer = gateway.keyring.sealer(KURUM, now=START)
    here, person = isyeri_index(sealer, SGK), profesyonel_index(sealer, PROFESSIONAL)
    card = {"sgk_tescil_no": SGK, "ad_unvan": TITLE, "tehlike_sinifi": "tehlikeli", "calisan_sayisi": 3}
    contract = {
        "isyeri_index": here, "profesyonel_index": person, "sgk_tescil_no": SGK, "tckn": PROFESSIONAL,
        "durum": "onaylandi", "belge_tipi": "2", "minutes_per_month": 60, "bitis": date(2026, 3, 20),
    }  # fmt: skip
    told = [
        register.Told(register.ISYERI, here, card),
        register.Told(register.PROFESYONEL, person, {"tckn": PROFESSIONAL, "ad": "Çağla Şen", "belge_tipi": "2"}),
        register.Told(register.SOZLESME, "0" * 32, contract),
    ]
    for each in workers(3):
        told.append(register.Told(register.CALISAN, calisan_index(sealer, SGK, each), {"isyeri_index": here}))
    with writing(gateway.database) as tx:
        register.write(tx, sealer, KURUM, register.compare(tx, sealer, KURUM, told), now=START)
    return here


@pytest.fixture
def send(gateway):
    """Sends records of one training each; `faults` are met in their order."""

    def act(*days, faults=()):
        gateway.generation.faults.extend(faults)
        people = workers(len(days))
        several = [record(f"K-{day}", calisan=[one], egitimTarihi=day) for day, one in zip(days, people, strict=True)]
        answers = list(pipeline.accept(gateway, KURUM, submitted(*several)))
        assert [each.status for each in answers] == ["accepted"] * len(days), answers
        pipeline.dispatch(gateway)
        follow_all(gateway, KURUM)
        count_places(gateway, KURUM)
        return [number for each in answers for number in each.sorgu_no]

    return act


@pytest.fixture
def entries(gateway):
    """(event, by) of the entries of these events, in their order."""

    def read(*events):
        with reading(gateway.database) as tx:
            leaves = list(map(json.loads, tx.execute(select(audit_entry.c.leaf).order_by(audit_entry.c.i)).scalars()))
        return [(each["event"], each["by"]) for each in leaves if each["event"] in events]

    return read
