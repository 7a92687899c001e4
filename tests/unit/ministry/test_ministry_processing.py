import pytest

from integrator.ministry import processing
from integrator.ministry.faces.soap_g1 import FORM as SINGLE
from integrator.ministry.faces.soap_g1 import as_lists
from integrator.ministry.ministry import OLD_SUCCESS, OURS
from integrator.ministry.save import save


@pytest.fixture
def accept(ministry, toy):
    ministry.processing_seconds = None
    return lambda **changes: processing.accept(ministry, toy.FIRMA_KODU, lambda: toy.signed(toy.dvo(**changes)))


@pytest.fixture
def ask(ministry, toy):
    def asked(*told, firma_kodu=toy.FIRMA_KODU):
        answer = processing.what_became(ministry, firma_kodu, {"sorguNo": list(told)})
        return [one.status for one in answer.durumlar]

    return asked


def test_what_was_accepted_is_decided_once_its_time_has_come(ministry, accept, ask):
    told = accept().told

    before = ask(told)
    ministry.processing_seconds = 0.0

    assert (before, ask(told), len(ministry.ledger.effects())) == ([204], [200], 1)


def test_the_decision_is_counted_and_the_acceptance_is_not(ministry, accept, ask):
    told = accept().told
    assert not ministry.ledger.codes

    ministry.processing_seconds = 0.0
    ask(told)

    assert ministry.ledger.codes == {200: 1}


def test_a_number_in_processing_is_taken(ministry, accept):
    first = accept()

    again = accept()

    assert (again.status, again.told, ministry.ledger.repeated_numbers) == (211, first.told, 1)


def test_the_old_success_of_a_repeat_is_the_same_acceptance(ministry, accept):
    ministry.repeats = OLD_SUCCESS

    assert accept() == accept()
    assert len(ministry.acceptances.waiting) == 1


def test_after_a_refusal_the_number_is_free_and_a_new_one_is_told(ministry, accept, ask, toy):
    refused = accept(calisan=[{"calisanTckNo": toy.NOT_ON_ROSTER}]).told
    ministry.processing_seconds = 0.0
    assert ask(refused) == [212]

    accepted = processing.accept(ministry, toy.FIRMA_KODU, lambda: toy.signed(toy.dvo())).told

    assert (refused != accepted, ask(refused, accepted)) == (True, [212, 200])


def test_our_number_shows_the_youngest_when_numbers_are_ours(ministry, accept, ask, toy):
    ministry.g3_numbers = OURS
    accept(calisan=[{"calisanTckNo": toy.NOT_ON_ROSTER}])
    ministry.processing_seconds = 0.0
    assert ask("1") == [212]

    processing.accept(ministry, toy.FIRMA_KODU, lambda: toy.signed(toy.dvo()))

    assert ask("1") == [200]


def test_a_number_belongs_to_its_firm(accept, ask):
    assert ask(accept().told, firma_kodu="another") == [211]


def test_a_number_stored_meanwhile_by_another_generation_is_not_stored_twice(ministry, accept, ask, toy):
    told = accept().told
    save(ministry, toy.FIRMA_KODU, lambda: toy.signed(toy.dvo()))

    ministry.processing_seconds = 0.0

    assert (ask(told), len(ministry.ledger.effects())) == ([211], 1)


def test_too_many_numbers_are_210(ministry, toy):
    with pytest.raises(processing.Unreadable):
        processing.what_became(ministry, toy.FIRMA_KODU, {"sorguNo": ["1"] * 10_001})


def test_forgetting_forgets_acceptances_too(ministry, accept, ask):
    told = accept().told

    ministry.forget()

    assert ask(told) == [211]


@pytest.mark.parametrize("name", ["calisanTckNo", "egitimKoduId", "egitimSuresi"])
def test_a_single_record_without_worker_or_training_is_210(ministry, toy, name):
    single = {**toy.dvo(), "calisanTckNo": toy.CALISAN, "egitimKoduId": 240, "egitimSuresi": 40.0}
    del single[name]

    answer = save(ministry, toy.FIRMA_KODU, lambda: as_lists(single), SINGLE)

    assert (answer.status, name in answer.message) == (210, True)
