"""The main job from end to end in a home of its own: file in, ministry in another process, evidence out."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from integrator import acts, pipeline
from integrator.accepting import Answer
from integrator.audit.checkpoint import write_checkpoint_file
from integrator.audit.verify import Report, verify
from integrator.domain.clock import ISTANBUL, SystemClock
from integrator.domain.identifiers import KurumNo
from integrator.gateway import Gateway
from integrator.intake.read_json import read_file
from integrator.protect.files import write_secret
from integrator.queue import readings
from integrator.settings import (
    GatewaySettings,
    IntakeSettings,
    KeysSettings,
    LogSettings,
    MinistrySettings,
    QueueSettings,
    Settings,
    StoreSettings,
    WorkerSettings,
)
from integrator.sign.trial_pki import KeyKind, write_test_pki
from integrator.store.engine import reading
from integrator.trial.count import Count, count_effects
from integrator.trial.ministry_process import MinistryProcess
from integrator.trial.people import FIRMA_KODU, Town
from integrator.wiring import caps, create_home, open_gateway

SLOW_SECONDS = 1.6
Progress = Callable[[str, int, int], None]
"""(what is under way, done, of how many)."""


@dataclass
class Trial:
    """A prepared home, its town, and what was learned on the way."""

    settings: Settings
    town: Town
    seed: int
    faults: str
    answers: list[Answer] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def kurum(self) -> KurumNo:
        """The customer of the trial."""
        return KurumNo(self.settings.gateway.kurum)

    @property
    def input_file(self) -> Path:
        """The customer's file."""
        return self.settings.home / "trainings.ndjson"


def prepare(
    home: Path,
    ministry: MinistryProcess,
    *,
    records: int,
    seed: int,
    faults: str,
    key: KeyKind,
    database_url: str = "",
    metot: str = "soap-g2",
    settings: Settings | None = None,
) -> Trial:
    """Invent the town, teach it to the ministry, make keys and settings, write the customer's file."""
    now = SystemClock().now()
    town = Town(records=records, seed=seed, today=now.astimezone(ISTANBUL).date(), metot=metot)
    parola = secrets.token_hex(12)
    ministry.control("PUT", "/parties", town.parties(parola))
    settings = settings or trial_settings(home, ministry.address_of(metot), metot, database_url=database_url)
    home.mkdir(parents=True, exist_ok=True)
    write_test_pki(home / "pki", town.professionals, now=now, key=key)
    write_secret(settings.path(settings.ministry.firma_kodu_file), FIRMA_KODU.encode())
    write_secret(settings.path(settings.ministry.parola_file), parola.encode())
    create_home(settings)
    write_settings_file(settings)
    trial = Trial(settings, town, seed, faults)
    with trial.input_file.open("w", encoding="utf-8") as file:
        for record in town.records():
            file.write(json.dumps(record) + "\n")
    return trial


def trial_settings(home: Path, address: str, metot: str = "soap-g2", *, database_url: str = "") -> Settings:
    """Settings whose waits are short, because the stub's ministry has short faults."""
    return Settings(
        home=home,
        gateway=GatewaySettings(name="ibys-trial", kurum="deneme-osgb"),
        store=StoreSettings(database_url=database_url),
        keys=KeysSettings(signers_dir="pki/signers", trust_dir="pki/trust"),
        ministry=MinistrySettings(
            metot=metot, address=address, connect_seconds=2.0, silence_seconds=0.8, total_seconds=1.2, concurrency=8
        ),
        queue=QueueSettings(
            lease_seconds=6.0,
            resend_base_seconds=0.1,
            resend_ceiling_seconds=1.0,
            max_attempts=40,
            ask_base_seconds=0.1,
            ask_ceiling_seconds=1.0,
            ask_for_hours=1.0,
            probe_seconds=0.5,
            breaker_base_seconds=0.1,
            breaker_ceiling_seconds=1.0,
            retry_tokens=100_000,
            rest_ceiling_seconds=0.1,
        ),
        intake=IntakeSettings(),
        worker=WorkerSettings(dispatch_seconds=0.2, inquire_seconds=0.3, checkpoint_seconds=2.0, lease_seconds=4.0),
        log=LogSettings(level="WARNING"),
    )


