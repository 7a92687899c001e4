from __future__ import annotations

import json
import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from integrator.conformance.__main__ import OWN_ADAPTERS
from integrator.conformance.adapter import BadAdapter, read_adapter
from integrator.conformance.page import write_page
from integrator.conformance.reports import NOT_CONFORMING, OK, Report, as_json, as_junit
from integrator.conformance.run import FAILED, NOT_OFFERED, PASSED, Taken, Verdict, missing
from integrator.conformance.scenario import TIERS, BadScenario, read_clauses, read_scenarios, select
from integrator.conformance.stage import VOCABULARY, Observed

WORDS = {name: word.takes for name, word in VOCABULARY.items()}
ALL = read_scenarios(WORDS)


def verdict(word=PASSED, declared="", taken=1, text="") -> Verdict:
    steps = [Taken("save", "Send.", {}, "200", word == PASSED)] * taken
    return Verdict(ALL[0], word, text, steps, [Observed("bytes", text)], declared=declared)


def test_there_are_scenarios_of_every_tier_and_side():
    assert len(select(ALL, side="gateway", only=[], tiers=[])) >= 80
    assert len(select(ALL, side="ministry", only=[], tiers=[])) >= 50
    assert all(select(ALL, side=side, only=[], tiers=[tier]) for side in ("gateway", "ministry") for tier in TIERS)


@pytest.mark.parametrize("code", [200, 204, *range(210, 223), 401, 1111, 2222])
def test_every_result_code_has_a_scenario_of_the_gateway_and_one_of_the_ministry(code):
    about = str(code)
    steps = {
        side: json.dumps([dict(step) for each in ALL if each.side == side for step in each.steps])
        for side in ("gateway", "ministry")
    }
    clauses = {(each.side, each.clause.number) for each in ALL}

    assert ("gateway", about) in clauses or f'"code": {about}' in steps["gateway"] or about == "401"
    assert ("ministry", about) in clauses or f'"code": {about}' in steps["ministry"]


def test_every_clause_is_tried_and_quoted_in_both_languages():
    clauses = read_clauses()

    assert set(clauses) == {each.clause.id for each in ALL}
    assert all(each.tr and each.en and each.label in "OWLACDBPI" for each in clauses.values())


def test_every_word_of_the_vocabulary_is_used_and_explained():
    used = {step["do"] for each in ALL for step in each.steps}

    assert used == set(VOCABULARY)
    assert all(word.act.__doc__ for word in VOCABULARY.values())
    assert set(tomllib.loads((OWN_ADAPTERS.parent / "words.toml").read_text())) == set(VOCABULARY)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('do = "explode"', "not in the vocabulary"),
        ('do = "submit"\nfancy = 1', "takes no 'fancy'"),
        ('do = "submit"\n[extra]', "extra: not a key"),
    ],
)
def test_a_scenario_with_an_unknown_word_is_refused(tmp_path, change, told):
    folder = tmp_path / "flow" / "x"
    folder.mkdir(parents=True)
    (tmp_path / "clauses.toml").write_text('[c]\nsource="s"\nnumber="1"\nlabel="O"\ntr="t"\nen="e"\n')
    (folder / "README.md").write_text("one\ntwo\n")
    head = 'side="gateway"\nclause="c"\ntitle_tr="t"\ntitle_en="e"\n'
    (folder / "scenario.toml").write_text(f"{head}[[step]]\n{change}\n")

    with pytest.raises(BadScenario, match=told):
        read_scenarios(WORDS, tmp_path)


def test_what_a_gateway_lacks_is_named():
    crawl = next(each for each in ALL if each.name == "no_advertising_no_outside_links")

    assert missing(crawl, lambda need: need == "soap-g2") == ["pages"]


@pytest.mark.parametrize(
    ("verdicts", "accept", "code"),
    [
        ([], True, NOT_CONFORMING),
        ([verdict()], False, OK),
        ([verdict(NOT_OFFERED, taken=0)], True, NOT_CONFORMING),
        ([verdict(), verdict(FAILED, "row 1")], True, OK),
        ([verdict(), verdict(FAILED, "row 1")], False, NOT_CONFORMING),
        ([verdict(), verdict(FAILED)], True, NOT_CONFORMING),
        ([verdict(declared="row 1")], True, NOT_CONFORMING),
    ],
)
def test_only_a_run_that_did_something_and_found_nothing_exits_with_0(verdicts, accept, code):
    assert Report({}, verdicts, 0.0).exit_code(accept_declared=accept) == code


def test_the_reports_hold_hostile_text_as_text():
    report = Report({"suite": "1"}, [verdict(FAILED, text="<script>alert(1)</script>\x00&")], 1.0)

    page = write_page(as_json(report))

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert ET.fromstring(as_junit(report)).find(".//failure") is not None
    assert all(each not in page for each in ("http://", "https://", "src=", "href="))


def test_an_adapter_says_everything_that_is_wrong_with_it(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[adapter]\nname="x"\nmetot=["soap-g9"]\n[operations]\nfly=["x"]\n[states]\nok="fine"\n')

    with pytest.raises(BadAdapter) as told:
        read_adapter(path)

    assert all(each in str(told.value) for each in ("soap-g9", "operations.fly", "operations.submit", "states.ok"))


def test_what_our_adapter_declares_stands_in_the_divergences_and_nothing_else():
    root = Path(__file__).resolve().parents[3]
    page = (root / "docs" / "divergences.md").read_text().partition("## Requirements that this release")[2]

    told = set(re.findall(r"^\| ((?:format|flow|failure|security)/\w+) \|", page, re.MULTILINE))
    assert told == set(read_adapter(OWN_ADAPTERS / "ibys.toml").declared)
    assert told <= {f"{each.tier}/{each.name}" for each in ALL}
