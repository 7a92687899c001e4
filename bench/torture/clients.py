"""Clients on bad lines: between them and the API stands the proxy, and every call may be made twice.

    python -m bench.torture.clients [--clients 200] [--records 10] [--seed 7]

Connections are reset, swallowed, cut in the middle of a call or of an answer, slowed; all of them are cut now and then;
and the clients say many calls again though they got their answer. Afterwards each record must exist once, at the
ministry too, and whoever followed the feed through the same lines must have seen every move, each record's in order.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from bench.serving import a_server
from bench.torture.proxy import DOWN, UP, ProxyProcess, Toxic
from bench.world import a_gateway, a_worker, a_world, uniform_records
from integrator.client import Change, Gateway, Patience
from integrator.gateway import Gateway as Ours
from integrator.log import set_up_log
from integrator.store.engine import reading
from integrator.store.tables import audit_entry, kayit

TOXICS = (
    Toxic("reset_peer", DOWN, 0.10, seconds=0.01),
    Toxic("reset_peer", UP, 0.10),
    Toxic("timeout", DOWN, 0.05, seconds=0.3),
    Toxic("limit_data", DOWN, 0.15, size=400),  # half an answer
    Toxic("limit_data", UP, 0.15, size=900),  # half a call
    Toxic("latency", DOWN, 0.30, seconds=0.01, jitter=0.1),
    Toxic("slicer", UP, 0.10, size=100),
)
AGAIN = 0.3
CUT_EVERY = 0.035
"""Seconds for each client: a crowd waits longer for its answers, and must be given the time for one now and then."""
PATIENCE = Patience(tries=400, first=0.05, ceiling=1.0, silence=15.0)
ENDED = "accepted"


@dataclass
class Crowd:
    """What the clients were told, and what the followers saw."""

    answers: Counter[str] = field(default_factory=Counter)
    said_again: int = 0
    seen: list[list[Change]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)


def crowd(
    proxy: ProxyProcess, token: str, records: Sequence[Sequence[dict[str, Any]]], *, seed: int, seconds: float
) -> Crowd:
    """One client for each of `records`, and two followers who go on until every record has ended."""
    told, address = Crowd(), f"http://127.0.0.1:{proxy.port}"
    wanted = {each["id"] for mine in records for each in mine}
    proxy.use(*TOXICS)
    gateway = Gateway(address, token, patience=PATIENCE)  # each thread has a connection of its own
    threads = [
        Thread(target=_client, args=(told, gateway, mine, random.Random(f"{seed}/{at}")), daemon=True)
        for at, mine in enumerate(records)
    ]
    followers = [Thread(target=_follower, args=(told, gateway, wanted), daemon=True) for _ in range(2)]
    ended = Event()
    cutter = Thread(target=_cut, args=(proxy, ended, CUT_EVERY * len(records)))
    for each in (*threads, *followers, cutter):
        each.start()
    ends = time.monotonic() + seconds
    for each in (*threads, *followers):
        each.join(max(0.1, ends - time.monotonic()))
    ended.set()
    cutter.join()
    late = sum(each.is_alive() for each in (*threads, *followers))
    told.errors += [f"{late} clients or followers did not end"] if late else []
    return told


def _cut(proxy: ProxyProcess, ended: Event, every: float) -> None:
    while not ended.wait(every):
        proxy.order(cut=True)


def _client(told: Crowd, gateway: Gateway, mine: Sequence[dict[str, Any]], dice: random.Random) -> None:
    """Each record by one of the three ways, and at random by another way again."""
    try:
        for record in mine:
            times = 1 + (dice.random() < AGAIN) + (dice.random() < AGAIN)
            for time_ in range(times):
                answers = _hand_over(gateway, record, dice.choice(("one", "batch", "upload")))
                with told.lock:
                    told.answers.update(answers)
                    told.said_again += time_ > 0
    except Exception as error:  # noqa: BLE001 - whatever it is, the judge names it
        told.errors.append(f"{type(error).__name__}: {error}")


def _hand_over(gateway: Gateway, record: dict[str, Any], way: str) -> list[str]:
    if way == "one":
        return [gateway.submit(record).status]
    several = gateway.submit_many([record]) if way == "batch" else gateway.upload([record])
    return [each.status for each in several]


def _follower(told: Crowd, gateway: Gateway, wanted: set[str]) -> None:
    seen, left = list[Change](), set(wanted)
    with told.lock:
        told.seen.append(seen)
    for change in gateway.changes():
        seen.append(change)
        if change.state == ENDED:
            left.discard(change.kayit_no)
        if not left:
            return


def judge(ours: Ours, direct: Gateway, told: Crowd, wanted: set[str]) -> list[str]:
    """What is wrong; nothing when each record exists once and every follower saw every move in order."""
    faults = list(told.errors)
    with reading(ours.database) as tx:
        stored = Counter(row.kayit_no for row in tx.execute(kayit.select()))
        moves = sum(b'"event":"bildirim.moved"' in row.leaf for row in tx.execute(audit_entry.select()))
    if stored != Counter(dict.fromkeys(wanted, 1)):
        faults.append(f"{len(stored)} records with {sum(stored.values())} rows are stored, {len(wanted)} are wanted")
    if told.answers["accepted"] > len(wanted) or told.answers["rejected"]:
        faults.append(f"answers: {dict(told.answers)}")
    whole = list(direct.changes(forever=False))
    if len(whole) != moves:
        faults.append(f"the feed tells {len(whole)} moves, the log holds {moves}")
    for seen in told.seen:
        faults += _missed(whole, seen)
    return faults


def _missed(whole: Sequence[Change], seen: Sequence[Change]) -> list[str]:
    """At least once, and in order once what came again is left out."""
    first = list(dict.fromkeys(each.cursor for each in seen))
    wanted = [each.cursor for each in whole if each.cursor in set(first)]
    last = max((place for place, each in enumerate(whole) if each.cursor == first[-1]), default=-1) if first else -1
    gap = last + 1 - len(first)
    return ([f"a follower missed {gap} moves"] if gap else []) + (["out of order"] if first != wanted else [])


def main() -> int:
    """The whole form, with real processes; figures as JSON on stdout, 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.torture.clients", description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--records", type=int, default=10, help="of each client")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=900)
    asked = parser.parse_args()
    set_up_log(level="CRITICAL")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that folders and processes are cleared away
    with tempfile.TemporaryDirectory(prefix="ibys-clients-") as folder, a_world(Path(folder), 2_000) as world:
        every = list(uniform_records(world.town, asked.clients * asked.records, "BAD"))
        records = [every[at :: asked.clients] for at in range(asked.clients)]
        settings = world.home()
        with a_server(settings) as server, a_worker(settings), a_gateway(settings) as ours:
            began = time.monotonic()
            with ProxyProcess("127.0.0.1", server.port, seed=asked.seed) as proxy:
                told = crowd(proxy, server.token, records, seed=asked.seed, seconds=asked.seconds)
                hit = proxy.order(count=True)
            seconds = time.monotonic() - began
            direct = Gateway(f"http://127.0.0.1:{server.port}", server.token)
            faults = judge(ours, direct, told, {each["id"] for each in every})
            world.require_each_once(len(every))
    figures = {
        "clients": asked.clients, "records": len(every), "answers": dict(told.answers), "said_again": told.said_again,
        "seconds": round(seconds, 1), "proxy": hit, "seen": [len(each) for each in told.seen],
        "load": [round(each, 1) for each in os.getloadavg()], "faults": faults,
    }  # fmt: skip
    print(json.dumps(figures, indent=1))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
