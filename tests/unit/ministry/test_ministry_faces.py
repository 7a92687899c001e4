"""Whatever is thrown at a face, it answers."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrator.ministry.faces.json_g4 import JsonG4
from integrator.ministry.faces.soap_g1 import SoapG1
from integrator.ministry.faces.soap_g3 import SoapG3
from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.ministry import Ministry
from integrator.ministry.published import read_wsdl
from integrator.ministry.wire import Reply, Request

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
KEYS = "<firmaKodu>ABCDEF12345</firmaKodu><parola>toy</parola>"
BESIDE = (
    "<egitimTarihi>23-10-2018</egitimTarihi><egitimTur>0</egitimTur><egitimYer>1</egitimYer><imzaliDeger>AAAA"
    "</imzaliDeger><isgProfTckNo>80000000132</isgProfTckNo><sgkTescilNo>29999010100001230069994000</sgkTescilNo>"
    "<sorguNo>1</sorguNo>"
)
CALISAN, EGITICI = "<calisanTckNo>99000000110</calisanTckNo>", "<egiticiTckNo>80000000132</egiticiTckNo>"
EGITIM = "<egitimKoduId>240</egitimKoduId><egitimSuresi>40.0</egitimSuresi>"
DVO = {
    SoapG1: f"<belgeTipi>2</belgeTipi>{CALISAN}{EGITICI}{EGITIM}{BESIDE}",
    SoapG3: f"<belgeTipi>2</belgeTipi><calisan>{CALISAN}</calisan>{EGITICI}<egitim>{EGITIM}</egitim>{BESIDE}",
}
JSON = (
    '{"sertifikaTipi": 2, "isgProfTcKNo": 80000000132, "egitimKodu": "240", "egitimSuresi": 40, "egitimTarihi": '
    '"23.10.2018", "egitimYeri": 1, "egitimYontemi": 0, "egiticiTcKNo": 80000000132, "isyeriSgkSicilNo": '
    '"29999010100001230069994000", "calisanTcKNo": 99000000110, "zamanDamgasi": "2026-06-01T09:00:00.000", '
    '"imzalayanKimlikNo": 80000000132}'
)
TRAINING = "/egitimBilgisiIslemleri/egitimBilgisiBildir"


def ministry_of(toy):
    made = Ministry(FaultPlan(seed=7), processing_seconds=0.0)
    made.register.merge(toy.PARTIES)
    return made


@pytest.fixture(params=[SoapG1, SoapG3])
def face(request, toy):
    return request.param(ministry_of(toy), "http://localhost")


def message(face, operation="egitimBildirimKaydet", inner=None):
    inner = f"<egitim>{DVO[type(face)]}</egitim>" if inner is None else inner
    namespace = read_wsdl(face.form.generation).namespace
    return (
        f'<S:Envelope xmlns:S="{SOAP}"><S:Body><n:{operation} xmlns:n="{namespace}">{inner}{KEYS}</n:{operation}>'
        "</S:Body></S:Envelope>"
    )


def post(face, body):
    return face.respond(Request("POST", face.path, {}, {"content-type": "text/xml"}, body))


def test_the_message_that_is_spoiled_below_is_read_to_its_signature(face):
    reply = post(face, message(face).encode())
    if isinstance(face, SoapG3):
        told = reply.body.partition(b"<sorguNo>")[2].partition(b"</sorguNo>")[0].decode()
        query = message(face, "egitimBildirimSorgula", f"<sorguNo>{told}</sorguNo>")
        reply = post(face, query.encode())

    assert b"<status>214</status>" in reply.body


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_spoiled_message_gets_an_answer(face, data):
    body = bytearray(message(face).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=6))

    assert isinstance(post(face, bytes(body)), Reply)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30))
def test_any_text_may_be_asked_for_as_a_number(toy, told):
    face = SoapG3(ministry_of(toy), "http://localhost")
    escaped = "".join(f"&#{ord(one)};" for one in told if one.isprintable() and ord(one) < 0xD800)

    reply = post(face, message(face, "egitimBildirimSorgula", f"<sorguNo>{escaped}</sorguNo>").encode())

    assert b"<status>211</status>" in reply.body


def notify(face, body):
    token = base64.b64encode(b"ABCDEF12345:toy").decode()
    headers = {"content-type": "application/json", "authorization": f"Basic {token}"}
    return face.respond(Request("POST", face.path + TRAINING, {}, headers, body))


def test_the_json_that_is_spoiled_below_is_taken(toy):
    assert b'"sonuc": "1"' in notify(JsonG4(ministry_of(toy), ""), JSON.encode()).body


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_spoiled_json_gets_an_answer(toy, data):
    face = JsonG4(ministry_of(toy), "http://localhost")
    body = bytearray(JSON.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=6))

    assert notify(face, bytes(body)).status in (200, 400)
