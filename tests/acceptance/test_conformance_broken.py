"""Our gateway with one fault planted at a time (tests/broken_gateway): the suite must find it, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrator.conformance.__main__ import OWN_ADAPTERS
from integrator.conformance.adapter import read_adapter
from integrator.conformance.run import PASSED, Lane
from integrator.conformance.scenario import read_scenarios
from integrator.conformance.signer import Authority
from integrator.conformance.stage import VOCABULARY

BROKEN = Path(__file__).resolve().parents[1] / "broken_gateway" / "broken.py"
OWN = (OWN_ADAPTERS / "ibys.toml").read_text()
PLAIN, BYTES = "flow/one_record_is_accepted", "format/single_record_443_bytes"
NUMBER = "format/wrong_check_digit_is_refused"
PLANTED = {  # the fault: what must fail, what must pass all the same
    "nothing": ([], [PLAIN, BYTES, NUMBER, "security/wrong_person_cannot_sign", "flow/evidence_on_demand"]),
    "sends_twice": ([PLAIN], [NUMBER]),
    "sends_unsigned": ([PLAIN], [NUMBER, BYTES]),
    "talks_too_much": (["security/no_secret_in_what_is_printed"], [BYTES]),
    "writes_wrong_bytes": ([BYTES, PLAIN], [NUMBER]),
    "sorts_nothing": (["format/list_form_bytes"], [BYTES, PLAIN]),
    "splits_wrongly": (["flow/eleven_trainings_are_split"], [BYTES]),
    "takes_unknown_codes_for_success": (["failure/unknown_code_999"], [BYTES]),
    "ignores_401": (["failure/passive_firm_and_back"], [NUMBER]),
    "repeats_blindly": (["failure/code_2222_before_storing"], [NUMBER]),
    "believes_after_a_kill": (["failure/killed_and_the_request_lost"], [BYTES]),
    "forgets_ids": (["flow/same_record_twice_is_known"], [BYTES]),
    "shows_everybody_everything": (["security/another_customer_sees_nothing"], [BYTES]),
    "takes_any_number": ([NUMBER, "format/no_bytes_for_a_bad_record"], [BYTES]),
    "takes_any_signature": (["security/wrong_person_cannot_sign"], [BYTES]),
    "forges_evidence": (["flow/evidence_on_demand"], [BYTES]),
}


def adapter_with(fault: str, folder: Path):
    path = folder / f"{fault}.toml"
    warm = f'warm = "ibys"\nwarm_from = {json.dumps(str(BROKEN))}'
    text = OWN.replace('warm = "ibys"', warm).replace("[environment]", f'[environment]\nBROKEN = "{fault}"')
    path.write_text(text)
    return read_adapter(path)


@pytest.fixture(scope="module")
def lane(tmp_path_factory):
    folder, now = tmp_path_factory.mktemp("broken"), datetime.now(UTC)
    made = Lane(adapter_with("nothing", folder), folder / "lane", Authority(now), now)
    yield made
    made.close()


@pytest.fixture(scope="module")
def scenarios():
    read = read_scenarios({name: word.takes for name, word in VOCABULARY.items()})
    return {f"{each.tier}/{each.name}": each for each in read if each.side == "gateway"}


@pytest.mark.acceptance
@pytest.mark.parametrize("fault", PLANTED)
def test_exactly_what_a_planted_fault_breaks_is_found(fault, lane, scenarios, tmp_path):
    caught, untouched = PLANTED[fault]
    lane.turn_to(adapter_with(fault, tmp_path))

    verdicts = {name: lane.play(scenarios[name]) for name in (*untouched, *caught)}

    failed = {name: each.reason for name, each in verdicts.items() if each.verdict != PASSED}
    assert sorted(failed) == sorted(caught), failed


def test_every_planted_fault_is_looked_for():
    source = BROKEN.read_text()
    listed = source[source.index("FAULTS = (") :].split(")")[0].removeprefix("FAULTS = (")

    assert {each.strip() for each in listed.split(",") if each.strip()} == set(PLANTED)
