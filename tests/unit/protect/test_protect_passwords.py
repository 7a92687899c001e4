import unicodedata

import pytest

from integrator.protect.passwords import Passwords, fault_of

CHEAP = Passwords(memory_kib=64, passes=1)
GOOD = "kırmızı balık gölde"


def test_a_hash_is_argon2id_salted_and_opens_to_its_password_only():
    one, two = CHEAP.hash(GOOD), CHEAP.hash(GOOD)

    assert one.startswith("$argon2id$") and one != two
    assert [CHEAP.verify(one, each) for each in (GOOD, GOOD + " ", "", "\ud800")] == [True, False, False, False]


def test_nobodys_password_costs_a_hash_and_never_opens():
    assert not CHEAP.verify(None, "of nobody")
    assert not CHEAP.verify("no hash at all", GOOD)


def test_the_same_letters_from_another_keyboard_are_the_same_password():
    assert CHEAP.verify(CHEAP.hash(unicodedata.normalize("NFD", GOOD)), unicodedata.normalize("NFC", GOOD))


def test_a_hash_that_cost_less_is_outdated():
    stored = CHEAP.hash(GOOD)

    assert (CHEAP.is_outdated(stored), Passwords(memory_kib=128, passes=1).is_outdated(stored)) == (False, True)


@pytest.mark.parametrize(
    "password",
    [
        "kisa", "a" * 129, "aaaaaaaaaaaaaaa", "123456789012", "qwertyuiopas", "Parola2026!!", "passwordpassword",
        "ŞİFRE-123456", "entegratör--1", "bir\nsatır daha var", "zeynep.kaya parolam",
    ],
)  # fmt: skip
def test_what_is_tried_first_is_not_taken(password):
    assert fault_of(password, login="zeynep.kaya@example.test")


@pytest.mark.parametrize("password", [GOOD, "x9!fQ-2mLw#pZ", "dört yeşil at uyur", "a" * 5 + "bcdef-ghik-lm" * 9])
def test_a_long_odd_one_is(password):
    assert fault_of(password, login="zeynep.kaya@example.test") == ""


def test_no_fault_repeats_the_password():
    assert "hunter22" not in fault_of("hunter22", login="a@b.test")
