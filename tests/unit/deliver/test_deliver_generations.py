import json
from pathlib import Path

import pytest
from lxml import etree

from integrator.catalogue.published import published
from integrator.deliver import soap_g1, soap_g2, soap_g3
from integrator.deliver.dvo import cut_dvo
from integrator.deliver.generation import Credentials
from integrator.deliver.json_g4 import JsonG4, prove_bodies, time_stamp, training_body
from integrator.deliver.soap_g1 import SoapG1
from integrator.deliver.soap_g2 import SoapG2
from integrator.deliver.soap_g3 import SoapG3, ask_request
from integrator.deliver.soap_service import ASK, prove_agreement, save_request
from integrator.deliver.wire import HttpReply, NoAnswer, NotSent
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.errors import Misconfigured
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Kind, Outcome, Reply, Sonuc
from integrator.settings import ASSUMED
from integrator.sign.canonical import split
from integrator.wiring import GENERATIONS
from tests.factories import FIRST_NUMBER, SINGLE, definition, kayit
from tests.fakes import START

NUMBER = SorguNo(FIRST_NUMBER)
SECRETS = Credentials("KOD&12345678", "par<ola'\"7")
SINGLE_DVO = cut_dvo(SINGLE)
LIST_DVO = cut_dvo(next(iter(split(kayit(), definition()))).canonical)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
KINDS = {"soap-g1": (SoapG1, SINGLE_DVO), "soap-g2": (SoapG2, LIST_DVO), "soap-g3": (SoapG3, LIST_DVO)}
FORMS = [soap_g1.FORM, soap_g2.FORM, soap_g3.FORM]


def door_of(metot, wire):
    return ZeepDoor(published("schemas", metot, "ibys.wsdl"), wire)


@pytest.fixture(params=KINDS)
def soap(request, wire):
    kind, dvo = KINDS[request.param]
    return kind(wire, door_of(request.param, wire), SECRETS), dvo


@pytest.fixture
def g1(wire):
    return SoapG1(wire, door_of("soap-g1", wire), SECRETS)


@pytest.fixture
def g3(wire):
    return SoapG3(wire, door_of("soap-g3", wire), SECRETS)


@pytest.fixture
def g4(wire):
    return JsonG4(lambda address: wire, "http://h/api/", SECRETS, may_repeat=False)


def answered(namespace, operation, *returns):
    inside = "".join(f"<return>{each}</return>" for each in returns)
    response = f'<n:{operation}Response xmlns:n="{namespace}">{inside}</n:{operation}Response>'
    body = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{response}</s:Body></s:Envelope>'
    return HttpReply(200, {}, body.encode())


def row(status="200", number="", message="x"):
    told = f"<sorguNo>{number}</sorguNo>" if number else ""
    return f"<message>{message}</message>{told}<status>{status}</status>"


def test_every_metot_of_the_settings_is_wired_and_no_other():
    assert set(GENERATIONS) == set(ASSUMED)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.folder)
def test_our_envelope_is_the_one_zeep_writes_from_the_wsdl(form):
    door = door_of(form.folder, None)
    beside = {"firmaKodu": "F&K", "imzaliDeger": "QUJD", "sorguNo": NUMBER}
    theirs = door.write(form.operation, egitim={**form.fields, **beside}, firmaKodu="F&K", parola="P")
    ours = save_request(form, door.namespace, NUMBER, form.specimen, signed="QUJD", credentials=Credentials("F&K", "P"))

    assert etree.tostring(etree.fromstring(ours), method="c14n") == etree.tostring(theirs, method="c14n")


def test_our_question_about_numbers_is_the_one_zeep_writes_from_the_wsdl():
    door = door_of("soap-g3", None)
    theirs = door.write(ASK, sorguNo=["a", "b"], firmaKodu="F&K", parola="P")
    ours = ask_request(door.namespace, ["a", "b"], Credentials("F&K", "P"))

    assert etree.tostring(etree.fromstring(ours), method="c14n") == etree.tostring(theirs, method="c14n")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.folder)
def test_an_edited_wsdl_stops_the_gateway_at_start(form, tmp_path):
    path = tmp_path / "ibys.wsdl"
    source = published("schemas", form.folder, "ibys.wsdl").read_text(encoding="utf-8")
    path.write_text(source.replace('name="imzaliDeger"', 'name="imzaliVeri"'), encoding="utf-8")

    with pytest.raises(Misconfigured, match=form.folder):
        prove_agreement(form, ZeepDoor(path, None))


