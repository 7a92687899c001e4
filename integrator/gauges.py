"""How the gateway stands at the moment somebody scrapes: kept rows and ends of indexes, never a count of records."""

from __future__ import annotations

from datetime import datetime
from threading import Thread
from wsgiref.simple_server import WSGIServer

from integrator.audit.checkpoint import newest_checkpoint, tree_size
from integrator.domain.errors import Unavailable
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.metrics import Told, serve_metrics
from integrator.queue.depths import read_depths, read_longest_due
from integrator.queue.standing import told_line
from integrator.store.engine import Tx, reading

NONE = ("", "")


def open_metrics(gateway: Gateway, host: str, port: int) -> tuple[WSGIServer, Thread]:
    """Tell metrics on `host` and `port`; raises Unavailable when that address cannot be had."""
    try:
        return serve_metrics(host, port, lambda: tell_gauges(gateway))
    except OSError as error:
        raise Unavailable(f"metrics_host, metrics_port: {host}:{port} cannot be listened on") from error


def tell_gauges(gateway: Gateway) -> list[Told]:
    """All gauges; of a database that is away only that it is."""
    try:
        with reading(gateway.database) as tx:
            told = _tell(gateway, tx)
    except Unavailable:
        return [("ibys_database_up", "Whether the database answers.", {NONE: 0})]
    return [("ibys_database_up", "Whether the database answers.", {NONE: 1}), *told]


def _tell(gateway: Gateway, tx: Tx) -> list[Told]:
    now, depths = gateway.clock.now(), read_depths(tx)
    _, made_at = newest_checkpoint(tx)
    line = told_line(tx, gateway.address)
    is_open = line.state == "ACTIVE" and not line.is_narrow

    def age(at: datetime | None) -> float:
        return max(0.0, (now - at).total_seconds()) if at else 0.0

    waits = {
        ("state", state.value): age(read_longest_due(tx, state))
        for state in (State.QUEUED, State.UNCERTAIN, State.PENDING, State.AWAITING_SIGNATURE, State.HELD)
    }
    return [
        ("ibys_depth", "Messages in each state.", {("state", state.value): depths[state] for state in State}),
        ("ibys_wait_seconds", "How long the message has been due that has been due the longest.", waits),
        ("ibys_audit_entries", "Entries of the audit log.", {NONE: tree_size(tx)}),
        ("ibys_checkpoint_age_seconds", "How old the newest checkpoint is; 0: there is none.", {NONE: age(made_at)}),
        ("ibys_line_open", "Whether the line to the ministry sends.", {NONE: is_open}),
    ]
