from __future__ import annotations

import csv
import re
from pathlib import Path

import integrator
from integrator.domain import errors
from integrator.domain.outcome_texts import outcome_texts
from integrator.domain.outcomes import NO_ANSWER, NOT_FOUND, Kind
from integrator.domain.outcomes import OURS as OURS_NOT_READ
from integrator.domain.texts import catalogue
from integrator.receipt import judge

ROOT = Path(integrator.__file__).parent.parent
PAGE = (ROOT / "docs" / "errors.md").read_text()
OURS = [path for path in (ROOT / "integrator").rglob("*.py") if "ministry" not in path.parts]
CODE = re.compile(r"INT-(?:[A-Z]{3}-)?[0-9]{3}")


def test_every_code_in_the_source_has_a_text_in_both_languages():
    used = {code for path in OURS for code in CODE.findall(path.read_text())}

    assert used == set(catalogue())
    assert all(set(texts) == {"tr", "en"} for texts in catalogue().values())


def test_the_page_lists_every_code_and_no_other():
    assert set(CODE.findall(PAGE)) == set(catalogue())


def test_every_error_class_stands_on_the_page_with_its_exit_code():
    classes = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.IntegratorError)
    ]

    for each in classes:
        row = next(
            line for line in PAGE.splitlines() if f"`{each.__name__}`" in line and line.startswith(f"| {each.code} | `")
        )
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert (cells[0], cells[-1]) == (each.code, str(each.exit_code))
        assert each.__doc__


def test_the_ministrys_codes_on_the_page_are_those_of_the_file_with_the_same_class():
    with (ROOT / "datasets" / "sonuc_kodlari.csv").open(encoding="utf-8") as file:
        listed = {(row["code"], row["class"]) for row in csv.DictReader(file)}

    told = set(re.findall(r"^\| (\d{3,4}) \| (\w+) \|", PAGE, re.MULTILINE))
    assert told == listed


def test_every_kind_of_outcome_stands_on_the_page():
    assert [kind.value for kind in Kind if kind.value not in PAGE] == []


def rows_of_section_4() -> set[str]:
    section = PAGE.partition("## 4.")[2].partition("## 5.")[0]
    return set(re.findall(r"^\| ([a-z_0-9]+) \|", section, re.MULTILINE))


NAMED = (judge.NOT_STORED, judge.PAIRS_MISSING, judge.NO_SUCH_NUMBER, NOT_FOUND, "no_number", "no_query", "given_back")


def codes_in_the_source() -> set[str]:
    """Codes as they are written, and those that a table of verdicts or a judge names; HTTP statuses by their class."""
    named = {"http_3xx", "http_4xx", "http_429", "http_503", "http_5xx", "http_xxx", *OURS_NOT_READ, *NO_ANSWER}
    for path in OURS:
        source = path.read_text()
        named |= set(re.findall(r"Outcome\(Kind\.\w+, \"([a-z_]+)\"", source))
        named |= set(re.findall(r"(?:NoAnswer|NotSent)\(\"([a-z_]+)\"", source))
        named |= set(re.findall(r"\"(tls_[a-z]+)\"", source))
    return named | set(NAMED)


def test_the_source_the_page_and_the_words_for_people_have_the_same_outcome_codes():
    assert codes_in_the_source() == rows_of_section_4() == set(outcome_texts())


def test_every_outcome_code_has_words_in_both_languages():
    assert all(set(texts) == {"tr", "en"} and all(texts.values()) for texts in outcome_texts().values())
