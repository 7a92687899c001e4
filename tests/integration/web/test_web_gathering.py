import asyncio

import pytest

from integrator.web.gathering import Gathering
from tests.factories import KURUM, record, submitted


def one(name):
    return next(iter(submitted(record(name))))


def test_who_finds_no_thread_is_told_and_the_next_one_is_stored(gateway, monkeypatch):
    def no_thread(*_):
        monkeypatch.undo()
        raise RuntimeError("can't start new thread")

    async def both():
        gathering = Gathering(gateway)
        monkeypatch.setattr(gathering._thread, "submit", no_thread)
        with pytest.raises(RuntimeError, match="new thread"):
            await asyncio.wait_for(gathering.accept(KURUM, one("K-1")), 20)
        answer = await asyncio.wait_for(gathering.accept(KURUM, one("K-2")), 20)
        await gathering.close()
        return answer

    assert asyncio.run(both()).status == "accepted"


def test_who_went_while_waiting_is_not_stored(gateway):
    async def gone():
        gathering = Gathering(gateway)
        several = [asyncio.create_task(gathering.accept(KURUM, one(f"K-{n}"))) for n in range(2)]
        await asyncio.sleep(0)
        several[0].cancel()
        answer = await several[1]
        again = await gathering.accept(KURUM, one("K-0"))
        await gathering.close()
        return answer.status, again.status

    assert asyncio.run(gone()) == ("accepted", "accepted")


def test_a_gathering_that_closes_stores_what_has_arrived(gateway):
    async def closing():
        gathering = Gathering(gateway)
        several = [asyncio.create_task(gathering.accept(KURUM, one(f"K-{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        await gathering.close()
        return [each.status for each in await asyncio.gather(*several)]

    assert asyncio.run(closing()) == ["accepted"] * 5
