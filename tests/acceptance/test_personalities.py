from __future__ import annotations

import json

import pytest


@pytest.mark.acceptance
@pytest.mark.parametrize("metot", ["soap-g1", "soap-g2", "soap-g3", "json-g4"])
@pytest.mark.parametrize("personality", ["axis", "dotnet"])  # metro: test_demo.py
def test_every_personality_gets_every_generation_and_nothing_is_lost_or_doubled(ibys, personality, metot):
    done = ibys.run(
        *("demo", "--records", "8", "--seed", "6", "--faults", "hostile"),
        *("--metot", metot, "--personality", personality, "--json"),
    )
    facts = json.loads(done.stdout)

    assert (done.returncode, facts["kayit"]) == (0, 8)
    assert (facts["lost"], facts["duplicate_effects"], facts["unexpected_effects"], facts["misjudged"]) == (0, 0, 0, 0)
    assert facts["states"]["accepted"] * 2 > facts["bildirim"]
