import json
from itertools import count

import pytest
from sqlalchemy import select

from integrator import pipeline
from integrator.domain import fault_points
from integrator.parties import calls
from integrator.store.engine import reading
from integrator.store.tables import audit_entry
from tests.factories import record

WHY = {"reason": "mended"}


class Dying:
    """A process that ends at the `at`-th point it passes: from there on nothing it does is committed."""

    def __init__(self, at):
        self.at = at
        self.passed = 0

    def __call__(self, point):
        self.passed += 1
        if self.passed >= self.at:
            raise RuntimeError(f"killed at {point}")


@pytest.fixture
def keyed(call):
    def make(method, path, key, **facts):
        return call(method, path, headers={"Idempotency-Key": key, **facts.pop("headers", {})}, **facts)

    return make


@pytest.fixture
def number_of(call, gateway, ministry):
    def make(name, *, is_held):
        pipeline.dispatch(gateway)  # what was released before goes on its way
        number = call("POST", "/kayit", json=record(name)).json()["sorgu_no"][0]
        if is_held:
            ministry.faults.append("213")
            pipeline.dispatch(gateway)
        return number

    return make


def acts_on(gateway, number):
    """What a person did to one message, by the log."""
    with reading(gateway.database) as tx:
        leaves = tx.execute(select(audit_entry.c.leaf).where(audit_entry.c.sorgu_no == number)).scalars()
        return [each["event"] for each in map(json.loads, leaves) if each.get("reason") == WHY["reason"]]


@pytest.mark.parametrize(("verb", "is_held"), [("release", True), ("cancel", False), ("cancel", True)])
def test_wherever_the_process_dies_the_act_is_done_once(keyed, clock, gateway, number_of, verb, is_held):
    """Dies before and after every commit of the call in turn; then the client says its call again."""
    told = []
    for at in count(1):
        number = number_of(f"K-{at}", is_held=is_held)
        dying = Dying(at)
        fault_points.arm(dying)
        try:
            first = keyed("POST", f"/bildirim/{number}/{verb}", f"k-{at}", json=WHY)
        finally:
            fault_points.arm(None)
        clock.advance(seconds=calls.LEASE.total_seconds())
        again = keyed("POST", f"/bildirim/{number}/{verb}", f"k-{at}", json=WHY)
        told.append((first.status_code, again.status_code))

        assert acts_on(gateway, number) == ["bildirim.moved"], (at, told)
        assert again.status_code == 200 or again.json()["code"] == "INT-API-073", (at, told)
        if dying.passed < at:
            break

    assert told[-1] == (200, 200)
    assert (500, 409) in told, told  # it died between act and answer, and said so
    assert (500, 200) in told, told  # it died before the act, and it was done now
