"""The pages by HTTP alone: who gets in, what a form may do, and what hostile input is answered."""

import csv
import io
import re
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import openpyxl
import pytest

KULLANICI, MUDUR, NEW = 81234567804, 10000000146, 99876543292
SITE = "/isg-katip"


class Visitor:
    """A browser without scripts: keeps cookies, follows redirects, fills in the one form it is told."""

    def __init__(self, origin):
        self.origin, self.text, self.jar = origin, "", CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.jar))

    def open(self, path, form=None, **headers):
        body = None if form is None else form if isinstance(form, bytes) else urlencode(form).encode()
        request = Request(self.origin + SITE + path, body, headers)
        try:
            reply = self._opener.open(request, timeout=5)
        except HTTPError as error:
            reply = error
        with reply:
            self.content = reply.read()
        self.status, self.headers, self.url = reply.status, reply.headers, reply.geturl()
        self.text = self.content.decode("utf-8", "replace")
        return self

    @property
    def token(self):
        return re.search(r'name="belirtec" value="([^"]+)"', self.text)[1]

    def post(self, path, **fields):
        return self.open(path, {"belirtec": self.token, **fields})

    def enter(self, kim):
        self.open("/giris")
        self.post("/giris", kim=str(kim))
        return self.post("/giris/kod", kod=re.search(r'id="deneme-kodu">(\d{6})<', self.text)[1])

    def choose(self, sgk):
        self.open("/kurumsal")
        return self.post("/kurumsal/isyeri", sgk=sgk)


@pytest.fixture
def katip(stub, toy):
    workplace = toy.PARTIES["isyerleri"][0] | {
        "ad_unvan": "<script>alert(1)</script> & Şti.",
        "calisanlar": [str(toy.CALISAN)],
        "sigortalilar": [str(toy.CALISAN), str(NEW)],
        "e_bildirge": [{"tckn": str(KULLANICI), "kayit_tarihi": "2020-01-01", "listelendi": True}],
    }
    osgb = {"yetki_belge_no": "OSGB-1", "unvan": "Deneme OSGB", "sorumlular": [str(MUDUR)]}
    waiting = toy.PARTIES["sozlesmeler"][0] | {"durum": "Onay Bekliyor", "sozlesme_id": 77, "sure_dk": 39}
    stub.control("POST", "/reset", {"parties": True})
    people = [{"tckn": str(KULLANICI), "ad_soyad": "Ayşe Öz"}, {"tckn": str(toy.UZMAN), "ad_soyad": "Işıl Gül"}]
    parties = {"isyerleri": [workplace], "osgbler": [osgb], "sozlesmeler": [waiting], "kisiler": people}
    stub.control("PUT", "/parties", toy.PARTIES | parties)
    return stub


@pytest.fixture
def visitor(katip):
    return Visitor(katip.ready["isg_katip"].removesuffix(SITE))


def contract(katip):
    return katip.control("GET", "/isgkatip/sozlesmeler")["sozlesmeler"][0]


@pytest.mark.parametrize("path", ["/secim", "/kurumsal", "/surec/sozlesmeler/77", "/aktar/sozlesmeler.csv", "/osgb"])
def test_nobody_sees_anything_without_both_steps(visitor, path):
    visitor.open(path)
    assert visitor.url.endswith("/giris")
    visitor.post("/giris", kim=str(KULLANICI))

    assert visitor.open(path).url.endswith("/giris")


def test_a_wrong_code_is_used_up(visitor):
    visitor.open("/giris")
    visitor.post("/giris", kim=str(KULLANICI))
    code = re.search(r'id="deneme-kodu">(\d{6})<', visitor.text)[1]
    visitor.post("/giris/kod", kod="x" + code[1:])
    assert "Kod yanlış" in visitor.text

    visitor.post("/giris/kod", kod=code)

    assert visitor.open("/secim").url.endswith("/giris")


def test_the_second_step_gives_a_new_session(visitor):
    visitor.open("/giris")
    (before,) = [cookie.value for cookie in visitor.jar]
    visitor.enter(KULLANICI)

    (cookie,) = visitor.jar
    assert cookie.value != before
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Strict"


def test_every_page_says_what_it_is_not_and_lets_no_script_run(visitor, toy):
    visitor.enter(KULLANICI).choose(toy.SGK)
    paths = ("/surec", "/surec/sozlesmeler", "/surec/sozlesmeler/77", "/calisanlar", "/kart", "/hizmetler", "/bireysel")

    for path in (*paths, "/silinen-sozlesmeler", "/secim", "/kurumsal", "", "/none"):
        visitor.open(path)
        assert "Burası Bakanlık değildir" in visitor.text, path
        assert visitor.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'"), path
        assert "<script" not in visitor.text, path
        assert not re.search(r'(href|src|action)="(?!/isg-katip)', visitor.text), path


