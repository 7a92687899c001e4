"""kill -9 of `ibys serve` at the commit of a group of single records, which is stored on the event loop itself.

Customers hand over one record after another, several at once, and say each again until it is answered, whatever became
of the line. The server dies by itself right before such a commit, or right after it, when all of the group is stored
and nobody was told; then it is begun anew. At the end each record was answered, and is stored once.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from bench.torture.judge import Verdict
from bench.torture.kill import Tally
from bench.torture.uploads import served
from bench.world import today, uniform_records
from integrator import access
from integrator.audit.verify import verify
from integrator.cli import main as ibys
from integrator.domain import fault_points
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.gateway import Gateway
from integrator.queue import readings
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.store.tables import bildirim
from integrator.trial.people import Town
from integrator.web import gathering
from integrator.wiring import create_home, open_gateway

CUSTOMERS, CLIENTS_OF_EACH, LATEST_GROUP = 4, 4, 25
DYING = (sys.executable, "-m", "bench.torture.singles")
POINTS = ("commit.before", "commit.after")
SECONDS = 120.0

Told = tuple[int, int]
"""(status, sorgu_no) of an answer that was read."""


@dataclass
class Client:
    """Hands over its records in order; `told` are the answers."""

    kurum: KurumNo
    token: str
    records: list[dict[str, Any]]
    told: dict[str, Told] = field(default_factory=dict)
    said_again: int = 0

    def work(self, where: Where) -> None:
        """Until each is answered."""
        line: http.client.HTTPConnection | None = None
        for record in self.records:
            while record["id"] not in self.told:
                try:
                    line = line or where.connect()
                    self.told[record["id"]] = self._say(line, record)
                except (OSError, http.client.HTTPException, ValueError):  # an answer that was cut is none
                    self.said_again += 1
                    line = None
                    time.sleep(0.05)

    def _say(self, line: http.client.HTTPConnection, record: dict[str, Any]) -> Told:
        line.request("POST", "/v1/kayit", json.dumps(record), {"Authorization": f"Bearer {self.token}"} | _JSON)
        answer = line.getresponse()
        content = json.loads(answer.read())
        if answer.status not in (200, 201):
            raise ValueError(f"{answer.status}: {content}")
        return answer.status, content["sorgu_no"][0]


_JSON = {"Content-Type": "application/json"}


@dataclass
class Where:
    """The server that is up now."""

    address: str = ""
    ends: float = field(default_factory=lambda: time.monotonic() + 4 * SECONDS)

    def connect(self) -> http.client.HTTPConnection:
        """Raises OSError while none is."""
        if time.monotonic() > self.ends:
            sys.exit("the records were not answered in time")  # of this thread: what is missing is counted as lost
        told = urlsplit(self.address)
        return http.client.HTTPConnection(told.hostname or "", told.port or 0, timeout=SECONDS)


def singles(folder: Path, *, records: int, kills: int, seed: int) -> Tally:
    """The trial: `kills` deaths while `records` records come one by one, of several customers."""
    tally, began, dice = (
        Tally("API killed at the commit of single records, sqlite"),
        time.perf_counter(),
        random.Random(seed),
    )
    settings = Settings(home=folder / "home")
    create_home(settings)
    gateway, where = open_gateway(settings, sending=False), Where()
    clients = list(_clients(gateway, settings, records, seed))
    threads = [threading.Thread(target=each.work, args=(where,), daemon=True) for each in clients]
    for number in range(kills):
        point, group = POINTS[number % 2], dice.randrange(1, LATEST_GROUP)
        with served(settings, (*DYING, point, str(group))) as (process, where.address):
            for each in threads if number == 0 else ():
                each.start()
            _await_end(process, threads)
            tally.blows[point] += process.poll() == -signal.SIGKILL
    with served(settings) as (_, where.address):
        for each in threads:
            each.join(4 * SECONDS)
    _count(gateway, clients, tally)
    tally.seconds = time.perf_counter() - began
    if tally.blows.total() != kills:
        tally.failures.append(f"{kills} deaths were wanted, {tally.blows.total()} came")
    return tally


def _await_end(process: subprocess.Popen[bytes], threads: list[threading.Thread]) -> None:
    """Of the server, or of the records: then nothing is left that could end it."""
    ends = time.monotonic() + SECONDS
    while process.poll() is None and any(each.is_alive() for each in threads) and time.monotonic() < ends:
        time.sleep(0.02)


def _clients(gateway: Gateway, settings: Settings, records: int, seed: int) -> Iterator[Client]:
    """Each customer has records of the same names: whose they are is all that tells them apart."""
    town, life = Town(records=1_000, seed=seed, today=today()), timedelta(days=1)
    several = records // CUSTOMERS // CLIENTS_OF_EACH
    for number in range(1, CUSTOMERS + 1):
        kurum = KurumNo(f"{settings.gateway.kurum}-{number}")
        _, token = access.make_api_key(gateway, kurum, Role.SYSTEM, "torture", lives=life)
        mine = list(uniform_records(town, several * CLIENTS_OF_EACH, "ONE"))
        for start in range(CLIENTS_OF_EACH):
            yield Client(kurum, token, mine[start::CLIENTS_OF_EACH])


def _count(gateway: Gateway, clients: list[Client], tally: Tally) -> None:
    """Compare the answers with our rows and the log."""
    key = gateway.checkpoint_key
    with reading(gateway.database) as tx:
        states, stored = readings.count_states(tx), readings.count_kayit(tx)
        columns = select(bildirim.c.sorgu_no, bildirim.c.kurum_id, bildirim.c.kayit_no)
        rows = {row.sorgu_no: (row.kurum_id, row.kayit_no) for row in tx.execute(columns)}
        broken = verify(tx, key.public, key.origin).broken or ""
    wanted = sum(len(each.records) for each in clients)
    told = [((each.kurum, name), number) for each in clients for name, (_, number) in each.told.items()]
    verdict = Verdict(
        messages=len(rows),
        at_ministry=0,
        shown_to_a_person=0,
        lost=wanted - len(told) + len({number for _, number in told} - set(rows)),
        duplicates=len(told) - len({number for _, number in told}),
        unexpected=len(rows) - wanted + abs(stored - wanted),
        misjudged=sum(rows.get(number) != name for name, number in told),
        accepted_missing=0,
        unsettled=0,
        sent_without_intent=0,
        illegal_moves=0,
        broken=broken,
        states=states,
    )
    tally.take("singles", verdict.as_json(), verdict.faults)
    known = sum(status == 200 for each in clients for status, _ in each.told.values())
    tally.notes = {"said again": sum(each.said_again for each in clients), "stored before the kill, told later": known}


def _serve(point: str, group: str) -> None:
    """`ibys serve` that kills itself at the commit of that group of the event loop."""
    passed = 0

    def act(name: str) -> None:
        nonlocal passed
        if name == point and threading.current_thread() is threading.main_thread() and _is_of_a_group():
            passed += 1
            if passed == int(group):
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)  # the signal is on its way; nothing else may happen here

    fault_points.arm(act)
    gathering.WAITS_ON_THE_LOOP = timedelta(days=1)  # a slow disk would take the groups elsewhere
    sys.argv = ["ibys", "serve", "--json"]
    ibys()


def _is_of_a_group() -> bool:
    """Whether whoever commits is `store_together`."""
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        if frame.f_code.co_name == "store_together":
            return True
    return False


if __name__ == "__main__":
    _serve(*sys.argv[1:])
