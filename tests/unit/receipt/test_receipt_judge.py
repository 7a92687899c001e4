import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.identifiers import SorguNo
from integrator.domain.outcomes import Kind, Reply, Sonuc
from integrator.domain.states import State
from integrator.receipt.judge import (
    NOT_STORED,
    PAIRS_MISSING,
    judge_found,
    judge_processed,
    judge_repeated,
    judge_reply,
)
from tests.factories import FIRST_NUMBER, REPO

NUMBER = SorguNo(FIRST_NUMBER)
PAIRS = [("80000000132", "24"), ("80000000132", "240"), ("81234567804", "24"), ("81234567804", "240")]
CODES = read_catalogue().result_codes
KIND_OF_CODE = {
    "200": Kind.UNCERTAIN,  # success without a word about the pairs is not believed
    "204": Kind.UNCERTAIN,
    "210": Kind.REFUSED,
    "211": Kind.UNCERTAIN,
    "212": Kind.RELATION,
    "213": Kind.RELATION,
    "214": Kind.OWN_FAULT,
    "215": Kind.REFUSED,
    "216": Kind.OWN_FAULT,
    "217": Kind.OWN_FAULT,
    "218": Kind.OWN_FAULT,
    "219": Kind.OWN_FAULT,
    "220": Kind.OWN_FAULT,
    "221": Kind.OWN_FAULT,
    "222": Kind.OWN_FAULT,
    "401": Kind.PASSIVE,
    "1111": Kind.UNCERTAIN,
    "2222": Kind.UNCERTAIN,
}


def parts(*codes, pairs=PAIRS):
    return tuple(Sonuc(pair, code) for pair, code in zip(pairs, codes, strict=True))


def judged(code, listed=(), number=NUMBER):
    return judge_reply(Reply(number, code, "", tuple(listed)), NUMBER, PAIRS, CODES)


def found(*rows, confirmed=False):
    return judge_found(rows, PAIRS, CODES, confirmed=confirmed)


def test_the_table_speaks_of_every_published_code():
    with (REPO / "datasets/sonuc_kodlari.csv").open(encoding="utf-8") as file:
        assert {row["code"] for row in csv.DictReader(file)} == set(KIND_OF_CODE) == set(CODES)


@pytest.mark.parametrize(("code", "kind"), KIND_OF_CODE.items())
def test_each_code_of_a_whole_message_has_its_kind(code, kind):
    outcome = judged(code)

    assert outcome.kind is kind
    assert outcome.accepted_parts == 0


@pytest.mark.parametrize("code", ["", "0", "201", "299", "9999", "0200", "200 ", "２００", "OK", "-1"])
def test_an_unknown_code_waits_for_a_person_and_is_no_success(code):
    outcome = judged(code, parts("200", "200", "200", "200"))

    assert outcome.end is State.HELD
    assert outcome.code == code


@pytest.mark.parametrize("number", [None, SorguNo(FIRST_NUMBER + 1), SorguNo(0)])
@pytest.mark.parametrize("code", ["200", "210", "212", "214", "1111", "9999"])
def test_an_answer_about_another_number_says_nothing(code, number):
    outcome = judged(code, parts("200", "200", "200", "200"), number)

    assert (outcome.kind, outcome.code) == (Kind.UNCERTAIN, "foreign_number")


@pytest.mark.parametrize("number", [None, NUMBER, SorguNo(7)])
def test_401_is_believed_under_any_number(number):
    assert judged("401", number=number).kind is Kind.PASSIVE


def test_every_pair_accepted_is_accepted():
    outcome = judged("200", parts("200", "200", "200", "200"))

    assert (outcome.kind, outcome.code, outcome.accepted_parts) == (Kind.ACCEPTED, "200", 4)


def test_the_order_of_the_pairs_does_not_matter():
    assert judged("200", reversed(parts("200", "200", "200", "200"))).kind is Kind.ACCEPTED


ALL = parts("200", "200", "200", "200")


