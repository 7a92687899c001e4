import io
import json
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from integrator import pipeline, tracing
from integrator.domain.errors import Misconfigured
from integrator.log import set_up_log
from integrator.store.engine import reading
from integrator.store.tables import kayit_trace
from tests.factories import record

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def spans():
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider)
    yield exporter.get_finished_spans
    tracing.use(None)


def traces_kept(gateway):
    with reading(gateway.database) as tx:
        return {row.kayit_no: row.traceparent for row in tx.execute(kayit_trace.select())}


def test_a_send_goes_on_in_the_trace_of_the_call_that_brought_its_record(call, gateway, another_worker, spans):
    call("POST", "/kayit", json=record("K-1"), headers={"traceparent": CALLERS})
    call("POST", "/kayit/batch", json=[record("K-2")], headers={"traceparent": CALLERS})
    call("POST", "/kayit/upload", content=json.dumps(record("K-3")).encode(), headers={"traceparent": CALLERS})
    call("POST", "/kayit", json=record("K-4"))
    pipeline.dispatch(another_worker())

    sent = [each for each in spans() if each.name == "deliver"]
    calls = {each.context.span_id for each in spans() if each.name == "call"}
    mine = [each for each in sent if f"{each.context.trace_id:032x}" == TRACE]
    assert (len(sent), len(mine)) == (4, 3)
    assert {each.parent.span_id for each in mine} <= calls
    assert {name for each in spans() for name in each.attributes} == {"attempt"}


@pytest.mark.parametrize(
    "told", ["", "x", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", CALLERS + "-more", "ff" + CALLERS[2:]]
)
def test_what_is_no_traceparent_begins_a_trace_of_its_own(call, gateway, spans, told):
    answer = call("POST", "/kayit", json=record("K-1"), headers={"traceparent": told})

    assert answer.status_code == 201
    assert traces_kept(gateway)["K-1"][3:35] not in (TRACE, "0" * 32)


def test_without_traces_nothing_is_kept_and_nothing_is_asked(call, gateway, monkeypatch):
    monkeypatch.setattr("integrator.queue.records.trace_of", lambda *_: pytest.fail("asked"))
    call("POST", "/kayit", json=record("K-1"), headers={"traceparent": CALLERS})
    pipeline.dispatch(gateway)

    assert traces_kept(gateway) == {}


def test_traces_without_the_extra_are_a_setting_that_is_wrong(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(Misconfigured, match="otel"):
        tracing.trace_to("http://127.0.0.1:4318/v1/traces")


def test_lines_of_the_walk_say_the_id_of_their_call(call):
    call("GET", "/line")
    stream = io.StringIO()
    set_up_log(stream=stream)
    for path, body in (("/kayit", record("K-1")), ("/kayit/batch", [record("K-2")])):
        call("POST", path, json=body, headers={"X-Request-Id": "call-000001"})
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]

    assert [line["request_id"] for line in lines if line["event"] == "queue.put"] == ["call-000001"] * 2
    assert {line["request_id"] for line in lines} == {"call-000001"}
