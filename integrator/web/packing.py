"""One thread that makes the packs that were asked for, one after another; what is asked for stands in the database."""

from __future__ import annotations

from threading import Event, Thread

from integrator.domain.errors import IntegratorError
from integrator.evidence.packing import make_next
from integrator.gateway import Gateway
from integrator.log import logger
from integrator.sign.evidence import TimestampAuthority

LOOK_EVERY = 20.0  # seconds: after a restart, and for what another process left


class Packing:
    """Makes packs until it is closed; a pack under way when the process ends is made anew by the next one."""

    def __init__(self, gateway: Gateway, authority: TimestampAuthority | None) -> None:
        self._gateway, self._authority = gateway, authority
        self._asked, self._ends = Event(), Event()
        self._thread = Thread(target=self._walk, name="packing", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something new to make."""
        self._asked.set()

    def close(self) -> None:
        """Finish the pack under way, then end."""
        self._ends.set()
        self._asked.set()
        self._thread.join()

    def _walk(self) -> None:
        while not self._ends.is_set():
            self._asked.clear()
            if not self._make():
                self._asked.wait(LOOK_EVERY)

    def _make(self) -> bool:
        try:
            return make_next(self._gateway, self._authority)
        except IntegratorError as error:  # the row still stands, and is taken up again
            logger().error("web.failed", error=error.code, request_id="packing")
        except Exception as error:  # noqa: BLE001 - the outermost loop of its thread: a bug must not end it unseen
            logger().error("web.failed", error=type(error).__name__, request_id="packing")
        return False