@pytest.mark.parametrize(
    "listed",
    [
        ALL[:3],
        (*ALL, Sonuc(("99000000110", "24"), "200")),
        (*ALL[:3], Sonuc(("99000000110", "24"), "200")),
        (*ALL[:3], ALL[0]),
        (*ALL, ALL[0]),
        (*ALL[:3], Sonuc(("81234567804", "0240"), "200")),
        (*ALL[:3], Sonuc(("", ""), "200")),
    ],
    ids=["missing", "extra", "foreign", "one twice for one missing", "one twice", "another spelling", "empty"],
)
def test_pairs_that_are_not_exactly_ours_leave_the_outcome_unknown(listed):
    assert judged("200", listed).kind is Kind.UNCERTAIN


def test_some_pairs_refused_is_partial_with_the_reason():
    outcome = judged("200", parts("200", "200", "212", "212"))

    assert (outcome.kind, outcome.code, outcome.accepted_parts) == (Kind.PARTIAL, "212", 2)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("212", Kind.RELATION), ("210", Kind.REFUSED), ("214", Kind.OWN_FAULT), ("1111", Kind.UNCERTAIN),
     ("999", Kind.UNKNOWN_CODE)],
)  # fmt: skip
def test_every_pair_refused_is_judged_by_its_code(code, kind):
    outcome = judged("200", parts(code, code, code, code))

    assert (outcome.kind, outcome.accepted_parts) == (kind, 0)


@pytest.mark.parametrize("code", ["1111", "2222", "204"])
def test_a_part_that_may_have_been_stored_is_asked_about_before_it_counts_as_refused(code):
    assert judged("200", parts("200", "200", "200", code)).kind is Kind.UNCERTAIN


def test_a_part_with_an_unknown_code_waits_for_a_person():
    assert judged("200", parts("200", "200", "200", "999")).end is State.HELD


@given(st.lists(st.sampled_from(["200", *KIND_OF_CODE, "999", ""]), min_size=4, max_size=4))
def test_accepted_means_that_every_pair_was_said_to_be_stored(codes):
    outcome = judged("200", parts(*codes))

    assert (outcome.kind is Kind.ACCEPTED) == (codes == ["200"] * 4)
    assert outcome.accepted_parts <= 4


def test_no_row_means_that_nothing_arrived():
    outcome = found()

    assert (outcome.kind, outcome.code) == (Kind.NOT_ARRIVED, "not_found")


def test_rows_for_all_our_pairs_are_judged_like_an_answer():
    assert found(*ALL).kind is Kind.ACCEPTED
    assert found(*parts("200", "212", "200", "212")).kind is Kind.PARTIAL


def test_rows_about_other_people_mean_that_the_number_is_somebody_elses():
    outcome = found(*ALL, Sonuc(("99000000110", "24"), "200"))

    assert (outcome.kind, outcome.end) == (Kind.FOREIGN, State.HELD)


def test_missing_pairs_are_not_believed_at_first():
    outcome = found(*ALL[:2])

    assert (outcome.kind, outcome.code) == (Kind.UNCERTAIN, PAIRS_MISSING)


def test_missing_pairs_that_were_confirmed_count_as_not_stored():
    outcome = found(*ALL[:3], confirmed=True)

    assert (outcome.kind, outcome.code, outcome.accepted_parts) == (Kind.PARTIAL, NOT_STORED, 3)
    assert [part.pair for part in outcome.parts if part.code == NOT_STORED] == [PAIRS[3]]


@pytest.mark.parametrize(("code", "kind"), [("401", Kind.PASSIVE), ("1111", Kind.UNCERTAIN), ("999", Kind.UNCERTAIN)])
@pytest.mark.parametrize("confirmed", [True, False])
def test_a_row_about_the_call_only_says_nothing_about_the_message(code, kind, confirmed):
    outcome = found(Sonuc(("", ""), code), confirmed=confirmed)

    assert outcome.kind is kind
    assert outcome.end is not State.ACCEPTED


def test_a_row_about_the_call_that_says_200_is_no_success():
    assert found(Sonuc(("", ""), "200")).kind is Kind.UNCERTAIN


