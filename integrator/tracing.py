"""Traces by OpenTelemetry, when an operator turns them on (`pip install ibys-integrator[otel]`); else nothing at all.

A record's trace is kept with it as a W3C ``traceparent``, so that the worker's sending goes on in the caller's trace
however long the record waited. Off, every function here returns at its first line. Spans hold words of ours only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from integrator.domain.errors import Misconfigured

TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_tracer: Any = None
_current: ContextVar[str] = ContextVar("traceparent", default="")


def is_on() -> bool:
    """Whether traces are kept."""
    return _tracer is not None


def trace_to(endpoint: str) -> None:
    """Send spans to the OTLP/HTTP collector at `endpoint` from now on; raises Misconfigured without the extra."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - the extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise Misconfigured("log.traces_to: traces want `pip install ibys-integrator[otel]`") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "ibys"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    use(provider)


def use(provider: Any) -> None:
    """Make spans by this provider; None: none any more."""
    global _tracer  # noqa: PLW0603 - one switch for the process, read on every path
    _tracer = provider.get_tracer("ibys") if provider is not None else None


@contextmanager
def span(name: str, parent: str = "", **facts: str | int) -> Iterator[None]:
    """A span below `parent` (a traceparent that came from outside or from a row), or below the present one."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(name, context=_context_of(parent), attributes=facts) as made:
        told = made.get_span_context()
        mark = _current.set(f"00-{told.trace_id:032x}-{told.span_id:016x}-{int(told.trace_flags):02x}")
        try:
            yield
        finally:
            _current.reset(mark)


def present() -> str:
    """The traceparent of the present span; empty when there is none."""
    return _current.get() if _tracer is not None else ""


def _context_of(parent: str) -> Any:
    if not TRACEPARENT.fullmatch(parent):
        return None  # the present one
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    return TraceContextTextMapPropagator().extract({"traceparent": parent})
