"""The key that signs checkpoints is replaced: the old one signs the new one in, and counts for nothing new after."""

import json
import shutil
import time
from dataclasses import replace
from threading import Event, Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, text, update

from integrator import acts, pipeline, wiring
from integrator.audit import checkpoint
from integrator.audit.checkpoint import (
    CheckpointKey,
    known_log_key,
    make_checkpoint,
    next_to,
    open_note,
    put_checkpoint,
    put_log_key,
    read_checkpoint_key,
    tree_size,
)
from integrator.audit.log_keys import keys_now, read_log_keys
from integrator.audit.trail import read_edge
from integrator.audit.tree import root_of
from integrator.audit.verify import verify
from integrator.domain.errors import Misconfigured, Tampered
from integrator.evidence import fsck as checking
from integrator.evidence import verifier
from integrator.evidence.fsck import fsck
from integrator.evidence.handing import FolderHolder, hand_out
from integrator.evidence.pack import Wish, make_pack
from integrator.keeping.backup import make_backup
from integrator.keeping.log_key import replace_log_key
from integrator.keeping.restoring import restore
from integrator.noticing import in_use
from integrator.protect.files import write_secret
from integrator.settings import GatewaySettings, Settings
from integrator.store.engine import open_engine, reading, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.tables import audit_checkpoint, audit_entry
from tests.conftest import MASTER
from tests.factories import KURUM, record, submitted

REASON = {"reason": "yearly"}


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "keys" / "checkpoint.key"
    path.parent.mkdir()
    path.write_text((b"\7" * 32).hex())
    path.chmod(0o600)
    return path


@pytest.fixture
def signing(gateway, key_file):
    """The gateway with its log key in a file, as every home has it."""
    key = read_checkpoint_key("test", key_file)
    with writing(gateway.database) as tx:
        put_log_key(tx, key)
    return replace(gateway, checkpoint_key=key)


def turn(gateway, key_file, **reason):
    return replace_log_key(gateway, key_file, lambda _: {}, **(reason or REASON))


def grow(gateway, kayit_no):
    list(pipeline.accept(gateway, KURUM, submitted(record(kayit_no))))


def broken(gateway, outside=None):
    with reading(gateway.database) as tx:
        return verify(tx, gateway.checkpoint_key.public, "test", outside).broken


def test_the_old_key_signs_the_new_one_in_and_both_sign_the_checkpoint_above(signing, key_file):
    grow(signing, "K-1")
    before = acts.checkpoint(signing)
    old = signing.checkpoint_key.public
    size, note = turn(signing, key_file)
    new = signing.checkpoint_key.public
    grow(signing, "K-2")
    after = acts.checkpoint(signing)
    with reading(signing.database) as tx:
        keys = keys_now(tx, signing.checkpoint_key)

    assert old != new == read_checkpoint_key("test", key_file).public
    assert [len(keys.of(each)) for each in (before[0], size - 1, size, size + 1, after[0])] == [1, 1, 2, 1, 1]
    assert note.count("\n— test ") == 2
    assert [keys.open(each).size for each in (before[1], note, after[1])] == [before[0], size, after[0]]
    assert open_note(before[1], old).size == before[0]
    assert open_note(after[1], new).size == after[0]
    assert broken(signing) is None
    assert fsck(replace(signing, keyring=KeyRing(signing.database, MASTER))).broken is None


def test_an_old_checkpoint_stays_good_and_a_new_one_under_the_old_key_does_not(signing, key_file, tmp_path):
    grow(signing, "K-1")
    kept = acts.checkpoint(signing)[1]
    old = CheckpointKey("test", Ed25519PrivateKey.from_private_bytes(b"\7" * 32))
    turn(signing, key_file)
    grow(signing, "K-2")
    with reading(signing.database) as tx:
        size = tree_size(tx)
        forged = old.sign(size, root_of(read_edge(tx, size)))

    assert broken(signing, [(tmp_path / "kept", kept)]) is None
    assert "forged: a checkpoint was signed by another key" in broken(signing, [(tmp_path / "forged", forged)])
    with writing(signing.database) as tx:
        put_checkpoint(tx, size, forged, now=signing.clock.now())
    assert f"checkpoint at {size}" in broken(signing)


