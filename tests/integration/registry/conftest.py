import pytest

from integrator.domain.hands import Hand
from integrator.registry.recording import Told, record

WHY = Hand("ayse", "letter 12")


@pytest.fixture
def put(gateway):
    """Records in this home's registers, or in another's."""

    def put_it(register, entry_no, state="", *, on=None, **facts):
        return record(on or gateway, Told(register, entry_no, state, facts), WHY)

    return put_it
