"""A day of hostile traffic on a clock of our own: what the stub keeps beside its ledger does not grow."""

import gc
import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest

from integrator.ministry.faces.json_g4 import JsonG4
from integrator.ministry.faces.soap_g2 import SoapG2
from integrator.ministry.faces.soap_g3 import SoapG3
from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.ministry import Ministry
from integrator.ministry.published import read_wsdl
from integrator.ministry.wire import Reply, Request

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
START = datetime(2026, 6, 1, tzinfo=UTC)
EVERY = timedelta(seconds=40)
DAY = range(2160)
SAVES = {SoapG2: "cokluEgitimBildirimKaydet", SoapG3: "egitimBildirimKaydet"}


class ClockedMinistry(Ministry):
    at = START

    def now(self):
        return self.at


@pytest.fixture
def ministry(toy):
    made = ClockedMinistry(FaultPlan(seed=7, remembered=200), processing_seconds=0.0)
    made.register.merge(toy.PARTIES)
    made.plan.use_set("hostile")
    made.keep_for(1)
    made.versions.change({"counted": "any"})
    return made


@pytest.fixture
def imzali_deger(toy):
    return toy.signed(toy.dvo())["imzaliDeger"]


def soap_request(face, operation, inner):
    keys = "<firmaKodu>ABCDEF12345</firmaKodu><parola>toy</parola>"
    body = (
        f'<S:Envelope xmlns:S="{SOAP}"><S:Body><n:{operation} xmlns:n="{read_wsdl(face.form.generation).namespace}">'
        f"{inner}{keys}</n:{operation}></S:Body></S:Envelope>"
    )
    return Request("POST", face.path, {}, {"content-type": "text/xml"}, body.encode())


def save_request(toy, face, number, imzali_deger):
    return soap_request(
        face,
        SAVES[type(face)],
        f"<egitim><belgeTipi>2</belgeTipi><calisan><calisanTckNo>{toy.CALISAN}</calisanTckNo></calisan>"
        f"<egiticiTckNo>{toy.UZMAN}</egiticiTckNo><egitim><egitimKoduId>240</egitimKoduId><egitimSuresi>40.0"
        "</egitimSuresi></egitim><egitimTarihi>23-10-2018</egitimTarihi><egitimTur>0</egitimTur><egitimYer>1</egitimYer>"
        f"<imzaliDeger>{imzali_deger}</imzaliDeger><isgProfTckNo>{toy.UZMAN}</isgProfTckNo><sgkTescilNo>{toy.SGK}"
        f"</sgkTescilNo><sorguNo>{number}</sorguNo></egitim>",
    )


def served_workplace_request(toy, face, number):
    day = (datetime(2000, 1, 1) + timedelta(days=number)).strftime("%d.%m.%Y")
    headers = {"content-type": "application/json", "authorization": "Basic QUJDREVGMTIzNDU6dG95"}
    body = json.dumps({"sgkSicilNo": toy.SGK, "hizmetBaslangicTarih": day}).encode()
    path = f"{face.path}/hizmetVerilenIsyeriIslemleri/hizmetVerilenIsyeriBildir"
    return Request("POST", path, {}, headers, body)


def carry_out(answer):
    if not isinstance(answer, Reply):
        for _ in answer:
            pass


def test_a_hostile_day_leaves_the_memory_flat(ministry, toy, imzali_deger):
    faces = [SoapG2(ministry, ""), SoapG3(ministry, ""), JsonG4(ministry, "")]
    held = []
    tracemalloc.start()
    for number in DAY:
        ministry.at = START + EVERY * number
        face = faces[number % 3]
        is_json = isinstance(face, JsonG4)
        request = (
            served_workplace_request(toy, face, number)
            if is_json
            else save_request(toy, face, number + 1, imzali_deger)
        )
        carry_out(face.respond(request))
        if number % 540 == 539:
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()

    summary = ministry.ledger.summary()
    assert held[3] - held[1] < 100_000  # of a thousand messages, each some 2 kB where nothing is forgotten
    assert summary["forgotten"] > 1000
    assert summary["messages"] < 91
    assert sum(summary["faults"].values()) > 500


def test_without_a_limit_nothing_is_forgotten(ministry, toy, imzali_deger):
    ministry.plan.use_set("none")
    ministry.ledger.keep = None
    face = SoapG2(ministry, "")
    for number in range(1, 6):
        ministry.at = START + timedelta(days=number)
        face.respond(save_request(toy, face, number, imzali_deger))

    summary = ministry.ledger.summary()
    assert (summary["messages"], summary["forgotten"]) == (5, 0)


def test_what_is_forgotten_is_forgotten_in_every_index(ministry, toy, imzali_deger):
    ministry.plan.use_set("none")
    faces = [SoapG2(ministry, ""), SoapG3(ministry, "")]
    for number, face in enumerate(faces, 1):
        face.respond(save_request(toy, face, number, imzali_deger))
    assert ministry.ledger.find_same(("ABCDEF12345", toy.CALISAN, 240, datetime(2018, 10, 23).date(), toy.SGK))

    ministry.at = START + timedelta(hours=2)
    for number, face in enumerate(faces, 3):
        face.respond(save_request(toy, face, number, imzali_deger))

    assert [ministry.ledger.find("ABCDEF12345", number) is None for number in (1, 2, 3, 4)] == [
        True,
        True,
        False,
        False,
    ]
    assert ministry.acceptances.numbered("ABCDEF12345", 2) is None
    assert ministry.acceptances.numbered("ABCDEF12345", 4) is not None