def test_a_process_that_holds_the_old_key_signs_with_the_new_one_at_its_next_checkpoint(
    signing, another_worker, key_file, tmp_path
):
    stale = another_worker(checkpoint_key=read_checkpoint_key("test", key_file))
    holder = FolderHolder(tmp_path / "theirs", read_checkpoint_key("test", key_file))
    grow(signing, "K-1")
    acts.checkpoint(signing)
    handed = hand_out(stale, [holder], at_once=True)
    turn(signing, key_file)
    grow(stale, "K-2")
    size, note = acts.checkpoint(stale)
    handed += hand_out(stale, [holder], at_once=True)

    assert open_note(note, signing.checkpoint_key.public).size == size
    assert [each.told for each in handed] == ["", ""]
    assert broken(signing) is None


def test_on_another_host_the_next_file_is_enough(signing, another_worker, key_file, tmp_path):
    there = tmp_path / "host2" / "checkpoint.key"
    there.parent.mkdir()
    shutil.copy(key_file, there)
    far = another_worker(checkpoint_key=read_checkpoint_key("test", there))
    turn(signing, key_file)
    grow(far, "K-1")
    with pytest.raises(Misconfigured, match=r"another key than the one that signs this log \(test\+"):
        acts.checkpoint(far)
    shutil.copy(key_file, next_to(there))

    assert open_note(acts.checkpoint(far)[1], signing.checkpoint_key.public)


@pytest.mark.parametrize("seen_first", ["checkpoint.key", "checkpoint.key.next"])
def test_who_looks_while_the_next_file_takes_its_place_finds_the_key(key_file, monkeypatch, seen_first):
    mine = read_checkpoint_key("test", key_file)
    write_secret(next_to(key_file), (b"\x08" * 32).hex().encode())
    wanted = read_checkpoint_key("test", next_to(key_file)).title

    def read(origin, path):
        try:
            return read_checkpoint_key(origin, path)
        finally:
            if path.name == "checkpoint.key" and next_to(key_file).exists():
                next_to(key_file).replace(key_file)

    def read_late(origin, path):
        if path.name == "checkpoint.key.next":
            path.replace(key_file)
        return read_checkpoint_key(origin, path)

    monkeypatch.setattr(checkpoint, "read_checkpoint_key", read if seen_first == "checkpoint.key" else read_late)

    assert mine.follow(wanted).title == mine.title == wanted


def test_a_key_that_is_used_stays_the_same_while_another_thread_follows_the_next(key_file):
    mine = read_checkpoint_key("test", key_file)
    used = mine.follow(mine.title)
    title = used.title
    write_secret(next_to(key_file), (b"\x08" * 32).hex().encode())
    mine.follow(read_checkpoint_key("test", next_to(key_file)).title)

    assert used.title == title != mine.title


def test_who_reads_a_snapshot_from_before_the_change_is_given_the_key_that_signed_it(key_file):
    mine = read_checkpoint_key("test", key_file)
    before = mine.title
    write_secret(next_to(key_file), (b"\x08" * 32).hex().encode())
    mine.follow(read_checkpoint_key("test", next_to(key_file)).title)
    next_to(key_file).replace(key_file)

    assert mine.as_of(before).title == before != mine.title == mine.as_of(mine.title).title
    with pytest.raises(Misconfigured):
        mine.follow(before)  # nobody signs with it again


def test_a_check_that_began_before_the_change_does_not_cry_over_it(signing, key_file, monkeypatch):
    grow(signing, "K-1")
    acts.checkpoint(signing)
    checked = replace(signing, keyring=KeyRing(signing.database, MASTER))
    verified = checking.verify

    def verify_and_change(*given):
        report = verified(*given)
        turn(signing, key_file)
        return report

    monkeypatch.setattr(checking, "verify", verify_and_change)

    assert fsck(checked).broken is None


