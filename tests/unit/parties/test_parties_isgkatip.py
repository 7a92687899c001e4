from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from integrator.catalogue.columns import fold
from integrator.domain.workplaces import SozlesmeDurumu
from integrator.parties.isgkatip import DURUM, READERS, Kind, headings_of, read_role, read_tur, worst
from integrator.parties.register import CALISAN, ISYERI, PROFESYONEL, SOZLESME, masked

PLAIN = {"text", "date", "tckn", "sgk_tescil_no"}
D = SozlesmeDurumu


@pytest.mark.parametrize("kind", list(Kind))
def test_no_name_means_two_columns_of_one_export(kind):
    names = [
        fold(name) for each in headings_of(kind) for name in {fold(n): n for n in (each.name, *each.names)}.values()
    ]

    assert len(names) == len(set(names))
    assert all(names)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_column_has_a_reader_and_says_where_its_names_come_from(kind):
    table = tomllib.loads(files("integrator.parties").joinpath("isgkatip.toml").read_text(encoding="utf-8"))[kind]

    assert {each.kind for each in headings_of(kind)} <= PLAIN | READERS.keys()
    assert all(row.keys() <= {"kind", "required", "clears", "v9", "new", "assumed"} for row in table.values())
    assert all(each.names for each in headings_of(kind))


@pytest.mark.parametrize(
    ("kind", "register"),
    [
        (Kind.WORKPLACES, ISYERI),
        (Kind.PROFESSIONALS, PROFESYONEL),
        (Kind.ROSTER, CALISAN),
        (Kind.CONTRACTS, SOZLESME),
    ],
)
def test_every_register_keeps_what_its_export_tells(kind, register):
    kept = {*register.secret, *(column.name for column in register.table.c)}
    otherwise = {
        "previous_number",
        "soyad",
        "sgk_tescil_no",
        "tckn",
    }  # becomes replaced_by, a part of the name, an index
    of_contracts = {
        "gorevlendirme_id", "sozlesme_id", "ad_unvan", "ad", "gorev_turu", "kategori", "calisma_durumu", "onay",
        "profesyonel_onay", "isyeri_onay", "tehlike_sinifi", "nace_kodu", "calisan_sayisi",
    }  # fmt: skip

    told = {each.name for each in headings_of(kind)} - otherwise
    assert told - kept == (of_contracts if kind is Kind.CONTRACTS else set())


@pytest.mark.parametrize(
    ("text", "durum"),
    [("Onay Bekliyor", D.ONAY_BEKLIYOR), ("ONAYLANDI", D.ONAYLANDI), ("onaylandı", D.ONAYLANDI),
     ("5000", D.ONAY_BEKLIYOR), ("5001", D.ONAYLANDI), ("5002", D.SONA_ERDI), ("5006", D.TAMAMLANMADI),
     ("SİLİNDİ", D.SILINDI), ("Sona  Erdi", D.SONA_ERDI)],
)  # fmt: skip
def test_a_state_is_known_by_its_text_and_by_its_number(text, durum):
    assert READERS["durum"][0](text) is durum


@pytest.mark.parametrize("text", ["5005", "5007", "onay", "Onaylanmadı", ""])
def test_a_state_that_is_not_known_is_not_guessed(text):
    assert READERS["durum"][0](text) is None


def test_what_speaks_against_a_contract_outweighs_an_approval():
    assert worst([D.ONAYLANDI, D.ONAY_BEKLIYOR]) is D.ONAY_BEKLIYOR
    assert worst([DURUM["5001"], DURUM["5004"], DURUM["5003"]]) is D.ONAY_BEKLIYOR
    assert worst([D.ONAYLANDI, D.SILINDI, D.SONA_ERDI]) is D.SILINDI


@pytest.mark.parametrize(
    ("text", "role"),
    [("İş Güvenliği Uzmanı", "2"), ("İŞYERİ HEKİMİ", "1"), ("Diğer Sağlık Personeli", "3"), ("İGU-12345", "2"),
     ("İH 99", "1"), ("DSP/7", "3"), ("1", "1"), ("4", None), ("Stajyer", None), ("", None)],
)  # fmt: skip
def test_a_role_is_known_by_word_and_by_certificate(text, role):
    assert read_role(text) == role


@pytest.mark.parametrize(("text", "tur"), [("103", "103"), ("140 - İH", "140"), ("1034", None), ("İGU", None)])
def test_a_kind_of_contract_is_its_three_digits(text, tur):
    assert read_tur(text) == tur


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("flag", "EVET", 1), ("flag", "Hayır", 0), ("flag", "belki", None), ("nace", "410001", "41.00.01"),
     ("nace", "41.00.01", "41.00.01"), ("nace", "4100", None), ("sinif", "C Sınıfı", "C"), ("sinif", "a", "A"),
     ("sinif", "D", None), ("count", "35", 35), ("count", "-1", None), ("count", "12345678", None),
     ("tehlike_sinifi", "ÇOK TEHLİKELİ", "cok")],
)  # fmt: skip
def test_other_words_are_read_or_refused(kind, text, value):
    assert READERS[kind][0](text) == value


def test_a_masked_name_shows_first_letters_only():
    assert masked("Ayşe Örnek") == "A*** Ö***"
