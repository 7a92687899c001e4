"""A hostile ministry in a process of its own, and homes as `ibys init` leaves them: fresh copies by the dozen."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.torture.databases import Databases
from bench.torture.forked import Tell, forked
from integrator import acts
from integrator.domain.identifiers import KurumNo
from integrator.settings import MinistrySettings, QueueSettings, Settings, StoreSettings
from integrator.trial.ministry_process import MinistryProcess
from integrator.trial.run import Trial, prepare, trial_settings
from integrator.wiring import open_gateway

SLOW_SECONDS = 0.45
QUICK_MINISTRY: dict[str, Any] = {
    "connect_seconds": 1.0, "silence_seconds": 0.3, "total_seconds": 0.4, "concurrency": 2,
}  # fmt: skip
QUICK_QUEUE: dict[str, Any] = {
    "lease_seconds": 0.6, "resend_base_seconds": 0.02, "resend_ceiling_seconds": 0.2, "max_attempts": 200,
    "ask_base_seconds": 0.02, "ask_ceiling_seconds": 0.2, "ask_for_hours": 1.0, "probe_seconds": 0.1,
    "gather_seconds": 0.002, "window": 8, "breaker_base_seconds": 0.05, "breaker_ceiling_seconds": 0.2,
    "rest_ceiling_seconds": 0.2, "retry_tokens": 100_000,
}  # fmt: skip


@dataclass
class Grounds:
    """Where trials take place. `seed` is the ministry's; every trial begins with its dice as at the start."""

    folder: Path
    ministry: MinistryProcess
    template: Trial
    databases: Databases
    seed: int
    homes: int = 0

    @property
    def kurum(self) -> KurumNo:
        """The customer."""
        return self.template.kurum

    @property
    def input_file(self) -> Path:
        """The customer's file."""
        return self.template.input_file

    def fresh(self, **ministry: Any) -> Settings:
        """A new home that knows the town, and a ministry that holds nothing."""
        self.ministry.control("POST", "/reset")
        self.homes += 1
        home = self.folder / f"home-{self.homes}"
        shutil.copytree(self.template.settings.home, home, symlinks=True, ignore=without_claim)
        settings = replace(self.template.settings, home=home)
        if ministry:
            settings = replace(settings, ministry=replace(settings.ministry, **ministry))
        url = self.databases.copy(self.homes)
        return replace(settings, store=StoreSettings(database_url=url))

    def forget(self, settings: Settings) -> None:
        """Clear a home away."""
        shutil.rmtree(settings.home)
        self.databases.drop(settings.store.database_url)


def without_claim(_folder: str, names: list[str]) -> list[str]:
    """For copies on purpose, whose original never runs again: the claim beside the log's key stays behind."""
    return [name for name in names if name.endswith(".claim")]


@contextmanager
def grounds(
    folder: Path, databases: Databases, *, records: int, seed: int, faults: str = "hostile", **queue: Any
) -> Iterator[Grounds]:
    """Ground for trials with one town of `records` records."""
    folder.mkdir(parents=True, exist_ok=True)
    with MinistryProcess(faults=faults, seed=seed, slow_seconds=SLOW_SECONDS, log=folder / "stub.log") as ministry:
        settings = replace(
            trial_settings(folder / "template", ministry.address),
            ministry=MinistrySettings(address=ministry.address, **QUICK_MINISTRY),
            queue=QueueSettings(**QUICK_QUEUE | queue),
            store=StoreSettings(database_url=databases.template()),
        )
        trial = prepare(
            settings.home, ministry, records=records, seed=seed, faults=faults, key="p-256", settings=settings
        )
        forked(lambda tell: _refresh(settings, tell))
        databases.freeze()
        yield Grounds(folder, ministry, trial, databases, seed)


def _refresh(settings: Settings, _tell: Tell) -> None:
    gateway = open_gateway(settings)
    acts.refresh_codes(gateway)
    gateway.database.dispose()


def new_name() -> str:
    """A name that no other trial has."""
    return f"torture_{secrets.token_hex(4)}"
