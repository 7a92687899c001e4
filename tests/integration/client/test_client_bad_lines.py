from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from bench.torture.clients import crowd, judge
from bench.torture.proxy import ProxyProcess
from integrator import access, pipeline
from integrator.domain.roles import Role
from tests.factories import KURUM, record

CLIENTS, EACH = 20, 2


@pytest.fixture
def delivering(gateway):
    ended = threading.Event()

    def deliver():
        while not ended.wait(0.1):
            pipeline.dispatch(gateway)

    thread = threading.Thread(target=deliver)
    thread.start()
    yield
    ended.set()
    thread.join()


def test_clients_on_bad_lines_who_say_many_calls_again_store_each_record_once_and_see_every_move(
    served, client, gateway, delivering, ministry
):
    token = access.make_api_key(gateway, KURUM, Role.SYSTEM, "bad lines", lives=timedelta(days=1))[1]
    records = [[record(f"K-{at}-{n}") for n in range(EACH)] for at in range(CLIENTS)]
    with ProxyProcess("127.0.0.1", served.port, seed=7) as proxy:
        told = crowd(proxy, token, records, seed=7, seconds=240)
        hit = proxy.order(count=True)

    assert judge(gateway, client, told, {each["id"] for mine in records for each in mine}) == []
    assert len(told.seen) == 2
    assert hit["reset_peer"] + hit["limit_data"] + hit["timeout"] >= 10
    assert told.said_again >= 5
    assert len({number for number, _ in ministry.effects}) == CLIENTS * EACH
