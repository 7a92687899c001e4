import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrator.ministry.identifiers import is_sgk_tescil_no, is_tckn


@pytest.mark.parametrize("number", [80000000132, 81234567804, 99000000110, 99876543292, 10000000146])
def test_a_number_with_right_check_digits_is_one(number):
    assert is_tckn(number)


@pytest.mark.parametrize("number", [80000000131, 80000000142, 8000000013, 800000001320, 0, -80000000132])
def test_a_number_with_wrong_check_digits_or_length_is_none(number):
    assert not is_tckn(number)


@settings(deadline=None)
@given(st.integers(0, 10), st.integers(0, 9))
def test_no_single_wrong_digit_goes_unseen(position, digit):
    right = "81234567804"
    changed = right[:position] + str(digit) + right[position + 1 :]

    assert is_tckn(int(changed)) == (changed == right)


@pytest.mark.parametrize("text", ["", "2" * 25, "2" * 27, "2" * 25 + "x", "٢" * 26, "2" * 26 + "\n"])
def test_a_registration_number_has_26_ascii_digits(text):
    assert not is_sgk_tescil_no(text)
