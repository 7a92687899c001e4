"""Several server processes on one listening socket, which they inherit: one that dies loses only its own calls.

The parent serves nothing. It starts a process again that ended by itself, and on SIGTERM ends them all and waits.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
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
    running = [_start(command, door) for _ in range(count)]
    try:
        for each in running:
            _await_ready(each)
        ready()
        while not ending.wait(LOOKED_EVERY):
            running = [each if each.poll() is None else _start_again(each, command, door, ending) for each in running]
    finally:
        door.close()
        _end(running, settings.notice_seconds + settings.drain_seconds + SPARE_SECONDS)


def _start(command: Sequence[str], door: socket.socket) -> subprocess.Popen[bytes]:
    told = [*command, "--door", str(door.fileno()), "--json"]
    return subprocess.Popen(told, pass_fds=[door.fileno()], stdout=subprocess.PIPE)  # noqa: S603 - our own command


def _await_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == b"}":
            return
    raise Unavailable(f"a server process ended with {process.wait()} before it took a call; its log tells why")


def _start_again(
    ended: subprocess.Popen[bytes], command: Sequence[str], door: socket.socket, ending: Event
) -> subprocess.Popen[bytes]:
    logger().error("web.process_ended", status=ended.returncode)
    ending.wait(STARTED_AGAIN_AFTER)
    return ended if ending.is_set() else _start(command, door)


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
