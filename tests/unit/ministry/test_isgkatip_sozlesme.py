from datetime import UTC, date, datetime, timedelta

import pytest

from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.isgkatip import contracts, workplaces
from integrator.ministry.isgkatip.contracts import Entry
from integrator.ministry.isgkatip.isyeri import Iletisim
from integrator.ministry.isgkatip.sozlesme import ISYERI, KISI
from integrator.ministry.isgkatip.workplaces import Refused
from integrator.ministry.ministry import Ministry
from integrator.ministry.register import BadParties

TODAY = date(2026, 6, 15)
KULLANICI, MUDUR = 81234567804, 10000000146


class Clocked(Ministry):
    """A ministry whose clock stands where the test puts it."""

    __slots__ = ("day",)

    def today(self):
        return self.day

    def now(self):
        return datetime(self.day.year, self.day.month, self.day.day, 9, tzinfo=UTC)


@pytest.fixture
def ministry(toy):
    made = Clocked(FaultPlan(seed=7))
    made.day = TODAY
    workplace = toy.PARTIES["isyerleri"][0] | {
        "tehlike_sinifi": "TEHLİKELİ",
        "e_bildirge": [{"tckn": str(KULLANICI), "kayit_tarihi": "2020-01-01", "listelendi": True}],
    }
    osgb = {"yetki_belge_no": "OSGB-1", "unvan": "Deneme OSGB", "sorumlular": [str(MUDUR)]}
    made.register.merge(toy.PARTIES | {"isyerleri": [workplace], "osgbler": [osgb], "sozlesmeler": []})
    return made


@pytest.fixture
def entered(ministry, toy):
    return contracts.enter(ministry, MUDUR, Entry("OSGB-1", "103", toy.UZMAN, toy.SGK, TODAY, 20))


def may_act(ministry, toy, gun=TODAY):
    return ministry.register.has_contract(toy.UZMAN, toy.SGK, gun)


def test_the_minutes_beyond_working_hours_stand_beside_the_month(ministry, toy):
    from integrator.ministry.isgkatip.document import facts

    made = contracts.enter(ministry, MUDUR, Entry("OSGB-1", "103", toy.UZMAN, toy.SGK, TODAY, 20, 15))

    told = dict(facts(ministry, made))
    assert (told["Aylık çalışma süresi (dk)"], told["Aylık fazla mesai (dk)"]) == ("20", "15")


def approved(ministry, toy, sozlesme):
    contracts.approve(ministry, KULLANICI, sozlesme.sozlesme_id, ISYERI)
    return contracts.approve(ministry, toy.UZMAN, sozlesme.sozlesme_id, KISI)


def hire(ministry, toy, *giren, ayrilan=()):
    return workplaces.change_at_sgk(ministry, toy.SGK, frozenset(giren), frozenset(ayrilan))


def test_an_entered_contract_waits_and_gives_no_right(ministry, toy, entered):
    assert (entered.durum, entered.isyeri_onay, entered.kisi_onay) == (5000, 5003, 5003)
    assert not may_act(ministry, toy)


@pytest.mark.parametrize("first", [ISYERI, KISI])
def test_only_the_second_approval_makes_it_active_whichever_comes_first(ministry, toy, entered, first):
    who = {ISYERI: KULLANICI, KISI: toy.UZMAN}
    half = contracts.approve(ministry, who.pop(first), entered.sozlesme_id, first)
    assert half.durum == 5000
    assert not may_act(ministry, toy)

    ((side, kim),) = who.items()
    done = contracts.approve(ministry, kim, entered.sozlesme_id, side)

    assert (done.durum, done.onay_tarihi) == (5001, TODAY)
    assert may_act(ministry, toy)


def test_the_service_counts_from_the_approval_not_from_the_first_day(ministry, toy, entered):
    ministry.day = TODAY + timedelta(days=10)
    approved(ministry, toy, entered)

    assert not may_act(ministry, toy, TODAY + timedelta(days=9))
    assert may_act(ministry, toy, TODAY + timedelta(days=10))


@pytest.mark.parametrize("side", [ISYERI, KISI])
def test_nobody_else_approves(ministry, toy, entered, side):
    with pytest.raises(Refused) as refused:
        contracts.approve(ministry, MUDUR, entered.sozlesme_id, side)

    assert refused.value.status == 403
    assert ministry.register.sozlesmeler.get(entered.sozlesme_id) == entered


def test_an_approval_is_not_given_twice(ministry, toy, entered):
    contracts.approve(ministry, KULLANICI, entered.sozlesme_id, ISYERI)

    with pytest.raises(Refused) as refused:
        contracts.approve(ministry, KULLANICI, entered.sozlesme_id, ISYERI)

    assert refused.value.status == 409