def test_the_old_menu_leads_to_the_same_pages(visitor, toy):
    visitor.enter(KULLANICI).choose(toy.SGK)

    for old, new in (
        ("/hizmet-alan-isyerleri", "/surec"),
        ("/hizmet-alan-isyerleri/sozlesmeler", "/surec/sozlesmeler"),
        ("/hizmet-alan-isyerleri/sozlesmeler/77/onayla", "/surec/sozlesmeler/77"),
        ("/hizmet-alan-isyerleri/sozlesmeler/77/kayit", "/surec/sozlesmeler/77"),
    ):
        assert visitor.open(old).url.endswith(SITE + new)


def test_tamamla_wants_the_box_to_be_ticked(visitor, toy, katip):
    visitor.enter(KULLANICI).choose(toy.SGK)
    visitor.open("/surec/sozlesmeler/77")

    assert visitor.post("/surec/sozlesmeler/77", islem="tamamla").status == 400
    assert contract(katip)["isyeri_onay"] == 5003


def test_both_sides_approve_on_their_own_pages(visitor, toy, katip):
    visitor.enter(KULLANICI).choose(toy.SGK)
    visitor.open("/surec/sozlesmeler/77")
    visitor.post("/surec/sozlesmeler/77", islem="tamamla", okudum="1")
    assert contract(katip)["durum_kodu"] == 5000
    professional = Visitor(visitor.origin).enter(toy.UZMAN)
    assert professional.open("/surec/sozlesmeler/77").status == 403
    professional.open("/bireysel/sozlesmeler/77")

    professional.post("/bireysel/sozlesmeler/77", islem="tamamla", okudum="1")

    assert "Onaylandı (5001)" in professional.text
    assert contract(katip)["durum_kodu"] == 5001


def test_an_osgb_enters_deletes_and_is_warned(visitor, toy, katip):
    katip.control("PUT", "/parties", {"profesyoneller": [{"tckn": str(toy.STRANGER), "belge_tipi": 1}]})
    visitor.enter(MUDUR)
    visitor.open("/kurumsal")
    visitor.post("/kurumsal/osgb", osgb="OSGB-1")
    entry = {"tur": "140", "profesyonel": str(toy.STRANGER), "sgk_tescil_no": toy.SGK, "baslangic": "2026-01-01"}
    visitor.post("/osgb/sozlesme", sure_dk="5", **entry)
    assert "eksik görevlendirme" in visitor.text
    entered = katip.control("GET", f"/isgkatip/sozlesmeler?sgk_tescil_no={toy.SGK}")["sozlesmeler"][0]

    visitor.post(f"/osgb/sozlesme/{entered['sozlesme_id']}", islem="sil")

    assert visitor.open("/osgb").text.count("Silindi") == 1
    user = Visitor(visitor.origin).enter(KULLANICI).choose(toy.SGK)
    assert str(entered["sozlesme_id"]) in user.open("/silinen-sozlesmeler").text


def test_the_list_is_refreshed_singly_and_in_bulk(visitor, toy, katip):
    visitor.enter(KULLANICI).choose(toy.SGK)
    visitor.open("/calisanlar")
    visitor.post("/calisanlar/dogrula", calisan=str(NEW))
    assert "998******92 listede" in visitor.text
    katip.control("POST", "/isgkatip/sgk", {"sgk_tescil_no": toy.SGK, "ayrilan": [str(NEW)]})

    visitor.post("/calisanlar/guncelle")

    assert "Liste güncellendi: 1 çalışan" in visitor.text


def test_the_card_takes_evet_and_refuses_a_phone_with_a_leading_0(visitor, toy, katip):
    visitor.enter(KULLANICI).choose(toy.SGK)
    visitor.open("/kart")
    told = {"eposta": "a@b.example", "il": "Ankara", "ilce": "Çankaya", "otomatik": "EVET"}
    assert visitor.post("/kart", telefon="03120000000", **told).status == 400
    visitor.open("/kart")

    visitor.post("/kart", telefon="3120000000", **told)

    saved = katip.control("GET", f"/isgkatip/isyeri?sgk_tescil_no={toy.SGK}")["iletisim"]
    assert (saved["otomatik"], saved["onaylayan"], saved["ilce"]) == (True, str(KULLANICI), "Çankaya")


def test_a_new_user_is_told_to_come_back_in_three_days(visitor, toy, katip):
    katip.control("POST", "/isgkatip/e-bildirge", {"sgk_tescil_no": toy.SGK, "kim": str(MUDUR)})
    visitor.enter(MUDUR)
    visitor.open("/kurumsal")

    visitor.post("/kurumsal/getir")

    assert "yeniden deneyiniz (3 gün)" in visitor.text
    assert visitor.post("/kurumsal/isyeri", sgk=toy.SGK).status == 403


def test_a_served_workplace_is_approved_without_showing_the_firms_code(visitor, toy, katip):
    hizmet = {"firma_kodu": toy.FIRMA_KODU, "sgk_tescil_no": toy.SGK, "baslangic": "2020-01-01"}
    katip.control("PUT", "/parties", {"hizmetler": [hizmet]})
    visitor.enter(KULLANICI).choose(toy.SGK)
    visitor.open("/hizmetler")
    assert toy.FIRMA_KODU not in visitor.text

    visitor.post("/hizmetler/onayla", sira="0")

    assert katip.control("GET", "/parties")["hizmetler"][0]["onaylayan"] == str(KULLANICI)


