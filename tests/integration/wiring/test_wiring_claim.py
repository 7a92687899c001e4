"""Two gateways with one log key, a copied home, a database that was put back: refused, and nothing is overwritten."""

import json
import shutil
import sqlite3
from dataclasses import replace

import pytest
from sqlalchemy import select

from integrator import acts, wiring
from integrator.audit.trail import Entry
from integrator.domain.errors import Misconfigured, Tampered
from integrator.evidence.fsck import fsck
from integrator.keeping.log_key import claim_key
from integrator.settings import GatewaySettings, Settings
from integrator.store.engine import reading, writing
from integrator.store.tables import audit_entry


@pytest.fixture
def home(tmp_path):
    made = Settings(home=tmp_path / "home", gateway=GatewaySettings(name="gw"))
    wiring.create_home(made)
    grow(made)
    return made


def grow(settings):
    """Something happens, and a checkpoint is made over it."""
    gateway = wiring.open_gateway(settings, sending=False)
    with writing(gateway.database) as tx:
        gateway.record(tx, [Entry("line.stopped", "test", {"address": "a"})], gateway.clock.now())
    made = acts.checkpoint(gateway)
    gateway.database.dispose()
    return made


def files(settings):
    """What lies in a home, by name; the log of SQLite is folded into its file first."""
    raw = sqlite3.connect(settings.home / wiring.DATABASE_FILE)
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    beside = (".sqlite3-shm", ".sqlite3-wal")
    found = [path for path in settings.home.rglob("*") if path.is_file() and path.suffix not in beside]
    return {str(path.relative_to(settings.home)): path.read_bytes() for path in found}


def claim_of(settings):
    path = settings.path(settings.keys.checkpoint_key_file)
    return path.with_name(f"{path.name}.claim")


def test_the_claim_says_which_log_and_how_far(home):
    size, _ = grow(home)

    assert json.loads(claim_of(home).read_text())["size"] == size


def test_a_home_that_was_copied_is_refused_until_a_person_says_that_the_original_is_gone(home, tmp_path):
    shutil.copytree(home.home, tmp_path / "copy")
    copy = replace(home, home=tmp_path / "copy")
    before = files(copy)
    with pytest.raises(Misconfigured, match="this home is a copy, or its database was put back"):
        wiring.open_gateway(copy, sending=False)
    untouched = files(copy) == before
    gateway = wiring.open_gateway(copy, sending=False, check_claim=False)
    claim_key(gateway, reason="the first machine burned", by="ayse")
    with reading(gateway.database) as tx:
        leaves = [json.loads(each) for each in tx.execute(select(audit_entry.c.leaf)).scalars()]
    gateway.database.dispose()

    assert untouched
    assert [(each["by"], "log" in each["before"]) for each in leaves if each["event"] == "gateway.claimed"] == [
        ("ayse", True)
    ]
    assert grow(copy)
    assert grow(home)


def test_the_keys_of_another_home_are_refused_with_what_to_do(home, tmp_path):
    other = replace(home, home=tmp_path / "other")
    wiring.create_home(other)
    shutil.copytree(home.home / "keys", other.home / "keys", dirs_exist_ok=True)
    raw = sqlite3.connect(other.home / wiring.DATABASE_FILE)
    raw.execute("DELETE FROM meta WHERE name = 'log_key'")  # as a release left it that did not write it down
    raw.commit()
    raw.close()
    kept = claim_of(other).read_bytes()

    with pytest.raises(Misconfigured, match="two gateways must not share one log key; give this home its own keys/"):
        wiring.open_gateway(other, sending=False)
    assert claim_of(other).read_bytes() == kept


def test_a_database_that_was_put_back_is_refused_at_the_start_and_at_the_next_signature(home):
    path = home.home / wiring.DATABASE_FILE
    running = wiring.open_gateway(home, sending=False)
    old = files(home)[wiring.DATABASE_FILE]
    size, _ = grow(home)
    claimed = claim_of(home).read_bytes()
    running.database.dispose()
    path.write_bytes(old)  # into the same file

    with pytest.raises(Tampered, match=f"signed the log at {size} entries, and the one here is not that log, or is"):
        wiring.open_gateway(home, sending=False)
    with pytest.raises(Tampered, match="its database was put back"):
        acts.checkpoint(running)
    running.database.dispose()
    assert path.read_bytes() == old
    assert claim_of(home).read_bytes() == claimed


def test_a_claim_that_cannot_be_read_is_told_and_stays(home):
    claim_of(home).write_text("{")

    with pytest.raises(Misconfigured, match=r"checkpoint.key.claim: is no claim .*ibys audit claim"):
        wiring.open_gateway(home, sending=False)
    assert claim_of(home).read_text() == "{"


def test_a_home_without_a_claim_makes_one(home):
    claim_of(home).unlink()
    gateway = wiring.open_gateway(home, sending=False)

    assert claim_of(home).exists()
    assert fsck(gateway).broken is None
    gateway.database.dispose()


def test_a_copy_that_left_its_claim_behind_is_only_found_by_an_outside_holder(home, tmp_path):
    shutil.copytree(home.home, tmp_path / "copy")
    copy = replace(home, home=tmp_path / "copy")
    claim_of(copy).unlink()
    gateway = wiring.open_gateway(home, sending=False)
    with writing(gateway.database) as tx:
        gateway.record(tx, [Entry("line.stopped", "test", {"address": "b"})], gateway.clock.now())
    gateway.database.dispose()
    ours, theirs = grow(home), grow(copy)

    assert ours != theirs
    gateway = wiring.open_gateway(copy, sending=False)
    held = tmp_path / "held.checkpoint"
    assert fsck(gateway).broken is None
    assert fsck(gateway, [(held, ours[1])]).broken is not None
    gateway.database.dispose()