def write_settings_file(settings: Settings) -> None:
    """The same settings as ``ibys.toml``, for other processes on this home."""
    lines = []
    for name in ("gateway", "store", "keys", "ministry", "queue", "worker", "log"):
        group = getattr(settings, name)
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(getattr(group, key))}" for key in group.__slots__]
    (settings.home / "ibys.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def accept_file(gateway: Gateway, trial: Trial, progress: Progress) -> None:
    """Take the customer's file in, line by line."""
    began = time.perf_counter()
    lines = read_file(trial.input_file, caps(trial.settings))
    for answer in pipeline.accept(gateway, trial.kurum, lines):
        trial.answers.append(answer)
        progress("accept", len(trial.answers), 0)
    trial.seconds["accept"] = time.perf_counter() - began


def deliver_all(
    gateway: Gateway, trial: Trial, progress: Progress, *, patience: timedelta = timedelta(minutes=10)
) -> None:
    """Send and ask until the gateway has nothing left to do by itself."""
    began = time.perf_counter()
    ends = gateway.clock.now() + patience
    while True:
        acts.recover(gateway)
        pipeline.dispatch(gateway)
        pipeline.inquire(gateway)
        with reading(gateway.database) as tx:
            due, states = readings.next_due(tx), readings.count_states(tx)
        total = sum(states.values())
        waiting = sum(states.get(state, 0) for state in ("queued", "sending", "uncertain", "pending"))
        progress("deliver", total - waiting, total)
        now = gateway.clock.now()
        if due is None or now > ends:
            break
        gateway.clock.sleep(min(max(due - now, timedelta(0)), timedelta(milliseconds=200)))
    trial.seconds["deliver"] = time.perf_counter() - began


def evidence(gateway: Gateway, trial: Trial) -> Report:
    """Sign the head, put it into a file, and recompute everything."""
    began = time.perf_counter()
    made = acts.checkpoint(gateway)
    if made:
        write_checkpoint_file(trial.settings.home / "checkpoints", *made)
    with reading(gateway.database) as tx:
        report = verify(tx, gateway.checkpoint_key.public, gateway.checkpoint_key.origin)
    trial.seconds["verify"] = time.perf_counter() - began
    return report


@dataclass(frozen=True)
class Result:
    """What a trial run came to."""

    trial: Trial
    count: Count
    report: Report
    states: dict[str, int]
    codes: dict[str, int]
    denemeler: dict[str, int]
    held: list[dict[str, Any]]
    ministry: dict[str, Any]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The figures, for machines."""
        accepted = [answer for answer in self.trial.answers if answer.status == "accepted"]
        return {
            "seed": self.trial.seed,
            "faults": self.trial.faults,
            "kayit": len(accepted),
            "rejected": len(self.trial.answers) - len(accepted),
            "bildirim": sum(self.states.values()),
            "states": self.states,
            "codes": self.codes,
            "attempts": self.denemeler,
            "parts": {
                "expected": self.count.expected,
                "at_ministry": self.count.at_ministry,
                "shown_to_a_person": self.count.shown_to_a_person,
            },
            "waiting_for_a_person": self.held,
            "lost": self.count.lost,
            "duplicate_effects": self.count.duplicate_effects,
            "unexpected_effects": self.count.unexpected,
            "misjudged": self.count.misjudged,
            "audit_ok": self.report.broken is None,
            "audit": {
                "entries": self.report.entries,
                "checkpoints": self.report.checkpoints,
                "root": self.report.root.hex(),
                "broken": self.report.broken,
            },
            "ministry": self.ministry,
            "seconds": round(self.seconds, 2),
            "seconds_of": {name: round(value, 2) for name, value in self.trial.seconds.items()},
        }


def summarise(gateway: Gateway, trial: Trial, ministry: MinistryProcess, report: Report, seconds: float) -> Result:
    """Count everything, from the ministry's ledger first."""
    ledger = ministry.control("GET", "/ledger")
    numbers = [number for answer in trial.answers for number in answer.sorgu_no]
    accepted = {answer.kayit_no for answer in trial.answers if answer.status in ("accepted", "known")}
    records = [record for record in map(json.loads, trial.input_file.open("rb")) if record["id"] in accepted]
    count = count_effects(gateway, trial.kurum, records, numbers, ledger)
    with reading(gateway.database) as tx:
        states, codes = readings.count_states(tx), readings.count_codes(tx)
        denemeler, held = readings.count_denemeler(tx), readings.held_by_cause(tx)
    summary = ministry.control("GET", "/ledger/summary")
    return Result(trial, count, report, states, codes, denemeler, held, summary, seconds)


def run_trial(
    home: Path,
    *,
    records: int,
    seed: int,
    faults: str,
    progress: Progress,
    key: KeyKind = "rsa-2048",
    metot: str = "soap-g2",
    personality: str = "metro",
) -> Result:
    """Everything, once."""
    began = time.perf_counter()
    log = home.parent / f"{home.name}-stub.log"
    with MinistryProcess(
        faults=faults, seed=seed, slow_seconds=SLOW_SECONDS, personality=personality, log=log
    ) as ministry:
        trial = prepare(home, ministry, records=records, seed=seed, faults=faults, key=key, metot=metot)
        gateway = open_gateway(trial.settings)
        try:
            if acts.codes_are_due(gateway, timedelta(0)):
                acts.refresh_codes(gateway)
            accept_file(gateway, trial, progress)
            deliver_all(gateway, trial, progress)
            report = evidence(gateway, trial)
            return summarise(gateway, trial, ministry, report, time.perf_counter() - began)
        finally:
            gateway.database.dispose()