def test_a_refusal_leaves_it_not_completed(ministry, toy, entered):
    refused = contracts.refuse(ministry, toy.UZMAN, entered.sozlesme_id, KISI)

    assert (refused.durum, refused.kisi_onay) == (5006, 5005)
    with pytest.raises(Refused):
        contracts.approve(ministry, KULLANICI, entered.sozlesme_id, ISYERI)


def test_an_ended_contract_covers_its_last_day_and_none_after(ministry, toy, entered):
    approved(ministry, toy, entered)
    ended = contracts.end(ministry, MUDUR, entered.sozlesme_id, "Karşılıklı fesih")

    assert (ended.durum, ended.bitis, ended.bitis_nedeni) == (5002, TODAY, "Karşılıklı fesih")
    assert may_act(ministry, toy)
    assert not may_act(ministry, toy, TODAY + timedelta(days=1))


def test_a_deleted_contract_is_kept_and_gives_no_right(ministry, toy, entered):
    approved(ministry, toy, entered)
    deleted = contracts.delete(ministry, MUDUR, entered.sozlesme_id)

    assert (deleted.durum, deleted.silinme_tarihi) == (5001, TODAY)
    assert ministry.register.sozlesmeler.get(entered.sozlesme_id) == deleted
    assert not may_act(ministry, toy)


def test_one_person_has_one_open_contract_at_a_workplace(ministry, toy, entered):
    with pytest.raises(Refused) as refused:
        contracts.enter(ministry, MUDUR, Entry("OSGB-1", "103", toy.UZMAN, toy.SGK, TODAY, 20))

    assert refused.value.status == 409


def test_a_specialist_is_not_entered_as_a_physician(ministry, toy):
    with pytest.raises(Refused):
        contracts.enter(ministry, MUDUR, Entry("OSGB-1", "140", toy.UZMAN, toy.SGK, TODAY, 20))


def test_a_contract_of_another_kind_gives_no_right_to_report(ministry, toy):
    other = contracts.enter(ministry, MUDUR, Entry("OSGB-1", "gezici_arac", toy.UZMAN, toy.SGK, TODAY, 0))
    approved(ministry, toy, other)

    assert not may_act(ministry, toy)


def test_what_waits_stands_before_what_is_approved(ministry, toy, entered):
    approved(ministry, toy, entered)
    ministry.register.merge({"profesyoneller": [{"tckn": str(KULLANICI), "belge_tipi": 1}]})
    waiting = contracts.enter(ministry, MUDUR, Entry("OSGB-1", "140", KULLANICI, toy.SGK, TODAY, 10))

    assert [one.sozlesme_id for one in ministry.register.sozlesmeler.at(toy.SGK)] == [
        waiting.sozlesme_id,
        entered.sozlesme_id,
    ]


def test_too_few_minutes_warn_and_refuse_nothing(ministry, toy):
    few = contracts.enter(ministry, MUDUR, Entry("OSGB-1", "103", toy.UZMAN, toy.SGK, TODAY, 19))

    (warning,) = contracts.warnings(ministry, few)

    assert "19 dk" in warning
    assert "20 dk" in warning


def test_more_than_a_month_holds_warns(ministry, toy):
    much = contracts.enter(ministry, MUDUR, Entry("OSGB-1", "103", toy.UZMAN, toy.SGK, TODAY, 11_701))

    assert contracts.minutes_left(ministry, toy.UZMAN) == -1
    assert "1 dk aşılıyor" in contracts.warnings(ministry, much)[0]


def test_who_is_hired_is_on_the_list_only_after_a_refresh(ministry, toy):
    hire(ministry, toy, toy.NOT_ON_ROSTER)
    assert toy.NOT_ON_ROSTER not in ministry.register.roster(toy.SGK)

    refreshed = workplaces.refresh(ministry, KULLANICI, toy.SGK)

    assert toy.NOT_ON_ROSTER in ministry.register.roster(toy.SGK)
    assert refreshed.liste_tarihi == ministry.now()


def test_a_single_verification_changes_one_line_and_dates_only_it(ministry, toy):
    hire(ministry, toy, toy.NOT_ON_ROSTER, KULLANICI)

    verified = workplaces.verify(ministry, KULLANICI, toy.SGK, toy.NOT_ON_ROSTER)

    assert verified.calisanlar == {toy.CALISAN, toy.NOT_ON_ROSTER}
    assert verified.refreshed_at(toy.NOT_ON_ROSTER) == ministry.now()
    assert verified.refreshed_at(toy.CALISAN) is None


def test_who_left_goes_from_the_list_when_verified(ministry, toy):
    hire(ministry, toy, ayrilan=[toy.CALISAN])

    assert workplaces.verify(ministry, KULLANICI, toy.SGK, toy.CALISAN).calisanlar == frozenset()


