"""How long each reading and each page of the desk takes, at the sizes they must answer at: median, 95th, processor.

    .venv/bin/python -m bench.desk [--engine sqlite|postgresql] [--records N] [--database-url URL]

The home is filled anew (`bench/desk_fill.py`) in a temporary folder. A page is measured whole, in this process.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from bench.desk_fill import Town, fill
from bench.torture.lived import KURUM, Ministry, a_gateway
from integrator.catalogue.changes import read_changes
from integrator.desk.deadlines import read_deadlines
from integrator.desk.gaps import read_gaps, read_loads
from integrator.desk.heat import read_heat
from integrator.desk.morning import read_morning
from integrator.desk.records import Wanted, search
from integrator.desk.timeline import read_life
from integrator.desk.workers import read_roster
from integrator.domain.clock import ISTANBUL, SystemClock
from integrator.domain.identifiers import SorguNo, Tckn
from integrator.domain.limits import Limits
from integrator.domain.roles import RIGHTS, Role
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.intake.read_json import Caps
from integrator.log import set_up_log
from integrator.parties.sessions import Level, begin_session
from integrator.people.making import make_person
from integrator.store.engine import Tx, open_engine, reading, sqlite_url, writing
from integrator.trial.postgres import start_server
from integrator.web.app import create_app
from integrator.web.bounds import Bounds

ROUNDS = 100
SIZES = {"sqlite": 200_000, "postgresql": 1_000_000}
TARGETS = {"morning": 400.0, "page: morning": 400.0}
_LIMITS = tuple(each.name for each in fields(Limits))
TARGET = 200.0
Reading = Callable[[Tx], Any]


@contextmanager
def _a_database(engine: str, folder: Path) -> Iterator[str]:
    """The address of an empty database that goes with the block."""
    if engine == "sqlite":
        yield sqlite_url(folder / "ibys.sqlite3")
        return
    server = start_server(folder / "postgresql")
    try:
        yield server.create_database("desk")
    finally:
        server.stop()


def readings_of(gateway: Gateway, town: Town) -> dict[str, Reading]:
    """Everything a page asks for, by name."""
    now = gateway.clock.now()
    today = now.astimezone(ISTANBUL).date()
    sealer, changes = gateway.keyring.sealer(KURUM), read_changes()
    place, person = town.places[7][1], town.people[7][1]
    with reading(gateway.database) as tx:
        middle = search(tx, gateway, KURUM, Wanted(state=State.REFUSED)).rows[0].sorgu_no
    year_ago, month = today - timedelta(days=365), timedelta(days=30)

    def found(**wanted: Any) -> Reading:
        return lambda tx: search(tx, gateway, KURUM, Wanted(**wanted))

    return {
        "morning": lambda tx: read_morning(tx, gateway, KURUM, since=now - timedelta(days=1), changes=changes),
        "records, newest": found(),
        "records, of a worker anywhere": found(worker=Tckn(town.rosters[7][0])),
        "records, of a workplace": found(isyeri_index=place),
        "records, of a professional": found(profesyonel_index=person),
        "records, held": found(state=State.HELD),
        "records, accepted": found(state=State.ACCEPTED),
        "records, of a month a year ago": found(since=year_ago, until=year_ago + month),
        "records, of a rare veri seti": found(veri_seti="hizmet_verilen_isyeri"),
        "records, refused of a professional a year ago": found(
            state=State.REFUSED, profesyonel_index=person, since=year_ago, until=year_ago + month
        ),
        "records, refused examinations of a month": found(
            state=State.REFUSED, veri_seti="muayene", since=year_ago, until=year_ago + month
        ),
        "records, nothing fits": found(
            isyeri_index=place, profesyonel_index=town.people[8][1], veri_seti="muayene", state=State.ACCEPTED
        ),
        "life of a message": lambda tx: read_life(tx, gateway, KURUM, SorguNo(middle)),
        "workers of a workplace": lambda tx: read_roster(
            tx, gateway, KURUM, place, rights=RIGHTS[Role.COMPLIANCE], today=today
        ),
        "heat, 12 months": lambda tx: read_heat(tx, gateway, KURUM, last=today),
        "heat, 24 months": lambda tx: read_heat(tx, gateway, KURUM, last=today, months=24),
        "deadlines": lambda tx: read_deadlines(tx, KURUM, today=today),
        "gaps": lambda tx: read_gaps(tx, sealer, KURUM, today=today),
        "loads": lambda tx: read_loads(tx, KURUM, today=today),
    }


def measure(gateway: Gateway, town: Town, rounds: int) -> list[dict[str, Any]]:
    """Name, median, 95th, this process's processor and target, in ms; each reading in a transaction of its own."""
    rows = []
    for name, read in readings_of(gateway, town).items():
        _once(gateway, read)  # warm
        spent = time.process_time()
        taken = sorted(_once(gateway, read) for _ in range(rounds))
        own = (time.process_time() - spent) * 1000 / rounds
        facts = {"p50": taken[rounds // 2], "p95": taken[rounds * 95 // 100], "own": own}
        facts["target"] = TARGETS.get(name, TARGET)
        rows.append({"name": name, **facts})
    return rows


def pages_of(gateway: Gateway, town: Town) -> dict[str, str]:
    """Every page that shows records or registers, by name."""
    place, person = town.places[7], town.people[7][1]
    with reading(gateway.database) as tx:
        middle = search(tx, gateway, KURUM, Wanted(state=State.REFUSED)).rows[0].sorgu_no
    return {
        "page: morning": "/morning",
        "page: messages": "/bildirim",
        "page: messages of a workplace": f"/bildirim?isyeri={place[0]}",
        "page: messages, held": "/bildirim?state=held",
        "page: a message": f"/bildirim/{middle}",
        "page: coverage": "/coverage",
        "page: deadlines": "/coverage/deadlines",
        "page: workplaces": "/isyeri",
        "page: a workplace": f"/isyeri/{place[0]}",
        "page: workers of a workplace": f"/isyeri/{place[0]}/workers",
        "page: professionals": "/profesyonel",
        "page: a professional": f"/profesyonel/{person}",
        "page: announcements": "/duyuru",
        "page: paper": "/paper",
        "page: paper of a workplace": f"/paper/{place[0]}",
        "page: account": "/account",
    }


def measure_pages(gateway: Gateway, town: Town, folder: Path, rounds: int) -> list[dict[str, Any]]:
    """The same for whole pages, template and all, asked for by a compliance officer in this process."""
    app = create_app(gateway, Caps(), folder, bounds=Bounds(Limits(**dict.fromkeys(_LIMITS, 0)), failures_per_minute=0))
    person, _ = make_person(app.state.house, KURUM, Role.COMPLIANCE, "desk@bench.test", by="bench")
    now = gateway.clock.now()
    with writing(gateway.database) as tx:
        _, token = begin_session(tx, person.kullanici_no, Level.OPEN, now=now, ends_at=now + timedelta(hours=8))
    headers = {"Cookie": f"__Host-ibys={token}", "Accept": "text/html"}
    rows = []
    with TestClient(app) as client:
        for name, path in pages_of(gateway, town).items():
            _page(client, path, headers)  # warm
            spent = time.process_time()
            taken = sorted(_page(client, path, headers) for _ in range(rounds))
            own = (time.process_time() - spent) * 1000 / rounds
            facts = {"p50": taken[rounds // 2], "p95": taken[rounds * 95 // 100], "own": own}
            rows.append({"name": name, **facts, "target": TARGETS.get(name, TARGET)})
    return rows


def _page(client: TestClient, path: str, headers: dict[str, str]) -> float:
    began = time.perf_counter()
    answer = client.get(f"/desk{path}", headers=headers)
    if answer.status_code != 200:
        raise SystemExit(f"/desk{path}: {answer.status_code}")
    return (time.perf_counter() - began) * 1000


def _once(gateway: Gateway, read: Reading) -> float:
    began = time.perf_counter()
    with reading(gateway.database) as tx:
        read(tx)
    return (time.perf_counter() - began) * 1000


def main() -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.desk", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--engine", choices=sorted(SIZES), default="sqlite")
    parser.add_argument(
        "--records", type=int, default=0, help="200,000 on SQLite and 1,000,000 on PostgreSQL unless told"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    set_up_log(level="ERROR")
    count = options.records or SIZES[options.engine]
    with tempfile.TemporaryDirectory(prefix="ibys-desk-") as folder, _a_database(options.engine, Path(folder)) as url:
        database, clock = open_engine(url), SystemClock()
        gateway = replace(a_gateway(database, clock, Ministry()), generation=None)
        began = time.perf_counter()
        town = fill(gateway, KURUM, count)
        filled = time.perf_counter() - began
        rows = measure(gateway, town, options.rounds)
        rows += measure_pages(gateway, town, Path(folder), options.rounds)
        database.dispose()
    _print(
        rows, f"{options.engine}, {count:,} records of {len(town.places)} workplaces, filled in {filled:.0f} s", options
    )
    return int(any(row["p50"] > row["target"] for row in rows))


def _print(rows: list[dict[str, Any]], title: str, options: argparse.Namespace) -> None:
    if options.json:
        json.dump({"home": title, "rows": rows}, sys.stdout)
        return
    print(title)
    for row in rows:
        missed = "  MISSED" if row["p50"] > row["target"] else ""
        figures = "".join(f"{row[name]:>9.1f} ms" for name in ("p50", "p95", "own"))
        print(f"{row['name']:<48}{figures}   <= {row['target']:.0f}{missed}")


if __name__ == "__main__":
    sys.exit(main())
