from datetime import date, datetime

import pytest

from integrator.ministry.firm.dossier import three_months_after
from integrator.ministry.firm.firms import Firms
from integrator.ministry.firm.reading import BadFirm

KOD = "ABCDEF12345"
TODAY = date(2026, 11, 22)
DUYURU = {"no": "D-1", "baslik": "Bakım", "metin": "Gece bakım var.", "hedef": {"rol": ["IH"], "il": [6]}}


@pytest.fixture
def firms():
    return Firms()


def tell(firms, **parts):
    firms.change_dossiers({"dosyalar": [{"firma_kodu": KOD, **parts}]}, TODAY)


def duty(tur, **more):
    return [{"tur": tur, "no": "Y-1", "bildirildi": "2026-11-22", **more}]


@pytest.mark.parametrize(
    ("tur", "last_day", "first_passive_day"),
    [
        ("guvenlik_bulgusu", date(2026, 11, 22), date(2026, 11, 23)),
        ("bulgu", date(2026, 12, 22), date(2026, 12, 23)),
        ("sozlesme", date(2026, 12, 22), date(2026, 12, 23)),
        ("eksik_belge", date(2027, 2, 22), date(2027, 2, 23)),
    ],
)
def test_a_firm_becomes_passive_by_itself_when_a_deadline_has_passed(firms, tur, last_day, first_passive_day):
    tell(firms, yukumlulukler=duty(tur))

    assert [firms.admits(KOD, "", day) for day in (TODAY, last_day, first_passive_day)] == [True, True, False]
    assert [(one.tur, one.since) for one in firms.reasons(KOD, first_passive_day)] == [(tur, first_passive_day)]


def test_what_is_mended_in_time_leaves_the_firm_active(firms):
    tell(firms, yukumlulukler=duty("bulgu", giderildi="2026-12-22"))

    assert firms.admits(KOD, "", date(2027, 1, 1))


def test_what_is_mended_late_left_it_passive_until_that_day(firms):
    tell(firms, yukumlulukler=duty("bulgu", giderildi="2026-12-30"))
    days = [date(2026, 12, day) for day in (22, 23, 29, 30)]

    assert [firms.admits(KOD, "", day) for day in days] == [True, False, False, True]


def test_the_clock_may_go_back(firms):
    tell(firms, yukumlulukler=duty("bulgu"))

    assert [firms.admits(KOD, "", day) for day in (date(2027, 1, 1), TODAY)] == [False, True]


def test_a_shorter_time_may_be_told_for_a_finding_and_no_longer_one(firms):
    tell(firms, yukumlulukler=duty("bulgu", son_gun="2026-11-30"))
    assert not firms.admits(KOD, "", date(2026, 12, 1))

    with pytest.raises(BadFirm, match="2026-11-22 to 2026-12-22"):
        tell(firms, yukumlulukler=duty("bulgu", son_gun="2026-12-23"))


def test_a_firm_acts_from_the_day_on_which_its_application_is_accepted(firms):
    tell(firms, basvuru={"acildi": "2026-10-01", "kabul": "2026-11-23"})

    assert [firms.admits(KOD, "", day) for day in (TODAY, date(2026, 11, 23))] == [False, True]


def test_documents_of_an_open_application_are_to_be_refreshed_after_three_months(firms):
    evrak = [{"ad": "dilekçe", "geldi": "2026-08-22"}, {"ad": "vergi levhası", "geldi": "2026-08-23"}, {"ad": "gazete"}]
    tell(firms, basvuru={"acildi": "2026-08-01", "evrak": evrak})
    basvuru = firms.dossiers[KOD].basvuru

    assert basvuru.to_be_refreshed_on(date(2026, 11, 22)) == []
    assert basvuru.to_be_refreshed_on(date(2026, 11, 23)) == ["dilekçe"]


def test_the_certificate_covers_both_its_days(firms):
    tell(firms, iso27001=[{"baslangic": "2024-01-01", "bitis": "2026-12-31"}])
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]

    assert [firms.admits(KOD, "", day) for day in days] == [False, True, True, False]


def test_a_renewed_certificate_goes_on_where_the_old_one_ends(firms):
    old, new = {"baslangic": "2024-01-01", "bitis": "2026-12-31"}, {"baslangic": "2027-01-01", "bitis": "2029-12-31"}
    tell(firms, iso27001=[old, new])

    assert firms.admits(KOD, "", date(2027, 1, 1))


def test_only_the_registered_address_is_admitted(firms):
    tell(firms, kayitli_adres="127.0.0.5")

    assert [firms.admits(KOD, peer, TODAY) for peer in ("127.0.0.5", "127.0.0.1", "")] == [True, False, False]


def test_a_firm_without_a_dossier_is_a_matter_of_the_register_alone(firms):
    assert firms.admits("nobody", "127.0.0.1", TODAY)


def test_parts_that_are_not_told_stay(firms):
    tell(firms, unvan="Örnek A.Ş.", kayitli_adres="127.0.0.5")
    tell(firms, kayitli_adres="")

    assert (firms.dossiers[KOD].unvan, firms.dossiers[KOD].kayitli_adres) == ("Örnek A.Ş.", "")


