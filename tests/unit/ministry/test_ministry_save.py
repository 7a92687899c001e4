import pytest

from integrator.ministry.answers import BASARILI
from integrator.ministry.ministry import OLD_SUCCESS
from integrator.ministry.save import save


@pytest.fixture
def send(ministry, toy):
    return lambda fields: save(ministry, toy.FIRMA_KODU, lambda: fields)


def workers(*numbers):
    return [{"calisanTckNo": number} for number in numbers]


def trainings(*codes):
    return [{"egitimKoduId": code, "egitimSuresi": 10.0} for code in codes]


def test_a_right_message_has_one_effect_for_each_pair(ministry, toy, send):
    answer = send(toy.signed(toy.dvo(egitim=trainings(240, 241))))

    assert (answer.status, len(ministry.ledger.effects())) == (BASARILI, 2)


@pytest.mark.parametrize(
    "name",
    [
        "belgeTipi",
        "isgProfTckNo",
        "egitimTarihi",
        "egitimYer",
        "egitimTur",
        "sgkTescilNo",
        "egiticiTckNo",
        "sorguNo",
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_210_names_the_field_that_is_missing(toy, send, name, value):
    answer = send(toy.dvo(**{name: value}))

    assert (answer.status, name in answer.message) == (210, True)


@pytest.mark.parametrize("suresi", [0.0, -1.0, float("inf"), float("nan"), None])
def test_210_for_a_duration_that_is_no_positive_number(toy, send, suresi):
    assert send(toy.dvo(egitim=[{"egitimKoduId": 240, "egitimSuresi": suresi}])).status == 210


def test_210_for_a_nil_member_of_a_list(toy, send):
    assert send(toy.dvo(calisan=[None])).status == 210


def test_210_comes_before_211(toy, send):
    send(toy.signed(toy.dvo()))

    assert send(toy.dvo(belgeTipi=9)).status == 210


def test_211_comes_before_213(toy, send):
    send(toy.signed(toy.dvo()))

    assert send(toy.dvo(isgProfTckNo=toy.STRANGER)).status == 211


def test_213_comes_before_the_limits(toy, send):
    assert send(toy.dvo(isgProfTckNo=toy.STRANGER, calisan=[])).status == 213


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        (216, {"egitim": trainings(*range(240, 251))}),
        (217, {"egitim": []}),
        (218, {"calisan": workers(*[99000000110] * 101)}),
        (219, {"calisan": []}),
        (220, {"egitim": trainings(240, 240)}),
        (221, {"calisan": workers(99000000110, 99000000110)}),
    ],
)
def test_the_limits_come_before_the_signature(toy, send, status, changes):
    assert send(toy.dvo(imzaliDeger="AAAA", **changes)).status == status


def test_ten_trainings_are_not_too_many(toy, send):
    assert send(toy.signed(toy.dvo(egitim=trainings(*range(240, 250))))).status == BASARILI


def test_222_comes_before_214(toy, send):
    attached = toy.tlv(0xA0, toy.tlv(4, b"another content"))

    assert send(toy.signed(toy.dvo(), attached=attached)).status == 222


def test_214_comes_before_215(toy, send):
    strange = toy.signed(toy.dvo(), number=toy.STRANGER)

    assert send(strange | {"egitimYer": 0}).status == 214


def test_214_ends_with_the_xml_as_it_was_built_here(toy, send):
    answer = send(toy.signed(toy.dvo()) | {"egitimYer": 0})

    assert answer.message.endswith("</egitimBildirim></EgitimDVO>")
    assert "<egitimYer>0</egitimYer>" in answer.message


def test_215_comes_before_212(toy, send):
    strange = toy.signed(toy.dvo(calisan=workers(toy.NOT_ON_ROSTER)), number=toy.STRANGER)

    assert send(strange).status == 215


def test_212_spares_the_other_workers(ministry, toy, send):
    answer = send(toy.signed(toy.dvo(calisan=workers(toy.NOT_ON_ROSTER, toy.CALISAN))))

    assert [pair.status for pair in answer.pairs] == [212, 200]
    assert [effect["calisan_tck_no"] for effect in ministry.ledger.effects()] == [str(toy.CALISAN)]


def test_212_for_every_worker_leaves_nothing(ministry, toy, send):
    answer = send(toy.signed(toy.dvo(calisan=workers(toy.NOT_ON_ROSTER))))

    assert (answer.status, ministry.ledger.find(toy.FIRMA_KODU, 1)) == (212, None)


def test_the_old_success_has_no_second_effect(ministry, toy, send):
    ministry.repeats = OLD_SUCCESS
    first = send(toy.signed(toy.dvo()))

    assert send(toy.signed(toy.dvo())) == first
    assert len(ministry.ledger.effects()) == 1


def test_a_number_belongs_to_its_firm(ministry, toy, send):
    send(toy.signed(toy.dvo()))

    assert save(ministry, "another", lambda: toy.signed(toy.dvo())).status == BASARILI
