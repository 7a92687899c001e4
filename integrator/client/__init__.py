"""A client of the gateway's API that needs nothing but Python: this package imports none of the gateway's code.

    from integrator.client import Faulty, Gateway

    gateway = Gateway("https://gateway.example", token)
    try:
        answer = gateway.submit({"id": "TUR-1", ...})
    except Faulty as faulty:
        for finding in faulty.findings: ...

docs/api/README.md is the page to read.
"""

from integrator.client.answers import Answer, Bildirim, Cause, Waiting
from integrator.client.following import Change
from integrator.client.gateway import Gateway
from integrator.client.problems import (
    Broken,
    Busy,
    Conflict,
    Faulty,
    Finding,
    GatewayError,
    NotAllowed,
    NotFound,
    Unreachable,
)
from integrator.client.wire import Patience

__all__ = [
    "Answer", "Bildirim", "Broken", "Busy", "Cause", "Change", "Conflict", "Faulty", "Finding", "Gateway",
    "GatewayError", "NotAllowed", "NotFound", "Patience", "Unreachable", "Waiting",
]  # fmt: skip
