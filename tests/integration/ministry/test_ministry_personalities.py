"""Three ministries that say the same and look different."""

import json

import pytest
import requests
from lxml import etree

PERSONALITIES = ("metro", "axis", "dotnet")
SIGNED = ("soap-g1", "soap-g2", "soap-g3")


@pytest.fixture
def saved(stub, toy, uzman):
    def reply(generation, personality, **change):
        stub.reset()
        stub.control("PUT", "/personality", {"personality": personality})
        stub.control("PUT", "/personality", {"processing_seconds": 0, "g3_numbers": "ours"})
        message = toy.Notification(generation=generation, **change)
        return stub.post(toy.envelope(message.operation(uzman.sign(message.xml()))), generation=generation)

    return reply


def said(reply):
    """Tags and texts; what stands between the elements of a wrapper says nothing."""
    root = etree.fromstring(reply.partition(b"\r\n\r\n")[2])
    return [(one.tag, (one.text or "").strip()) for one in root.find(".//{*}Body").iter()]


@pytest.mark.parametrize("generation", SIGNED)
@pytest.mark.parametrize("change", [{}, {"belge_tipi": 4}, {"parola": "wrong"}])
def test_in_every_dress_the_same_is_said_in_other_bytes(stub, saved, generation, change):
    replies = {one: saved(generation, one, **change) for one in PERSONALITIES}
    stub.control("PUT", "/personality", {"g3_answers": "accepted"})

    texts = {one: [row for row in said(reply) if row[0] != "message"] for one, reply in replies.items()}

    assert texts["metro"] == texts["axis"] == texts["dotnet"]
    assert len(set(replies.values())) == 3


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_fault_is_a_fault_in_every_dress(stub, toy, version):
    codes = set()
    for personality in PERSONALITIES:
        stub.control("PUT", "/personality", {"personality": personality})
        root = etree.fromstring(stub.post(b"<x/>", version).partition(b"\r\n\r\n")[2])
        code = root.find(".//faultcode") if version == "1.1" else root.find(".//{*}Value")
        prefix, _, name = code.text.partition(":")
        codes.add((etree.QName(root).namespace == code.nsmap[prefix], name))

    assert codes == {(True, "VersionMismatch")}


def test_an_empty_element_stays_empty_in_every_dress(stub, toy):
    stub.control("PUT", "/parties", {"egitim_kodlari": [{"kodu": 999, "aciklama": "", "aktif": 1}]})
    stub.control("PUT", "/personality", {"personality": "axis"})

    (answer,) = stub.call(f'<n:EgitimKoduBilgisi xmlns:n="{toy.NAMESPACE}"/>')

    assert not {
        one.findtext("aciklama") for one in answer.findall("egitimListesi") if one.findtext("kodu") == "999"
    } - {""}


@pytest.mark.parametrize("personality", PERSONALITIES)
def test_the_json_face_says_the_same_in_every_dress(stub, toy, personality):
    stub.control("PUT", "/personality", {"personality": personality})

    assert stub.notify(toy.Notification().body()) == (200, {"sonuc": "1", "aciklama": "İşlem başarılı"})


def test_the_json_looks_different_in_every_dress(stub, toy):
    bodies = set()
    for personality in PERSONALITIES:
        stub.control("PUT", "/personality", {"personality": personality})
        bodies.add(requests.post(stub.ready["json_g4"] + toy.TRAINING, json={}, timeout=5).content)

    assert len(bodies) == 3
    assert len({json.dumps(json.loads(one), sort_keys=True) for one in bodies}) == 1


@pytest.mark.parametrize(("personality", "status"), [("metro", 211), ("axis", 200), ("dotnet", 211)])
def test_a_repeat_is_refused_or_the_old_success(stub, toy, uzman, personality, status):
    stub.control("PUT", "/personality", {"personality": personality})
    message = toy.Notification()
    imzali_deger = uzman.sign(message.xml())
    stub.save(message, imzali_deger)

    assert int(stub.save(message, imzali_deger).findtext("status")) == status
    assert len(stub.effects()) == 1


@pytest.mark.parametrize(("personality", "status"), [("metro", 200), ("axis", 213), ("dotnet", 200)])
def test_generation_3_decides_at_once_or_later(stub, toy, uzman, personality, status):
    stub.control("PUT", "/personality", {"personality": personality})
    message = toy.Notification(generation="soap-g3", tarih="16-10-2018")

    answer = stub.save(message, uzman.sign(message.xml()))

    assert int(answer.findtext("status")) == status
    assert answer.findtext("sorguNo")


def test_the_faces_of_a_personality_may_move_with_the_seed(own_stub):
    addresses = [own_stub("--personality", "dotnet", "--seed", seed).ready["soap_g2"] for seed in ("1", "2")]

    assert len({address.split("/")[3] for address in addresses}) == 2
    for address in addresses:
        assert f'location="{address}"' in requests.get(f"{address}?wsdl", timeout=5).text
        assert requests.get(address.split("/v1/")[0] + "/soap-g2?wsdl", timeout=5).status_code == 404


@pytest.mark.parametrize(
    "wanted", [{"personality": "cobol"}, {"personality": "axis", "dress": "metro"}, {"dress": "rags"}]
)
def test_a_personality_that_is_none_is_refused(stub, wanted):
    before = stub.control("GET", "/personality")

    assert requests.put(f"{stub.control_url}/personality", json=wanted, timeout=5).status_code == 400
    assert stub.control("GET", "/personality") == before
