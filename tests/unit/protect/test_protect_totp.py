from datetime import UTC, datetime, timedelta

import pytest

from integrator.protect.totp import code_at, matching_step, otpauth_uri, written

SECRET = b"12345678901234567890"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STEP = int(AT.timestamp()) // 30


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_vectors_of_rfc_6238_hold(seconds, code):
    assert code_at(SECRET, seconds // 30) == code


@pytest.mark.parametrize(("away", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_good_one_step_before_and_after(away, is_taken):
    found = matching_step(SECRET, code_at(SECRET, STEP + away), now=AT, after=0)

    assert found == (STEP + away if is_taken else None)


def test_a_code_of_a_step_that_was_used_or_lies_behind_one_is_no_code():
    code = code_at(SECRET, STEP)

    assert matching_step(SECRET, code, now=AT, after=STEP) is None
    assert matching_step(SECRET, code, now=AT + timedelta(seconds=30), after=STEP + 1) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "\ud800", "0" * 64])
def test_what_is_no_code_is_refused_without_a_trip(code):
    assert matching_step(SECRET, code, now=AT, after=0) is None


def test_what_is_scanned_holds_the_secret_in_base32_and_no_sign_that_breaks_it():
    uri = otpauth_uri(SECRET, issuer="gw test", account="a:b@example.test")

    assert uri == f"otpauth://totp/gw%20test%3Aa%3Ab%40example.test?secret={written(SECRET)}&issuer=gw%20test"
