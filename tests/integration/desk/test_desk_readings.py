from datetime import date, timedelta

import pytest

from integrator import pipeline
from integrator.coverage.following import follow_all
from integrator.coverage.reading import count_places
from integrator.desk.deadlines import Duty, read_deadlines, within_of
from integrator.desk.gaps import Missing, read_gaps, read_loads
from integrator.domain.identifiers import KurumNo
from integrator.parties import register
from integrator.parties.register import calisan_index, isyeri_index, profesyonel_index
from integrator.store.engine import reading, writing
from tests.factories import KURUM, PROFESSIONAL, SGK, record, submitted, workers
from tests.fakes import START

TODAY = date(2026, 3, 2)
WHOLE = {
    "sgk_tescil_no": SGK, "nace_kodu": "41.20.01", "tehlike_sinifi": "tehlikeli", "calisan_sayisi": 35,
    "roster_on": TODAY, "otomatik_guncelleme": 1, "contact_email": "ebildirge@ornek.test", "contracts_on": TODAY,
}  # fmt: skip


@pytest.fixture
def tell(gateway):
    """Writes rows of the registers as an import does."""
    sealer = gateway.keyring.sealer(KURUM, now=START)
    place, person = isyeri_index(sealer, SGK), profesyonel_index(sealer, PROFESSIONAL)

    def act(card=None, contracts=(), roster=0, professional=None):
        told = [register.Told(register.ISYERI, place, {**WHOLE, **(card or {})})]
        for at, facts in enumerate(contracts):
            named = {"isyeri_index": place, "profesyonel_index": person, "sgk_tescil_no": SGK, "tckn": PROFESSIONAL}
            told.append(register.Told(register.SOZLESME, f"{at:032}", {**named, "durum": "onaylandi", **facts}))
        for each in workers(roster):
            told.append(register.Told(register.CALISAN, calisan_index(sealer, SGK, each), {"isyeri_index": place}))
        if professional:
            told.append(register.Told(register.PROFESYONEL, person, {"tckn": PROFESSIONAL, **professional}))
        with writing(gateway.database) as tx:
            register.write(tx, sealer, KURUM, register.compare(tx, sealer, KURUM, told), now=START)

    return act


def gaps(gateway, **where):
    with reading(gateway.database) as tx:
        found = read_gaps(tx, gateway.keyring.sealer(KURUM), KURUM, today=TODAY, **where)
    return [(each.missing, each.role, each.seen, each.wanted) for each in found]


def deadlines(gateway):
    with reading(gateway.database) as tx:
        return [(each.duty, each.within, each.count, each.due_on) for each in read_deadlines(tx, KURUM, today=TODAY)]


def served(role, minutes, **facts):
    return {"belge_tipi": role, "minutes_per_month": minutes, **facts}


def test_a_workplace_with_everything_in_order_lacks_nothing(gateway, tell):
    tell(contracts=[served("2", 700), served("1", 350)])  # domain 3.6: 35 workers, dangerous

    assert gaps(gateway) == []


def test_each_thing_that_is_missing_is_named_with_what_was_seen_and_what_is_wanted(gateway, tell):
    old = TODAY - timedelta(days=31)
    tell(
        {"nace_kodu": None, "roster_on": old, "otomatik_guncelleme": 0, "contact_email": ""},
        [served("2", 699), served("3", 0, durum="onay_bekliyor", baslangic=date(2026, 2, 1))],
    )

    assert gaps(gateway) == [
        (Missing.NACE, "", "", ""),
        (Missing.OLD_ROSTER, "", f"{old}", f">= {TODAY - timedelta(days=30)}"),
        (Missing.AUTO_UPDATE, "", "", ""),
        (Missing.CONTACT, "", "", ""),
        (Missing.APPROVAL, "DSP", "2026-02-01", ""),
        (Missing.MINUTES, "IGU", "699", "700"),
        (Missing.PROFESSIONAL, "IH", "0", "350"),
    ]


