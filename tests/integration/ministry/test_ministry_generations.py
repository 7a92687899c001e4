"""Every result code on every generation where it has a meaning; what all generations share."""

import time
from datetime import date, timedelta

import pytest
import requests

ALL = ("soap-g1", "soap-g2", "soap-g3", "json-g4")
SIGNED = ALL[:3]
LISTS = ALL[1:3]


@pytest.fixture
def send(stub, toy, uzman):
    def sent(generation, signer=None, *options, **change):
        message = toy.Notification(generation=generation, **change)
        imzali_deger = (signer or uzman).sign(message.xml(), *options) if generation in SIGNED else ""
        return stub.final_code(message, imzali_deger)

    return sent


@pytest.mark.parametrize("generation", ALL)
def test_a_right_message_is_one_effect_that_names_its_generation(stub, toy, send, generation):
    assert send(generation) == 200

    (effect,) = stub.effects()
    assert (effect["generation"], effect["veri_seti"], effect["calisan_tck_no"]) == (
        generation,
        "egitim",
        str(toy.CALISAN),
    )
    assert stub.control("GET", "/ledger/summary")["effects_by_generation"] == {generation: 1}


@pytest.mark.parametrize("generation", ALL)
@pytest.mark.parametrize(
    ("code", "change"),
    [
        (401, {"parola": "wrong"}),
        (210, {"belge_tipi": 4}),
        (210, {"egitim": [(9999, 40.0)]}),
        (210, {"tarih": "31-02-2020"}),
        (210, {"calisan": [10000000147]}),
        (212, {"calisan": [10000000146]}),
        (213, {"sgk": "24941020276543210349916001"}),
        (213, {"tarih": "19-10-2018"}),
    ],
)
def test_a_wrong_message_has_the_same_code_in_every_generation(stub, send, generation, code, change):
    assert send(generation, **change) == code
    assert stub.effects() == []


@pytest.mark.parametrize("generation", ALL)
def test_211_for_a_repeat(stub, send, generation):
    send(generation)

    assert send(generation) == 211
    assert (len(stub.effects()), stub.control("GET", "/ledger/summary")["repeated_numbers"]) == (1, 1)


@pytest.mark.parametrize("generation", ALL)
def test_a_personality_repeats_the_old_success_without_a_second_effect(stub, send, generation):
    stub.control("PUT", "/personality", {"repeats": "old_success"})
    send(generation)

    assert send(generation) == 200
    assert len(stub.effects()) == 1


@pytest.mark.parametrize("generation", SIGNED)
def test_214_ends_with_the_xml_of_the_generation(stub, toy, uzman, generation):
    message, other = (
        toy.Notification(generation=generation),
        toy.Notification(generation=generation, tarih="24-10-2018"),
    )

    answer = stub.save(message, uzman.sign(other.xml()))
    text = answer.findtext("message")
    if generation == "soap-g3":
        ((_, code, text),) = stub.ask(answer.findtext("sorguNo"))
        assert code == 214

    assert text.endswith(message.xml().decode())


def test_the_single_record_is_signed_over_443_bytes(toy):
    assert len(toy.Notification(generation="soap-g1").xml()) == 443


@pytest.mark.parametrize("generation", SIGNED)
def test_215_when_somebody_else_signed(toy, send, signers, generation):
    assert send(generation, signers(toy.STRANGER)) == 215


def test_215_when_the_signer_named_is_another(stub, toy):
    body = toy.Notification().body() | {"imzalayanKimlikNo": toy.STRANGER}

    assert stub.notify(body)[1]["sonuc"] == "215"


@pytest.mark.parametrize("generation", LISTS)
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
def test_the_limits_have_codes_where_there_are_lists(send, generation, code, change):
    assert send(generation, **change) == code


@pytest.mark.parametrize("generation", SIGNED)
def test_222_when_the_content_is_inside_the_signature(send, generation):
    assert send(generation, None, "-nodetach") == 222


@pytest.mark.parametrize(("generation", "code", "effects"), [("soap-g2", 200, 1), ("soap-g3", 212, 0)])
def test_one_unrelated_worker_spoils_a_pair_or_where_there_is_one_code_the_message(
    stub, toy, send, generation, code, effects
):
    assert send(generation, calisan=[toy.CALISAN, toy.NOT_ON_ROSTER]) == code
    assert len(stub.effects()) == effects


