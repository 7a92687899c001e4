import pytest

from integrator.domain.advice import _texts, advice_for, told_verb, word
from integrator.domain.hands import Verb
from integrator.domain.outcomes import Kind
from integrator.domain.states import State
from integrator.queue.verbs import FATE_UNKNOWN, MAY_BE_STORED, verbs_open

REASONS = ["", "relation", "attempts_spent", "by_hand", *sorted(FATE_UNKNOWN)]


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_advice_in_both_languages(state):
    told = advice_for(state, "", "")

    assert all(set(each) == {"tr", "en"} for each in (told.happened, told.who, told.where))
    assert {word(state, "tr"), word(state, "en")}
    assert str(state) in _texts()["words"]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_reason_to_be_held_has_a_turkish_word(kind):
    assert kind.value in _texts()["words"]


@pytest.mark.parametrize("code", ["212", "213"])
def test_a_relation_names_the_place_in_isg_katip(code):
    assert "İSG-KATİP" in advice_for(State.HELD, code, "relation").where["tr"]


def test_a_cause_of_214_in_the_reason_is_no_obstacle():
    assert advice_for(State.QUARANTINED, "214", "own_fault:INT-RCP-001").happened["en"].startswith("Another message")


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("reason", REASONS)
def test_whatever_a_person_may_do_is_told_in_both_languages(state, reason):
    for verb, end in verbs_open(state, reason).items():
        told = [told_verb(verb, end, 7, language) for language in ("tr", "en")]
        assert all(each.startswith(f"ibys {verb} 7 ") for each in told)
        assert told[0] != told[1]


@pytest.mark.parametrize("reason", sorted(MAY_BE_STORED))
def test_what_may_be_stored_is_asked_about_and_never_taken_back(reason):
    assert verbs_open(State.HELD, reason) == {Verb.RELEASE: State.UNCERTAIN}
