"""One stub in a process of its own, one town it knows, and fresh homes that report to it.

Every record has ten workers and two trainings, so it is one message; no pair comes twice among the records, so
the stub's ledger can say whether each arrived once.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bench.figures import Void
from integrator.domain.clock import ISTANBUL, SystemClock
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.protect.files import write_secret
from integrator.settings import LogSettings, MinistrySettings, QueueSettings, Settings, StoreSettings, WorkerSettings
from integrator.sign.trial_pki import write_test_pki
from integrator.trial.ministry_process import MinistryProcess
from integrator.trial.people import FIRMA_KODU, Town
from integrator.trial.postgres import PostgresServer, start_server
from integrator.trial.run import trial_settings, write_settings_file
from integrator.wiring import create_home, open_gateway

ENGINES = ("sqlite", "postgresql")
WORKERS, CODES = 10, (24, 240)
READY_SECONDS = 30


def today() -> date:
    """The day at the ministry."""
    return SystemClock().now().astimezone(ISTANBUL).date()


def uniform_records(town: Town, count: int, prefix: str = "BENCH") -> Iterator[dict[str, Any]]:
    """`count` records of one shape: place by place, then a day earlier."""
    places = [each for each in town.workplaces if each.approved and len(each.roster) >= WORKERS]
    for number in range(count):
        place = places[number % len(places)]
        day = today() - timedelta(days=1 + number // len(places))
        yield {
            "id": f"{prefix}-{number:06}",
            "belgeTipi": 2,
            "isgProfTckNo": place.professional,
            "calisan": list(place.roster[:WORKERS]),
            "egitim": [{"egitimKoduId": code, "egitimSuresi": 60} for code in CODES],
            "egitimTarihi": day.isoformat(),
            "egitimYer": 1,
            "egitimTur": 1,
            "sgkTescilNo": place.sgk,
            "egiticiTckNo": place.professional,
        }


@dataclass
class World:
    """Stub, town and certificates; `home()` makes an empty gateway in it."""

    folder: Path
    ministry: MinistryProcess
    town: Town
    parola: str
    homes: int = 0
    server: PostgresServer | None = None

    @property
    def pki(self) -> Path:
        """``signers/*.p12`` with their pins, and ``trust/``."""
        return self.folder / "pki"

    def home(self, engine: str = "sqlite") -> Settings:
        """A new gateway with the settings that production starts from; only its tick is shorter."""
        self.homes += 1
        settings = replace(
            trial_settings(self.folder / f"home-{self.homes}", self.ministry.address),
            ministry=MinistrySettings(address=self.ministry.address),
            queue=QueueSettings(),
            worker=WorkerSettings(dispatch_seconds=0.2),
            log=LogSettings(),
            store=StoreSettings(self._database() if engine == "postgresql" else ""),
        )
        settings.home.mkdir()
        (settings.home / "pki").symlink_to(self.pki, target_is_directory=True)
        write_secret(settings.path(settings.ministry.firma_kodu_file), FIRMA_KODU.encode())
        write_secret(settings.path(settings.ministry.parola_file), self.parola.encode())
        create_home(settings)
        write_settings_file(settings)
        return settings

    def _database(self) -> str:
        """A new database of the wheel's server, which comes up when it is first asked for."""
        if self.server is None:
            self.server = start_server(self.folder / "postgresql")
        return self.server.create_database(f"home_{self.homes}")

    def clear(self, settings: Settings) -> None:
        """Remove the database of a home that is done with: it may be large."""
        url = make_url(settings.store.database_url or "sqlite://")
        if self.server and url.database:
            self.server.drop_database(url.database)
        for path in settings.home.glob("ibys.sqlite3*"):
            path.unlink()

    def file_of(self, count: int, prefix: str = "BENCH") -> Path:
        """The customer's file."""
        path = self.folder / f"{prefix}-{count}.ndjson"
        if not path.exists():
            lines = (json.dumps(each) + "\n" for each in uniform_records(self.town, count, prefix))
            path.write_text("".join(lines), encoding="utf-8")
        return path

    def forget(self) -> None:
        """Empty the ministry's ledger; it still knows the town."""
        self.ministry.control("POST", "/reset")

    def require_each_once(self, count: int) -> None:
        """Raise Void unless the ministry holds `count` messages, whole, and nothing twice."""
        held = self.ministry.control("GET", "/ledger/summary")
        wanted = {"messages": count, "effects": count * WORKERS * len(CODES), "duplicate_pairs": 0}
        found = {name: held[name] for name in wanted}
        if found != wanted:
            raise Void(f"the ministry's ledger says {found}, wanted {wanted}; codes {held['codes']}")


@contextmanager
def a_world(folder: Path, records: int) -> Iterator[World]:
    """A world whose town has room for `records` records."""
    with MinistryProcess(faults="none", seed=1, log=folder / "stub.log") as ministry:
        town = Town(records=records, seed=1, today=today())
        parola = secrets.token_hex(12)
        ministry.control("PUT", "/parties", town.parties(parola))
        write_test_pki(folder / "pki", town.professionals, now=SystemClock().now())
        world = World(folder, ministry, town, parola)
        try:
            yield world
        finally:
            if world.server:
                world.server.stop()


@contextmanager
def a_gateway(settings: Settings) -> Iterator[Gateway]:
    """The gateway of a home, closed at the end."""
    gateway = open_gateway(settings)
    try:
        yield gateway
    finally:
        gateway.database.dispose()


@contextmanager
def a_worker(settings: Settings, number: int = 0) -> Iterator[int]:
    """``ibys worker`` on this home in a process of its own, ready when the block begins; gives its process id."""
    log = settings.home / f"worker-{number}.log"
    command = [sys.executable, "-c", "from integrator.cli import main; main()", "worker", "--home", str(settings.home)]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        # The first has the lease of the code list, and by then its whole first tick behind it; the others are just up.
        _await_word(log, "worker.started" if number else "codes.refreshed", process)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_word(log: Path, word: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + READY_SECONDS
    while word not in log.read_text(encoding="utf-8"):
        if process.poll() is not None or time.monotonic() > ends:
            raise Void("the worker did not come up")
        time.sleep(0.02)


def kurum_of(settings: Settings) -> KurumNo:
    """The customer."""
    return KurumNo(settings.gateway.kurum)
