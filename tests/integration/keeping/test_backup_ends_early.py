"""A backup that ends early leaves nothing that could be taken for a whole one, wherever it was; no half is believed."""

import random
from datetime import timedelta

import pytest

from integrator import pipeline
from integrator.domain import fault_points
from integrator.domain.errors import IntegratorError, Malformed, Tampered, Unavailable
from integrator.keeping import backup
from integrator.keeping.backup import make_backup
from integrator.keeping.restoring import check_backup, restore
from integrator.protect import chunks
from integrator.store.engine import open_engine, reading, sqlite_url
from integrator.store.keyring import KeyRing
from integrator.store.schema import step_of
from tests.conftest import MASTER
from tests.factories import KURUM, record, submitted

KEY = b"k" * 32


of_files = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine has no part in it


class Ended(BaseException):
    """The process ends here; nobody catches it."""


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 2048)
    monkeypatch.setattr(backup, "CHUNK_BYTES", 2048)


@pytest.fixture
def ending_at():
    """Ends the process when it passes for the nth time; tells which point that was."""
    passed = []

    def arm(nth):
        passed.clear()

        def act(point):
            passed.append(point)
            if len(passed) == nth:
                raise Ended(point)

        fault_points.arm(act)
        return passed

    yield arm
    fault_points.arm(None)


@pytest.fixture
def lived_in(gateway, small_chunks):
    list(pipeline.accept(gateway, KURUM, submitted(*[record(f"K-{n}") for n in range(6)])))
    return gateway


def test_whatever_point_it_ends_at_the_same_command_makes_it_whole(lived_in, ending_at, tmp_path):
    points, nth, went_on = set(), 0, set()
    while True:
        nth += 1
        folder, staging = tmp_path / f"out{nth}", tmp_path / f"staged{nth}"
        folder.mkdir()
        out = folder if nth % 2 else folder / "b"
        passed = ending_at(nth)
        try:
            make_backup(lived_in, KEY, out, staging)
            break
        except Ended:
            pass
        points.add(passed[-1])
        fault_points.arm(None)
        for left in folder.iterdir():  # what lies under the name of a backup is a whole one
            if not left.name.endswith(".partial"):
                check_backup(left, KEY)
        lived_in.clock.advance(minutes=1)
        made = make_backup(lived_in, KEY, out, staging)
        went_on |= {passed[-1]} if made.went_on else set()
        assert check_backup(made.path, KEY)[0] == made.made_at
        assert [each.name for each in folder.iterdir()] == [made.path.name]
        assert [each.name for each in staging.iterdir()] == ["lock"]

    assert {"backup.dumped", "backup.staged", "backup.block", "backup.copied", "backup.named"} <= points
    assert went_on >= {"backup.block", "backup.copied", "backup.named"}
    assert "backup.dumped" not in went_on


@of_files
def test_a_copy_goes_on_behind_its_last_whole_block_with_the_snapshot_it_began_with(lived_in, ending_at, tmp_path):
    out, staging, points = tmp_path / "b", tmp_path / "staged", []
    passed = ending_at(10_000)
    make_backup(lived_in, KEY, tmp_path / "first", staging)
    ending_at(passed.index("backup.block") + 6)
    with pytest.raises(Ended, match="block"):
        make_backup(lived_in, KEY, out, staging)
    there, snapshot = (tmp_path / "b.partial").read_bytes(), (staging / "b.staged").read_bytes()
    fault_points.arm(points.append)
    list(pipeline.accept(lived_in, KURUM, submitted(record("later"))))
    made = make_backup(lived_in, KEY, out, staging)

    assert len(there) > 2048 and snapshot.startswith(there)
    assert out.read_bytes() == snapshot
    assert (made.went_on, "backup.dumped" in points) == (True, False)


@of_files
def test_a_snapshot_of_long_ago_or_for_another_place_is_made_anew(lived_in, ending_at, tmp_path, clock):
    staging = tmp_path / "staged"
    points = ending_at(10_000)
    make_backup(lived_in, KEY, tmp_path / "first", staging)
    copied = points.index("backup.copied") + 1
    for wait, place in ((timedelta(hours=25), "b"), (timedelta(minutes=1), "c")):
        ending_at(copied)
        with pytest.raises(Ended):
            make_backup(lived_in, KEY, tmp_path / "b", staging)
        fault_points.arm(None)
        clock.at += wait
        made = make_backup(lived_in, KEY, tmp_path / place, staging)
        assert (made.made_at, made.went_on) == (clock.now(), False)
        (tmp_path / place).unlink()


@of_files
def test_two_backups_of_one_home_at_a_time_are_told(lived_in, tmp_path):
    with backup._alone(tmp_path / "staged"), pytest.raises(Unavailable, match="under way"):
        make_backup(lived_in, KEY, tmp_path / "b", tmp_path / "staged")
    assert make_backup(lived_in, KEY, tmp_path / "b", tmp_path / "staged").size


@of_files
def test_a_place_that_cannot_be_written_is_told_with_what_to_do(lived_in, tmp_path):
    (tmp_path / "no-folder").write_bytes(b"")
    with pytest.raises(Unavailable, match=r"no-folder.*no backup was made.*once more"):
        make_backup(lived_in, KEY, tmp_path / "no-folder" / "b", tmp_path / "staged")


def boundaries(whole):
    """Every place between two chunks of a backup, the end not counted."""
    at = 8 + 32 + 16
    while at < len(whole):
        yield at
        at += 4 + int.from_bytes(whole[at : at + 4], "big")


@of_files
def test_no_cut_backup_is_restored_whether_at_a_boundary_or_anywhere(lived_in, tmp_path, checkpoint_key, clock):
    whole = make_backup(lived_in, KEY, tmp_path / "b", tmp_path / "staged").path.read_bytes()
    empty = open_engine(sqlite_url(tmp_path / "new.sqlite3"))
    facts = {"name": "test", "keyring": KeyRing(empty, MASTER), "log_key": checkpoint_key, "now": clock.now()}
    ends, chosen = list(boundaries(whole)), random.Random("cut")
    assert len(ends) > 10
    for end in [0, *ends, *(chosen.randrange(len(whole)) for _ in range(150))]:
        (tmp_path / "cut").write_bytes(whole[:end])
        with pytest.raises((Tampered, Malformed), match=r"take another copy; nothing was changed"):
            restore(tmp_path / "cut", KEY, empty, **facts)
    with reading(empty) as tx:
        assert step_of(tx) is None
    (tmp_path / "cut").write_bytes(whole)
    assert restore(tmp_path / "cut", KEY, empty, **facts).entries > 0
    with pytest.raises(IntegratorError, match="already"):
        restore(tmp_path / "cut", KEY, empty, **facts)
    empty.dispose()
