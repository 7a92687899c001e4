"""The worker: its ticks, and a stop that finishes what is under way.

APScheduler is only the clock. A tick that fails is logged and comes again; nothing depends on a tick happening
at its minute. Sending and asking run in every worker; what one alone should do runs where its lease is.
"""

from __future__ import annotations

import faulthandler
import logging
import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, timedelta
from threading import Event
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler

from integrator import acts, pipeline
from integrator.audit.checkpoint import write_checkpoint_file
from integrator.coverage.following import follow
from integrator.coverage.reading import count_places
from integrator.domain.errors import Unavailable
from integrator.evidence.handing import hand_out, stamp_newest
from integrator.evidence_job import pay_debt
from integrator.gateway import Gateway
from integrator.gauges import open_metrics
from integrator.keeping.rotating import reseal
from integrator.log import logger
from integrator.parties import calls
from integrator.queue.leases import Duties
from integrator.settings import Settings
from integrator.store.engine import writing
from integrator.tracing import trace_to
from integrator.webhooks.pushing import Pusher
from integrator.wiring import open_authority, open_holders, webhook_terms

FORGET_SECONDS = 600.0
LOOK_SECONDS = 5.0  # how often it is asked whether enough entries came for a checkpoint before its time


class Worker:
    """Runs until told to stop."""

    def __init__(self, gateway: Gateway, settings: Settings) -> None:
        gateway.ministry()  # a worker without a ministry is a mistake to hear of now, not in every tick
        self._gateway = gateway
        self._settings = settings
        self._authority = open_authority(settings)
        self._holders = open_holders(settings)
        lasting = timedelta(seconds=settings.worker.lease_seconds)
        self._duties = Duties(gateway.database, gateway.clock, gateway.actor, lasting=lasting)
        self._stopping = Event()
        self._outcomes: Counter[str] = Counter()
        self._pusher = Pusher(gateway, webhook_terms(settings), stop=self._stopping.is_set)

    def run(self) -> Counter[str]:
        """Tick until SIGTERM or SIGINT, finish the calls under way; returns how many ended with which outcome."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        faulthandler.register(signal.SIGUSR1)  # `kill -USR1` tells on stderr where every thread stands
        self._let_watch()
        scheduler = self._scheduler()
        scheduler.start()
        logger().info("worker.started", actor=self._gateway.actor)
        # Timed, because the kernel may give a signal to another thread: Python runs its handler in this one only when
        # this one wakes, and an untimed wait would sleep through it.
        while not self._stopping.wait(timeout=0.5):
            pass
        scheduler.shutdown(wait=True)
        self._pusher.close()
        self._guarded(self._checkpoint)()
        self._guarded(self._duties.give_up)()
        logger().info("worker.stopped", actor=self._gateway.actor)
        return self._outcomes

    def _let_watch(self) -> None:
        every = self._settings.worker
        if self._settings.log.traces_to:
            trace_to(self._settings.log.traces_to)
        if every.metrics_port:
            open_metrics(self._gateway, every.metrics_host, every.metrics_port)

    def _scheduler(self) -> BackgroundScheduler:
        # A tick that is still running when its time comes again is normal here, not a line in the log.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        every = self._settings.worker
        scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for tick, seconds in (
            (self._dispatch, every.dispatch_seconds),
            (self._inquire, every.inquire_seconds),
            (self._checkpoint, min(every.checkpoint_seconds, LOOK_SECONDS)),
            (self._refresh_codes, every.checkpoint_seconds),
            (self._pay_evidence_debt, every.evidence_seconds),
            (self._reseal, every.checkpoint_seconds),
            (self._push, every.webhook_seconds),
            (self._cover, every.coverage_seconds),
            (self._forget_answers, FORGET_SECONDS),
        ):
            scheduler.add_job(
                self._guarded(tick),
                "interval",
                seconds=seconds,
                next_run_time=self._gateway.clock.now(),
                name=tick.__name__,
            )
        return scheduler

    def _guarded(self, tick: Callable[[], Any]) -> Callable[[], None]:
        """The worker's outermost loop: whatever goes wrong is logged with its kind, and the next tick comes."""

        def run() -> None:
            try:
                tick()
            except Exception as error:  # noqa: BLE001 - the outermost loop: logged, and the rows are still there
                logger().error("worker.failed", tick=tick.__name__, error=type(error).__name__, detail=str(error)[:500])

        return run

    def _dispatch(self) -> None:
        lease = self._duties.hold("recover")
        if lease:
            acts.recover(self._gateway, lease)
        self._outcomes += pipeline.dispatch(self._gateway, stop=self._stopping.is_set)

    def _inquire(self) -> None:
        self._outcomes += pipeline.inquire(self._gateway, stop=self._stopping.is_set)

    def _checkpoint(self) -> None:
        lease = self._duties.hold("checkpoint")
        if not lease:
            return
        every = timedelta(seconds=self._settings.worker.checkpoint_seconds)
        if self._stopping.is_set() or acts.checkpoint_is_due(
            self._gateway, every=every, entries=self._settings.checkpoint.every_entries
        ):
            made = acts.checkpoint(self._gateway, lease)
            if made:
                write_checkpoint_file(self._settings.home / "checkpoints", *made)
                logger().info("audit.checkpointed", size=made[0])
        self._hand_out()

    def _hand_out(self) -> None:
        """Stamp, then hand: who holds a checkpoint gets it though the authority is away."""
        if self._settings.checkpoint.stamp and self._authority:
            try:
                if stamp_newest(self._gateway, self._authority):
                    logger().info("audit.stamped")
            except Unavailable as error:
                logger().warning("evidence.stopped", stamped=0, completed=0, why=error.detail[:200])
        hand_out(self._gateway, self._holders)

    def _pay_evidence_debt(self) -> None:
        if not self._duties.hold("evidence"):
            return
        after = timedelta(hours=self._settings.evidence.complete_after_hours)
        paid = pay_debt(self._gateway, self._authority, complete_after=after, stop=self._must_leave_evidence)
        if paid.stamped or paid.completed:
            logger().info("evidence.paid", stamped=paid.stamped, completed=paid.completed)

    def _reseal(self) -> None:
        """Go on with what stands under replaced keys; nothing is asked of anybody while there are none."""
        if not self._gateway.keyring.replaced():
            return
        lease = self._duties.hold("keys")
        if lease:
            done = reseal(self._gateway, lease, stop=self._stopping.is_set)
            logger().info("keys.resealed", values=done.values, retired=done.retired, left=done.left)

    def _cover(self) -> None:
        """Bring coverage up to the feed, customer by customer; what is left when it must stop is taken next time."""
        if not self._duties.hold("coverage"):
            return
        for kurum in self._gateway.keyring.kurum_list():
            while not self._stopping.is_set() and self._duties.hold("coverage"):
                if not follow(self._gateway, kurum) and not count_places(self._gateway, kurum):
                    break

    def _must_leave_evidence(self) -> bool:
        """Asked before every copy: the job may outlast its lease, which is renewed here."""
        return self._stopping.is_set() or self._duties.hold("evidence") is None

    def _push(self) -> None:
        """Start turns of webhooks; they run in threads of their own and hold no tick."""
        self._pusher.push()

    def _forget_answers(self) -> None:
        with writing(self._gateway.database) as tx:
            calls.forget_ended(tx, now=self._gateway.clock.now())

    def _refresh_codes(self) -> None:
        """Fetch the list when it is older than the setting says; a failed try is due again at the next tick."""
        if not self._duties.hold("codes"):
            acts.load_codes(self._gateway)  # another worker fetches; what it fetched is used here too
            return
        if acts.codes_are_due(self._gateway, timedelta(hours=self._settings.worker.refresh_codes_hours)):
            logger().info("codes.refreshed", codes=acts.refresh_codes(self._gateway))
