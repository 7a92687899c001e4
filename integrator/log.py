"""structlog set-up, the list of event names, and redaction.

One line per unit of work, at its end; event names are static and listed in `EVENTS`; facts are keys. The
redaction processor is the second line of defence: no caller passes an identity number in the first place.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from integrator.domain.identifiers import is_tckn

EVENTS = frozenset(
    {
        "intake.read",
        "queue.put",
        "queue.expired",
        "queue.lease_lost",
        "queue.quarantined",
        "queue.swept",
        "receipt.explained",
        "delivery.attempted",
        "delivery.asked",
        "delivery.broken",
        "delivery.stopped",
        "delivery.resumed",
        "delivery.opened",
        "delivery.closed",
        "delivery.waiting",
        "audit.checkpointed",
        "audit.handed",
        "audit.not_handed",
        "audit.stamped",
        "codes.refreshed",
        "evidence.stopped",
        "evidence.paid",
        "worker.started",
        "worker.stopped",
        "worker.failed",
        "sign.stand_in",
        "agent.signed",
        "agent.answered",
        "agent.failed",
    }
)

_DIGITS = re.compile(r"(?<![0-9])[0-9]{11}(?![0-9])")
_SECRET_KEYS = frozenset({"parola", "firma_kodu", "tckn", "pin", "payload"})
_NUMBER_KEYS = frozenset({"sorgu_no"})  # also eleven digits, and ours to show


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank secret keys, and eleven-digit runs with right check digits inside any value, whatever its type."""
    for key, value in event.items():
        if key in _SECRET_KEYS:
            event[key] = "[redacted]"
        elif key not in _NUMBER_KEYS and not isinstance(value, bool) and value is not None:
            text = str(value)
            blanked = _DIGITS.sub(lambda run: "[redacted]" if is_tckn(run[0]) else run[0], text)
            event[key] = value if blanked == text and isinstance(value, (str, int, float)) else blanked
    return event


def set_up_log(*, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send JSON lines to `stream` (stderr by default). Called once, by the process's entry point."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger() -> Any:
    """The process's logger."""
    return structlog.get_logger()
