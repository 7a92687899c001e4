"""Runs scenarios against a gateway: lanes of their own, each with a ministry, a tap and homes, side by side."""

from __future__ import annotations

import platform
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from integrator.conformance import SUITE, gateway_steps, ministry_steps, observing_steps
from integrator.conformance.adapter import Adapter
from integrator.conformance.gateway import Gateway, GatewayFault, Warm
from integrator.conformance.people import FIRMA_KODU, KEYED, PROFESSIONALS, Cast
from integrator.conformance.published import digest_of, published_folder
from integrator.conformance.scenario import FOLDER, Scenario
from integrator.conformance.signer import Authority, write_private
from integrator.conformance.soap import Credentials
from integrator.conformance.stage import VOCABULARY, NotSo, Observed, Stage
from integrator.conformance.stub import Control, Stub, StubFault
from integrator.conformance.tap import Tap

WORDS = (gateway_steps, observing_steps, ministry_steps)  # importing them fills the vocabulary
PASSED, FAILED, NOT_OFFERED, BROKEN = "passed", "failed", "not_offered", "broken"
NEEDS_A_STUB = "only a stub has a control port"
"""`broken`: the suite or a command of the gateway did not work, so nothing can be said; counts as failed."""
LANES = 2
PLAIN = {"repeats": "refused", "g3_numbers": "server", "g1_unsigned": "refused", "processing_seconds": 0.05}


@dataclass(frozen=True, slots=True)
class Taken:
    """One step: what it does, with what, how it ended."""

    do: str
    does: str
    told: dict[str, Any]
    seen: str
    good: bool


@dataclass
class Verdict:
    """What a scenario came to."""

    scenario: Scenario
    verdict: str
    reason: str = ""
    taken: list[Taken] = field(default_factory=list)
    observed: list[Observed] = field(default_factory=list)
    seconds: float = 0.0
    declared: str = ""


Progress = Callable[[Verdict], None]


def missing(scenario: Scenario, offers: Callable[[str], bool]) -> list[str]:
    """What the scenario needs and the other side does not offer."""
    wanted = [*scenario.needs, *(need for each in scenario.steps for need in VOCABULARY[each["do"]].needs)]
    wanted.append(scenario.metot)
    return sorted({each for each in wanted if not offers(each)})