def test_a_kept_request_of_any_soap_generation_holds_no_credentials(soap, wire):
    generation, dvo = soap
    wire.reply = HttpReply(200, {}, b"")
    kept = generation.send(NUMBER, dvo, b"cms").request

    assert b"KOD" not in kept and b"par&lt;ola" not in kept and b"<parola>***</parola>" in kept
    assert b"KOD&amp;12345678" in wire.posted[0][0]


@pytest.mark.parametrize("body", [b"", b"<html/>", b"OK", b"\0" * 90, b"<a>" * 3000])
def test_what_is_no_answer_leaves_a_save_of_any_soap_generation_unknown(soap, wire, body):
    generation, dvo = soap
    wire.reply = HttpReply(200, {}, body)

    assert generation.send(NUMBER, dvo, b"cms").said == Outcome(Kind.UNCERTAIN, "unreadable_reply")


def test_an_answer_of_generation_1_is_about_its_only_pair(g1, wire):
    wire.reply = answered(g1.namespace, soap_g1.SAVE, row("200", NUMBER))
    said = g1.send(NUMBER, SINGLE_DVO, b"cms").said

    assert said == Reply(NUMBER, "200", "x", (Sonuc(("80000000132", "240"), "200"),))


def test_a_refusal_of_generation_1_names_no_pair(g1, wire):
    wire.reply = answered(g1.namespace, soap_g1.SAVE, row("213", NUMBER))

    assert g1.send(NUMBER, SINGLE_DVO, b"cms").said == Reply(NUMBER, "213", "x")


def test_a_save_of_generation_3_is_answered_with_the_ministrys_number(g3, wire):
    wire.reply = answered(g3.namespace, soap_g3.SAVE, row("200", "a1b2"))

    assert g3.send(NUMBER, LIST_DVO, b"cms").said == Reply(None, "200", "x", ministry_no="a1b2")


@pytest.mark.parametrize("number", ["x" * 65, "a b", "<![CDATA[<x>]]>", "１"])
def test_a_number_of_no_known_form_is_not_followed(g3, wire, number):
    wire.reply = answered(g3.namespace, soap_g3.SAVE, row("200", number))

    assert g3.send(NUMBER, LIST_DVO, b"cms").said == Outcome(Kind.UNCERTAIN, "unreadable_reply")


def learnt(g3, wire, numbers, *rows):
    wire.reply = answered(g3.namespace, ASK, *rows)
    return [exchange.said for exchange in g3.learn(numbers)]


def test_each_number_gets_its_own_row_whatever_their_order(g3, wire):
    said = learnt(g3, wire, ["a", "b"], row("213", "b"), row("200", "a"))

    assert said == [Reply(None, "200", "x", ministry_no="a"), Reply(None, "213", "x", ministry_no="b")]


POISON = {
    "two statuses": "<sorguNo>b</sorguNo><status>200</status><status>213</status>",
    "foreign": row("200", "zz"),
    "empty": "",
    "nonsense": "<x><y/></x>",
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_a_row_that_says_nothing_leaves_the_others_as_they_are(g3, wire, poison):
    one, other = learnt(g3, wire, ["a", "b"], poison, row("200", "a"))

    assert one == Reply(None, "200", "x", ministry_no="a")
    assert not (isinstance(other, Reply) and other.ministry_no == "b")


def test_rows_that_differ_about_one_number_say_nothing_about_it(g3, wire):
    said = learnt(g3, wire, ["a", "b"], row("200", "a"), row("213", "a"), row("200", "b"))

    assert said[0] == Outcome(Kind.UNCERTAIN, "rows_differ")
    assert said[1].code == "200"


def test_an_error_of_the_question_is_heard_by_all(g3, wire):
    assert {each.code for each in learnt(g3, wire, ["a", "b"], row("401"))} == {"401"}


def test_a_message_keeps_nothing_of_the_others_in_its_question_and_answer(g3, wire):
    wire.reply = answered(g3.namespace, ASK, row("200", "a"), row("213", "b", "80000000132"))
    kept = g3.learn(["a", "b"])[0]

    assert b"80000000132" not in kept.reply and b">b<" not in kept.request + kept.reply
    assert b"KOD" not in kept.request


@pytest.mark.parametrize("error", [NotSent("connect"), NoAnswer("timeout")])
def test_a_silent_line_leaves_every_number_open(g3, wire, error):
    wire.reply = error

    assert {exchange.said.code for exchange in g3.learn(["a", "b"])} == {str(error)}


@pytest.fixture
def cms(pki):
    return pki.signer().sign(SINGLE, at=START)


def answered_json(value, status=200):
    return HttpReply(status, {}, value if isinstance(value, bytes) else json.dumps(value).encode())


def test_a_body_of_generation_4_has_the_names_order_and_types_that_are_described():
    prove_bodies(published("schemas", "json-g4", "openapi.json"))
    body = training_body(SINGLE_DVO, "2026-03-02T09:00:00.000")

    assert (body["egitimKodu"], body["egitimSuresi"], body["egitimTarihi"]) == ("240", 40.0, "23.10.2025")
    assert (body["calisanTcKNo"], body["imzalayanKimlikNo"]) == (80000000132, 81234567804)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"calisanTcKNo"', '"calisanTckNo"'),
        ('"type": "number"', '"type": "string"'),
        ("egitimBilgisiBildir", "egitimBildir"),
        ("{2}\\\\.[0-9]{4}", "{2}-[0-9]{4}"),
        ("{", "[", ),
    ],
)  # fmt: skip
def test_an_edited_openapi_stops_the_gateway_at_start(tmp_path, before, after):
    source = published("schemas", "json-g4", "openapi.json").read_text(encoding="utf-8")
    assert before in source
    path = Path(tmp_path) / "openapi.json"
    path.write_text(source.replace(before, after), encoding="utf-8")

    with pytest.raises(Misconfigured):
        prove_bodies(path)


