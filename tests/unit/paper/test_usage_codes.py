import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrator.domain.errors import Malformed
from integrator.paper.usage_codes import digest_of, new_code, read_code, write_code

VALUES = st.integers(0, 2**128 - 1)


@given(VALUES)
def test_a_code_is_read_back_however_it_was_typed(value):
    code = write_code(value)

    assert re.fullmatch(r"([0-9A-Z]{5}-){5}[0-9A-Z][0-9A-Z*~$=]", code)
    for typed in (code, code.lower(), code.replace("-", ""), f" {code} ", code.replace("0", "O").replace("1", "ı")):
        assert read_code(typed) == value


@given(VALUES, st.integers(0, 26), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_sign_is_noticed(value, place, sign):
    signs = write_code(value).replace("-", "")
    other = signs[:place] + sign + signs[place + 1 :]
    if other == signs:
        return

    with pytest.raises(Malformed):
        read_code(other)


@given(VALUES, st.integers(0, 24))
def test_two_signs_that_changed_places_are_noticed(value, place):
    signs = write_code(value).replace("-", "")
    other = signs[:place] + signs[place + 1] + signs[place] + signs[place + 2 :]
    if other == signs:
        return

    with pytest.raises(Malformed):
        read_code(other)


@pytest.mark.parametrize(
    "typed", ["", "0", "0" * 65, "0" * 100_000, "Z" * 27, "٣" * 27, "Ş" * 27, "<script>", "\x00" * 27]
)
def test_what_is_no_code_is_told_so(typed):
    with pytest.raises(Malformed, match="code"):
        read_code(typed)


def test_no_two_codes_are_alike_and_the_digest_leads_to_none():
    codes = {new_code() for _ in range(100)}

    assert len(codes) == 100
    assert len({digest_of(read_code(each)) for each in codes}) == 100
    assert len(digest_of(0)) == 64
