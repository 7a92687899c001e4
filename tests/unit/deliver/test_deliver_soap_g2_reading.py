import base64
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from integrator.catalogue.published import published
from integrator.deliver.dvo import cut_dvo
from integrator.deliver.generation import Credentials
from integrator.deliver.soap_g2 import FORM, SAVE, SoapG2
from integrator.deliver.soap_service import ASK, prove_agreement, save_request
from integrator.deliver.wire import HttpReply, NoAnswer, NotSent
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.errors import Misconfigured, Unavailable
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Kind, Outcome, Reply, Sonuc
from integrator.sign.canonical import split
from tests.factories import FIRST_NUMBER, definition, kayit, workers

NUMBER = SorguNo(FIRST_NUMBER)
NS = "http://ws.csgbwebservices.csgb.gov.tr/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
[MESSAGE] = split(kayit(), definition())
DVO = cut_dvo(MESSAGE.canonical)
PART = (
    "<basariliKayitBilgisi><calisan><calisanTckNo>80000000132</calisanTckNo></calisan><egitim><egitimKoduId>240"
    "</egitimKoduId><egitimSuresi>40.0</egitimSuresi></egitim><message>ok</message><status>200</status>"
    "</basariliKayitBilgisi>"
)
SAVED = f"{PART}<message>x</message><sorguNo>{NUMBER}</sorguNo><status>200</status>"
ROW = (
    "<return><calisanTcNo>80000000132</calisanTcNo><egitimKoduId>240</egitimKoduId><egitimSuresi>40.0</egitimSuresi>"
    f"<egitimTarihi>23-10-2025</egitimTarihi><message>ok</message><sorguNo>{NUMBER}</sorguNo><status>200</status></return>"
)


def envelope(inside, operation=SAVE, namespace=NS, soap=SOAP):
    response = f'<n:{operation}Response xmlns:n="{namespace}">{inside}</n:{operation}Response>'
    return f'<s:Envelope xmlns:s="{soap}"><s:Body>{response}</s:Body></s:Envelope>'.encode()


def answer(body, status=200, **headers):
    return HttpReply(status, {"content-type": "text/xml; charset=utf-8", **headers}, body)


GOOD = envelope(f"<return>{SAVED}</return>")
FAULT = (
    f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>x</faultstring>'
    "</s:Fault></s:Body></s:Envelope>"
).encode()
DTD = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY b "200">]>'
GARBAGE = {
    "empty": b"",
    "html": b"<html><body>Bad Gateway</body></html>",
    "text": b"OK",
    "cut": GOOD[:-20],
    "bytes behind": GOOD + b"x",
    "twice": GOOD + GOOD,
    "utf-16 lie": b"<?xml version='1.0' encoding='utf-16'?>" + GOOD,
    "zero bytes": b"\0" * 500,
    "doctype": DTD + GOOD,
    "external entity": DTD + GOOD.replace(b">200<", b">&e;<"),
    "inner entity": DTD + GOOD.replace(b">200<", b">&b;<"),
    "billion laughs": b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><x>&b;</x>",
    "fault": FAULT,
    "another namespace": envelope(f"<return>{SAVED}</return>", namespace="http://other/"),
    "another soap": envelope(f"<return>{SAVED}</return>", soap="http://www.w3.org/2003/05/soap-envelope"),
    "another operation": envelope(f"<return>{SAVED}</return>", operation="egitimBildirimKaydet"),
    "no return": envelope(""),
    "two returns": envelope(f"<return>{SAVED}</return>" * 2),
    "qualified return": envelope(f"<n:return>{SAVED}</n:return>"),
    "no envelope": GOOD.replace(b"Envelope", b"Envelop"),
    "two bodies inside": GOOD.replace(b"</s:Body>", b"<x/></s:Body>"),
    "number that is none": GOOD.replace(str(NUMBER).encode(), b"abc"),
    "deep": b"<a>" * 3000 + b"</a>" * 3000,
}


def test_a_good_answer_is_read_whole(generation, wire):
    wire.reply = answer(GOOD)
    said = generation.send(NUMBER, DVO, b"cms").said

    assert said == Reply(NUMBER, "200", "x", (Sonuc(("80000000132", "240"), "200", "ok"),))


def test_an_answer_without_a_number_names_none(generation, wire):
    wire.reply = answer(envelope("<return><message>x</message><status>401</status></return>"))

    assert generation.send(NUMBER, DVO, b"cms").said == Reply(None, "401", "x")


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_answer_leaves_a_save_unknown(generation, wire, body):
    wire.reply = answer(body)
    exchange = generation.send(NUMBER, DVO, b"cms")

    assert exchange.said == Outcome(Kind.UNCERTAIN, "unreadable_reply")
    assert exchange.reply == body