def test_what_is_not_known_accuses_nobody(gateway, tell):
    tell({"contracts_on": None}, [])
    assert gaps(gateway) == []
    tell({"contracts_on": TODAY}, [served("2", None), served("1", None)])
    assert gaps(gateway) == []


def test_a_contract_that_ended_serves_nobody(gateway, tell):
    yesterday = TODAY - timedelta(days=1)
    tell(contracts=[served("2", 700, bitis=yesterday), served("1", 350, bitis=TODAY)])

    assert gaps(gateway) == [(Missing.PROFESSIONAL, "IGU", "0", "700")]


def test_what_one_workplace_lacks_can_be_asked_alone(gateway, tell):
    tell({"nace_kodu": None}, [served("2", 700), served("1", 350)])

    assert gaps(gateway, isyeri="0" * 32) == []
    assert gaps(gateway, isyeri=isyeri_index(gateway.keyring.sealer(KURUM), SGK)) == [(Missing.NACE, "", "", "")]


def test_a_professionals_load_is_what_the_approved_contracts_add_up_to(gateway, tell):
    tell(contracts=[served("2", 700), served("2", 11_100), served("2", 5, durum="onay_bekliyor")])
    with reading(gateway.database) as tx:
        [load] = read_loads(tx, KURUM, today=TODAY)

    assert (load.contracts, load.minutes, load.minutes > load.ceiling) == (2, 11_800, True)


@pytest.mark.parametrize(
    ("days", "within"),
    [(-1, "overdue"), (0, "7"), (7, "7"), (8, "30"), (30, "30"), (31, "60"), (61, "90"), (90, "90"), (91, "later")],
)
def test_a_day_stands_in_the_nearest_horizon_it_fits(days, within):
    assert within_of(TODAY + timedelta(days=days), TODAY) == within


def test_what_ends_is_told_the_nearest_first(gateway, tell):
    in_a_week, in_two_months = TODAY + timedelta(days=7), TODAY + timedelta(days=60)
    long_ago, later = TODAY - timedelta(days=91), TODAY + timedelta(days=91)
    contracts = [served("2", 1, bitis=each) for each in (in_two_months, in_a_week, long_ago, later)]
    tell(contracts=contracts, professional={"belge_until": TODAY - timedelta(days=400)})

    assert deadlines(gateway) == [
        (Duty.CERTIFICATE, "overdue", 1, TODAY - timedelta(days=400)),
        (Duty.CONTRACT, "7", 1, in_a_week),
        (Duty.CONTRACT, "60", 1, in_two_months),
    ]


def test_trainings_that_end_are_counted_by_workplace(gateway, tell):
    tell(roster=3)
    ann, bob, _ = workers(3)
    days = [(ann, "2024-03-01"), (bob, "2024-03-20")]  # two years at a dangerous workplace
    several = [record(f"K-{at}", calisan=[one], egitimTarihi=day) for at, (one, day) in enumerate(days)]
    assert [each.status for each in pipeline.accept(gateway, KURUM, submitted(*several))] == ["accepted"] * 2
    pipeline.dispatch(gateway)
    follow_all(gateway, KURUM)
    assert count_places(gateway, KURUM) == 1

    assert deadlines(gateway) == [(Duty.EGITIM, "overdue", 1, None), (Duty.EGITIM, "30", 1, None)]


def test_nothing_of_another_customer_is_told(gateway, tell):
    tell({"nace_kodu": None}, [served("2", 1, bitis=TODAY)], roster=1)
    other = KurumNo("osgb-2")
    sealer = gateway.keyring.sealer(other, now=START)
    with reading(gateway.database) as tx:
        assert read_gaps(tx, sealer, other, today=TODAY) == []
        assert read_deadlines(tx, other, today=TODAY) == []
        assert read_loads(tx, other, today=TODAY) == []