def test_verifying_a_stranger_changes_nothing(ministry, toy):
    with pytest.raises(Refused) as refused:
        workplaces.verify(ministry, KULLANICI, toy.SGK, toy.NOT_ON_ROSTER)

    assert refused.value.status == 404


def test_no_workers_left_ends_every_active_contract(ministry, toy, entered):
    approved(ministry, toy, entered)
    hire(ministry, toy, ayrilan=[toy.CALISAN])
    assert may_act(ministry, toy)

    workplaces.refresh(ministry, KULLANICI, toy.SGK)

    ended = ministry.register.sozlesmeler.get(entered.sozlesme_id)
    assert (ended.durum, ended.bitis) == (5002, TODAY)
    assert "0'a düştüğü" in ended.bitis_nedeni


def test_minutes_wait_for_an_approval_when_the_list_grew(ministry, toy, entered):
    approved(ministry, toy, entered)
    hire(ministry, toy, toy.NOT_ON_ROSTER)
    workplaces.refresh(ministry, KULLANICI, toy.SGK)
    grown = ministry.register.sozlesmeler.get(entered.sozlesme_id)
    assert (grown.sure_dk, grown.bekleyen_sure_dk) == (20, 40)

    done = contracts.approve_minutes(ministry, KULLANICI, entered.sozlesme_id)

    assert (done.sure_dk, done.bekleyen_sure_dk) == (40, None)


def test_minutes_follow_by_themselves_where_the_workplace_said_evet(ministry, toy, entered):
    approved(ministry, toy, entered)
    evet = Iletisim("3120000000", "kurum@ornek.example", "Ankara", "Çankaya", True)
    said = workplaces.set_iletisim(ministry, KULLANICI, toy.SGK, evet)
    hire(ministry, toy, toy.NOT_ON_ROSTER)

    workplaces.refresh(ministry, KULLANICI, toy.SGK)

    assert (said.iletisim.onaylayan, said.iletisim.tarih) == (KULLANICI, TODAY)
    assert ministry.register.sozlesmeler.get(entered.sozlesme_id).sure_dk == 40


@pytest.mark.parametrize(("days", "is_listed"), [(0, False), (2, False), (3, True)])
def test_a_new_e_bildirge_user_is_listed_after_three_days(ministry, toy, days, is_listed):
    workplaces.register_user(ministry, toy.SGK, MUDUR)
    ministry.day = TODAY + timedelta(days=days)

    listed, waiting = workplaces.fetch_workplaces(ministry, MUDUR)

    assert bool(listed) is is_listed
    assert waiting == ([] if is_listed else [TODAY + timedelta(days=3)])


def test_a_user_approves_only_once_the_workplace_was_fetched(ministry, toy, entered):
    workplaces.register_user(ministry, toy.SGK, MUDUR)
    ministry.day = TODAY + timedelta(days=5)
    with pytest.raises(Refused):
        contracts.approve(ministry, MUDUR, entered.sozlesme_id, ISYERI)

    workplaces.fetch_workplaces(ministry, MUDUR)

    assert contracts.approve(ministry, MUDUR, entered.sozlesme_id, ISYERI).isyeri_onay == 5004


@pytest.mark.parametrize(
    "wrong",
    [
        {"telefon": "03120000000"},
        {"telefon": "312000000"},
        {"telefon": "0312000000"},
        {"telefon": "٣١٢٠٠٠٠٠٠٠"},
        {"eposta": "kurum"},
        {"il": ""},
        {"otomatik": "EVET"},
    ],
)
def test_contact_details_are_taken_only_in_their_shape(wrong):
    from integrator.ministry.isgkatip.rows import read_iletisim

    good = {"telefon": "3120000000", "eposta": "a@b.example", "il": "Ankara", "ilce": "Çankaya", "otomatik": True}
    assert read_iletisim(good).otomatik

    with pytest.raises(BadParties):
        read_iletisim(good | wrong)


def test_everything_that_happened_can_be_loaded_again(ministry, toy, entered):
    approved(ministry, toy, entered)
    hire(ministry, toy, toy.NOT_ON_ROSTER)
    workplaces.verify(ministry, KULLANICI, toy.SGK, toy.NOT_ON_ROSTER)
    evet = Iletisim("3120000000", "kurum@ornek.example", "Ankara", "Çankaya", True)
    workplaces.set_iletisim(ministry, KULLANICI, toy.SGK, evet)
    contracts.delete(ministry, MUDUR, entered.sozlesme_id)
    told = ministry.register.as_json()

    again = type(ministry.register)()
    again.merge(told)

    assert again.as_json() == told
