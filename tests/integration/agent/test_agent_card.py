from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from integrator.domain.errors import Malformed, Misconfigured, WrongPin
from integrator.sign.certificates import TrustStore
from integrator.sign.pkcs11 import Card
from integrator.sign.verify import Signature, require_valid
from tests.factories import FOREIGNER, PROFESSIONAL, SINGLE
from tests.integration.agent.conftest import NOW


@pytest.fixture
def card(cards):
    return lambda label, **more: Card(cards.hsm.library, token_label=label, **more)


class CountingCard(Card):
    """Remembers how often a PIN went to the token."""

    logins = 0
    answers = None

    @contextmanager
    def _calling(self):
        with super()._calling() as token:
            yield Counted(self, token)


class Counted:
    def __init__(self, card, token):
        self._card, self._token = card, token

    def __getattr__(self, name):
        return getattr(self._token, name)

    def open(self, **facts):
        self._card.logins += "user_pin" in facts
        if "user_pin" in facts and self._card.answers:
            raise self._card.answers
        return self._token.open(**facts)


@pytest.mark.parametrize("label", ["rsa-2048", "rsa-3072", "p-256", "p-384", "asks-each-time"])
def test_a_signature_made_on_a_card_is_taken_like_any_other(cards, card, label):
    with card(label).unlock(cards.pin(label), at=NOW) as signer:
        several = [signer.sign(SINGLE, at=NOW) for _ in range(3)]

    trust = TrustStore([cards.root.certificate])
    for cms in several:
        require_valid(Signature(cms, SINGLE, NOW, trust, PROFESSIONAL))


@pytest.mark.parametrize("label", ["rsa-2048", "p-256"])
def test_the_longer_digests_are_signed_too(cards, card, label):
    from integrator.sign.cades import CadesSigner, Profile

    with card(label).unlock(cards.pin(label), at=NOW) as signer:
        for digest in ("sha384", "sha512"):
            longer = CadesSigner(signer._signer, Profile(digest=digest))
            require_valid(Signature(longer.sign(SINGLE, at=NOW), SINGLE, NOW, None, PROFESSIONAL))


def test_the_owner_is_read_without_a_pin(card):
    assert card("p-256").owner(at=NOW) == PROFESSIONAL
    assert card("foreigner").owner(at=NOW) == FOREIGNER


def test_four_threads_sign_at_once_each_in_its_own_session(cards, card):
    meet = threading.Barrier(4)
    with card("p-256").unlock(cards.pin("p-256"), at=NOW) as signer:

        def sign(thread):
            meet.wait(10)
            contents = [SINGLE.replace(b"40.0", f"{thread}.{place}".encode()) for place in range(25)]
            return [(content, signer.sign(content, at=NOW)) for content in contents]

        with ThreadPoolExecutor(4) as pool:
            signed = [each for group in pool.map(sign, range(4)) for each in group]

    assert len(signed) == 100
    for content, cms in signed:
        require_valid(Signature(cms, content, NOW, None, PROFESSIONAL))


def test_a_wrong_pin_goes_to_the_card_once_and_the_source_tries_no_other(cards, card):
    mistaken = CountingCard(cards.hsm.library, token_label="mistyped")
    for pin in (bytearray(b"0000"), bytearray(b"1111"), cards.pin("mistyped")):
        with pytest.raises(WrongPin) as refused, mistaken.unlock(pin, at=NOW):
            pass

    assert mistaken.logins == 1
    assert "USER_PIN_COUNT_LOW" in cards.hsm.flags("mistyped")
    assert "wrong tries were counted" in refused.value.detail
    assert card("mistyped").tries_left() == "low"


@pytest.mark.parametrize("answer", ["GeneralError", "FunctionFailed", "PinLocked", "DeviceError"])
def test_a_library_that_answers_a_login_with_any_error_is_not_asked_again(cards, answer):
    import pkcs11

    vague = CountingCard(cards.hsm.library, token_label="p-256")
    vague.answers = getattr(pkcs11, answer)()
    for _ in range(2):
        with pytest.raises(WrongPin, match=answer), vague.unlock(cards.pin("p-256"), at=NOW):
            pass

    assert vague.logins == 1


