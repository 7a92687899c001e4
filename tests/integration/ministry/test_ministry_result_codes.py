"""Every result code, provoked over HTTP with signatures made by openssl."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives import serialization


def code_of(answer):
    return int(answer.findtext("status"))


@pytest.fixture
def send(stub, uzman):
    def signed_and_sent(message, signer=None, *options):
        return stub.save(message, (signer or uzman).sign(message.xml(), *options))

    return signed_and_sent


def test_200_for_a_message_that_is_right(stub, toy, send):
    assert code_of(send(toy.Notification())) == 200
    assert [(one["sorgu_no"], one["egitim_kodu_id"]) for one in stub.effects()] == [(1, 240)]


@pytest.mark.parametrize("change", [{"parola": "wrong"}, {"firma_kodu": "unknown"}])
def test_401_for_a_firm_that_is_not_known(toy, send, change):
    assert code_of(send(toy.Notification(**change))) == 401


def test_401_for_a_firm_made_passive(stub, toy, send):
    stub.control("PUT", "/firma", {"firma_kodu": toy.FIRMA_KODU, "aktif": False})

    assert code_of(send(toy.Notification())) == 401


def test_401_when_the_firm_inside_the_message_is_another(stub, toy, uzman):
    message = toy.Notification()
    operation = message.operation(uzman.sign(message.xml()))

    (answer,) = stub.call(operation.replace("<imzaliDeger>", "<firmaKodu>other</firmaKodu><imzaliDeger>"))

    assert code_of(answer) == 401


TOMORROW = (date.today() + timedelta(days=2)).strftime("%d-%m-%Y")


@pytest.mark.parametrize(
    "change",
    [
        {"belge_tipi": 4},
        {"uzman": 80000000131},
        {"calisan": [10000000147]},
        {"egitim": [(24, 40.0)]},
        {"egitim": [(9999, 40.0)]},
        {"egitim": [(240, 0.0)]},
        {"tarih": "31-02-2020"},
        {"tarih": "1-2-2020"},
        {"tarih": TOMORROW},
        {"sgk": "2999901010000123006999400"},
        {"sorgu_no": 0},
        {"sorgu_no": 10**11},
    ],
)
def test_210_for_a_field_that_is_wrong(toy, send, change):
    assert code_of(send(toy.Notification(**change))) == 210


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<egitimTur>0</egitimTur>", "<egitimTur>2</egitimTur>"),
        ("<egitimTur>0</egitimTur>", ""),
        ("<egitimYer>1</egitimYer>", "<egitimYer>evet</egitimYer>"),
        ("<egitimTur>0</egitimTur>", "<egitimTur>0</egitimTur><baska>1</baska>"),
        ("</egitim><firmaKodu>", "</egitim><baska/><firmaKodu>"),
        (
            "<egitimTur>0</egitimTur><egitimYer>1</egitimYer>",
            "<egitimYer>1</egitimYer><egitimTur>0</egitimTur>",
        ),
        ("<sorguNo>1</sorguNo>", '<n:sorguNo xmlns:n="urn:x">1</n:sorguNo>'),
    ],
)
def test_210_for_an_element_the_wsdl_does_not_allow(stub, toy, uzman, old, new):
    message = toy.Notification()
    operation = message.operation(uzman.sign(message.xml()))
    assert old in operation

    (answer,) = stub.call(operation.replace(old, new))

    assert code_of(answer) == 210


def test_210_without_a_signature(stub, toy):
    assert code_of(stub.save(toy.Notification(), "")) == 210


def test_211_for_a_number_that_is_already_stored(toy, send):
    send(toy.Notification())

    assert code_of(send(toy.Notification(tarih="24-10-2018"))) == 211


def test_a_personality_gives_the_old_success_instead_of_211(stub, toy, send):
    stub.control("PUT", "/personality", {"repeats": "old_success"})
    send(toy.Notification())

    assert code_of(send(toy.Notification())) == 200
    assert len(stub.effects()) == 1


def test_212_for_the_worker_who_is_not_on_the_roster_only(stub, toy, send):
    answer = send(toy.Notification(calisan=[toy.CALISAN, toy.NOT_ON_ROSTER]))

    assert [int(one.findtext("status")) for one in answer.findall("basariliKayitBilgisi")] == [200, 212]
    assert (code_of(answer), len(stub.effects())) == (200, 1)


def test_212_for_the_message_when_no_worker_is_on_the_roster(stub, toy, send):
    assert code_of(send(toy.Notification(calisan=[toy.NOT_ON_ROSTER]))) == 212
    assert stub.query(1) == []


def test_a_pair_that_was_refused_is_found_with_its_code(stub, toy, send):
    send(toy.Notification(calisan=[toy.CALISAN, toy.NOT_ON_ROSTER]))

    assert [code_of(row) for row in stub.query(1)] == [200, 212]


@pytest.mark.parametrize("change", [{"sgk": "24941020276543210349916001"}, {"tarih": "19-10-2018"}])
def test_213_without_a_contract_there_on_that_day(toy, send, change):
    assert code_of(send(toy.Notification(**change))) == 213


def test_213_while_the_contract_waits_for_approval(stub, toy, send):
    waiting = toy.PARTIES["sozlesmeler"][0] | {"durum": "Onay Bekliyor"}
    stub.control("PUT", "/parties", {"sozlesmeler": [waiting]})

    answer = send(toy.Notification())

    assert code_of(answer) == 213
    assert toy.SGK in answer.findtext("message")


def test_214_when_another_content_was_signed(stub, toy, uzman):
    message = toy.Notification()
    signed = replace(message, egitim=[(240, 41.0)])

    answer = stub.save(message, uzman.sign(signed.xml()))

    assert code_of(answer) == 214
    assert answer.findtext("message").endswith(message.xml().decode())


def test_214_for_a_signature_that_is_not_cades(stub, toy, uzman):
    message = toy.Notification()

    assert code_of(stub.save(message, uzman.sign(message.xml(), cades=False))) == 214


@pytest.mark.parametrize("imzali_deger", ["AAAA", "not base64!", "MIIB"])
def test_214_for_what_is_no_signature_at_all(stub, toy, imzali_deger):
    assert code_of(stub.save(toy.Notification(), imzali_deger)) == 214


def test_215_when_somebody_else_signed(toy, send, signers):
    assert code_of(send(toy.Notification(), signers(toy.STRANGER))) == 215


def test_215_when_the_certificate_names_no_number(toy, send, signers):
    assert code_of(send(toy.Notification(), signers(None))) == 215


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (216, {"egitim": [(240 + at, 10.0) for at in range(11)]}),
        (217, {"egitim": []}),
        (218, {"calisan": [80000000132] * 101}),
        (219, {"calisan": []}),
        (220, {"egitim": [(240, 10.0), (240, 20.0)]}),
        (221, {"calisan": [99000000110, 99000000110]}),
    ],
)
def test_the_limits_of_the_two_lists_have_codes(toy, send, code, change):
    assert code_of(send(toy.Notification(**change))) == code


def test_222_when_the_content_is_inside_the_signature(toy, send):
    assert code_of(send(toy.Notification(), None, "-nodetach")) == 222


def test_a_refused_message_leaves_its_number_free(toy, send):
    send(toy.Notification(egitim=[]))

    assert code_of(send(toy.Notification())) == 200


def test_line_breaks_in_the_base64_are_tolerated(stub, toy, uzman):
    message = toy.Notification()
    imzali_deger = uzman.sign(message.xml())
    lines = "\r\n".join(imzali_deger[at : at + 64] for at in range(0, len(imzali_deger), 64))

    assert code_of(stub.save(message, lines)) == 200


def test_a_signature_on_p_256_is_accepted(toy, send, signers):
    assert code_of(send(toy.Notification(), signers(toy.UZMAN, "p256"))) == 200


def test_a_signature_with_sha_512_is_accepted(toy, send):
    assert code_of(send(toy.Notification(), None, "-md", "sha512")) == 200


def test_a_key_of_1024_bits_is_refused(toy, send, signers):
    assert code_of(send(toy.Notification(), signers(toy.UZMAN, "rsa1024"))) == 214


def test_a_trusted_issuer_is_demanded_once_one_is_set(stub, toy, send, signers):
    stranger = signers(toy.STRANGER).certificate
    stub.control("PUT", "/trust", stranger.public_bytes(serialization.Encoding.PEM))

    answer = send(toy.Notification())

    assert (code_of(answer), "trusted" in answer.findtext("message")) == (214, True)


def test_a_certificate_of_a_trusted_issuer_is_accepted(stub, toy, send, uzman):
    stub.control("PUT", "/trust", uzman.certificate.public_bytes(serialization.Encoding.PEM))

    assert code_of(send(toy.Notification())) == 200
