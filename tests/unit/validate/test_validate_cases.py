import json

import pytest

from integrator.domain.findings import Severity
from integrator.sign.canonical import split
from integrator.validate.check import check
from tests.factories import REPO, definition, submitted
from tests.fakes import START

CASES = sorted(REPO.glob("datasets/egitim/*/ornekler/*/record.json"))
NAMES = [f"{case.parts[-4]}/{case.parts[-2]}" for case in CASES]


def judged(case, catalogue):
    raw = json.loads(case.read_text(encoding="utf-8"))
    return check(submitted(raw)[0], catalogue, today=START.date())


def expected_of(case):
    return json.loads(case.with_name("expected.json").read_text(encoding="utf-8"))


def test_there_are_cases_of_every_version():
    assert {case.parts[-4] for case in CASES} == {"2018-07", "2018-10"}
    assert len(CASES) >= 18


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_name_of_a_case_says_whether_it_fails(case):
    assert case.parent.name.endswith("_fail") == ("findings" in expected_of(case))


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.parent.name.endswith("_fail")], ids=lambda c: c.parts[-2]
)
def test_a_bad_case_has_exactly_its_findings(case, catalogue):
    errors = [each for each in judged(case, catalogue).findings if each.severity is Severity.ERROR]

    assert sorted([each.code, each.path] for each in errors) == sorted(expected_of(case)["findings"])


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.parent.name.endswith("_fail")], ids=lambda c: c.parts[-2]
)
def test_a_bad_case_gives_no_record(case, catalogue):
    assert judged(case, catalogue).kayit is None


GOOD = [case for case in CASES if not case.parent.name.endswith("_fail")]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: f"{case.parts[-4]}/{case.parts[-2]}")
def test_a_good_case_has_no_finding_and_its_version(case, catalogue):
    found = judged(case, catalogue)

    assert found.findings == ()
    assert found.kayit.version == case.parts[-4]


@pytest.mark.parametrize("case", GOOD, ids=lambda case: f"{case.parts[-4]}/{case.parts[-2]}")
def test_a_good_case_becomes_its_number_of_messages(case, catalogue):
    kayit = judged(case, catalogue).kayit
    messages = list(split(kayit, definition(kayit.version)))
    expected = expected_of(case)

    assert len(messages) == expected["messages"]
    assert sum(each.parts_total for each in messages) == expected.get("parts", 1)
