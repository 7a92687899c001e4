import io
import json

import pytest
import structlog

from integrator import pipeline
from integrator.audit.verify import verify
from integrator.domain.identifiers import SorguNo
from integrator.log import set_up_log
from integrator.queue import readings
from integrator.queue.line_row import read_line
from integrator.store.engine import reading
from tests.factories import KURUM, submitted


class Home:
    """What a test says about one gateway, and what it asks of it."""

    def __init__(self, gateway):
        self.gateway = gateway

    def accept(self, *records, gateway=None, **options):
        return list(pipeline.accept(gateway or self.gateway, KURUM, submitted(*records), **options))

    def read(self, number):
        with reading(self.gateway.database) as tx:
            return readings.read_one(tx, KURUM, SorguNo(number))

    def row(self, number):
        return self.read(number)["row"]

    def states(self):
        with reading(self.gateway.database) as tx:
            return readings.count_states(tx)

    def line(self):
        with reading(self.gateway.database) as tx:
            return read_line(tx, self.gateway.address).state

    def broken(self):
        key = self.gateway.checkpoint_key
        with reading(self.gateway.database) as tx:
            return verify(tx, key.public, key.origin).broken


@pytest.fixture
def home(gateway):
    return Home(gateway)


@pytest.fixture
def log():
    """The log's lines, redaction switched on as in every process."""
    stream = io.StringIO()
    set_up_log(level="DEBUG", stream=stream)
    yield lambda: [json.loads(each) for each in stream.getvalue().splitlines()]
    structlog.reset_defaults()