@pytest.mark.parametrize(
    ("customers", "is_served"),
    [(None, True), ([], False), (["2" * 26], True), (["80000000132"], True), (["3" * 26], False)],
)
def test_a_list_of_customers_is_off_by_default(firms, customers, is_served):
    tell(firms, musteriler=customers)

    assert firms.serves(KOD, "2" * 26, 80000000132) == is_served


def test_an_announcement_is_fetched_from_its_day_on(firms):
    firms.announce({"duyurular": [DUYURU | {"yayimlandi": "2026-11-23"}]}, TODAY)

    assert [len(firms.published(day)) for day in (TODAY, date(2026, 11, 23))] == [0, 1]


def test_the_last_receipt_of_a_person_counts(firms):
    for told in ("", "2026-11-22T10:00:00+03:00"):
        firms.acknowledge(KOD, "D-1", {"alindilar": [{"kisi": "p-1", "onaylandi": told}]})

    assert [one.onaylandi for one in firms.alindilar.values()] == ["2026-11-22T10:00:00+03:00"]


def test_a_receipt_names_nobody_by_an_identity_number(firms):
    with pytest.raises(BadFirm, match="no identity number"):
        firms.acknowledge(KOD, "D-1", {"alindilar": [{"kisi": "80000000132"}]})


@pytest.mark.parametrize(
    ("day", "later"), [("2026-11-30", "2027-02-28"), ("2027-11-30", "2028-02-29"), ("2026-12-31", "2027-03-31")]
)
def test_three_months_end_with_the_month(day, later):
    assert three_months_after(date.fromisoformat(day)) == date.fromisoformat(later)


def full(firms):
    tell(
        firms,
        unvan="Örnek A.Ş.",
        kayitli_adres="127.0.0.5",
        basvuru={"acildi": "2026-01-01", "kabul": "2026-02-01", "evrak": [{"ad": "dilekçe", "geldi": "2026-01-01"}]},
        iso27001=[{"baslangic": "2024-01-01", "bitis": "2026-12-31"}],
        yukumlulukler=duty("sozlesme"),
        denetim_talepleri=[{"no": "T-1", "konu": "Yedekleme kayıtları"}],
        musteriler=["2" * 26],
    )
    firms.announce({"duyurular": [DUYURU]}, TODAY)
    firms.acknowledge(KOD, "D-1", {"alindilar": [{"kisi": "p-1", "rol": "IH", "il": 6}]})
    firms.answer_audit(KOD, "T-1", {"ozet": "a" * 64, "aciklama": "paket"}, datetime(2026, 11, 22))


def test_everything_comes_back_as_it_was_told(firms):
    full(firms)
    again = Firms()
    again.load(firms.as_json(), TODAY)

    assert again.as_json() == firms.as_json()
    assert again.as_json()["dosyalar"][0]["denetim_talepleri"][0]["ozet"] == "a" * 64


@pytest.mark.parametrize(
    "part",
    [
        {"firma_kodu": ""},
        {"firma_kodu": 1},
        {"unknown": 1},
        {"unvan": "\ud800"},
        {"unvan": "x" * 201},
        {"kayitli_adres": "all"},
        {"kayitli_adres": ["127.0.0.1"], "iso27001": 1},
        {"basvuru": 1},
        {"basvuru": {"acildi": 20260101}},
        {"basvuru": {"evrak": [{"geldi": None}]}},
        {"iso27001": {}},
        {"iso27001": [{"baslangic": "2026-01-01"}]},
        {"iso27001": [{"baslangic": "0001-01-01", "bitis": "2026-01-01"}]},
        {"yukumlulukler": [1]},
        {"yukumlulukler": [{"tur": "other", "no": "1"}]},
        {"yukumlulukler": [{"tur": ["bulgu"], "no": "1"}]},
        {"yukumlulukler": [{"tur": "bulgu", "no": "a/b"}]},
        {"yukumlulukler": [{"tur": "bulgu", "no": "1"}] * 1001},
        {"denetim_talepleri": [{"no": "1"}]},
        {"musteriler": [1]},
        {"musteriler": "2" * 26},
    ],
)
def test_a_bad_dossier_changes_nothing(firms, part):
    full(firms)
    before = firms.as_json()
    good = {"firma_kodu": "OTHER", "unvan": "Başka"}

    with pytest.raises(BadFirm, match=r"\w"):
        firms.change_dossiers({"dosyalar": [good, {"firma_kodu": KOD} | part]}, TODAY)
    assert firms.as_json() == before


@pytest.mark.parametrize(
    "row",
    [
        {"no": ""},
        {"baslik": ""},
        {"metin": 1},
        {"hedef": []},
        {"hedef": {"rol": ["all"]}},
        {"hedef": {"rol": [["IH"]]}},
        {"hedef": {"il": [82]}},
        {"hedef": {"il": [True]}},
        {"hedef": {"kurum": ["a b"]}},
        {"onay_gerekir": 1},
        {"yayimlandi": "soon"},
    ],
)
def test_a_bad_announcement_changes_nothing(firms, row):
    full(firms)
    before = firms.as_json()

    with pytest.raises(BadFirm, match="expected"):
        firms.announce({"duyurular": [DUYURU | {"no": "D-2"}, DUYURU | row]}, TODAY)
    assert firms.as_json() == before


def test_no_announcement_has_the_number_of_another(firms):
    with pytest.raises(BadFirm, match="twice"):
        firms.announce({"duyurular": [DUYURU, DUYURU]}, TODAY)
