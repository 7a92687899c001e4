import urllib.error

import pytest

KULLANICI, MUDUR = 81234567804, 10000000146
NEW = 99876543292


@pytest.fixture
def katip(stub, toy):
    """The stub with an e-Bildirge user and an OSGB, no contract, and one worker hired since the last refresh."""
    workplace = toy.PARTIES["isyerleri"][0] | {
        "calisanlar": [str(toy.CALISAN)],
        "sigortalilar": [str(toy.CALISAN), str(NEW)],
        "e_bildirge": [{"tckn": str(KULLANICI), "kayit_tarihi": "2020-01-01", "listelendi": True}],
    }
    osgb = {"yetki_belge_no": "OSGB-1", "unvan": "Deneme OSGB", "sorumlular": [str(MUDUR)]}
    stub.control("POST", "/reset", {"parties": True})
    parties = toy.PARTIES | {"isyerleri": [workplace], "osgbler": [osgb], "sozlesmeler": []}
    stub.control("PUT", "/parties", parties)
    return stub


def enter(katip, toy, **other):
    entry = {"kim": str(MUDUR), "osgb": "OSGB-1", "tur": "103", "profesyonel": str(toy.UZMAN), "sure_dk": 80}
    return katip.control(
        "POST", "/isgkatip/sozlesme", entry | {"sgk_tescil_no": toy.SGK, "baslangic": "2019-01-01"} | other
    )


def approve(katip, toy, sozlesme_id):
    for kim, taraf in ((KULLANICI, "isyeri"), (toy.UZMAN, "kisi")):
        told = {"kim": str(kim), "sozlesme_id": sozlesme_id, "taraf": taraf}
        answer = katip.control("POST", "/isgkatip/onayla", told)
    return answer


def of_today(katip, toy, **other):
    from datetime import UTC, datetime, timedelta

    return toy.Notification(tarih=f"{datetime.now(UTC) + timedelta(hours=3):%d-%m-%Y}", **other)


def test_a_training_is_213_until_the_contract_has_both_approvals(katip, toy, uzman):
    sozlesme = enter(katip, toy)
    message = of_today(katip, toy)
    signed = uzman.sign(message.xml())
    assert int(katip.save(message, signed).findtext("status")) == 213

    done = approve(katip, toy, sozlesme["sozlesme_id"])

    assert (sozlesme["durum_kodu"], done["durum_kodu"], done["durum"]) == (5000, 5001, "Onaylandı")
    assert int(katip.save(message, signed).findtext("status")) == 200


def test_a_worker_is_212_until_the_list_is_refreshed(katip, toy, uzman):
    approve(katip, toy, enter(katip, toy)["sozlesme_id"])
    message = of_today(katip, toy, calisan=[NEW])
    signed = uzman.sign(message.xml())
    assert int(katip.save(message, signed).findtext("status")) == 212

    told = {"kim": str(KULLANICI), "sgk_tescil_no": toy.SGK}
    katip.control("POST", "/isgkatip/toplu-guncelle", told)

    assert int(katip.save(message, signed).findtext("status")) == 200


def test_a_deleted_contract_keeps_what_was_stored_and_takes_nothing_new(katip, toy, uzman):
    number = enter(katip, toy)["sozlesme_id"]
    approve(katip, toy, number)
    first, second = of_today(katip, toy), of_today(katip, toy, sorgu_no=2, egitim=[(241, 40.0)])
    assert int(katip.save(first, uzman.sign(first.xml())).findtext("status")) == 200

    katip.control("POST", "/isgkatip/sil", {"kim": str(MUDUR), "sozlesme_id": number})

    assert int(katip.save(second, uzman.sign(second.xml())).findtext("status")) == 213
    assert [one["sorgu_no"] for one in katip.effects()] == [1]


def test_generation_4_wants_an_approved_service_where_the_personality_does(katip, toy):
    approve(katip, toy, enter(katip, toy)["sozlesme_id"])
    katip.control("PUT", "/personality", {"hizmet_kaydi": "required"})
    message = of_today(katip, toy, generation="json-g4")
    assert "bildirimi yapılmamış" in katip.notify(message.body())[1]["aciklama"]
    day = message.tarih.replace("-", ".")
    path = "/hizmetVerilenIsyeriIslemleri/hizmetVerilenIsyeriBildir"
    assert katip.notify({"sgkSicilNo": toy.SGK, "hizmetBaslangicTarih": day}, path)[1]["sonuc"] == "1"
    assert "onaylanmamış" in katip.notify(message.body())[1]["aciklama"]

    told = {"kim": str(KULLANICI), "sgk_tescil_no": toy.SGK, "firma_kodu": toy.FIRMA_KODU}
    katip.control("POST", "/isgkatip/hizmet-onayla", told)

    assert katip.notify(message.body())[1]["sonuc"] == "1"


@pytest.mark.parametrize(
    ("path", "told", "status"),
    [
        ("onayla", {"sozlesme_id": 1, "taraf": "isyeri"}, 404),
        ("onayla", {"sozlesme_id": 1, "taraf": "baskasi"}, 400),
        ("onayla", {"sozlesme_id": "x", "taraf": "isyeri"}, 400),
        ("onayla", {"sozlesme_id": -1, "taraf": "isyeri"}, 400),
        ("toplu-guncelle", {"sgk_tescil_no": "1" * 26}, 403),
        ("toplu-guncelle", {"sgk_tescil_no": "1"}, 400),
        ("dogrula", {"sgk_tescil_no": "29999010100001230069994000", "calisan": "81234567804"}, 404),
        ("sgk", {"sgk_tescil_no": "29999010100001230069994000", "giren": "x"}, 400),
        ("sozlesme", {"osgb": "none", "tur": "103"}, 400),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(katip, path, told, status):
    before = katip.control("GET", "/parties")

    with pytest.raises(urllib.error.HTTPError) as refused:
        katip.control("POST", f"/isgkatip/{path}", {"kim": str(KULLANICI), **told})

    assert refused.value.code == status
    assert katip.control("GET", "/parties") == before


def test_contracts_are_listed_with_what_is_wrong_with_their_minutes(katip, toy):
    enter(katip, toy, sure_dk=39)

    (listed,) = katip.control("GET", f"/isgkatip/sozlesmeler?sgk_tescil_no={toy.SGK}")["sozlesmeler"]

    assert (listed["asgari_sure_dk"], listed["kalan_azami_sure_dk"]) == (40, 11_661)
    assert "eksik görevlendirme" in listed["uyarilar"][0]
