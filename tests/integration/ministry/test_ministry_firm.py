"""The firm over real HTTP: from which address it calls, when it is passive, what it fetches and posts back."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
import requests


@pytest.fixture
def firm(stub, toy):
    return Firm(stub, toy)


class Firm:
    """A gateway of this firm, calling from an address of its own."""

    def __init__(self, stub, toy):
        self.stub, self.toy, self.address = stub, toy, "127.0.0.1"

    def tell(self, **parts):
        rows = [{"firma_kodu": self.toy.FIRMA_KODU, **parts}]
        return self.stub.control("PUT", "/firma/dosyalar", {"dosyalar": rows})

    def call(self, method, path, content=None, parola=None):
        """Status and JSON (or text) of one request to the faces' port."""
        where = urlsplit(self.stub.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, 5, source_address=(self.address, 0))
        body = content if isinstance(content, bytes | None) else json.dumps(content).encode()
        connection.request(method, path, body, self.toy.json_headers(parola or self.toy.PAROLA))
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        return reply.status, json.loads(text) if "json" in reply.headers["Content-Type"] else text

    def save_codes(self):
        """What a training gets in each generation, from this address."""
        codes = [int(self.call("POST", f"/json-g4{self.toy.TRAINING}", self.toy.Notification().body())[1]["sonuc"])]
        for generation in ("soap-g1", "soap-g2", "soap-g3"):
            message = self.toy.Notification(generation=generation)
            body = self.toy.envelope(message.operation("AAAA"))
            where = urlsplit(self.stub.url)
            connection = http.client.HTTPConnection(where.hostname, where.port, 5, source_address=(self.address, 0))
            connection.request("POST", f"/{generation}", body, {"Content-Type": "text/xml"})
            reply = connection.getresponse().read()
            codes.append(int(reply.partition(b"<status>")[2].partition(b"</status>")[0]))
        return codes


def test_only_the_registered_address_is_known(firm):
    firm.tell(kayitli_adres="127.0.0.5")
    elsewhere = firm.save_codes(), firm.call("GET", "/firma/durum")[0]
    firm.address = "127.0.0.5"

    assert elsewhere == ([401] * 4, 401)
    assert 401 not in firm.save_codes()
    assert firm.call("GET", "/firma/durum")[0] == 200


def test_a_finding_that_is_not_mended_makes_the_firm_passive_at_midnight(firm, stub):
    stub.control("PUT", "/clock", {"at": "2026-11-22T12:00:00+03:00", "factor": 0})
    firm.tell(unvan="Örnek A.Ş.", yukumlulukler=[{"tur": "guvenlik_bulgusu", "no": "B-1"}])
    before = firm.call("GET", "/firma/liste")[1]["firmalar"]
    stub.control("PUT", "/clock", {"at": "2026-11-23T00:00:00+03:00"})

    assert before == [{"unvan": "Örnek A.Ş.", "durum": "aktif", "pasif_baslangic": None}]
    assert firm.save_codes() == [401] * 4
    assert [firm.call("GET", f"/firma/{feed}")[0] for feed in ("durum", "duyurular", "degisiklikler")] == [401] * 3
    assert firm.call("GET", "/firma/liste")[1]["firmalar"] == [
        {"unvan": "Örnek A.Ş.", "durum": "pasif", "pasif_baslangic": "2026-11-23"}
    ]


def test_a_firm_made_passive_by_hand_is_announced_too(firm, stub, toy):
    firm.tell(unvan="Örnek A.Ş.")
    stub.control("PUT", "/firma", {"firma_kodu": toy.FIRMA_KODU, "aktif": False})

    assert firm.call("GET", "/firma/liste")[1]["firmalar"][0]["durum"] == "pasif"


def test_an_applicant_is_not_on_the_list(firm):
    firm.tell(unvan="Aday Ltd.", basvuru={"acildi": "2026-01-01"})

    assert firm.call("GET", "/firma/liste")[1]["firmalar"] == []


def test_the_list_tells_no_firma_kodu(firm, toy):
    firm.tell(unvan="Örnek A.Ş.")

    assert toy.FIRMA_KODU not in json.dumps(firm.call("GET", "/firma/liste")[1])


def test_a_firm_learns_what_it_owes_and_until_when(firm):
    firm.tell(yukumlulukler=[{"tur": "sozlesme", "no": "v3", "bildirildi": "2026-11-01"}])
    firm.stub.control("PUT", "/clock", {"at": "2026-11-05T12:00:00"})

    (owed,) = firm.call("GET", "/firma/durum")[1]["yukumlulukler"]
    assert (owed["tur"], owed["no"], owed["son_gun"]) == ("sozlesme", "v3", "2026-12-01")


