"""structlog set-up, the list of event names, and redaction.

One line per unit of work, at its end; event names are static and listed in `EVENTS`; facts are keys. The
redaction processor is the second line of defence: no caller passes an identity number in the first place.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import TracebackType
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
        "delivery.not_opened",
        "delivery.stopped",
        "delivery.resumed",
        "delivery.opened",
        "delivery.closed",
        "delivery.waiting",
        "audit.checkpointed",
        "audit.handed",
        "audit.not_claimed",
        "audit.not_handed",
        "audit.stamped",
        "codes.refreshed",
        "coverage.passed_by",
        "evidence.stopped",
        "evidence.paid",
        "keys.resealed",
        "worker.started",
        "worker.stopped",
        "worker.failed",
        "sign.stand_in",
        "agent.signed",
        "agent.answered",
        "agent.failed",
        "people.refused",
        "people.paused",
        "web.answered",
        "web.failed",
        "webhook.pushed",
        "webhook.tried",
        "webhook.disabled",
        "webhook.failed",
        "web.process_ended",
    }
)

_DIGITS = re.compile(r"(?<![0-9])[0-9]{11}(?![0-9])")
_SECRET_KEYS = frozenset(
    {
        "parola",
        "firma_kodu",
        "tckn",
        "pin",
        "payload",
        "password",
        "authorization",
        "cookie",
        "token",
        "secret",
        "canonical",
    }
)
_NUMBER_KEYS = frozenset({"sorgu_no"})  # also eleven digits, and ours to show


_hidden: set[str] = set()


def hide(value: str) -> str:
    """Blank this value (a parola, a firma kodu) from now on wherever it stands; returns it."""
    if len(value) >= SHORTEST_SECRET:
        _hidden.add(value)
    return value


SHORTEST_SECRET = 4
"""A shorter one would blank half of every line; whoever sets such a parola has none."""


def redacted(text: str) -> str:
    """The text without identity numbers and hidden values."""
    text = _DIGITS.sub(lambda run: "[redacted]" if is_tckn(run[0]) else run[0], text)
    for each in _hidden:
        text = text.replace(each, "[redacted]")
    return text


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank secret keys, and inside any other value, whatever its type, identity numbers and hidden values."""
    for key, value in event.items():
        if key in _SECRET_KEYS:
            event[key] = "[redacted]"
        elif key not in _NUMBER_KEYS and not isinstance(value, bool) and value is not None:
            text = str(value)
            blanked = redacted(text)
            event[key] = value if blanked == text and isinstance(value, (str, int, float)) else blanked
    return event


class _OfLibraries(logging.StreamHandler[TextIO]):
    """What libraries have to say, in our form."""


def set_up_log(*, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send JSON lines to `stream` (stderr by default), those of libraries too. Called by the process's entry point."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(sort_keys=True)]
    of_libraries = _OfLibraries(stream or sys.stderr)
    shown = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
    of_libraries.setFormatter(structlog.stdlib.ProcessorFormatter(processors=shown, foreign_pre_chain=shared))
    of_libraries.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, _OfLibraries)] + [of_libraries]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def tell_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What Python prints of an exception that nobody caught, redacted: a `sys.excepthook`."""
    sys.stderr.write(redacted("".join(traceback.format_exception(kind, error, trace))))


@contextmanager
def about(**facts: Any) -> Iterator[None]:
    """Every line that is logged in this block, however deep, says these facts too."""
    with structlog.contextvars.bound_contextvars(**facts):
        yield


def present(name: str) -> Any:
    """What the lines of this place say under `name`; None when they do not."""
    return structlog.contextvars.get_contextvars().get(name)


def logger() -> Any:
    """The process's logger."""
    return structlog.get_logger()
