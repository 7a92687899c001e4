"""The contract approval of the guides, step by step in a real browser, and what it does to a training that got 213."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from integrator.trial.people import tckn
from tests.acceptance.conftest import wait_until
from tests.browser import Person, Screens, open_browser

MUDUR, KULLANICI = tckn(870_000_001), tckn(870_000_002)
GREEN = "rgb(201, 239, 201)"


def without_contract(town, ministry, place):
    """The ministry as it is before the OSGB enters the contract: the old one deleted, people with names."""
    parties = town.parties("unused")
    (old,) = [one for one in parties["sozlesmeler"] if one["sgk_tescil_no"] == place.sgk]
    (isyeri,) = [one for one in parties["isyerleri"] if one["sgk_tescil_no"] == place.sgk]
    user = {"tckn": KULLANICI, "kayit_tarihi": "2020-01-01", "listelendi": False}
    ministry.control(
        "PUT",
        "/parties",
        {
            "sozlesmeler": [old | {"silinme_tarihi": "2020-01-01"}],
            "isyerleri": [isyeri | {"e_bildirge": [user]}],
            "osgbler": [{"yetki_belge_no": "OSGB-1", "unvan": "Örnek OSGB", "sorumlular": [MUDUR]}],
            "kisiler": [
                {"tckn": MUDUR, "ad_soyad": "Çağla Müdür"},
                {"tckn": KULLANICI, "ad_soyad": "İpek Kullanıcı"},
                {"tckn": place.professional, "ad_soyad": "Işıl Uzman"},
            ],
        },
    )


def osgb_enters(person, place):
    person.click("Kurumsal", exact=True)
    person.press("Seç")
    person.page.get_by_label("Sözleşme türü").select_option("103")
    person.page.get_by_label("Profesyonel").select_option(place.professional)
    person.page.get_by_label("SGK sicil no").fill(place.sgk)
    person.page.get_by_label("Aylık çalışma süresi (dk)").fill("100")
    person.keep("yeni")
    person.press("Sözleşmeyi kaydet")
    person.keep("kaydedildi")
    assert "eksik görevlendirme" in person.page.get_by_role("status").inner_text()


def workplace_approves(person, place):
    person.click("Kurumsal", exact=True)
    person.press("E-Bildirge kullanıcısı olduğum işyerlerini getir")
    person.keep("isyerleri-getirildi")
    person.page.get_by_label("SGK sicil no (26 rakam)").fill(place.sgk)
    person.press("İşyerini seç")
    person.keep("surec-yonetimi")
    person.page.get_by_role("main").get_by_role("link", name="İSG Hizmet Sözleşmeleri").click()
    person.keep("sozlesmeler")
    top = person.page.locator("tbody tr").first
    assert "Onay Bekliyor (5000)" in top.inner_text()
    assert top.locator("td").first.evaluate("cell => getComputedStyle(cell).backgroundColor") == GREEN
    pdf = top.get_by_role("link", name="Detay Görüntüle").get_attribute("href")
    origin = urlsplit(person.page.url)
    content = person.page.context.request.get(f"{origin.scheme}://{origin.netloc}{pdf}").body()
    assert content.startswith(b"%PDF-")
    (person.screens.folder / "sozlesme.pdf").write_bytes(content)
    person.read_and_finish()
    assert "Onay Bekliyor (5000)" in person.page.get_by_role("status").inner_text()


def professional_approves(person):
    person.click("Bireysel", exact=True)
    person.keep("sozlesmelerim")
    person.read_and_finish()
    assert "Onaylandı (5001)" in person.page.get_by_role("status").inner_text()


@contextmanager
def working(ibys):
    """A worker that ends with the block, whatever happens in it."""
    worker = ibys.start("worker")
    try:
        yield
    finally:
        assert ibys.stop(worker) == 0


@pytest.mark.acceptance
def test_a_training_that_got_213_is_accepted_after_the_contract_is_approved_in_a_browser(ibys, trial_with, tmp_path):
    screens = Screens("isgkatip")
    trial, ministry = trial_with(ibys.home, records=2, seed=5, faults="none")
    place, site = trial.town.workplaces[1], ministry.greeting["isg_katip"]
    without_contract(trial.town, ministry, place)
    today = (datetime.now(UTC) + timedelta(hours=3)).date().isoformat()
    record = next(one for one in trial.town.records() if one["sgkTescilNo"] == place.sgk)
    record |= {"egitimTarihi": today, "egitim": [{"egitimKoduId": 240, "egitimSuresi": 45}]}
    (tmp_path / "record.json").write_text(json.dumps(record))

    with open_browser() as browser, working(ibys):
        number = str(ibys.json("submit", str(tmp_path / "record.json"))["records"][0]["sorgu_no"][0])
        wait_until(lambda: ministry.control("GET", "/ledger/summary")["codes"] == {"213": 1})
        osgb_enters(Person(browser, screens, site, "Çağla Müdür", "osgb"), place)
        workplace_approves(Person(browser, screens, site, "İpek Kullanıcı", "isyeri"), place)
        professional_approves(Person(browser, screens, site, "Işıl Uzman", "bireysel"))
        ibys.run("release", number, "--reason", "sözleşme İSG-KATİP'te onaylandı")
        wait_until(lambda: ministry.control("GET", "/ledger")["effects"])

    assert {str(one["sorgu_no"]) for one in ministry.control("GET", "/ledger")["effects"]} == {number}
    assert ibys.json("status", number)["state"] == "accepted"
    assert (screens.complaints, screens.hosts) == ([], {urlsplit(site).netloc})
    assert len(list(screens.folder.glob("*.png"))) >= 15
