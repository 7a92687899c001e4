"""PostgreSQL pulled from under a gateway at work: restarted as after a power cut, sessions ended, connections cut.

A helper in a process of its own does the pulling, at moments drawn by a seed; the walker meets it wherever it stands,
in the middle of a commit too. Between worker and database lies the proxy, so that answers to a COMMIT get lost.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy.engine import make_url

from bench.torture import forked
from bench.torture.databases import PostgresDatabases
from bench.torture.grounds import Grounds
from bench.torture.kill import Tally, accepted_of, finish
from bench.torture.proxy import DOWN, UP, ProxyProcess, Toxic
from integrator import acts, pipeline
from integrator.domain.errors import IntegratorError, Unavailable
from integrator.intake.read_json import read_file
from integrator.queue import readings
from integrator.settings import Settings, StoreSettings
from integrator.store.engine import reading
from integrator.trial.postgres import PASSWORD
from integrator.wiring import caps, open_gateway

PATIENCE = 40.0
TOXICS = {
    "reset": (Toxic("reset_peer", DOWN, 0.3, seconds=0.02), Toxic("reset_peer", UP, 0.2, seconds=0.02)),
    "timeout": (Toxic("timeout", DOWN, 0.2, seconds=0.3), Toxic("latency", DOWN, 0.3, seconds=0.02)),
    "limit_data": (Toxic("limit_data", DOWN, 0.5, size=9_000), Toxic("limit_data", UP, 0.3, size=15_000)),
}


def pulled(grounds: Grounds, *, short: bool = False) -> Tally:
    """Each way of pulling, on a home of its own."""
    databases = grounds.databases
    assert isinstance(databases, PostgresDatabases)
    server, tally = databases.server, Tally("database pulled, postgresql")
    began = time.perf_counter()
    ways: dict[str, tuple[float, Callable[[Settings], object]]] = {
        "restart immediate": (0.9, lambda _: server.restart(immediate=True)),
        "sessions ended": (
            0.1,
            lambda settings: server.sql(_ENDING.format(make_url(settings.store.database_url).database)),
        ),
    }
    for way, (gap, pull) in ways.items():
        settings = grounds.fresh()
        _trial(grounds, tally, way, settings=settings, through=settings, pull=partial(pull, settings), gap=gap)
    for way, toxics in [] if short else TOXICS.items():
        with ProxyProcess("127.0.0.1", server.port, seed=grounds.seed) as proxy:
            settings = grounds.fresh()
            proxy.use(*toxics)
            through = _by_way_of(settings, proxy.port)
            _trial(grounds, tally, f"proxy {way}", settings=settings, through=through, pull=None, gap=0.2)
    with ProxyProcess("127.0.0.1", server.port, seed=grounds.seed) as proxy:
        settings = grounds.fresh()
        through = _by_way_of(settings, proxy.port)
        _trial(grounds, tally, "connections cut", settings=settings, through=through, pull=proxy, gap=0.05)
    tally.seconds = time.perf_counter() - began
    return tally


_ENDING = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


def _by_way_of(settings: Settings, port: int) -> Settings:
    """The same database through the proxy."""
    name = make_url(settings.store.database_url).database
    url = f"postgresql://ibys:{PASSWORD}@127.0.0.1:{port}/{name}"
    return replace(settings, store=StoreSettings(database_url=url))


def _trial(
    grounds: Grounds, tally: Tally, way: str, *, settings: Settings, through: Settings, pull: object, gap: float
) -> None:
    """Walk through `through` while it is pulled, every `gap` seconds or so; then the count, on the quiet database."""
    child, pipe = forked.start(lambda tell: _walk_on(grounds, through, tell))
    dice, ends = random.Random(f"{grounds.seed}/{way}"), time.monotonic() + PATIENCE
    while pull is not None and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(gap * (0.5 + dice.random()))
        pull.order(cut=True) if isinstance(pull, ProxyProcess) else pull()  # type: ignore[operator]  # a callable
        tally.blows[way] += 1
        if time.monotonic() > ends:
            os.kill(child, signal.SIGKILL)
    walked = forked.finish(child, pipe)
    told = [each for each in walked.told if "refusals" in each]
    tally.blows[f"{way}: refused"] += sum(each["refusals"] for each in told)
    said = forked.forked(lambda tell: finish(grounds, settings, tell, accepted_of(walked))).told[-1]
    tally.take(way, said["verdict"], said["faults"])
    if not said["faults"]:
        grounds.forget(settings)


def _walk_on(grounds: Grounds, settings: Settings, tell: forked.Tell) -> None:
    """What a customer and a worker do when the database is away now and then: try again."""
    refusals, ends = 0, time.monotonic() + PATIENCE / 2
    while time.monotonic() < ends:
        try:
            gateway = open_gateway(settings)
            break
        except IntegratorError:
            refusals += 1
    for _ in range(200):
        try:
            for answer in pipeline.accept(gateway, grounds.kurum, read_file(grounds.input_file, caps(settings))):
                tell({"answered": answer.kayit_no, "status": answer.status})
            break
        except Unavailable:
            refusals += 1
    while time.monotonic() < ends:
        for tick in (acts.recover, pipeline.dispatch, pipeline.inquire, acts.checkpoint):
            try:
                tick(gateway)
            except Unavailable:
                refusals += 1
        try:
            with reading(gateway.database) as tx:
                if readings.next_due(tx) is None:
                    break
        except Unavailable:
            refusals += 1
        time.sleep(0.02)
    tell({"refusals": refusals})


def folder_for_others(folder: Path) -> Path:
    """The server runs as a user of its own, so the folders above its data must be open."""
    folder.chmod(0o755)
    return folder
