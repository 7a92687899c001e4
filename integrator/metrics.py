"""What is measured, for Prometheus. Counting costs a microsecond; nobody is asked before somebody scrapes.

Labels are words of ours only: states, stages, codes from lists, patterns of routes. No number of a message, no
customer, no address ever is one, and a test walks all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from time import perf_counter
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()
OTHER = "other"
_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

STAGES = ("intake", "validate", "sign", "queue", "deliver", "receipt", "audit")
"""The rooms. All but deliver and receipt are timed for a group of records or messages, those two for one call."""

_stage = Histogram("ibys_stage_seconds", "Time in one room.", ["stage"], registry=REGISTRY, buckets=_FAST)
_records = Counter("ibys_records", "Records that were handed over, by answer.", ["status"], registry=REGISTRY)
_outcomes = Counter("ibys_outcomes", "Calls to the ministry that ended.", ["act", "outcome", "code"], registry=REGISTRY)
_attempts = Histogram(
    "ibys_attempts", "Sends that a message had had when it was settled.", registry=REGISTRY, buckets=(1, 2, 3, 5, 8, 12)
)
_passed_by = Counter("ibys_coverage_passed_by", "Messages that do not open, left out of coverage.", registry=REGISTRY)
_database_errors = Counter("ibys_database_errors", "What the database did not do.", ["meaning"], registry=REGISTRY)
_calls = Histogram(
    "ibys_http_seconds", "Calls of the API.", ["method", "route", "status"], registry=REGISTRY, buckets=_FAST
)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time what happens in one of STAGES."""
    began = perf_counter()
    try:
        yield
    finally:
        _stage.labels(name).observe(perf_counter() - began)


def count_record(status: str) -> None:
    """One record's answer: accepted, known or rejected."""
    _records.labels(status).inc()


def count_outcome(act: str, outcome: str, code: str, attempt: int) -> None:
    """One call's end. `code` is from a list of ours, or OTHER."""
    _outcomes.labels(act, outcome, code or "none").inc()
    _attempts.observe(attempt)


def count_passed_by() -> None:
    """One message that coverage leaves out."""
    _passed_by.inc()


def count_database_error(meaning: str) -> None:
    """One statement or connection that failed."""
    _database_errors.labels(meaning).inc()


def count_call(method: str, route: str, status: int, seconds: float) -> None:
    """One call of the API; `route` is the pattern, empty where none matched."""
    _calls.labels(method if method in METHODS else OTHER, route or OTHER, str(status)).observe(seconds)


Told = tuple[str, str, dict[tuple[str, str], float]]
"""A gauge at the moment of a scrape: name, what it says, and its values by (label, value); ("", "") for none."""


class _AtScrape(Collector):
    def __init__(self, tell: Callable[[], list[Told]]) -> None:
        self._tell = tell

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, says, values in self._tell():
            label = next(iter(values), ("", ""))[0]
            family = GaugeMetricFamily(name, says, labels=[label] if label else [])
            for (_, value), number in values.items():
                family.add_metric([value] if label else [], number)
            yield family


def serve_metrics(host: str, port: int, tell: Callable[[], list[Told]]) -> tuple[WSGIServer, Thread]:
    """Answer /metrics on an address of its own, on threads of its own; each scrape asks `tell`. Raises OSError."""
    both = CollectorRegistry()
    both.register(_AtScrape(tell))
    both.register(REGISTRY)
    server, thread = start_http_server(port, host, both)
    return server, thread
