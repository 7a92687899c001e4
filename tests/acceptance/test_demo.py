from __future__ import annotations

import json

import pytest

from tests.sizes import size

ALL_SEEDS = [7, 1, 2, 3, 5, 11, 13, 17, 19, 23, 29]
SEEDS = ALL_SEEDS[: size("DEMO_SEEDS", 3, len(ALL_SEEDS), "seeds of a hostile ministry")]
UNDERSTOOD = {"accepted", "partial", "refused", "held", "quarantined", "awaiting_signature", "cancelled", "superseded"}


@pytest.mark.acceptance
@pytest.mark.parametrize("seed", SEEDS)
def test_a_hostile_ministry_loses_and_doubles_nothing(ibys, seed):
    records = "500" if seed == 7 else "150"

    done = ibys.run("demo", "--records", records, "--faults", "hostile", "--seed", str(seed), "--json")
    facts = json.loads(done.stdout)

    assert done.returncode == 0
    assert facts["kayit"] == int(records)
    assert (facts["lost"], facts["duplicate_effects"], facts["unexpected_effects"], facts["misjudged"]) == (0, 0, 0, 0)
    assert facts["audit_ok"] is True
    assert set(facts["states"]) <= UNDERSTOOD
    assert sum(facts["states"].values()) == facts["bildirim"]


@pytest.mark.acceptance
def test_an_honest_ministry_gets_every_part_at_the_first_attempt(ibys):
    facts = ibys.json("demo", "--records", "60", "--faults", "none", "--seed", "4")

    assert facts["lost"] == 0
    assert facts["attempts"].get("uncertain", 0) == 0
    assert facts["ministry"]["saves"] == facts["bildirim"]


@pytest.mark.acceptance
def test_the_demo_reads_well_for_a_person(ibys):
    done = ibys.run("demo", "--records", "40", "--seed", "4")

    assert done.returncode == 0
    for words in ("Where they stand", "Evidence", "lost 0   duplicate effects 0   audit verified"):
        assert words in done.stdout


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("metot", "faults"),
    [("soap-g1", "hostile"), ("soap-g3", "none"), ("soap-g3", "hostile"), ("json-g4", "hostile")],
)
def test_every_generation_loses_and_doubles_nothing(ibys, metot, faults):
    done = ibys.run("demo", "--metot", metot, "--records", "25", "--faults", faults, "--seed", "6", "--json")
    facts = json.loads(done.stdout)

    assert (done.returncode, facts["metot"], facts["kayit"]) == (0, metot, 25)
    assert (facts["lost"], facts["duplicate_effects"], facts["unexpected_effects"], facts["misjudged"]) == (0, 0, 0, 0)
    assert facts["audit_ok"] is True
    assert facts["states"]["accepted"] * 2 > facts["bildirim"]
    assert set(facts["states"]) <= UNDERSTOOD
