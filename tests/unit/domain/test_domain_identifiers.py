import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain.errors import Malformed
from integrator.domain.identifiers import (
    SgkTescilNo,
    Tckn,
    holds_tckn,
    is_sgk_tescil_no,
    is_tckn,
    sgk_control_matches,
)
from tests.factories import SINGLE, VECTORS, tckn

needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not at hand")
first_nine = st.integers(100_000_000, 999_999_999)


@pytest.mark.parametrize("number", ["80000000132", "81234567804", "99000000110", "99876543292", "10000000146"])
def test_a_right_number_is_taken_with_its_digits_kept(number):
    assert Tckn(number).value == number


@pytest.mark.parametrize(
    "number",
    [
        "80000000131",
        "80000000142",
        "00000000000",
        "01234567890",
        "8000000013",
        "800000001320",
        "8000000013a",
        "８００００００００１３２",
        "٨٠٠٠٠٠٠٠١٣٢",
        "80000000132\n",
        " 80000000132",
        "8000000013²",
        "",
    ],
)
def test_a_wrong_number_cannot_be_built(number):
    with pytest.raises(Malformed):
        Tckn(number)


@needs_vectors
def test_every_shared_vector_of_identity_numbers_is_judged_as_written():
    shared = json.loads(VECTORS.read_text(encoding="utf-8"))
    good = [*shared["tckn"]["valid"], *shared["ykn"]["valid"]]

    assert all(map(is_tckn, good))
    assert not any(map(is_tckn, shared["tckn"]["invalid"]))


@needs_vectors
def test_every_shared_vector_of_workplace_numbers_is_judged_as_written():
    shared = json.loads(VECTORS.read_text(encoding="utf-8"))["sgk_tescil_no"]

    assert all(is_sgk_tescil_no(number) and sgk_control_matches(number) for number in shared["valid"])
    assert all(is_sgk_tescil_no(number) and not sgk_control_matches(number) for number in shared["warn_control"])
    assert not any(map(is_sgk_tescil_no, shared["invalid"]))


@needs_vectors
def test_the_single_record_of_our_factories_is_the_shared_one():
    shared = json.loads(VECTORS.read_text(encoding="utf-8"))["egitim_dvo_single_bytes"]

    assert SINGLE.decode() == shared["xml"]
    assert len(SINGLE) == shared["length"] == 443


@given(first_nine, st.integers(0, 10), st.integers(1, 9))
def test_every_single_wrong_digit_is_caught(nine, place, shift):
    number = tckn(nine)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]

    assert is_tckn(number)
    assert not is_tckn(wrong)


def test_a_negative_intermediate_sum_is_taken_modulo_ten():
    # odd places 1+0+0+0+0, even places 9+9+9+9: 7 * 1 - 36 = -29, which is 1 modulo 10
    assert tckn(190_909_090) == "19090909018"
    assert is_tckn("19090909018")


def test_a_number_stays_out_of_its_repr():
    assert "80000000132" not in repr(Tckn("80000000132"))


@pytest.mark.parametrize(
    "text", ["80000000132", "id:80000000132.", "a80000000132b", "x 99000000110 y", "1-80000000132"]
)
def test_an_identity_number_inside_a_text_is_found(text):
    assert holds_tckn(text)


@pytest.mark.parametrize("text", ["", "80000000131", "800000001321", "29999010100001230069994000", "0" * 5000])
def test_other_digits_are_no_identity_number(text):
    assert not holds_tckn(text)


@pytest.mark.parametrize(
    "number",
    [
        "2999901010000123006999400",
        "299990101000012300699940000",
        "09999010100001230069994000",
        "29999010100001230009994000",
        "29999010100001230829994000",
        "29999010100001230069900000",
        "29999010100001230069998000",
        "２9999010100001230069994000",
    ],
)
def test_a_wrong_workplace_number_cannot_be_built(number):
    with pytest.raises(Malformed):
        SgkTescilNo(number)