@pytest.mark.parametrize("again", ["<status>401</status>", "<sorguNo>7</sorguNo>"])
@pytest.mark.parametrize("order", [1, -1], ids=["behind", "before"])
def test_an_answer_that_says_two_things_says_nothing(generation, wire, again, order):
    wire.reply = answer(envelope("<return>" + "".join([SAVED, again][::order]) + "</return>"))

    assert generation.send(NUMBER, DVO, b"cms").said == Outcome(Kind.UNCERTAIN, "unreadable_reply")


@pytest.mark.parametrize("digits", ["１０００００００００１", "10_000_000_001"])
def test_a_number_in_another_spelling_is_not_ours(generation, wire, digits):
    wire.reply = answer(GOOD.replace(str(NUMBER).encode(), digits.encode()))
    said = generation.send(NUMBER, DVO, b"cms").said

    assert not (isinstance(said, Reply) and said.sorgu_no == NUMBER)


@pytest.mark.parametrize("body", [each.replace(SAVE.encode(), ASK.encode()) for each in GARBAGE.values()], ids=GARBAGE)
def test_what_is_no_answer_to_a_question_says_nothing(generation, wire, body):
    wire.reply = answer(body)
    said = generation.ask(NUMBER, DVO).said

    assert said == Outcome(Kind.UNCERTAIN, "unreadable_reply") or (said == [] and body == envelope("", ASK))


@pytest.mark.parametrize("kind", ["multipart/related", 'multipart/related; boundary="x"', "application/json", ""])
def test_an_answer_of_another_content_type_never_raises(generation, wire, kind):
    wire.reply = answer(b"--x\r\n\r\n--x--", **{"content-type": kind})

    assert generation.ask(NUMBER, DVO).said == Outcome(Kind.UNCERTAIN, "unreadable_reply")


def test_the_rows_of_a_question_are_read(generation, wire):
    wire.reply = answer(envelope(ROW, ASK))

    assert generation.ask(NUMBER, DVO).said == [Sonuc(("80000000132", "240"), "200", "ok")]


def test_a_row_under_another_number_makes_the_answer_foreign(generation, wire):
    wire.reply = answer(envelope(ROW + ROW.replace(str(NUMBER), "10000000002"), ASK))

    assert generation.ask(NUMBER, DVO).said == Outcome(Kind.UNCERTAIN, "foreign_number")


def test_a_row_about_the_call_has_an_empty_pair(generation, wire):
    wire.reply = answer(
        envelope("<return><egitimSuresi>0</egitimSuresi><message>x</message><status>401</status></return>", ASK)
    )

    assert generation.ask(NUMBER, DVO).said == [Sonuc(("", ""), "401", "x")]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (201, Kind.UNCERTAIN),
        (204, Kind.UNCERTAIN),
        (302, Kind.NOT_ARRIVED),
        (400, Kind.NOT_ARRIVED),
        (404, Kind.NOT_ARRIVED),
        (429, Kind.BUSY),
        (500, Kind.UNCERTAIN),
        (502, Kind.UNCERTAIN),
        (503, Kind.BUSY),
        (504, Kind.UNCERTAIN),
        (0, Kind.UNCERTAIN),
    ],
)
def test_each_http_status_has_its_outcome(generation, wire, status, kind):
    wire.reply = answer(GOOD, status)

    for exchange in (generation.send(NUMBER, DVO, b"cms"), generation.ask(NUMBER, DVO)):
        assert exchange.said == Outcome(kind, f"http_{status}")


@pytest.mark.parametrize(
    ("text", "wait"), [("7", 7), ("0", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None), ("１", None)]
)
def test_a_wait_in_seconds_is_heard(generation, wire, text, wait):
    wire.reply = answer(b"", 503, **{"retry-after": text})

    assert generation.send(NUMBER, DVO, b"cms").said.retry_after == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("error", "kind"), [(NotSent("connect"), Kind.NOT_ARRIVED), (NoAnswer("timeout"), Kind.UNCERTAIN)]
)
def test_a_silent_line_is_judged_by_whether_anything_left(generation, wire, error, kind):
    wire.reply = error

    assert generation.send(NUMBER, DVO, b"cms").said == Outcome(kind, str(error))
    assert generation.ask(NUMBER, DVO).said == Outcome(kind, str(error))


def test_a_kept_request_holds_no_credentials(generation, wire):
    wire.reply = answer(GOOD)
    kept = [generation.send(NUMBER, DVO, b"cms").request, generation.ask(NUMBER, DVO).request]

    for request in kept:
        assert b"KOD" not in request and b"par&lt;ola" not in request
        assert b"<parola>***</parola>" in request


