import ipaddress
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from integrator import feed
from integrator.audit.trail import Entry
from integrator.deliver.wire import Limits
from integrator.queue.backoff import Backoff
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_entry
from integrator.webhooks import endpoints, hands
from integrator.webhooks.carrying import Terms
from integrator.webhooks.guard import Guard
from integrator.webhooks.hands import Wanted
from integrator.webhooks.pushing import push_one
from tests.factories import KURUM
from tests.receiver import Receiver

QUICK = Limits(connect=2.0, silence=0.4, total=0.8, reply_bytes=65_536, cuts=True)
LOOPBACK = Guard(schemes=("http",), ports=(0,), allowed=(ipaddress.ip_network("127.0.0.0/8"),))
BACKOFF = Backoff(timedelta(seconds=10), timedelta(hours=1), 1_000_000)


class Desk:
    """What a test says about webhooks, and what it asks of them."""

    def __init__(self, gateway, terms):
        self.gateway, self.terms = gateway, terms
        self.secret_of = {}

    def make(self, address, events=(), kurum=KURUM):
        made, secret = hands.make_webhook(self.gateway, self.terms, kurum, Wanted("test", address, events), by="ayse")
        self.secret_of[made.webhook_no] = secret
        return made.webhook_no

    def happen(self, count=1, *, kurum=KURUM, to="accepted", first=1):
        """Moves of `count` messages; two moves each, so that order matters."""
        moves = [
            Entry(
                "bildirim.moved", "test", {"kurum": kurum, "sorgu_no": number, "kayit_no": f"K-{number}", "to": state}
            )
            for number in range(first, first + count)
            for state in ("sending", to)
        ]
        with writing(self.gateway.database) as tx:
            self.gateway.record(tx, moves, self.gateway.clock.now())

    def row(self, number, kurum=KURUM):
        with reading(self.gateway.database) as tx:
            return endpoints.read_one(tx, kurum, number)

    def due(self):
        with reading(self.gateway.database) as tx:
            return endpoints.read_due(tx, now=self.gateway.clock.now(), limit=100)

    def push(self, gateway=None):
        """A turn of everything that is due."""
        return [push_one(gateway or self.gateway, self.terms, each) for each in self.due()]

    def attempts(self, number):
        with reading(self.gateway.database) as tx:
            found = endpoints.read_attempts(tx, KURUM, number, limit=1_000)
        return [(each.status, each.code) for each in reversed(found)]

    def entries(self):
        with reading(self.gateway.database) as tx:
            leaves = tx.execute(select(audit_entry.c.leaf).order_by(audit_entry.c.i)).scalars()
            return [each for each in map(json.loads, leaves) if each["event"].startswith("webhook.")]

    def changes(self):
        with reading(self.gateway.database) as tx:
            return feed.read_changes(tx, KURUM, limit=10_000)


@pytest.fixture
def terms():
    return Terms(guard=LOOPBACK, limits=QUICK, backoff=BACKOFF)


@pytest.fixture
def desk(gateway, terms):
    return Desk(gateway, terms)


@pytest.fixture
def listen():
    """Starts receivers; the words are their scripts."""
    started = []

    def start(*script):
        started.append(Receiver(script))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def rebound(terms):
    """Terms whose names lead where the test says; the list is used up from its front, and its last answer stays."""

    def make(*answers):
        left = list(answers)
        return replace(terms, guard=replace(LOOPBACK, resolve=lambda host, port: left.pop(0) if left[1:] else left[0]))

    return make