def test_the_time_stamp_is_the_signatures_own_time(cms):
    assert time_stamp(cms) == "2026-03-02T09:00:00.000"
    assert time_stamp(b"no signature") is None


def test_the_same_message_is_sent_as_the_same_bytes_and_keeps_no_credentials(g4, wire, cms):
    wire.reply = answered_json({"sonuc": "1", "aciklama": "tamam"})
    exchanges = [g4.send(NUMBER, SINGLE_DVO, cms) for _ in range(2)]

    assert wire.posted[0] == wire.posted[1]
    assert wire.posted[0][1]["Authorization"].startswith("Basic ")
    assert exchanges[0].request == wire.posted[0][0] and b"KOD" not in exchanges[0].request
    assert exchanges[0].said == Reply(NUMBER, "200", "tamam", (Sonuc(("80000000132", "240"), "200"),))


@pytest.mark.parametrize("sonuc", ["211", "213", "0", "777"])
def test_a_failure_of_generation_4_is_its_code(g4, wire, cms, sonuc):
    wire.reply = answered_json({"sonuc": sonuc, "aciklama": "x"})

    assert g4.send(NUMBER, SINGLE_DVO, cms).said == Reply(NUMBER, sonuc, "x")


def test_only_1_is_success(g4, wire, cms):
    wire.reply = answered_json({"sonuc": "200", "aciklama": "x"})

    assert g4.send(NUMBER, SINGLE_DVO, cms).said.code != "200"


@pytest.mark.parametrize("body", [b"", b"<html/>", b'{"sonuc": "401", "aciklama": "x"}'])
def test_http_401_is_the_firm_whatever_the_body_says(g4, wire, cms, body):
    wire.reply = answered_json(body, 401)

    assert g4.send(NUMBER, SINGLE_DVO, cms).said.code == "401"


GARBAGE = [
    b"", b"OK", b"[]", b"1", b"null", b'{"sonuc": 1, "aciklama": ""}', b'{"sonuc": "1", "aciklama": 7}',
    b'{"sonuc": "1"', b'{"sonuc": "213", "sonuc": "1"}', b'{"aciklama": "x"}', b'{"sonuc": ""}',
    b'{"sonuc": "1", "aciklama": \xff}', b"[" * 100_000, b'{"status": 500, "error": "x"}',
]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE)
def test_what_is_no_answer_leaves_a_save_of_generation_4_unknown(g4, wire, cms, body):
    wire.reply = answered_json(body)
    exchange = g4.send(NUMBER, SINGLE_DVO, cms)

    assert exchange.said == Outcome(Kind.UNCERTAIN, "unreadable_reply")
    assert exchange.reply == body


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Kind.NOT_ARRIVED), (404, Kind.NOT_ARRIVED), (429, Kind.BUSY), (500, Kind.UNCERTAIN), (503, Kind.BUSY)],
)
def test_each_http_status_has_its_outcome_in_generation_4(g4, wire, cms, status, kind):
    wire.reply = answered_json(b"x", status)

    assert g4.send(NUMBER, SINGLE_DVO, cms).said == Outcome(kind, f"http_{status}")


def test_a_firma_kodu_that_basic_cannot_carry_is_refused():
    with pytest.raises(Misconfigured):
        JsonG4(lambda address: None, "http://h", Credentials("a:b", "c"), may_repeat=False)
