import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain.errors import Malformed
from integrator.domain.identifiers import (
    PLACEHOLDERS,
    SgkTescilNo,
    Tckn,
    holds_tckn,
    is_kep,
    is_meslek_kodu,
    is_nace,
    is_sgk_tescil_no,
    is_tckn,
    is_vkn,
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


VECTOR = json.loads(VECTORS.read_text())


@pytest.mark.parametrize("number", VECTOR["vkn"]["valid"])
def test_a_tax_number_with_its_check_digit_is_one(number):
    assert is_vkn(number)


@pytest.mark.parametrize(
    "number", [*VECTOR["vkn"]["placeholder"], "9000000018", "900000001", "90000000170", "９000000017", ""]
)
def test_a_placeholder_or_a_wrong_digit_is_no_tax_number(number):
    assert not is_vkn(number)


@given(st.sampled_from(VECTOR["vkn"]["valid"]), st.integers(1, 9))
def test_a_changed_last_digit_is_no_tax_number(number, by):
    changed = f"{number[:-1]}{(int(number[-1]) + by) % 10}"

    assert not is_vkn(changed)


@pytest.mark.parametrize(
    ("code", "fits"),
    [("41.00.01", True), ("62.10.00", True), ("410001", False), ("41.0.01", False), ("٤1.00.01", False)],
)
def test_a_nace_code_has_its_form(code, fits):
    assert is_nace(code) is fits


@pytest.mark.parametrize("code", VECTOR["meslek_kodu"]["valid"])
def test_an_occupation_code_has_its_form(code):
    assert is_meslek_kodu(code)


@pytest.mark.parametrize("code", [*VECTOR["meslek_kodu"]["invalid"], "2263.01\n", "2263,01"])
def test_what_has_another_form_is_no_occupation_code(code):
    assert not is_meslek_kodu(code)


@pytest.mark.parametrize("address", VECTOR["kep"]["valid"])
def test_a_kep_address_has_its_form(address):
    assert is_kep(address)


@pytest.mark.parametrize(
    "address", [*VECTOR["kep"]["invalid"], "firma@hs1.kep.tr", "@hs01.kep.tr", "a b@hs01.kep.tr", "a@hs01.kep.tr.x"]
)
def test_an_ordinary_address_is_no_kep(address):
    assert not is_kep(address)


def test_every_placeholder_of_eleven_digits_would_pass_the_check_digits():
    assert all(is_tckn(number) for number in PLACEHOLDERS if len(number) == 11)
