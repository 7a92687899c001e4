from datetime import UTC, datetime

import pytest


@pytest.fixture
def now():
    """Readers refuse what is five minutes old: the time of the test, not of its module."""
    return datetime.now(UTC)