def test_a_sent_request_holds_the_credentials_escaped(generation, wire):
    wire.reply = answer(GOOD)
    generation.send(NUMBER, DVO, b"cms")
    sent = etree.fromstring(wire.posted[0][0])

    assert sent.findtext(".//parola") == "par<ola'\"7"
    assert {each.text for each in sent.iter("firmaKodu")} == {"KOD&12345678"}


def test_a_sent_request_has_an_empty_soap_action(generation, wire):
    wire.reply = answer(GOOD)
    generation.send(NUMBER, DVO, b"cms")

    assert wire.posted[0][1] == {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


def test_a_sent_request_carries_the_signature_and_the_signed_fields_verbatim(generation, wire):
    wire.reply = answer(GOOD)
    generation.send(NUMBER, DVO, b"\1\2\3")
    sent = wire.posted[0][0].decode()

    assert f"<imzaliDeger>{base64.b64encode(bytes([1, 2, 3])).decode()}</imzaliDeger>" in sent
    assert all(element in sent for element in DVO.elements.values())


people = st.lists(st.sampled_from(workers(40)), min_size=1, max_size=30, unique=True)
secrets = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters="\x7f"), min_size=1, max_size=12
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people, st.lists(st.integers(1, 999), min_size=1, max_size=10, unique=True), secrets, secrets)
def test_our_bytes_are_those_zeep_writes(shared_door, names, codes, firma_kodu, parola):
    subjects = [{"egitimKoduId": str(code), "egitimSuresi": 37.5} for code in codes]
    [message] = split(kayit(calisan=[{"calisanTckNo": name} for name in names], egitim=subjects), definition())
    ours = save_request(
        FORM, NS, NUMBER, cut_dvo(message.canonical), signed="QUJD", credentials=Credentials(firma_kodu, parola)
    )
    fields = {
        "belgeTipi": 2,
        "calisan": [{"calisanTckNo": int(name)} for name in sorted(names)],
        "egiticiTckNo": 81234567804,
        "egitim": [{"egitimKoduId": code, "egitimSuresi": 37.5} for code in sorted(codes)],
        "egitimTarihi": "23-10-2025",
        "egitimTur": 1,
        "egitimYer": 1,
        "firmaKodu": firma_kodu,
        "imzaliDeger": "QUJD",
        "isgProfTckNo": 81234567804,
        "sgkTescilNo": "29999010100001230069994000",
        "sorguNo": NUMBER,
    }
    theirs = shared_door.write(SAVE, egitim=fields, firmaKodu=firma_kodu, parola=parola)

    assert etree.tostring(etree.fromstring(ours), method="c14n") == etree.tostring(theirs, method="c14n")


def edited_wsdl(folder, before, after):
    source = published("schemas", "soap-g2", "ibys.wsdl").read_text(encoding="utf-8")
    assert before in source
    path = Path(folder) / "ibys.wsdl"
    path.write_text(source.replace(before, after), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('name="imzaliDeger"', 'name="imzaliVeri"'),
        ('elementFormDefault="unqualified"', 'elementFormDefault="qualified"'),
        (SAVE, "egitimListesiKaydet"),
    ],
)
def test_an_edited_wsdl_stops_the_gateway_at_start(tmp_path, wire, before, after):
    door = ZeepDoor(edited_wsdl(tmp_path, before, after), wire)

    with pytest.raises(Misconfigured):
        SoapG2(wire, door, Credentials("a", "b"))


def test_the_envelope_follows_the_namespace_of_the_wsdl(tmp_path, wire):
    newer = "http://ws.ibys.ailevecalisma.gov.tr/"

    prove_agreement(FORM, ZeepDoor(edited_wsdl(tmp_path, NS, newer), wire))  # raises when it does not


def test_a_wsdl_that_refers_to_another_host_is_refused(tmp_path, wire):
    path = edited_wsdl(
        tmp_path, "<wsdl:types>", '<wsdl:import namespace="x" location="http://127.0.0.1:1/x"/><wsdl:types>'
    )

    with pytest.raises(Misconfigured):
        ZeepDoor(path, wire)


def test_a_training_code_list_is_read(generation, wire):
    row = "<egitimListesi><aciklama>Konu</aciklama><aktif>{}</aktif><kodu>{}</kodu></egitimListesi>"
    listed = f"<return>{row.format(1, 24)}{row.format(0, 240)}<message/><status>200</status></return>"
    wire.reply = answer(envelope(listed, "EgitimKoduBilgisi"))

    assert generation.fetch_training_codes() == [("24", "Konu", True), ("240", "Konu", False)]


@pytest.mark.parametrize("reply", [answer(b"", 500), answer(b"x"), NotSent("connect"), NoAnswer("timeout")])
def test_a_training_code_list_that_is_not_served_is_unavailable(generation, wire, reply):
    wire.reply = reply

    with pytest.raises(Unavailable):
        generation.fetch_training_codes()