def test_a_card_that_was_pulled_out_before_the_login_costs_no_restart(cards):
    import pkcs11

    pulled = CountingCard(cards.hsm.library, token_label="p-256")
    pulled.answers = pkcs11.DeviceRemoved()
    with pytest.raises(Misconfigured), pulled.unlock(cards.pin("p-256"), at=NOW):
        pass
    pulled.answers = None

    with pulled.unlock(cards.pin("p-256"), at=NOW) as signer:
        signer.sign(SINGLE, at=NOW)


def test_the_right_pin_after_a_restart_clears_the_cards_counter(cards, card):
    with pytest.raises(WrongPin), card("mistyped-again").unlock(bytearray(b"0000"), at=NOW):
        pass

    with card("mistyped-again").unlock(cards.pin("mistyped-again"), at=NOW) as signer:
        signer.sign(SINGLE, at=NOW)

    assert card("mistyped-again").tries_left() == ""
    assert "USER_PIN_COUNT_LOW" not in cards.hsm.flags("mistyped-again")


def test_no_pin_at_all_does_not_reach_the_card(cards):
    counting = CountingCard(cards.hsm.library, token_label="p-256")

    with pytest.raises(Malformed), counting.unlock(bytearray(), at=NOW):
        pass

    assert counting.logins == 0


def test_a_signer_kept_beyond_its_confirmation_signs_nothing(cards, card):
    with card("p-256").unlock(cards.pin("p-256"), at=NOW) as signer:
        signer.sign(SINGLE, at=NOW)

    with pytest.raises(Misconfigured, match="locked again"):
        signer.sign(SINGLE, at=NOW)


def test_the_card_is_locked_again_for_the_whole_process(cards, card):
    with card("p-256").unlock(cards.pin("p-256"), at=NOW):
        pass

    from pkcs11 import ObjectClass, lib

    token = lib(str(cards.hsm.library)).get_token(token_label="p-256")
    with token.open() as session:
        assert list(session.get_objects({0: ObjectClass.PRIVATE_KEY})) == []  # CKA_CLASS


def test_a_card_opened_before_a_fork_is_refused_in_the_child(cards, card):
    opened = card("p-256")
    opened.owner(at=NOW)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            opened.owner(at=NOW)
        except Misconfigured as refused:
            os.write(write, refused.detail.encode())
        finally:
            os._exit(0)

    os.close(write)
    assert b"before this process forked" in os.read(read, 200)
    os.waitpid(child, 0)


@pytest.mark.parametrize(
    ("label", "at", "why"),
    [
        ("absent", NOW, "is the card in its reader"),
        ("", NOW, "choose one by its label"),
        ("two", NOW, "choose by key id: 01, 02"),
        ("expired", NOW, "valid today"),
        ("p-256", NOW + timedelta(days=900), "valid today"),
    ],
)
def test_what_does_not_fit_is_told_before_a_pin_is_asked(cards, card, label, at, why):
    with pytest.raises(Misconfigured, match=why):
        card(label).owner(at=at)


def test_the_certificate_that_is_not_for_signing_is_passed_over(cards, card):
    with card("one-of-two").unlock(cards.pin("one-of-two"), at=NOW) as signer:
        assert signer.facts.non_repudiation


def test_a_key_id_chooses_among_two(cards, card):
    with card("two", key_id="02").unlock(cards.pin("two"), at=NOW) as signer:
        require_valid(Signature(signer.sign(SINGLE, at=NOW), SINGLE, NOW, None, PROFESSIONAL))


def test_neither_the_card_nor_its_error_shows_a_pin(cards, card):
    opened = card("p-256")
    with opened.unlock(cards.pin("p-256"), at=NOW) as signer:
        shown = f"{opened!r} {signer._signer!r} {signer._signer._pin!r}"

    assert cards.hsm.pins["p-256"] not in shown