def test_announcements_are_fetched_and_their_receipts_come_back(firm, stub, toy):
    duyuru = {"no": "D-1", "baslik": "Bakım", "metin": "Gece.", "hedef": {"rol": ["IGU"]}, "onay_gerekir": True}
    stub.control("PUT", "/firma/duyurular", {"duyurular": [duyuru]})

    (fetched,) = firm.call("GET", "/firma/duyurular")[1]["duyurular"]
    receipt = {"kisi": "p-17", "rol": "IGU", "il": 34, "onaylandi": "2026-11-22T10:00:00+03:00"}
    status = firm.call("POST", "/firma/duyurular/D-1/alindilar", {"alindilar": [receipt]})

    assert (fetched["no"], fetched["hedef"]["rol"], fetched["onay_gerekir"]) == ("D-1", ["IGU"], True)
    assert status == (200, {"alindi": 1})
    (kept,) = stub.control("GET", "/firma")["alindilar"]
    assert kept == {"firma_kodu": toy.FIRMA_KODU, "no": "D-1", "goruldu": "", **receipt}


def test_an_audit_request_is_fetched_and_answered(firm, stub):
    firm.tell(denetim_talepleri=[{"no": "T-1", "konu": "Son ayın kayıtları", "istendi": "2026-01-01"}])

    (asked,) = firm.call("GET", "/firma/denetim-talepleri")[1]["denetim_talepleri"]
    answer = {"ozet": "ab" * 32, "aciklama": "kanıt paketi"}

    assert asked["konu"] == "Son ayın kayıtları"
    assert firm.call("POST", "/firma/denetim-talepleri/T-1/yanit", answer)[0] == 200
    (kept,) = stub.control("GET", "/firma")["dosyalar"][0]["denetim_talepleri"]
    assert (kept["ozet"], kept["yanitlandi"] != "") == ("ab" * 32, True)


def test_announced_versions_are_fetched_from_their_day_on(firm, stub):
    row = {"veri_seti": "egitim", "version": "2018-10", "published_on": "2026-11-01"}
    stub.control("PUT", "/versions", {"announcements": [row]})
    told = []
    for day in ("2026-10-31", "2026-11-01"):
        stub.control("PUT", "/clock", {"at": day})
        told.append([one["version"] for one in firm.call("GET", "/firma/degisiklikler")[1]["degisiklikler"]])

    assert told == [[], ["2018-10"]]


def test_a_message_for_a_customer_that_is_not_accepted_is_refused(firm, toy, uzman, stub):
    firm.tell(musteriler=[])
    message = toy.Notification()
    refused = stub.save(message, uzman.sign(message.xml()))
    firm.tell(musteriler=[toy.SGK])

    assert (refused.findtext("status"), "Hizmet Alım Formu" in refused.findtext("message")) == ("213", True)
    assert stub.final_code(message, uzman.sign(message.xml())) == 200


@pytest.mark.parametrize(
    ("status", "method", "path", "content"),
    [
        (405, "POST", "/firma/liste", {}),
        (405, "DELETE", "/firma/durum", None),
        (405, "GET", "/firma/duyurular/D-1/alindilar", None),
        (404, "GET", "/firma", None),
        (404, "GET", "/firma/nothing", None),
        (404, "POST", "/firma/duyurular/D-9/alindilar", {"alindilar": []}),
        (404, "POST", "/firma/duyurular/D-1/yanit", {}),
        (404, "POST", "/firma/duyurular/../D-1/alindilar", {}),
        (400, "POST", "/firma/duyurular/D-1/alindilar", b"\xff"),
        (400, "POST", "/firma/duyurular/D-1/alindilar", b"[" * 100_000),
        (400, "POST", "/firma/duyurular/D-1/alindilar", []),
        (400, "POST", "/firma/duyurular/D-1/alindilar", {"alindilar": [{"kisi": "80000000132"}]}),
        (400, "POST", "/firma/duyurular/D-1/alindilar", {"alindilar": [{"kisi": "p"}] * 1001}),
        (400, "POST", "/firma/denetim-talepleri/T-1/yanit", {"ozet": "xy"}),
    ],
)
def test_what_the_feeds_cannot_take_leaves_no_trace(firm, stub, status, method, path, content):
    stub.control("PUT", "/firma/duyurular", {"duyurular": [{"no": "D-1", "baslik": "Bakım"}]})
    before = firm.tell(denetim_talepleri=[{"no": "T-1", "konu": "x", "istendi": "2026-01-01"}])

    answered, text = firm.call(method, path, content)

    assert (answered, text.strip() != "") == (status, True)
    assert stub.control("GET", "/firma") == before


def test_the_feeds_are_for_a_firm_with_its_parola(firm):
    assert firm.call("GET", "/firma/duyurular", parola="wrong")[0] == 401
    assert requests.get(f"http://127.0.0.1:{firm.stub.port}/firma/durum", timeout=5).status_code == 401
