import pytest

from integrator.domain.errors import BadReason
from integrator.domain.hands import LONGEST_NAME, LONGEST_REASON, Hand
from tests.factories import WORKER


def test_a_hand_gives_name_and_reason_without_the_space_around_them():
    assert Hand(" ayse ", " onaylandı ").facts == {"by": "ayse", "reason": "onaylandı"}


@pytest.mark.parametrize("reason", ["", " \t ", "x" * (LONGEST_REASON + 1), f"({WORKER})", "a\nb", "a\x1b[31m"])
def test_a_reason_that_the_log_must_not_keep_is_refused(reason):
    with pytest.raises(BadReason) as refused:
        Hand("ayse", reason)

    assert WORKER not in refused.value.detail


@pytest.mark.parametrize("name", ["", "x" * (LONGEST_NAME + 1), WORKER])
def test_a_name_that_the_log_must_not_keep_is_refused(name):
    with pytest.raises(BadReason):
        Hand(name, "x")


def test_a_reason_of_the_longest_length_is_taken():
    assert Hand("ayse", "ş" * LONGEST_REASON)
