import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrator.ministry.faces.soap_g2 import SoapG2
from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.ministry import Ministry
from integrator.ministry.published import read_wsdl
from integrator.ministry.wire import Reply, Request

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGE = (
    f'<S:Envelope xmlns:S="{SOAP}"><S:Body><n:cokluEgitimBildirimKaydet xmlns:n="NAMESPACE"><egitim>'
    "<belgeTipi>2</belgeTipi><calisan><calisanTckNo>99000000110</calisanTckNo></calisan>"
    "<egiticiTckNo>80000000132</egiticiTckNo><egitim><egitimKoduId>240</egitimKoduId><egitimSuresi>40.0"
    "</egitimSuresi></egitim><egitimTarihi>23-10-2018</egitimTarihi><egitimTur>0</egitimTur><egitimYer>1"
    "</egitimYer><imzaliDeger>AAAA</imzaliDeger><isgProfTckNo>80000000132</isgProfTckNo><sgkTescilNo>"
    "29999010100001230069994000</sgkTescilNo><sorguNo>1</sorguNo></egitim><firmaKodu>ABCDEF12345</firmaKodu>"
    "<parola>toy</parola></n:cokluEgitimBildirimKaydet></S:Body></S:Envelope>"
).replace("NAMESPACE", read_wsdl("soap-g2").namespace)


@pytest.fixture(scope="module")
def face(toy):
    ministry = Ministry(FaultPlan(seed=7))
    ministry.register.merge(toy.PARTIES)
    return SoapG2(ministry, "http://localhost")


def post(face, body, content_type="text/xml"):
    return face.respond(Request("POST", face.path, {}, {"content-type": content_type}, body))


def test_the_message_that_is_spoiled_below_is_read_to_its_signature(face):
    assert b"<status>214</status>" in post(face, MESSAGE.encode()).body


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_spoiled_message_gets_an_answer(face, data):
    body = bytearray(MESSAGE.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=6))

    assert isinstance(post(face, bytes(body)), Reply)


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["text/xml", "application/soap+xml", "", "text/plain"]))
def test_any_bytes_get_an_answer(face, body, content_type):
    assert post(face, body, content_type).status in (415, 500)


@pytest.mark.parametrize("doctype", ["<!DOCTYPE x>", '<!DOCTYPE x SYSTEM "x.dtd">', "<!DOCTYPE x []>"])
def test_no_form_of_doctype_is_let_in(face, doctype):
    assert b"document type" in post(face, doctype.encode() + MESSAGE.encode()).body


def test_an_answer_names_the_number_even_when_a_field_is_wrong(face):
    body = MESSAGE.replace("<belgeTipi>2<", "<belgeTipi>9<").encode()

    assert b"<sorguNo>1</sorguNo><status>210</status>" in post(face, body).body
