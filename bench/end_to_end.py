"""Measures 3 and 4: a file of records until the ministry has accepted the last message; ours and the plain way.

Each run begins with an empty ledger and an empty home, and ends with a look into the ministry's ledger: every
message once, or the figures are void. Start-up (imports, keys, WSDL, the worker's first tick) is not counted for
either side; what is counted begins when the file is opened.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from bench.accepting import WARM, accept_all
from bench.figures import Row, Scale, Void, compared, in_turn, rate_of
from bench.machine import cpu_seconds
from bench.plain import PlainPipeline
from bench.world import World, a_gateway, a_worker
from integrator import pipeline
from integrator.catalogue.published import published
from integrator.gateway import Gateway
from integrator.intake.read_json import Caps, read_file
from integrator.queue import readings
from integrator.store.engine import reading
from integrator.trial.people import FIRMA_KODU

PATIENCE = 120.0
GLANCE = timedelta(milliseconds=10)
TARGET = 8.0
SIGNING_SECONDS = 0.5


def measure(scale: Scale, world: World) -> Iterator[Row]:
    """Both shapes of ours in turn with the plain pipeline, over the same records and the same stub."""
    for run in (run_plain, run_one_process, run_two_processes):
        run(world, WARM)
    shares: list[dict[str, float]] = []
    signing: list[float] = []
    plain, one, two = in_turn(
        scale.rounds,
        lambda: run_plain(world, scale.plain, signing),
        lambda: run_one_process(world, scale.delivered),
        lambda: run_two_processes(world, scale.delivered, shares),
    )
    yield Row(
        "the plain pipeline",
        median(plain),
        "messages/s",
        note=f"its signing alone: {median(signing):.0f}/s, key loaded",
    )
    against = "plain pipeline"
    note = "accepts the file, then dispatches"
    yield compared("end to end, one process", one, against, plain, unit="messages/s", note=note)
    note = "; ".join(f"{name} {shares[-1][name]:.0f} us" for name in shares[-1])
    yield compared(
        "end to end, accept + worker", two, against, plain, unit="messages/s", target=TARGET,
        note=f"processor time per message: {note}",
    )  # fmt: skip


def run_plain(world: World, count: int, signing: list[float] | None = None) -> float:
    """The plain pipeline over `count` records: messages a second; how fast it signs goes to `signing`."""
    world.homes += 1
    folder = world.folder / f"plain-{world.homes}"
    folder.mkdir()
    plain = PlainPipeline(
        folder,
        wsdl=published("schemas", "soap-g2", "ibys.wsdl"),
        address=world.ministry.address,
        firma_kodu=FIRMA_KODU,
        parola=world.parola,
        signers=world.pki / "signers",
    )
    path = world.file_of(count)
    world.forget()
    began = time.perf_counter()
    accepted = plain.send_file(path)
    took = time.perf_counter() - began
    if signing is not None:
        signing.append(rate_of(lambda: plain.sign(world.town.professionals[0], b"x" * 1091), SIGNING_SECONDS))
    plain.close()
    if accepted != count:
        raise Void(f"the plain pipeline: {accepted} of {count} were accepted")
    world.require_each_once(count)
    return count / took


def run_one_process(world: World, count: int) -> float:
    """Accept the whole file, then dispatch, in this process: messages a second."""
    settings, path = world.home(), world.file_of(count)
    world.forget()
    with a_gateway(settings) as gateway:
        began = time.perf_counter()
        accept_all(gateway, settings, read_file(path, Caps()), count)
        pipeline.dispatch(gateway)
        took = time.perf_counter() - began
        require_accepted(gateway, count)
    world.require_each_once(count)
    return count / took


def run_two_processes(world: World, count: int, shares: list[dict[str, float]] | None = None) -> float:
    """Accept the file here while ``ibys worker`` delivers from the same home: messages a second."""
    settings, path = world.home(), world.file_of(count)
    world.forget()
    with a_gateway(settings) as gateway, a_worker(settings) as worker:
        processes: dict[str, int | str] = {"accept": "self", "worker": worker, "stub": world.ministry.pid}
        before = {name: cpu_seconds(pid) for name, pid in processes.items()}
        began = time.perf_counter()
        accept_all(gateway, settings, read_file(path, Caps()), count)
        await_end(gateway, began)
        took = time.perf_counter() - began
        if shares is not None:
            shares.append({name: (cpu_seconds(pid) - before[name]) / count * 1e6 for name, pid in processes.items()})
        require_accepted(gateway, count)
    world.require_each_once(count)
    return count / took


def await_end(gateway: Gateway, began: float) -> None:
    """Until nothing is due to be sent or asked any more, and so the last answer is on disk."""
    while time.perf_counter() < began + PATIENCE:
        with reading(gateway.database) as tx:
            if readings.next_due(tx) is None:
                return
        time.sleep(GLANCE.total_seconds())
    raise Void(f"the worker was not done after {PATIENCE:.0f} s")


def require_accepted(gateway: Gateway, count: int) -> None:
    """Raise Void unless our own rows say that all were accepted."""
    with reading(gateway.database) as tx:
        states = readings.count_states(tx)
    if states != {"accepted": count}:
        raise Void(f"our own rows say {states}, wanted {count} accepted")
