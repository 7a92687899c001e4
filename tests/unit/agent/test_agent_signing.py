from __future__ import annotations

from contextlib import contextmanager

import pytest

from integrator.agent.interchange import to_sign
from integrator.agent.signing import in_confirmations, own, sign_confirmed
from integrator.domain.errors import BadSignature, Rejected, WrongPin
from integrator.sign.verify import Signature, require_valid
from tests.factories import FOREIGNER, PROFESSIONAL, SINGLE
from tests.fakes import START, FakeClock

PIN = b"0123456789"


class FakeCard:
    """Remembers the PINs that were tried."""

    def __init__(self, signer):
        self.signer = signer
        self.tried = []
        self.open = False

    def owner(self, *, at):
        return self.signer.facts.owner

    def tries_left(self):
        return ""

    @contextmanager
    def unlock(self, pin, *, at):
        self.tried.append(bytes(pin))
        if pin != PIN:
            raise WrongPin("the card did not take it")
        self.open = True
        yield self.signer
        self.open = False


@pytest.fixture
def card(pki):
    return FakeCard(pki.signer())


def messages(count, content=SINGLE):
    return [to_sign(number, content) for number in range(1, count + 1)]


def test_fifty_messages_take_one_pin_which_is_overwritten(card):
    pin = bytearray(PIN)

    signed = sign_confirmed(card, messages(50), lambda: pin, FakeClock())

    assert card.tried == [PIN]
    assert pin == bytearray(len(PIN))
    assert not card.open
    assert len(signed) == 50
    for _, cms in signed:
        require_valid(Signature(cms, SINGLE, START, None, PROFESSIONAL))


@pytest.mark.parametrize("count", [0, 51])
def test_more_than_fifty_or_none_is_refused_before_a_pin_is_asked(card, count):
    with pytest.raises(Rejected):
        sign_confirmed(card, messages(count), lambda: pytest.fail("a PIN was asked for"), FakeClock())


def test_a_wrong_pin_is_overwritten_too(card):
    pin = bytearray(b"9999")

    with pytest.raises(WrongPin) as refused:
        sign_confirmed(card, messages(1), lambda: pin, FakeClock())

    assert pin == bytearray(4)
    assert "9999" not in repr(refused.value) + refused.value.detail


def test_a_message_of_another_person_is_refused_naming_nobody(pki):
    card = FakeCard(pki.signer(pki.stranger))

    with pytest.raises(BadSignature) as refused:
        sign_confirmed(card, messages(1), lambda: bytearray(PIN), FakeClock())

    assert PROFESSIONAL not in refused.value.detail
    assert FOREIGNER not in refused.value.detail


def test_only_the_owners_messages_are_offered(card):
    theirs = SINGLE.replace(f"<isgProfTckNo>{PROFESSIONAL}".encode(), f"<isgProfTckNo>{FOREIGNER}".encode())
    several = [*messages(2), to_sign(3, theirs)]

    assert [each.sorgu_no for each in own(card, several, at=START)] == [1, 2]


def test_groups_hold_fifty_at_most():
    assert [len(group) for group in in_confirmations(messages(120))] == [50, 50, 20]
