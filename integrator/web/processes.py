"""Several server processes on one listening socket, which they inherit: one that dies loses only its own calls.

The parent serves nothing. It starts a process again that ended by itself, and on SIGTERM ends them all and waits.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event

from integrator.domain.errors import Unavailable
from integrator.log import logger
from integrator.settings import WebSettings

LOOKED_EVERY = 0.2
STARTED_AGAIN_AFTER = 1.0
SPARE_SECONDS = 10.0


def supervise(
    command: Sequence[str], door: socket.socket, count: int, settings: WebSettings, *, ready: Callable[[], None]
) -> None:
    """Run `count` times `command` on `door` until SIGTERM; `ready` is called once each of them takes calls.

    Raises Unavailable when one ends before it took a call: whatever is wrong would be wrong again.
    """
    ending = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    start = partial(_start, command, door, settings.metrics_port)
    running = [start(place) for place in range(count)]
    try:
        for each in running:
            _await_ready(each)
        ready()
        while not ending.wait(LOOKED_EVERY):
            for place, each in enumerate(running):
                if each.poll() is not None:
                    logger().error("web.process_ended", status=each.returncode)
                    ending.wait(STARTED_AGAIN_AFTER)
                    running[place] = each if ending.is_set() else start(place)
    finally:
        door.close()
        _end(running, settings.notice_seconds + settings.drain_seconds + SPARE_SECONDS)


def _start(command: Sequence[str], door: socket.socket, metrics_port: int, place: int) -> subprocess.Popen[bytes]:
    """One process; its metrics stand on the port of its place."""
    told = [*command, "--door", str(door.fileno()), "--json"]
    environment = {**os.environ, "IBYS_WEB_METRICS_PORT": str(metrics_port + place if metrics_port else 0)}
    return subprocess.Popen(  # noqa: S603 - our own command
        told, pass_fds=[door.fileno()], stdout=subprocess.PIPE, env=environment
    )


def _await_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == b"}":
            return
    raise Unavailable(f"a server process ended with {process.wait()} before it took a call; its log tells why")


def _end(running: Sequence[subprocess.Popen[bytes]], seconds: float) -> None:
    for each in running:
        each.terminate()
    ends_at = time.monotonic() + seconds
    for each in running:
        try:
            each.wait(max(0.0, ends_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()