@pytest.mark.parametrize("second", ["soap-g1", "soap-g2", "soap-g3"])
@pytest.mark.parametrize("first", ["soap-g1", "soap-g2", "soap-g3"])
def test_a_number_is_used_up_in_every_generation(stub, send, first, second):
    send(first)

    assert send(second) == 211
    assert len(stub.effects()) == 1


@pytest.mark.parametrize("first", SIGNED)
def test_a_training_stored_under_a_number_is_known_to_the_generation_without(stub, send, first):
    send(first)

    assert send("json-g4") == 211
    assert len(stub.effects()) == 1


def test_a_query_of_the_first_generation_finds_what_any_other_stored(stub, send):
    send("soap-g3", sorgu_no=7)
    send("json-g4", egitim=[(241, 10.0)])

    rows = stub.query(0)

    assert [(row.findtext("egitimKoduId"), row.findtext("sorguNo")) for row in rows] == [("240", "7"), ("241", None)]


def test_all_faces_are_told_at_the_start(stub):
    addresses = {name: stub.ready[name] for name in ("soap_g1", "soap_g2", "soap_g3", "json_g4")}

    assert all(address.endswith("/" + name.replace("_", "-")) for name, address in addresses.items())


@pytest.mark.parametrize("face", ["soap_g1", "soap_g2", "soap_g3"])
def test_each_wsdl_tells_its_own_address(stub, face):
    wsdl = requests.get(f"{stub.ready[face]}?wsdl", timeout=5).text

    assert wsdl.count(f'location="{stub.ready[face]}"') == 2


@pytest.mark.parametrize(
    "content",
    [
        {"g3_numbers": "neither"},
        {"g1_unsigned": True},
        {"processing_seconds": -1},
        {"processing_seconds": "soon"},
        {"repeats": "refused", "processing_seconds": True},
        {},
    ],
)
def test_a_personality_that_does_not_exist_changes_nothing(stub, content):
    before = stub.control("GET", "/personality")

    reply = requests.put(f"{stub.control_url}/personality", json=content, timeout=5)

    assert (reply.status_code, stub.control("GET", "/personality")) == (400, before)


def is_settled(reply, generation):
    if generation == "json-g4":
        return b'{"sonuc": "1", ' in reply or b'{"sonuc": "211", ' in reply
    return b"<status>200</status></return>" in reply or b"<status>211</status></return>" in reply


def request_of(toy, generation, message, imzali_deger):
    if generation != "json-g4":
        return toy.http_post(toy.envelope(message.operation(imzali_deger)), "text/xml", f"/{generation}")
    body = toy.json.dumps(message.body()).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in toy.json_headers().items())
    head += f"Host: x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return f"POST /json-g4{toy.TRAINING} HTTP/1.1\r\n{head}\r\n".encode() + body


@pytest.mark.parametrize("generation", ["soap-g1", "soap-g3", "json-g4"])
def test_a_client_that_repeats_until_it_is_told_has_one_effect_for_each_message(own_stub, toy, uzman, generation):
    stub = own_stub("--seed", "3", "--faults", "hostile")
    stub.control("PUT", "/faults", {"set": "hostile", "slow_seconds": 0.2})
    contract = toy.PARTIES["sozlesmeler"][0] | {"baslangic": "2018-01-01"}
    stub.control("PUT", "/parties", {"sozlesmeler": [contract]})

    for number in range(1, 31):
        day = date(2018, 10, 14) + timedelta(days=number)  # soap-g1 was taken until the fourteenth of November
        message = toy.Notification(generation=generation, sorgu_no=number, tarih=f"{day:%d-%m-%Y}")
        imzali_deger = uzman.sign(message.xml()) if generation != "json-g4" else ""
        request = request_of(toy, generation, message, imzali_deger)
        for _ in range(12):
            try:
                reply = stub.raw(request, 0.1)
            except ConnectionResetError:
                continue
            if is_settled(reply, generation):
                break
    time.sleep(0.4)

    summary = stub.control("GET", "/ledger/summary")
    assert summary["effects_by_generation"] == {generation: 30}
    assert summary["duplicate_pairs"] == summary["numbers_with_two_effects"] == 0
    assert sum(summary["faults"].values()) > 5
