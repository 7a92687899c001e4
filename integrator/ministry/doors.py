"""Faults of the door: what a client meets before anybody reads its message, or when nobody is in.

The first kind strikes connections: no number is known yet, so the draw is for the n-th connection to a port. The
second kind is begun by a request, like `code_401_spell`, and then met by all: a closed port, an outage of hours.
"""

from collections.abc import Iterator

from integrator.ministry.fault_table import Exchange, fault
from integrator.ministry.wire import Reset, Send, Step, plain

RESET_AT_CONNECT = "reset_at_connect"
RESET_BEFORE_BODY = "reset_before_body"
RESET_WITHIN_BODY = "reset_within_body"
TLS_EXPIRED = "tls_expired"
TLS_WRONG_NAME = "tls_wrong_name"
TLS_CLIENT_CERTIFICATE = "tls_client_certificate"

ON_CONNECTION = {
    RESET_AT_CONNECT: "Resets the connection as soon as it stands.",
    RESET_BEFORE_BODY: "Resets the connection when the head of a request has come, before its body is read.",
    RESET_WITHIN_BODY: "Resets the connection when half of the announced body has come.",
    TLS_EXPIRED: "Shows a certificate that expired yesterday (TLS port).",
    TLS_WRONG_NAME: "Shows a certificate for another name (TLS port).",
    TLS_CLIENT_CERTIFICATE: "Demands a client certificate, which nobody has (TLS port).",
}
TLS_ONLY = frozenset((TLS_EXPIRED, TLS_WRONG_NAME, TLS_CLIENT_CERTIFICATE))
CLOSED = plain(503, "Service Unavailable")


@fault()
def connection_refused(exchange: Exchange) -> Iterator[Step]:
    """Stores nothing, breaks every connection and closes the port for `spell_seconds`."""
    exchange.close_port()
    yield Reset()


@fault()
def outage(exchange: Exchange) -> Iterator[Step]:
    """Answers HTTP 503 to this request and to every other until `outage_hours` have passed on the stub's clock."""
    exchange.begin_outage()
    yield Send(CLOSED.encode())
