"""A disk that fills up: accepting refuses cleanly, nothing is sent twice, and with space again everything goes on.

With root the home lies on a small tmpfs, mounted in a child's own mount namespace, so it is gone with the child.
Without root a limit on the size of files stands in for it, and a notice says so.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench.torture.forked import Tell, forked
from bench.torture.grounds import Grounds, without_claim
from bench.torture.kill import Tally, finish
from integrator import acts, pipeline
from integrator.domain import fault_points
from integrator.domain.errors import Unavailable
from integrator.gateway import Gateway
from integrator.intake.read_json import read_file
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.store.tables import kayit
from integrator.wiring import caps, open_gateway

CLONE_NEWNS = 0x0002_0000
TMPFS = "size=12m"
UNAVAILABLE = 4
IBYS = [sys.executable, "-c", "from integrator.cli import main; main()"]


class Tmpfs:
    """A file system of a few megabytes over one folder, in this process's mount namespace only."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"
        libc = ctypes.CDLL(None, use_errno=True)
        if os.geteuid() != 0 or libc.unshare(CLONE_NEWNS) != 0:
            raise PermissionError
        subprocess.run(["mount", "--make-rprivate", "/"], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(["mount", "-t", "tmpfs", "-o", TMPFS, "none", str(folder)], check=True)

    def fill(self, left: int) -> None:
        """Leave `left` bytes."""
        stat = os.statvfs(self._ballast.parent)
        with self._ballast.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, stat.f_bavail * stat.f_bsize - left))

    def free(self) -> None:
        """Space again."""
        self._ballast.unlink(missing_ok=True)


class FileLimit:
    """No file may grow past `largest` bytes: what a full disk says, for whoever is not root."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fill(self, left: int) -> None:
        """Files may grow by `left` bytes beyond the write-ahead log as it stands."""
        largest = max(path.stat().st_size for path in self._folder.glob("*.sqlite3-wal"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + left, resource.RLIM_INFINITY))

    def free(self) -> None:
        """No limit."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def full_disk(grounds: Grounds, *, scenes: int = 3) -> Tally:
    """Full while accepting, full before a claim, full between a send and its settlement; each with space afterwards."""
    tally = Tally("disk full, sqlite")
    began = time.perf_counter()
    for kind in (Tmpfs, FileLimit):
        for when in (_while_sending, _while_accepting, _before_claiming)[:scenes]:
            settings = grounds.fresh()
            ended = forked(_trial(grounds, settings, kind, when)).told
            if ended[-1].get("notice"):
                print(f"NOTICE: {ended[-1]['notice']}", file=sys.stderr)
                continue
            said, name = ended[-1], f"{kind.__name__} {when.__name__.removeprefix('_')}"
            told = next(each for each in ended if "refusals" in each)
            faults = said["faults"] + told["wrong"] + ([] if told["refusals"] else ["nothing was refused"])
            tally.blows[name] += told["refusals"]
            tally.take(name, said["verdict"], faults)
    tally.seconds = time.perf_counter() - began
    return tally


Scene = Callable[[Grounds, Settings, Gateway, Any], dict[str, Any]]


def _trial(grounds: Grounds, settings: Settings, kind: type, when: Scene) -> Callable[[Tell], None]:
    def step(tell: Tell) -> None:
        kept = settings.home.with_name(f"{settings.home.name}-kept")
        shutil.move(settings.home, kept)
        settings.home.mkdir()
        try:
            disk = kind(settings.home)
        except (PermissionError, subprocess.CalledProcessError):
            tell({"notice": "no root here: the full disk was tried with a limit on file sizes only"})
            return
        shutil.copytree(kept, settings.home, symlinks=True, dirs_exist_ok=True, ignore=without_claim)
        gateway = open_gateway(settings)
        tell(when(grounds, settings, gateway, disk))
        disk.free()
        gateway.database.dispose()
        finish(grounds, settings, tell, [])

    return step


def _while_accepting(grounds: Grounds, settings: Settings, gateway: Gateway, disk: Any) -> dict[str, Any]:
    """Some records go in, then none; what was answered is there, what was not is not; the command line exits with 4."""
    gateway = replace(gateway, pace=replace(gateway.pace, group=4))
    answered, refusals, wrong = 0, 0, []
    records = read_file(grounds.input_file, caps(settings))
    stream = pipeline.accept(gateway, grounds.kurum, records)
    try:
        for answer in stream:
            answered += answer.status == "accepted"
            if answered == 4:
                disk.fill(40_000)
    except Unavailable:
        refusals += 1
    wrong += [] if _stored(gateway) == answered else [f"{answered} answered, {_stored(gateway)} stored"]
    disk.fill(0)
    if isinstance(disk, Tmpfs):  # a limit would bind this process's children in other ways too
        command = [*IBYS, "submit", str(grounds.input_file), "--home", str(settings.home), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        refusals += 1
        wrong += (
            [] if done.returncode == UNAVAILABLE else [f"submit exits with {done.returncode}: {done.stderr[-300:]}"]
        )
        wrong += [] if _stored(gateway) == answered else ["a refused record was stored"]
    return {"refusals": refusals, "wrong": wrong}


def _before_claiming(grounds: Grounds, settings: Settings, gateway: Gateway, disk: Any) -> dict[str, Any]:
    """No intent can be written, so nothing may leave."""
    _accept_all(grounds, settings, gateway)
    disk.fill(0)
    refusals = _ticks(gateway, 3)
    arrived = grounds.ministry.control("GET", "/ledger/summary")["saves"]
    return {"refusals": refusals, "wrong": [f"{arrived} were sent without an intent"] if arrived else []}


def _while_sending(grounds: Grounds, settings: Settings, gateway: Gateway, disk: Any) -> dict[str, Any]:
    """The disk fills when the first request has left: nothing can be settled any more."""
    _accept_all(grounds, settings, gateway)
    fault_points.arm(lambda point: disk.fill(0) if point == "send.after" else None)
    refusals = _ticks(gateway, 3)
    fault_points.arm(None)
    return {"refusals": refusals, "wrong": []}


def _accept_all(grounds: Grounds, settings: Settings, gateway: Gateway) -> None:
    for _ in pipeline.accept(gateway, grounds.kurum, read_file(grounds.input_file, caps(settings))):
        pass


def _ticks(gateway: Gateway, count: int) -> int:
    """What the worker's ticks do; how many of them the database did not take."""
    refusals = 0
    for _ in range(count):
        for tick in (acts.recover, pipeline.dispatch, pipeline.inquire):
            try:
                tick(gateway)
            except Unavailable:
                refusals += 1
    return refusals


def _stored(gateway: Gateway) -> int:
    with reading(gateway.database) as tx:
        return int(tx.execute(select(func.count()).select_from(kayit)).scalar_one())