def test_the_exports_carry_the_old_column_names_and_keep_every_digit(visitor, toy):
    visitor.enter(KULLANICI).choose(toy.SGK)
    text = visitor.open("/aktar/sozlesmeler.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    book = openpyxl.load_workbook(io.BytesIO(visitor.open("/aktar/calisanlar.xlsx").content))
    sheet = [list(one) for one in book.active.values]

    assert (rows[0]["Grv. ID"], rows[0]["TC"], rows[0]["Grv. Onay Durumu"]) == ("77", str(toy.UZMAN), "Onay Bekliyor")
    assert sheet[0][:2] == ["SGK Sicil No", "TC"]
    assert sheet[1][:2] == [toy.SGK, str(toy.CALISAN)]


def test_the_control_port_gives_the_same_files(visitor, toy, katip):
    visitor.enter(KULLANICI).choose(toy.SGK)
    page = visitor.open("/aktar/sozlesmeler.csv").content
    address = f"{katip.control_url}/isgkatip/aktar?tablo=sozlesmeler&bicim=csv&sgk_tescil_no={toy.SGK}"

    with build_opener().open(address, timeout=5) as reply:
        assert reply.read() == page
    with pytest.raises(HTTPError, match="400"):
        build_opener().open(address.replace("csv", "pdf"), timeout=5)


def test_the_pdf_is_one_and_says_it_is_worth_nothing(visitor, toy):
    visitor.enter(KULLANICI).choose(toy.SGK)

    visitor.open("/surec/sozlesmeler/77/detay.pdf")

    assert visitor.headers["Content-Type"] == "application/pdf"
    assert visitor.content.startswith(b"%PDF-") and b"Vera" in visitor.content


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/kurumsal/isyeri", {"sgk": "x"}, 403),
        ("/kurumsal/isyeri", b"a=%ff%fe", 400),
        ("/kurumsal/isyeri", b"a=1&" * 60, 400),
        ("/kurumsal/isyeri", "ş".encode(), 400),
        ("/kurumsal/isyeri", b"a" * 70_000, 413),
        ("/kurumsal/osgb", {"osgb": "\0' OR 1=1"}, 403),
        ("/calisanlar/dogrula", {"calisan": "<script>"}, 400),
        ("/calisanlar/dogrula", {"calisan": "٨١٢٣٤٥٦٧٨٠٤"}, 400),
        ("/calisanlar/dogrula", {"calisan": "10000000146"}, 404),
        ("/surec/sozlesmeler/77", {"islem": "ne"}, 400),
        ("/surec/sozlesmeler/9999999999", {"islem": "tamamla"}, 404),
        ("/hizmetler/onayla", {"sira": "-1"}, 404),
        ("/hizmetler/onayla", {"sira": "²"}, 404),
        ("/surec", {}, 405),
        ("/../../etc/passwd", {}, 404),
    ],
)
def test_hostile_input_is_told_and_changes_nothing(visitor, toy, katip, path, form, status):
    visitor.enter(KULLANICI).choose(toy.SGK)
    before = katip.control("GET", "/parties")
    told = form if isinstance(form, bytes) else {"belirtec": visitor.open("/kurumsal").token, **form}

    visitor.open(path, told)

    assert visitor.status == status
    assert "Traceback" not in visitor.text and "Burası Bakanlık değildir" in visitor.text
    assert katip.control("GET", "/parties") == before


def test_a_form_without_the_sessions_token_does_nothing(visitor, toy, katip):
    visitor.enter(KULLANICI).choose(toy.SGK)

    for token in ({}, {"belirtec": "x"}, {"belirtec": Visitor(visitor.origin).open("/giris").token}):
        visitor.open("/surec/sozlesmeler/77", {"islem": "reddet", **token})
        assert visitor.status == 403
    assert contract(katip)["durum_kodu"] == 5000


def test_what_is_no_form_is_415(visitor, toy):
    visitor.enter(KULLANICI).choose(toy.SGK)

    assert visitor.open("/kurumsal/getir", b"{}", **{"Content-Type": "application/json"}).status == 415


@pytest.mark.parametrize("cookie", ["isgkatip", "isgkatip=" + "a" * 5000, 'isgkatip="', ";;;==", "ş"])
def test_a_strange_cookie_is_a_new_visitor(visitor, cookie):
    visitor.open("/secim", Cookie=cookie.encode().decode("latin-1"))

    assert visitor.status == 200 and visitor.url.endswith("/giris")


def test_the_same_contract_gives_the_same_pdf(visitor, toy):
    visitor.enter(KULLANICI).choose(toy.SGK)

    first = visitor.open("/surec/sozlesmeler/77/detay.pdf").content

    assert visitor.open("/surec/sozlesmeler/77/detay.pdf").content == first
