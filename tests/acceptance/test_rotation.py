"""Every key is replaced again and again while other processes take records in and send them; nobody notices."""

import json
import os
import subprocess
import sys

import pytest

from integrator.domain.clock import SystemClock
from integrator.domain.errors import Misconfigured
from integrator.evidence.fsck import fsck
from integrator.keeping.backup import make_backup
from integrator.keeping.restoring import restore
from integrator.keeping.rotating import replace_data_keys, replace_master, reseal
from integrator.protect.master import FileMaster
from integrator.protect.seal import key_no_of
from integrator.queue.readings import count_states
from integrator.store.engine import open_engine, reading, sqlite_url
from integrator.store.keyring import KeyRing
from integrator.store.tables import content_key, data_key, isyeri_karti, profesyonel, sozlesme
from integrator.wiring import checkpoint_key, open_gateway
from tests.acceptance.conftest import wait_until
from tests.factories import REPO
from tests.integration.pipeline.exports import NEW, contract, import_rows

ROUNDS, BACKUP_KEY = 2, b"b" * 32
ACCEPTING = """
import json, sys, time
from dataclasses import replace
from itertools import count, cycle
from pathlib import Path

from integrator.pipeline import accept
from integrator.settings import read_settings
from integrator.wiring import open_gateway
from tests.factories import REPO, submitted

home, lines, told = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes().splitlines(), Path(sys.argv[3])
examination = json.loads((REPO / "datasets/muayene/2023-03/ornekler/diagnosis_is_cut_off/record.json").read_bytes())
gateway, done = open_gateway(read_settings(home), sending=False), (0, 0)
by_json = replace(gateway, metot="json-g4")
for number, line in zip(count(), cycle(lines)):
    if (home / "enough").exists():
        break
    several = submitted({**json.loads(line), "id": f"L-{number}"})
    health = submitted({**examination, "id": f"M-{number}"})
    answers = [*accept(gateway, sys.argv[4], several), *accept(by_json, sys.argv[4], health)]
    assert {each.status for each in answers} == {"accepted"}, answers
    done = done[0] + len(answers[0].sorgu_no), done[1] + len(answers[1].sorgu_no)
    told.write_text(json.dumps(done))
    time.sleep(0.1)
"""
"""One process that takes in trainings and examinations until it is told that it is enough."""


def taken(tmp_path):
    """Messages of trainings and of examinations that were taken in so far."""
    try:
        return json.loads((tmp_path / "taken").read_text())
    except (OSError, ValueError):
        return [0, 0]


def current_keys(gateway):
    with reading(gateway.database) as tx:
        return {row.purpose: row.key_no for row in tx.execute(data_key.select()) if row.replaced_at is None}


def sealed_under(gateway):
    """The data keys that content keys, workplaces, professionals and contracts name."""
    columns = (content_key.c.sealed, isyeri_karti.c.body, profesyonel.c.body, sozlesme.c.body)
    with reading(gateway.database) as tx:
        return {
            key_no_of(row[0])
            for column in columns
            for row in tx.execute(column.table.select().with_only_columns(column))
        }


def states(gateway):
    with reading(gateway.database) as tx:
        return count_states(tx)


def await_more(tmp_path, loader):
    """Both go on: more was taken in since, or the loader told an error and ended."""
    before = taken(tmp_path)
    wait_until(lambda: taken(tmp_path)[1] >= before[1] + 3 or loader.poll() is not None)


def verify_backup(path, settings, scratch, master):
    """What `ibys restore --verify` does, with a master key of that name."""
    database = open_engine(sqlite_url(scratch))
    ring = KeyRing(database, FileMaster(settings.home / "keys" / master))
    facts = {"name": settings.gateway.name, "keyring": ring, "log_key": checkpoint_key(settings)}
    try:
        return restore(path, BACKUP_KEY, database, **facts, now=SystemClock().now())
    finally:
        database.dispose()


@pytest.mark.acceptance
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_all_keys_rotate_while_other_processes_accept_and_send(ibys, trial_with, request, tmp_path, engine):
    url = request.getfixturevalue("postgres").create_database() if engine == "postgresql" else ""
    trial, _ministry = trial_with(ibys.home, records=20, seed=81, faults="none", database_url=url)
    gateway = open_gateway(trial.settings, sending=False)
    import_rows(gateway, tmp_path / "c.xlsx", "contracts", NEW, [contract()], kurum=trial.kurum)
    ibys.run("codes", "refresh")
    old = make_backup(gateway, BACKUP_KEY, tmp_path / "old", tmp_path / "staged").path
    first = (ibys.home / "keys" / "master.key").read_bytes()
    worker = ibys.start("worker")
    loader = subprocess.Popen(
        [sys.executable, "-c", ACCEPTING, ibys.home, trial.input_file, tmp_path / "taken", trial.kurum],
        env={**os.environ, "PYTHONPATH": str(REPO)},
        stderr=(tmp_path / "loader.log").open("wb"),
    )
    for _ in range(ROUNDS):
        await_more(tmp_path, loader)
        assert replace_master(gateway, reason="under load") > 2
        assert replace_data_keys(gateway, reason="under load") == 2
        reseal(gateway)
    await_more(tmp_path, loader)
    (ibys.home / "enough").touch()

    assert loader.wait(60) == 0, (tmp_path / "loader.log").read_text()
    wait_until(lambda: states(gateway).get("accepted", 0) == taken(tmp_path)[0])
    assert ibys.stop(worker) == 0
    assert [line for line in (tmp_path / "worker.log").read_text().splitlines() if '"level": "error"' in line] == []
    reseal(gateway)
    assert states(gateway) == dict(zip(("accepted", "awaiting_signature"), taken(tmp_path), strict=True))
    assert current_keys(gateway) == {"index": 0, "general": 1 + 2 * ROUNDS, "health": 2 + 2 * ROUNDS}
    assert sealed_under(gateway) == {1 + 2 * ROUNDS, 2 + 2 * ROUNDS}
    assert fsck(gateway).broken is None  # opens every sealed value of every record
    gateway.database.dispose()

    # the backup of before opens by the master key of its time, which was kept, and by no other
    [kept] = [each for each in (ibys.home / "keys").glob("master.key.until-*") if each.read_bytes() == first]
    with pytest.raises(Misconfigured, match="master key"):
        verify_backup(old, trial.settings, tmp_path / "newest.sqlite3", "master.key")
    assert verify_backup(old, trial.settings, tmp_path / "first.sqlite3", kept.name).entries > 0
