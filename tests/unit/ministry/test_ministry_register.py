from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrator.ministry.fault_plan import BadPlan, FaultPlan
from integrator.ministry.register import BadParties, Register

NAMES = ["firmalar", "isyerleri", "profesyoneller", "sozlesmeler", "egitim_kodlari", "tckn", "sgk_tescil_no"]
KEYS = [
    "set",
    "rates",
    "scripts",
    "seed",
    "latency",
    "fault",
    "operation",
    "sorgu_no",
    "nth",
    "times",
    "http_429",
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(KEYS)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES + KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_json_is_taken_or_refused_as_parties(parties):
    try:
        Register().merge(parties)
    except BadParties as error:
        assert str(error)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_any_json_is_taken_or_refused_as_a_plan(wanted):
    plan = FaultPlan(seed=7)
    try:
        plan.change(wanted)
    except BadPlan as error:
        assert str(error)
    plan.decide("save", "cokluEgitimBildirimKaydet", 1)


@pytest.mark.parametrize(
    ("gun", "is_covered"),
    [("2017-12-31", False), ("2018-01-01", True), ("2020-06-30", True), ("2020-07-01", False)],
)
def test_a_contract_covers_both_its_ends(toy, gun, is_covered):
    register = Register()
    register.merge(toy.PARTIES | {"sozlesmeler": [toy.PARTIES["sozlesmeler"][0] | {"bitis": "2020-06-30"}]})

    assert register.has_contract(toy.UZMAN, toy.SGK, date.fromisoformat(gun)) is is_covered


def test_an_approval_replaces_the_contract_that_was_waiting(toy):
    register = Register()
    register.merge(toy.PARTIES | {"sozlesmeler": [toy.PARTIES["sozlesmeler"][0] | {"durum": "Onay Bekliyor"}]})

    register.merge({"sozlesmeler": toy.PARTIES["sozlesmeler"]})

    assert register.has_contract(toy.UZMAN, toy.SGK, date(2019, 1, 1))


def test_what_is_shown_can_be_loaded_again(toy):
    first, second = Register(), Register()
    first.merge(toy.PARTIES)

    second.merge(first.as_json())

    assert second.as_json() == first.as_json()
