"""The other paths of the guides in a real browser: the 4A list with both refreshes, the card with EVET, v9's menu."""

from urllib.parse import urlsplit

import pytest

from tests.browser import Person, Screens, open_browser

KULLANICI, NEW, NEWER = "81234567804", "99876543292", "10000000146"


@pytest.fixture
def katip(stub, toy):
    workplace = toy.PARTIES["isyerleri"][0] | {
        "calisanlar": [str(toy.CALISAN)],
        "sigortalilar": [str(toy.CALISAN), NEW, NEWER],
        "e_bildirge": [{"tckn": KULLANICI, "kayit_tarihi": "2020-01-01", "listelendi": True}],
    }
    old = toy.PARTIES["sozlesmeler"][0]
    active = old | {"sozlesme_id": 7, "tur": "103", "sure_dk": 40}
    deleted = old | {"sozlesme_id": 8, "baslangic": "2017-01-01", "silinme_tarihi": "2017-06-01"}
    hizmet = {"firma_kodu": toy.FIRMA_KODU, "sgk_tescil_no": toy.SGK, "baslangic": "2020-01-01"}
    stub.control("POST", "/reset", {"parties": True})
    kisiler = [{"tckn": KULLANICI, "ad_soyad": "İpek Kullanıcı"}, {"tckn": str(toy.UZMAN), "ad_soyad": "Işıl Uzman"}]
    more = {"isyerleri": [workplace], "sozlesmeler": [active, deleted], "hizmetler": [hizmet], "kisiler": kisiler}
    stub.control("PUT", "/parties", toy.PARTIES | more)
    return stub


def test_the_list_the_card_and_the_old_menu_are_walked_in_a_browser(katip, toy):
    screens = Screens("isgkatip-isyeri")
    with open_browser() as browser:
        person = Person(browser, screens, katip.ready["isg_katip"], "İpek Kullanıcı", "isyeri")
        status, main = person.page.get_by_role("status"), person.page.get_by_role("main")
        person.click("Kurumsal", exact=True)
        person.press("Seç")

        person.click("Kişi/Kurum/Ekipman Kartı")
        for label, value in (
            ("Telefon", "3120000000"),
            ("E-posta", "a@b.example"),
            ("İl", "Ankara"),
            ("İlçe", "Çankaya"),
        ):
            person.page.get_by_role("textbox", name=label).first.fill(value)
        person.page.get_by_label("Süreler otomatik güncellensin mi?").select_option("EVET")
        person.keep("kart")
        person.press("Kaydet")
        assert "kaydedildi" in status.inner_text()

        person.click("SGK 4A Çalışan Bilgileri")
        person.keep("calisanlar")
        person.page.get_by_label("T.C. kimlik no (deneme)").fill(NEW)
        person.press("TC Kimlik No ile Doğrula")
        person.keep("dogrulandi")
        assert "998******92 listede" in status.inner_text()
        person.press("Toplu Çalışan Güncelle")
        person.keep("guncellendi")
        assert "3 çalışan" in status.inner_text()

        person.click("Hizmet Verilen İşyeri")
        person.press("Onayla")
        person.keep("hizmet")
        person.click("Silinen Sözleşmeler")
        person.keep("silinen")
        assert "01.06.2017" in main.inner_text()
        person.click("Hizmet Alan İşyerleri (v9)")
        person.page.goto(f"{katip.ready['isg_katip']}/hizmet-alan-isyerleri/sozlesmeler/7/onayla")
        person.keep("v9")
        assert "120" in main.get_by_role("row", name="Aylık çalışma süresi").inner_text()
    assert (screens.complaints, screens.hosts) == ([], {urlsplit(katip.ready["isg_katip"]).netloc})
