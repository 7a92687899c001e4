import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrator.ministry.fault_plan import FAULTS, PATIENCE, QUERY, SAVE, BadPlan, FaultPlan, rates_of

KAYDET = "cokluEgitimBildirimKaydet"


def plan_with(name, seed=7):
    plan = FaultPlan(seed=seed)
    plan.use_set(name)
    return plan


def met(plan, number, times=1):
    return [plan.decide(SAVE, KAYDET, number).fault for _ in range(times)]


@settings(deadline=None)
@given(st.permutations(range(1, 60)))
def test_what_a_number_meets_does_not_depend_on_the_order(order):
    in_order, shuffled = plan_with("hostile"), plan_with("hostile")

    expected = {number: met(in_order, number, 3) for number in range(1, 60)}

    assert {number: met(shuffled, number, 3) for number in order} == expected


def test_another_seed_spoils_other_numbers():
    one, two = plan_with("hostile", 1), plan_with("hostile", 2)

    assert [met(one, number) for number in range(100)] != [met(two, number) for number in range(100)]


@pytest.mark.parametrize(("name", "share"), [("none", 0.0), ("usual", 0.12), ("hostile", 0.39)])
def test_a_set_spoils_its_share_of_saves(name, share):
    plan = plan_with(name)

    spoiled = sum(met(plan, number) != [None] for number in range(1, 4001))

    assert spoiled / 4000 == pytest.approx(share, abs=0.025)


def test_queries_are_spoiled_less_than_saves():
    saves, queries = rates_of("hostile")

    assert 0 < sum(queries.values()) < sum(saves.values()) / 2


def test_after_three_faults_in_a_row_comes_an_honest_answer():
    plan = FaultPlan(seed=7, rates={"http_429": 1.0})

    assert met(plan, 1, 2 * (PATIENCE + 1)) == [*["http_429"] * PATIENCE, None] * 2


def test_a_script_is_outside_that_patience():
    plan = FaultPlan(seed=7)
    plan.change({"scripts": [{"fault": "http_429", "sorgu_no": 1, "times": 6}]})

    assert met(plan, 1, 7) == ["http_429"] * 6 + [None]


def test_a_script_waits_for_its_number():
    plan = FaultPlan(seed=7)
    plan.change({"scripts": [{"fault": "http_429", "sorgu_no": 2}]})

    assert met(plan, 1) + met(plan, 2) + met(plan, 2) == [None, "http_429", None]


def test_a_script_for_saves_leaves_queries_alone():
    plan = FaultPlan(seed=7)
    plan.change({"scripts": [{"fault": "http_429"}]})

    assert plan.decide(QUERY, "egitimBildirimSorgula", 1).fault is None


@pytest.mark.parametrize("lie", ["code_214_lie", "code_401_spell"])
def test_no_named_set_lies_about_whose_fault_it_is(lie):
    assert lie not in rates_of("usual")[0] | rates_of("hostile")[0]


def test_every_fault_says_in_one_line_what_it_does():
    assert all(one.what and "\n" not in one.what for one in FAULTS.values())


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        {"set": "kind"},
        {"set": []},
        {"rates": {"nothing": 0.1}},
        {"rates": {"http_429": "often"}},
        {"scripts": [{}]},
        {"scripts": [{"fault": "http_429", "times": "x"}]},
        {"latency": "long"},
        {"seed": 1.5},
    ],
)
def test_a_plan_that_cannot_be_read_is_refused_whole(wanted):
    plan = FaultPlan(seed=7)

    with pytest.raises(BadPlan):
        plan.change(wanted)

    assert plan == FaultPlan(seed=7)


def test_what_was_forgotten_happens_again():
    plan = plan_with("hostile")
    first = [met(plan, number) for number in range(50)]

    plan.forget()

    assert [met(plan, number) for number in range(50)] == first