def test_a_row_told_twice_counts_once():
    outcome = found(*ALL, ALL[0])

    assert outcome.accepted_parts <= len(PAIRS)


def test_two_rows_that_contradict_each_other_about_a_pair_are_no_success_and_no_refusal():
    outcome = found(*ALL[:3], Sonuc(PAIRS[3], "212"), Sonuc(PAIRS[3], "200"))

    assert outcome.kind is Kind.UNCERTAIN


@given(
    st.lists(
        st.tuples(st.sampled_from([*PAIRS, ("99000000110", "24")]), st.sampled_from(["200", "212", "999"])), max_size=6
    ),
    st.booleans(),
)
def test_found_is_accepted_only_when_every_pair_of_ours_was_said_to_be_stored(rows, confirmed):
    outcome = found(*(Sonuc(*row) for row in rows), confirmed=confirmed)

    if outcome.kind is Kind.ACCEPTED:
        assert {pair for pair, _ in rows} == set(PAIRS)
        assert {code for _, code in rows} == {"200"}


def taken(code, ministry_no="m1"):
    return judge_reply(Reply(None, code, "", ministry_no=ministry_no), NUMBER, PAIRS, CODES)


def processed(code, ministry_no="m1"):
    return judge_processed(Reply(None, code, "", ministry_no=ministry_no), "m1", PAIRS, CODES)


@pytest.mark.parametrize("code", ["200", "211"])
def test_a_message_taken_for_processing_is_followed_by_the_ministrys_number(code):
    outcome = taken(code)

    assert (outcome.kind, outcome.end, outcome.ministry_no) == (Kind.PENDING, State.PENDING, "m1")


@pytest.mark.parametrize("code", ["200", "211"])
def test_a_message_taken_without_a_number_is_unknown(code):
    assert (taken(code, "").kind, taken(code, "").code) == (Kind.UNCERTAIN, "no_number")


@pytest.mark.parametrize(
    ("code", "kind"),
    [("213", Kind.RELATION), ("1111", Kind.UNCERTAIN), ("401", Kind.PASSIVE), ("77", Kind.UNKNOWN_CODE)],
)
def test_a_message_that_is_not_taken_has_the_kind_of_its_code(code, kind):
    assert taken(code, "").kind is kind


PROCESSED = {
    "200": Kind.ACCEPTED,
    "204": Kind.PENDING,
    "211": Kind.UNCERTAIN,
    "210": Kind.REFUSED,
    "212": Kind.RELATION,
    "214": Kind.OWN_FAULT,
    "401": Kind.PASSIVE,
    "1111": Kind.UNCERTAIN,
    "777": Kind.UNKNOWN_CODE,
    "": Kind.UNKNOWN_CODE,
}


@pytest.mark.parametrize(("code", "kind"), PROCESSED.items())
def test_the_code_of_a_processed_message_speaks_for_all_of_it(code, kind):
    outcome = processed(code)

    assert outcome.kind is kind
    assert outcome.accepted_parts == (len(PAIRS) if code == "200" else 0)


def test_a_number_the_ministry_does_not_know_is_forgotten():
    assert processed("211").ministry_no == "" and processed("204").ministry_no is None


def test_a_row_about_another_number_or_the_call_is_no_verdict():
    assert {processed("200", "m2").kind, processed("213", "").kind} == {Kind.UNCERTAIN}


def test_a_repetition_that_is_refused_as_used_was_stored_the_first_time():
    outcome = judge_repeated(Reply(NUMBER, "211", ""), NUMBER, PAIRS, CODES)

    assert (outcome.kind, outcome.accepted_parts) == (Kind.ACCEPTED, len(PAIRS))


@pytest.mark.parametrize("code", ["80000000132", "x" * 17, "said 80000000132"])
def test_a_code_that_no_plain_column_may_hold_is_not_kept(code):
    assert {judged(code).code, processed(code).code, taken(code).code} == {"unreadable_code"}
