"""What docs/api says about verifying is run, not believed."""

import re
from datetime import timedelta

import pytest

from integrator.webhooks.standard import new_secret, signed_headers, trial_message
from tests.factories import REPO

PAGE = (REPO / "docs" / "api" / "README.md").read_text()


@pytest.fixture
def is_ours():
    [code] = [each for each in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "def is_ours" in each]
    names: dict = {}
    exec(code, names)
    return names["is_ours"]


def test_the_pages_python_knows_our_messages_and_no_others(is_ours, now):
    secret, message = new_secret(), trial_message("osgb-1", "abcd1234", now=now)
    headers = signed_headers(message, [new_secret(), secret], now=now)

    assert is_ours(secret, headers, message.body)
    assert not is_ours(new_secret(), headers, message.body)
    assert not is_ours(secret, headers, message.body + b" ")
    old = signed_headers(message, [secret], now=now - timedelta(minutes=6))
    assert not is_ours(secret, old, message.body)
