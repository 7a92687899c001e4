"""kill -9 of `ibys serve` in the middle of an upload, again and again; the customer resumes behind the last answer.

The customer is `http.client`: it knows only how many answers it has read, and sends the same file with `skip` set to
them. At the end each line was answered, each record is stored once, and the change feed tells each birth once.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.torture.judge import Verdict
from bench.torture.kill import Tally
from bench.world import today, uniform_records
from integrator import access
from integrator.audit.verify import verify
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.gateway import Gateway
from integrator.queue import readings
from integrator.settings import Settings
from integrator.store.engine import reading
from integrator.trial.people import Town
from integrator.wiring import create_home, open_gateway

SERVE = (sys.executable, "-c", "from integrator.cli import main; main()", "serve", "--json")
PATIENCE = 120.0


@dataclass
class Customer:
    """What the customer holds: the file, and the answers that were read."""

    file: Path
    token: str
    answers: list[dict[str, Any]] = field(default_factory=list)
    tally: dict[str, Any] | None = None

    def call(self, address: str, method: str, path: str, body: Any = None) -> http.client.HTTPResponse:
        """One call; the answer is not read yet."""
        told = urlsplit(address)
        line = http.client.HTTPConnection(told.hostname or "", told.port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers |= {"Content-Type": "application/x-ndjson", "Content-Length": str(self.file.stat().st_size)}
        line.request(method, path, body=body, headers=headers)
        return line.getresponse()

    def upload(self, address: str) -> Iterator[int]:
        """Go on behind the last answer; yields how many came so far. Ends when the line breaks or all is told."""
        try:
            with self.file.open("rb") as file:
                answer = self.call(address, "POST", f"/v1/kayit/upload?skip={len(self.answers)}", file)
                while line := answer.readline():
                    told = json.loads(line)
                    if "done" in told:
                        self.tally = told
                        return
                    self.answers.append(told)
                    yield len(self.answers)
        except (OSError, http.client.HTTPException, ValueError):  # half a line is no answer
            return

    def feed(self, address: str) -> Iterator[dict[str, Any]]:
        """Every change, from the beginning."""
        after = "0"
        while True:
            page = json.load(self.call(address, "GET", f"/v1/change?limit=1000&after={after}"))
            if not page["changes"]:
                return
            yield from page["changes"]
            after = page["next"]


def uploads(folder: Path, *, lines: int, kills: int, seed: int) -> Tally:
    """The trial: `kills` deaths at random places of an upload of `lines` records."""
    tally, began, dice = Tally("API killed during an upload, sqlite"), time.perf_counter(), random.Random(seed)
    settings = Settings(home=folder / "home")
    create_home(settings)
    gateway, kurum = open_gateway(settings, sending=False), KurumNo(settings.gateway.kurum)
    _, token = access.make_api_key(gateway, kurum, Role.SYSTEM, "torture", lives=timedelta(days=1))
    customer = Customer(_file_of(folder, lines, seed), token)
    for place in sorted(dice.sample(range(1, lines), kills)):
        with served(settings) as (process, address):
            for came in customer.upload(address):
                if came >= place:
                    process.kill()
                    tally.blows["kill -9"] += 1
                    break
    with served(settings) as (_, address):
        for _came in customer.upload(address):
            pass
        _count(gateway, customer, [each["kayit_no"] for each in customer.feed(address)], tally, lines)
    tally.seconds = time.perf_counter() - began
    return tally


def _count(gateway: Gateway, customer: Customer, born: list[str], tally: Tally, lines: int) -> None:
    """Compare the customer's answers, our rows, the feed and the log."""
    key = gateway.checkpoint_key
    with reading(gateway.database) as tx:
        stored, states = readings.count_kayit(tx), readings.count_states(tx)
        broken = verify(tx, key.public, key.origin).broken or ""
    answered = [each["kayit_no"] for each in customer.answers if each["status"] in ("accepted", "known")]
    numbers = {number for each in customer.answers for number in each["sorgu_no"]}
    verdict = Verdict(
        messages=sum(states.values()),
        at_ministry=0,
        shown_to_a_person=0,
        lost=lines - len(set(answered)) + abs(lines - len(numbers)),
        duplicates=len(answered) - len(set(answered)) + sum(states.values()) - lines,
        unexpected=stored - lines,
        misjudged=len(customer.answers) - len(answered),
        accepted_missing=len(set(answered).symmetric_difference(born)) + len(born) - len(set(born)),
        unsettled=0,
        sent_without_intent=0,
        illegal_moves=0,
        broken=broken,
        states=states,
    )
    done = [] if customer.tally and customer.tally["done"] else ["no last line"]
    tally.take("upload", verdict.as_json(), verdict.faults + done)
    known = sum(each["status"] == "known" for each in customer.answers)
    tally.notes = {"stored before the kill, answered when resumed": known, "changes in the feed": len(born)}


def _file_of(folder: Path, lines: int, seed: int) -> Path:
    path, town = folder / "upload.ndjson", Town(records=max(lines // 5, 1_000), seed=seed, today=today())
    with path.open("w", encoding="utf-8") as file:
        for each in uniform_records(town, lines, "UPL"):
            file.write(json.dumps(each) + "\n")
    return path


@contextmanager
def served(settings: Settings, command: Sequence[str] = SERVE) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server on this home, on a free port, without limits for a customer: (process, address)."""
    unbound = {"IBYS_LIMITS_KEY_CALLS_PER_SECOND": "0", "IBYS_LIMITS_KURUM_CALLS_PER_SECOND": "0"}
    environment = {**os.environ, **unbound, "IBYS_HOME": str(settings.home), "IBYS_WEB_PORT": "0"}
    with (settings.home.parent / "serve.log").open("ab") as log:
        process = subprocess.Popen([*command], env=environment, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    try:
        told = b"".join(iter(process.stdout.readline, b"}\n")) + b"}"
        yield process, json.loads(told)["address"]
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