def play(scenario: Scenario, stage: Stage) -> Verdict:
    """Take the steps one after another; the first that fails ends it."""
    verdict, began = Verdict(scenario, PASSED), time.monotonic()
    for told in scenario.steps:
        word = VOCABULARY[told["do"]]
        does = (word.act.__doc__ or "").partition("\n")[0]
        try:
            seen, good = word.act(stage, told), True
        except NotSo as error:
            seen, good, verdict.verdict, verdict.reason = str(error), False, FAILED, str(error)
        except (GatewayFault, StubFault, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            seen, good, verdict.verdict = f"{type(error).__name__}: {error}", False, BROKEN
            verdict.reason = seen
        verdict.taken.append(Taken(told["do"], does, {k: v for k, v in told.items() if k != "do"}, seen, good))
        if not good:
            break
    verdict.observed, verdict.seconds = stage.observed, time.monotonic() - began
    return verdict


class Lane:
    """A stub, a tap, and the homes of one line of scenarios; what is shared is never shared across lanes."""

    def __init__(self, adapter: Adapter, folder: Path, authority: Authority, now: datetime) -> None:
        folder.mkdir(parents=True)  # FileExistsError: two runs never share a folder
        self._adapter, self._folder, self._authority, self._now = adapter, folder, authority, now
        self._credentials = Credentials(FIRMA_KODU, secrets.token_hex(8))
        self._stub = Stub(folder / "stub.log")
        self._tap = Tap(self._stub.host, self._stub.port)
        self._warm = Warm(adapter.warm, adapter.warm_from) if adapter.warm else None
        self._shared: dict[str, Gateway] = {}
        self._homes, self._plays = 0, count(1)

    def play(self, scenario: Scenario) -> Verdict:
        """One scenario on a shared or a fresh home; a home on which one failed is not used again."""
        lacking = missing(scenario, lambda need: need in ("control", "tap") or self._adapter.offers(need))
        if lacking:
            told = f"not offered by the gateway: {', '.join(lacking)}"
            return Verdict(scenario, NOT_OFFERED, told)
        self._begin_anew(scenario)
        try:
            gateway = self._home_for(scenario)
        except (GatewayFault, OSError) as error:
            return Verdict(scenario, BROKEN, f"prepare: {error}")
        verdict = play(scenario, self._stage(scenario, gateway))
        if scenario.fresh or verdict.verdict != PASSED:
            gateway.kill()
            self._shared = {metot: each for metot, each in self._shared.items() if each is not gateway}
        return verdict

    def turn_to(self, adapter: Adapter) -> None:
        """Go on with another adapter, whose commands come from the same script; homes of the last one are left."""
        for each in self._shared.values():
            each.kill()
        self._adapter, self._shared = adapter, {}

    def version(self) -> str:
        """What the gateway says its version is."""
        if "version" not in self._adapter.operations:
            return "not told"
        return self._gateway("soap-g2").do("version").out.strip()

    def close(self) -> None:
        """End every process of this lane."""
        for each in self._shared.values():
            each.kill()
        self._tap.close()
        self._stub.close()
        if self._warm:
            self._warm.close()

    def _begin_anew(self, scenario: Scenario) -> None:
        """The ministry forgets the last scenario's messages and faults, and learns this one's people."""
        self._tap.forget()
        teach(self._stub.control, Cast(scenario.serial), self._credentials, self._authority.root_pem)

    def _home_for(self, scenario: Scenario) -> Gateway:
        for metot, each in self._shared.items():
            if metot != scenario.metot or scenario.fresh:
                each.stop()  # it must not meet this scenario's faults
        gateway = None if scenario.fresh else self._shared.get(scenario.metot)
        if gateway is None:
            gateway = self._gateway(scenario.metot)
            done = gateway.do("prepare")
            if done.exit != 0:
                raise GatewayFault(f"{done.command}: exit {done.exit}: {(done.err or done.out)[-400:]}")
            if not scenario.fresh:
                self._shared[scenario.metot] = gateway
        gateway.start() if scenario.worker == "running" else gateway.stop()
        return gateway

    def _gateway(self, metot: str) -> Gateway:
        self._homes += 1
        folder = self._folder / f"home{self._homes}"
        write_private(folder / "firma_kodu", self._credentials.firma_kodu.encode())
        write_private(folder / "parola", self._credentials.parola.encode())
        for name in KEYED:
            self._authority.write_pkcs12(folder / "signers", name, PROFESSIONALS[name])
        write_private(folder / "trust" / "root.pem", self._authority.root_pem)
        places = {
            "firma_kodu_file": str(folder / "firma_kodu"), "parola_file": str(folder / "parola"),
            "signers": str(folder / "signers"), "trust": str(folder / "trust"), "work": str(folder),
            "metot": metot, "ministry": f"http://127.0.0.1:{self._tap.port}/{metot}",
            "ministry_soap_g2": f"http://127.0.0.1:{self._tap.port}/soap-g2",
        }  # fmt: skip
        return Gateway(self._adapter, folder, places, self._warm)

    def _stage(self, scenario: Scenario, gateway: Gateway) -> Stage:
        folder = self._folder / f"{next(self._plays):03}-{scenario.name}"
        folder.mkdir()
        return Stage(
            cast=Cast(scenario.serial), authority=self._authority, credentials=self._credentials, folder=folder,
            metot=scenario.metot, addresses={}, gateway=gateway, tap=self._tap, control=self._stub.control,
            at={"now": self._now},
        )  # fmt: skip


@dataclass(frozen=True)
class Address:
    """A ministry to try: where its faces are, its control port if it is a stub, and whom it knows if it is not."""

    faces: Mapping[str, str]
    control: Control | None
    credentials: Credentials
    authority: Authority
    people: Mapping[str, str] = field(default_factory=dict)

    def offers(self, need: str) -> bool:
        """A face by its metot; `control` where there is a stub's control port."""
        return need in self.faces or (need == "control" and self.control is not None)


def run_ministry(
    address: Address, scenarios: Sequence[Scenario], folder: Path, *, now: datetime, progress: Progress
) -> list[Verdict]:
    """All of them, one after another."""
    verdicts = []
    for scenario in scenarios:
        lacking = missing(scenario, address.offers)
        if lacking:
            verdict = Verdict(scenario, NOT_OFFERED, f"not offered by this address: {', '.join(lacking)}")
            verdict.declared = NEEDS_A_STUB if lacking == ["control"] else ""
        else:
            verdict = play(scenario, _before_the_ministry(address, scenario, folder, now))
        verdicts.append(verdict)
        progress(verdict)
    return verdicts


def _before_the_ministry(address: Address, scenario: Scenario, folder: Path, now: datetime) -> Stage:
    cast = Cast(scenario.serial, address.people)
    if address.control is not None:
        teach(address.control, cast, address.credentials, address.authority.root_pem)
    return Stage(
        cast=cast, authority=address.authority, credentials=address.credentials, folder=folder,
        metot=scenario.metot, addresses=address.faces, control=address.control, at={"now": now},
    )  # fmt: skip


def teach(control: Control, cast: Cast, credentials: Credentials, anchors: bytes) -> None:
    """The stub forgets everything, and learns the firm, this scenario's people and whom to trust."""
    control.ask("POST", "/reset", {"parties": True})
    control.ask("PUT", "/personality", PLAIN)
    control.ask("PUT", "/faults", {"set": "none", "slow_seconds": 2})
    control.ask("PUT", "/trust", anchors)
    firma = {"firma_kodu": credentials.firma_kodu, "parola": credentials.parola, "aktif": True}
    control.ask("PUT", "/parties", {"firmalar": [firma], **cast.parties()})


def run_gateway(
    adapter: Adapter, scenarios: Sequence[Scenario], folder: Path, *, now: datetime, lanes: int, progress: Progress
) -> tuple[list[Verdict], str]:
    """All of them, in the order given; and the version that the gateway tells."""
    authority = Authority(now)
    for name in KEYED:
        authority.signer(PROFESSIONALS[name])  # made before the lanes share it
    opened = [Lane(adapter, folder / f"lane{at + 1}", authority, now) for at in range(min(lanes, len(scenarios)) or 1)]
    waiting = sorted(scenarios, key=lambda each: (each.fresh, each.metot), reverse=True)
    verdicts: list[Verdict] = []

    def work(lane: Lane) -> None:
        while waiting:
            try:
                scenario = waiting.pop(0)
            except IndexError:  # the other lane took the last one
                return
            verdict = lane.play(scenario)
            verdict.declared = adapter.declared.get(f"{scenario.tier}/{scenario.name}", "")
            verdicts.append(verdict)
            progress(verdict)

    try:
        version = opened[0].version()
        with ThreadPoolExecutor(len(opened)) as pool:
            for done in [pool.submit(work, lane) for lane in opened]:
                done.result()
    finally:
        for lane in opened:
            lane.close()
    order = {each.serial: at for at, each in enumerate(scenarios)}
    return sorted(verdicts, key=lambda each: order[each.scenario.serial]), version


def header(*, subject: str, version: str, ministry: str, now: datetime) -> dict[str, str]:
    """Versions of everything, frozen."""
    published = published_folder()
    return {
        "suite": SUITE,
        "scenarios_sha256": digest_of(FOLDER),
        "subject": subject,
        "subject_version": version,
        "ministry": ministry,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "schemas_sha256": digest_of(published / "schemas"),
        "datasets_sha256": digest_of(published / "datasets"),
        "began_at": now.astimezone(UTC).isoformat(timespec="seconds"),
    }
