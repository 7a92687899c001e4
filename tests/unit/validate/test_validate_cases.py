import json
import re
from pathlib import Path

import pytest
from lxml import etree

from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.published import published
from integrator.domain.findings import Severity
from integrator.sign.canonical import split
from integrator.validate.check import check
from integrator.validate.rules import FAMILIES
from tests.factories import REPO, submitted
from tests.fakes import START, FakeKnown

CASES = sorted(REPO.glob("datasets/*/*/ornekler/*/record.json"))


def named(case):
    return "/".join((*case.parts[-5:-3], case.parts[-2]))


def judged(case, catalogue):
    raw = json.loads(case.read_text(encoding="utf-8"))
    beside = case.with_name("known.json")
    known = FakeKnown.read(json.loads(beside.read_text(encoding="utf-8"))) if beside.exists() else None
    return check(submitted(raw)[0], catalogue, today=START.date(), known=known)


def expected_of(case):
    return json.loads(case.with_name("expected.json").read_text(encoding="utf-8"))


def told(findings, *severities):
    return sorted([each.code, each.path] for each in findings if each.severity in severities)


def is_bad(case):
    return case.parent.name.endswith("_fail")


BAD, GOOD = [case for case in CASES if is_bad(case)], [case for case in CASES if not is_bad(case)]


def test_there_are_cases_of_every_version():
    published_versions = {(each.veri_seti, each.version) for each in read_catalogue().definitions}

    assert {case.parts[-5:-3] for case in CASES} == published_versions
    assert len(CASES) >= 48


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_name_of_a_case_says_whether_it_fails(case):
    assert is_bad(case) == ("findings" in expected_of(case))


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_case_says_in_two_lines_why_it_is_there(case):
    assert len(case.with_name("README.md").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize("case", BAD, ids=named)
def test_a_bad_case_has_exactly_its_findings(case, catalogue):
    assert told(judged(case, catalogue).findings, Severity.ERROR) == sorted(expected_of(case)["findings"])


@pytest.mark.parametrize("case", BAD, ids=named)
def test_a_bad_case_gives_no_record(case, catalogue):
    assert judged(case, catalogue).kayit is None


@pytest.mark.parametrize("case", GOOD, ids=named)
def test_a_good_case_has_its_words_and_its_version(case, catalogue):
    found = judged(case, catalogue)

    assert told(found.findings, Severity.ERROR) == []
    assert told(found.findings, Severity.WARNING, Severity.INFO) == sorted(expected_of(case).get("told", []))
    assert (found.kayit.veri_seti, found.kayit.version) == case.parts[-5:-3]


@pytest.mark.parametrize("case", [case for case in GOOD if expected_of(case)["messages"]], ids=named)
def test_a_good_case_becomes_its_number_of_messages(case, catalogue):
    found = judged(case, catalogue)
    messages = list(split(found.kayit, found.definition))
    expected = expected_of(case)

    assert len(messages) == expected["messages"]
    assert sum(each.parts_total for each in messages) == expected.get("parts", 1)


@pytest.mark.parametrize("case", [case for case in GOOD if expected_of(case)["messages"]], ids=named)
def test_the_signed_bytes_of_a_good_case_obey_their_schema(case, catalogue):
    found = judged(case, catalogue)
    schema = etree.XMLSchema(etree.parse(published("schemas", *case.parts[-5:-3], "imzali.xsd")))

    for message in split(found.kayit, found.definition):
        assert schema.validate(etree.fromstring(message.canonical)), schema.error_log


WRITTEN = [case.with_name("imzali.xml") for case in GOOD if case.with_name("imzali.xml").exists()]


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_the_signed_bytes_of_a_case_are_those_that_were_written_down(path, catalogue):
    found = judged(path.with_name("record.json"), catalogue)

    assert [each.canonical for each in split(found.kayit, found.definition)] == [path.read_bytes()]


def test_bytes_are_written_down_for_every_version_that_is_signed():
    signed = {(each.veri_seti, each.version) for each in read_catalogue().definitions if each.signed}

    assert {path.parts[-5:-3] for path in WRITTEN} == signed


# These want a look-up, a switch or a disagreement of ours; they are tested beside the check.
NO_CASE = {"INT-VAL-007", "INT-VAL-040", "INT-VAL-041", "INT-VAL-045", "INT-VAL-042", "INT-VAL-022"}


def test_every_finding_of_a_rule_has_a_case():
    rules = Path(check.__code__.co_filename).parent / "rules"
    sources = [(rules / f"{family}.py").read_text(encoding="utf-8") for family in FAMILIES]
    yielded = {code for source in sources for code in re.findall(r"INT-VAL-[0-9]{3}", source)}

    listed = {
        code
        for case in CASES
        for code, _ in [*expected_of(case).get("findings", []), *expected_of(case).get("told", [])]
    }
    assert yielded - listed - NO_CASE == set()
