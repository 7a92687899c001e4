"""One step of a trial in a forked child: it tells what it has to tell as lines of JSON, and it may be killed.

The parent has imported everything and has one thread, so a child costs some ten milliseconds and starts warm.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Tell = Callable[[Any], None]
Step = Callable[[Tell], None]


@dataclass(frozen=True)
class Ended:
    """How a child ended, and what it had told by then."""

    killed: bool
    told: list[Any]


class Failed(Exception):
    """A child ended with an error of its own: the trial is void."""


def start(step: Step) -> tuple[int, int]:
    """Begin `step` in a child; gives its process id and the pipe that it tells to."""
    assert threading.active_count() == 1, "fork with one thread only"
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    code = 70
    try:
        os.close(reader)
        step(lambda said: _tell(writer, said))
        code = 0
    except BaseException:  # noqa: BLE001 - a child says what went wrong and ends here
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def finish(child: int, reader: int) -> Ended:
    """Wait for a child that was begun; raises Failed when it ended neither well nor by SIGKILL."""
    with os.fdopen(reader, "rb") as pipe:
        lines = pipe.read().splitlines(keepends=True)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if status and not killed:
        raise Failed(f"a child ended with status {status}; its traceback stands above")
    return Ended(killed, [json.loads(line) for line in lines if line.endswith(b"\n")])


def forked(step: Step) -> Ended:
    """`step` in a child, to its end."""
    return finish(*start(step))


def _tell(writer: int, said: Any) -> None:
    line = json.dumps(said).encode() + b"\n"
    while line:
        line = line[os.write(writer, line) :]
