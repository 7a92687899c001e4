import ast
import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain import errors
from integrator.domain.findings import MAX_SEEN, Finding, seen
from integrator.domain.outcomes import Kind, Outcome, Reply, Sonuc
from integrator.domain.texts import catalogue, text
from tests.factories import REPO, bildirim, kayit, record, submitted, tckn

numbers = st.integers(100_000_000, 999_999_999).map(tckn)
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
CODE = re.compile(r"INT-[A-Z]{3}-[0-9]{3}|INT-000")


@cache
def _codes_in_source():
    sources = [path for path in (REPO / "integrator").rglob("*.py") if "ministry" not in path.parts]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources]
    strings = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return sorted({value for value in strings if isinstance(value, str) and CODE.fullmatch(value)})


@given(numbers)
def test_an_identity_number_is_shown_masked(number):
    assert seen(number) == f"{number[:2]}*******{number[-2:]}"


@given(
    numbers, st.text(alphabet="abc .,:;/-[]{}'\"\n", max_size=8), st.text(alphabet="abc .,:;/-[]{}'\"\n", max_size=8)
)
def test_an_identity_number_among_other_signs_is_never_shown(number, before, after):
    assert number not in seen(before + number + after)


@given(numbers, st.sampled_from("0123456789"))
def test_an_identity_number_with_a_digit_too_many_is_never_shown(number, digit):
    assert number not in seen(number + digit)


@given(numbers, st.sampled_from(["", " ", "TC "]))
def test_an_identity_number_in_full_width_digits_is_never_shown(number, before):
    wide = number.translate(FULL_WIDTH)

    assert wide not in seen(before + wide)


@given(numbers)
def test_an_identity_number_that_is_no_text_is_never_shown(number):
    shown = [seen(int(number)), seen(float(number)), seen([number]), seen({"no": int(number)}), seen({number: 1})]

    assert not any(number in each for each in shown)


def test_a_long_value_is_cut():
    assert seen("x" * 1000) == "x" * MAX_SEEN + "..."


def test_a_missing_value_is_shown_as_nothing():
    assert seen(None) == ""


@pytest.mark.parametrize("code", _codes_in_source())
@pytest.mark.parametrize("language", ["tr", "en"])
def test_every_code_of_the_source_has_a_sentence(code, language):
    sentence = text(code, language, path="calisan[0]", seen="3 {x}", wanted="<= 2")

    assert sentence.strip()
    assert "{path}" not in sentence and "{seen}" not in sentence and "{wanted}" not in sentence


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_every_sentence_belongs_to_a_code_of_the_source(code):
    assert code in _codes_in_source()


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_turkish_and_english_tell_the_same_facts(code):
    told = {language: set(re.findall(r"{([a-z]+)}", catalogue()[code][language])) for language in ("tr", "en")}

    assert told["tr"] == told["en"]


def test_braces_in_a_value_stay_as_they_are():
    assert "{wanted}" in Finding("INT-VAL-003", "egitim", "{wanted}", "1").sentence("en")


def test_a_finding_as_json_carries_both_languages():
    told = Finding("INT-VAL-001", "egitimYer", "", "code").as_json()

    assert told["tr"] != told["en"]
    assert told["severity"] == "error"


def test_every_error_class_has_a_code_of_its_own():
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    codes = [each.code for each in classes]

    assert len(codes) == len(set(codes))
    assert set(codes) <= set(catalogue())


@pytest.mark.parametrize(
    "noun",
    [
        bildirim(),
        kayit(),
        submitted(record())[0],
        Sonuc(("80000000132", "240"), "212", "80000000132 bulunamadı"),
        Reply(None, "212", "80000000132 bulunamadı"),
    ],
    ids=lambda noun: type(noun).__name__,
)
def test_no_noun_shows_an_identity_number_in_its_repr(noun):
    assert "80000000132" not in repr(noun)
    assert "81234567804" not in repr(noun)


def test_an_outcome_shows_neither_the_ministrys_words_nor_parts_in_its_repr():
    shown = repr(Outcome(Kind.RELATION, "212", "80000000132", (Sonuc(("80000000132", "240"), "212"),)))

    assert "80000000132" not in shown


@pytest.mark.parametrize("sign", ["\x00", "\x01", "\x1b", "\x7f", "\x85", "\n", "\u202e", "\ud800"])
def test_no_sign_that_steers_a_terminal_or_breaks_a_workbook_is_shown(sign):
    shown = seen(f"a{sign}b")

    assert shown.isprintable()
    assert shown.startswith("a") and shown.endswith("b")