@pytest.mark.parametrize("committed", [False, True])
def test_a_change_that_was_killed_is_finished_by_the_same_command(signing, key_file, monkeypatch, committed):
    grow(signing, "K-1")
    old = signing.checkpoint_key.public
    where = "integrator.keeping.log_key." + ("_enthrone" if committed else "_change")

    def killed(*_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(where, killed)
        with pytest.raises(KeyboardInterrupt):
            turn(signing, key_file)
    chosen = next_to(key_file).read_text()
    _, note = turn(signing, key_file)
    with reading(signing.database) as tx:
        changes = tx.execute(select(audit_entry.c.leaf)).scalars().all()

    assert key_file.read_text() == chosen
    assert {path.name for path in key_file.parent.iterdir()} == {
        "checkpoint.key", "checkpoint.key.claim", "checkpoint.key.until-2026-03-02",
    }  # fmt: skip
    assert note.count("— test ") == 2
    assert signing.checkpoint_key.public != old
    assert sum(b"log_key.replaced" in each for each in changes) == 1
    assert broken(signing) is None


def test_a_change_that_one_of_the_two_keys_did_not_sign_is_named(signing, key_file):
    grow(signing, "K-1")
    size, _ = turn(signing, key_file)
    with reading(signing.database) as tx:
        fact = json.loads(tx.execute(select(audit_entry.c.leaf).where(audit_entry.c.i == size - 1)).scalar_one())
    stranger = Ed25519PrivateKey.generate()
    for name in ("signed_by_old", "signed_by_new", "old"):
        value = {"old": stranger.public_key().public_bytes_raw().hex()}.get(name, fact["signed_by_old"][::-1])
        leaf = json.dumps({**fact, name: value}).encode()
        with writing(signing.database) as tx:
            tx.execute(update(audit_entry).where(audit_entry.c.i == size - 1).values(leaf=leaf))
        with reading(signing.database) as tx, pytest.raises(Tampered, match=f"entry {size - 1}: "):
            read_log_keys(tx, "test", signing.checkpoint_key.public)
        assert broken(signing).startswith(f"entry {size - 1}: ")


def test_the_row_that_tells_where_the_changes_stand_is_compared_with_the_log(signing, key_file):
    size, _ = turn(signing, key_file)
    for value, named in (("[]", f"entry {size - 1}"), ("[0]", ""), ("[7, 1]", "meta log_key_changes"), ("x", "meta")):
        with writing(signing.database) as tx:
            tx.execute(text("UPDATE meta SET value = :value WHERE name = 'log_key_changes'"), {"value": value})
        found = broken(signing)
        assert (found is None) == (value == f"[{size - 1}]")
        assert named in (found or "")


def test_keys_change_twice_and_every_checkpoint_keeps_its_own(signing, key_file):
    notes = []
    for number in range(3):
        grow(signing, f"K-{number}")
        notes.append(acts.checkpoint(signing))
        if number < 2:
            notes.append(turn(signing, key_file))
    with reading(signing.database) as tx:
        keys = keys_now(tx, signing.checkpoint_key)

    assert [keys.open(note).size for _, note in notes] == [size for size, _ in notes]
    assert [len(keys.of(size)) for size, _ in notes] == [1, 2, 1, 2, 1]
    assert broken(signing) is None


def test_a_pack_leads_from_the_old_key_to_the_new_one_and_a_stranger_can_follow(signing, key_file, tmp_path):
    grow(signing, "K-1")
    pipeline.dispatch(signing)
    kept = acts.checkpoint(signing)[1]
    turn(signing, key_file)
    packed = make_pack(signing, KURUM, Wish([10_000_000_001], {"period": "all"}))
    files = verifier.read_pack(packed.content)
    verdicts = {each["claim"]: each["verdict"] for each in verifier.Judge(files, [], [kept]).judge()}
    cut = {**files, "log/keys.json": verifier.strict_bytes([])}
    of_cut = {each["claim"]: each["verdict"] for each in verifier.Judge(cut, [], [kept]).judge()}

    assert verifier.NO not in verdicts.values()
    assert (verdicts["keys"], verdicts["history"], verdicts["outside"]) == (verifier.YES,) * 3
    assert verifier.NO in (of_cut["history"], of_cut["outside"])


def test_a_backup_comes_back_under_the_new_key_and_one_from_before_under_the_old(signing, key_file, clock, tmp_path):
    def back(path, key, name):
        empty = open_engine(sqlite_url(tmp_path / name))
        try:
            restore(path, b"k" * 32, empty, name="test", keyring=KeyRing(empty, MASTER), log_key=key, now=clock.now())
            with reading(empty) as tx:
                return known_log_key(tx)
        finally:
            empty.dispose()

    grow(signing, "K-1")
    acts.checkpoint(signing)
    before = make_backup(signing, b"k" * 32, tmp_path / "before", tmp_path / "staged").path
    turn(signing, key_file)
    after = make_backup(signing, b"k" * 32, tmp_path / "after", tmp_path / "staged").path
    new = read_checkpoint_key("test", key_file)
    old = read_checkpoint_key("test", key_file.with_name("checkpoint.key.until-2026-03-02"))

    assert back(after, new, "a") == new.title
    assert back(before, old, "b") == old.title
    with pytest.raises(Misconfigured, match="until-DAY"):
        back(before, new, "c")


def test_the_key_changes_under_load_without_an_error(signing, another_worker, key_file):
    worker = another_worker(checkpoint_key=read_checkpoint_key("test", key_file))
    over, errors, made = Event(), [], []

    def guarded(act):
        def run():
            try:
                while not over.is_set():
                    act(len(made))
                    made.append(1)
            except BaseException as error:  # noqa: BLE001 - told by the test
                errors.append(error)

        return Thread(target=run)

    threads = [guarded(lambda n: grow(signing, f"K-{n}")), guarded(lambda _: acts.checkpoint(worker))]
    for each in threads:
        each.start()
    for _ in range(5):
        before, until = len(made), time.monotonic() + 30
        while len(made) < before + 6 and not errors and time.monotonic() < until:
            time.sleep(0.01)
        turn(signing, key_file)
    over.set()
    for each in threads:
        each.join(60)
    with reading(signing.database) as tx:
        keys = keys_now(tx, signing.checkpoint_key)
        notes = tx.execute(select(audit_checkpoint.c.note)).scalars().all()

    assert errors == []
    assert len(keys.changes) == 5
    assert all(keys.open(note) for note in notes)
    assert broken(signing) is None


def test_a_home_goes_on_with_its_new_key_and_notices_only_that_file(tmp_path):
    home = Settings(home=tmp_path / "home", gateway=GatewaySettings(name="gw"))
    wiring.create_home(home)
    gateway = wiring.open_gateway(home, sending=False)
    path = home.path(home.keys.checkpoint_key_file)
    replace_log_key(gateway, path, lambda key: in_use(home, gateway.catalogue, key=key), **REASON)
    gateway.database.dispose()
    again = wiring.open_gateway(home, sending=False)
    with reading(again.database) as tx:
        leaves = [json.loads(each) for each in tx.execute(select(audit_entry.c.leaf)).scalars()]
    told = [(each["event"], each.get("names")) for each in leaves[-2:]]

    assert told == [("log_key.replaced", None), ("keys.changed", ["keys.checkpoint_key_file"])]
    assert fsck(again).broken is None
    again.database.dispose()


def test_a_checkpoint_is_not_made_by_a_key_that_never_signed_this_log(signing):
    other = CheckpointKey("test", Ed25519PrivateKey.generate())
    with writing(signing.database) as tx, pytest.raises(Misconfigured, match="put this home's own key back"):
        make_checkpoint(tx, other, now=signing.clock.now())
