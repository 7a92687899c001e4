"""Whatever is changed in the database is found and named, or changes nothing that can be proven."""

import random
import shutil
import sqlite3
from dataclasses import replace

import pytest
from sqlalchemy import LargeBinary, text

from bench.torture.flips import Ground, sampled
from integrator import acts, pipeline, wiring
from integrator.evidence.fsck import WORKING, WORKING_TABLES, fsck
from integrator.hands import lift_form, quarantine_form
from integrator.store.engine import open_engine, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.tables import metadata
from tests.conftest import MASTER
from tests.factories import FORM, KURUM, record, submitted

WHY = {"reason": "deneme", "by": "ayse"}


@pytest.fixture
def lived(gateway, ministry, clock, tmp_path):
    """A gateway with something of everything: lost answers, refusals, a correction, a quarantine, a fetched list."""
    made = wiring._record_key(gateway.trail, "test:1")
    gateway = replace(gateway, keyring=KeyRing(gateway.database, MASTER, made=made))
    acts.refresh_codes(gateway)
    ministry.faults.extend(["lost_reply", "210", None])
    numbers = []
    for day in (23, 24, 25):
        [answer] = pipeline.accept(gateway, KURUM, submitted(record(f"K-{day}", egitimTarihi=f"2025-10-{day}")))
        numbers += answer.sorgu_no
        pipeline.dispatch(gateway)
    clock.advance(hours=1)
    pipeline.inquire(gateway)
    acts.correct(gateway, KURUM, numbers[1], submitted(record("K-mend", egitimTarihi="2025-10-26"))[0], **WHY)
    quarantine_form(gateway, FORM, **WHY)
    lift_form(gateway, FORM, **WHY)
    pipeline.dispatch(gateway)
    acts.checkpoint(gateway)
    return gateway


def broken(gateway, outside=None):
    """As another process would find it: keys are opened anew."""
    return fsck(replace(gateway, keyring=KeyRing(gateway.database, MASTER)), outside).broken


def test_a_sound_home_has_nothing_to_name(lived):
    assert broken(lived) is None


def columns():
    for table in metadata.sorted_tables:
        if table.name not in WORKING_TABLES and table.name != "meta":
            yield from ((table, column) for column in table.columns)


def bent(column, value):
    """The value with one thing changed, of the kind that the column keeps."""
    if not value and not isinstance(value, int):
        return 1 if column.type.python_type is int else b"x" if isinstance(column.type, LargeBinary) else "x"
    if isinstance(value, bytes):
        return value[: len(value) // 2] + bytes([value[len(value) // 2] ^ 1]) + value[len(value) // 2 + 1 :] or b"x"
    if isinstance(value, int):
        return value + 1
    return value[:-1] + ("0" if value[-1:] != "0" else "1")


def test_every_field_of_every_row_is_found_when_it_is_changed_or_is_one_that_no_evidence_is_made_of(lived):
    """The list of working columns is as short as it can be: a change in each of them must be one that is not found."""
    path = lived.database.url.database
    tried = found = 0
    with sqlite3.connect(path, isolation_level=None) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        for table, column in columns():
            for rowid, value in raw.execute(f"SELECT rowid, {column.name} FROM {table.name} LIMIT 4").fetchall():
                try:
                    raw.execute(f"UPDATE {table.name} SET {column.name}=? WHERE rowid=?", (bent(column, value), rowid))
                except sqlite3.IntegrityError:
                    continue
                told = broken(lived)
                raw.execute(f"UPDATE {table.name} SET {column.name}=? WHERE rowid=?", (value, rowid))
                tried += 1
                found += told is not None
                is_working = column.name in WORKING.get(table.name, ())
                assert told is not None or is_working, (table.name, column.name, value)
    assert tried > 250
    assert found > 150
    assert broken(lived) is None


def test_a_flipped_byte_anywhere_in_the_file_is_found_or_changes_nothing_that_counts(lived, tmp_path):
    path = tmp_path / "small.sqlite3"
    lived.database.dispose()
    shutil.copyfile(lived.database.url.database, path)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
        raw.execute("PRAGMA page_size=1024")
        raw.execute("VACUUM")
    ground = Ground(lived, MASTER, path, tmp_path)
    offsets = sampled(len(ground.content), 1024, 4)
    drawn = random.Random(5).sample(offsets, 160)
    flips = [ground.flip(offset, 1 << offset % 8) for offset in drawn]

    assert [each.offset for each in flips if each.missed] == []
    assert sum(bool(each.found) for each in flips) > 60
    assert {each.found.split(" ")[0] for each in flips} >= {"entry", "storage:", "bildirim"}


def sql(gateway, statement, **values):
    with writing(gateway.database) as tx:
        tx.execute(text(statement), values)


def test_an_old_snapshot_is_found_by_a_checkpoint_held_outside_and_named(lived, clock, tmp_path):
    lived.database.dispose()
    old = tmp_path / "old.sqlite3"
    shutil.copyfile(lived.database.url.database, old)
    pipeline.dispatch(lived)
    list(pipeline.accept(lived, KURUM, submitted(record("K-later", egitimTarihi="2025-11-25"))))
    size, note = acts.checkpoint(lived)
    database = open_engine(sqlite_url(old))
    restored = replace(lived, database=database)
    told = broken(restored, [(tmp_path / "held.checkpoint", note)])
    alone = broken(restored)
    database.dispose()

    assert alone is None  # nobody can tell from the inside
    assert f"a checkpoint speaks of {size} entries" in told


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DELETE FROM audit_entry WHERE i = 4", "entry 4: missing"),
        ("DELETE FROM deneme WHERE deneme_no = 1 AND sorgu_no = 10000000001", "deneme 10000000001/1"),
        ("DELETE FROM evidence_copy WHERE sorgu_no = 10000000001", "evidence_copy 10000000001"),
        ("DELETE FROM correction", "correction of K-24 by K-mend"),
        ("DELETE FROM quarantine", "quarantine egitim 2018-10 soap-g2"),
        ("DELETE FROM kod WHERE code = '240'", "kod egitim_kodu"),
        ("UPDATE bildirim SET parts_accepted = 7 WHERE sorgu_no = 10000000001", "bildirim 10000000001: its accepted"),
        ("UPDATE deneme SET code = '200' WHERE outcome = 'refused'", "its code is not what the log says"),
        ("UPDATE bildirim_body SET cms = NULL WHERE sorgu_no = 10000000001", "bildirim 10000000001: its cms is gone"),
        ("UPDATE deneme SET reply = NULL WHERE sorgu_no = 10000000003", "its reply is gone"),
    ],
)
def test_what_is_dropped_or_rewritten_is_named(lived, statement, named):
    sql(lived, statement)

    assert named in broken(lived)
