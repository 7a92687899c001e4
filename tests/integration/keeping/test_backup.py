"""A backup of either engine becomes a home on either, which sends nothing by itself and nothing twice."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from integrator import acts, pipeline
from integrator.audit.checkpoint import CheckpointKey, write_checkpoint_file
from integrator.audit.trail import Trail
from integrator.audit.verify import verify
from integrator.domain.errors import Malformed, MayBeStored, Misconfigured, Tampered
from integrator.keeping.backup import make_backup
from integrator.keeping.restoring import check_backup, restore
from integrator.queue.readings import count_states
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import open_engine, reading, sqlite_url
from integrator.store.keyring import KeyRing
from integrator.store.schema import step_of
from integrator.store.tables import bildirim, metadata
from tests.conftest import MASTER
from tests.factories import KURUM, PROFESSIONAL, WORKER, record, submitted

KEY = b"k" * 32


@pytest.fixture
def empty(request, tmp_path):
    """An empty database: SQLite unless a test says otherwise."""
    if getattr(request, "param", "sqlite") == "postgresql":
        database = open_engine(request.getfixturevalue("postgres").create_database())
    else:
        database = open_engine(sqlite_url(tmp_path / "new.sqlite3"))
    yield database
    database.dispose()


into_either = pytest.mark.parametrize("empty", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def back_up(gateway, tmp_path):
    return lambda name="b.ibysbackup": make_backup(gateway, KEY, tmp_path / "out" / name, tmp_path / "staged").path


@pytest.fixture
def come_back(gateway, empty, checkpoint_key, clock):
    """Restores a backup into the empty home and opens it as another process would."""

    def come_back(path, *, key=KEY, master=MASTER, log_key=checkpoint_key):
        ring = KeyRing(empty, master)
        now = clock.advance(minutes=30)
        done = restore(path, key, empty, name="test", keyring=ring, log_key=log_key, now=now)
        again = replace(gateway, database=empty, keyring=KeyRing(empty, master), trail=Trail(), actor="copy:1")
        return done, again

    return come_back


def rows(database):
    """Everything, but for what a restore itself writes."""
    with reading(database) as tx:
        tables = [each for each in metadata.sorted_tables if each.name not in ("audit_entry", "meta")]
        return {each.name: sorted(map(str, tx.execute(select(each)))) for each in tables}


def states(gateway):
    with reading(gateway.database) as tx:
        return count_states(tx)


def is_proven(gateway, checkpoint_key):
    with reading(gateway.database) as tx:
        return verify(tx, checkpoint_key.public, "test").broken


@into_either
def test_a_restored_copy_holds_every_row_and_verifies_to_the_last_checkpoint(
    gateway, back_up, come_back, checkpoint_key
):
    list(pipeline.accept(gateway, KURUM, submitted(*[record(f"K-{n}") for n in range(30)])))
    pipeline.dispatch(gateway)
    acts.checkpoint(gateway)
    before = rows(gateway.database)
    done, copy = come_back(back_up())
    after = rows(copy.database)

    assert {name: each for name, each in before.items() if after[name] != each}.keys() == {"sorgu_no_counter"}
    assert is_proven(copy, checkpoint_key) is None
    assert done.rows["audit_checkpoint"] == 1
    assert done.asked_first == 0


def test_a_backup_shows_nothing_without_its_key_and_no_identity_number_with_it(gateway, back_up, tmp_path):
    from integrator.keeping.backup import read_lines

    list(pipeline.accept(gateway, KURUM, submitted(record())))
    path = back_up()
    opened = b"\n".join(read_lines(path, KEY))

    assert b"bildirim" not in path.read_bytes()
    assert b"bildirim" in opened
    assert WORKER.encode() not in opened and PROFESSIONAL.encode() not in opened


def test_a_restored_copy_sends_nothing_and_asks_nothing_until_an_operator_says_so(
    gateway, back_up, come_back, ministry
):
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    _, copy = come_back(back_up())
    pipeline.dispatch(copy)
    pipeline.inquire(copy)

    assert (ministry.sent, ministry.asked) == ([], [])
    assert acts.resume_line(copy, reason="the original burned") is True
    assert acts.resume_line(copy, reason="the original burned") is False


@into_either
def test_what_the_original_sent_after_the_backup_is_asked_about_and_not_sent_again(
    gateway, back_up, come_back, ministry, clock, checkpoint_key
):
    ministry.faults.extend([None, "lost_reply"])
    list(pipeline.accept(gateway, KURUM, submitted(*[record(f"K-{n}") for n in range(6)])))
    path = back_up()
    pipeline.dispatch(gateway)  # the original goes on, and then burns
    ministry.sent.clear()
    _, copy = come_back(path)
    acts.resume_line(copy, reason="the original burned")
    for _ in range(6):
        clock.advance(hours=1)
        pipeline.dispatch(copy)
        pipeline.inquire(copy)

    assert states(copy) == {"accepted": 6}
    assert ministry.sent == []
    assert len(ministry.asked) == 6
    assert len(set(ministry.effects)) == len(ministry.effects)
    assert is_proven(copy, checkpoint_key) is None


def test_what_the_original_never_sent_is_sent_once_after_it_was_asked_about(
    gateway, back_up, come_back, ministry, clock
):
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    _, copy = come_back(back_up())
    acts.resume_line(copy, reason="the original burned")
    for _ in range(12):
        clock.advance(hours=1)
        pipeline.dispatch(copy)
        pipeline.inquire(copy)

    assert states(copy) == {"accepted": 1}
    assert ministry.asked
    assert len(ministry.sent) == 1


def test_a_message_signed_after_the_way_back_is_asked_about_first(gateway, back_up, come_back, ministry, pki, clock):
    keyless = replace(gateway, cupboard=KeyCupboard([]))
    [answer] = pipeline.accept(keyless, KURUM, submitted(record()))
    path = back_up()
    signed = pki.signer().sign(acts.read_canonical(gateway, KURUM, answer.sorgu_no[0]), at=clock.now())
    acts.attach(gateway, KURUM, answer.sorgu_no[0], signed)
    pipeline.dispatch(gateway)
    _, copy = come_back(path)
    acts.resume_line(copy, reason="the original burned")
    acts.attach(copy, KURUM, answer.sorgu_no[0], signed)
    ministry.sent.clear()
    pipeline.dispatch(copy)
    pipeline.inquire(copy)

    assert ministry.sent == []
    assert ministry.asked == [answer.sorgu_no[0]]


def test_what_may_have_left_is_not_taken_back(gateway, back_up, come_back):
    [answer] = pipeline.accept(gateway, KURUM, submitted(record()))
    _, copy = come_back(back_up())

    with pytest.raises(MayBeStored):
        acts.cancel(copy, KURUM, answer.sorgu_no[0], reason="no longer wanted")


def test_new_numbers_of_a_restored_copy_lie_far_above_those_the_original_may_have_used(gateway, back_up, come_back):
    [first] = pipeline.accept(gateway, KURUM, submitted(record("A")))
    _, copy = come_back(back_up())
    [second] = pipeline.accept(copy, KURUM, submitted(record("B")))

    assert second.sorgu_no[0] == first.sorgu_no[0] + 10_000_001


def test_another_backup_key_is_refused(back_up, come_back, empty):
    with pytest.raises(Misconfigured, match="--backup-key"):
        come_back(back_up(), key=b"x" * 32)
    with reading(empty) as tx:
        assert step_of(tx) is None


def test_another_master_key_is_refused_and_nothing_is_left(gateway, back_up, come_back, empty):
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    with pytest.raises(Misconfigured, match="master key"):
        come_back(back_up(), master=bytes(32))
    with reading(empty) as tx:
        assert step_of(tx) is None


def test_another_log_key_is_refused_and_nothing_is_left(gateway, back_up, come_back, empty, checkpoint_key):
    acts.checkpoint(gateway)
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    acts.checkpoint(gateway)
    other = CheckpointKey("test", Ed25519PrivateKey.generate())
    with pytest.raises(Tampered, match="does not verify"):
        come_back(back_up(), log_key=other)
    with reading(empty) as tx:
        assert step_of(tx) is None


def test_a_backup_whose_rows_were_changed_before_it_was_made_is_refused(gateway, back_up, come_back, empty):
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    with gateway.database.begin() as tx:
        tx.execute(bildirim.update().values(state="accepted"))
    with pytest.raises(Tampered, match="its row says accepted"):
        come_back(back_up())
    with reading(empty) as tx:
        assert step_of(tx) is None


def test_a_backup_never_goes_over_a_gateway(gateway, back_up, checkpoint_key, clock):
    path, before = back_up(), rows(gateway.database)
    ring = KeyRing(gateway.database, MASTER)
    with pytest.raises(Misconfigured, match="already"):
        restore(path, KEY, gateway.database, name="test", keyring=ring, log_key=checkpoint_key, now=clock.now())

    assert rows(gateway.database) == before


def test_no_cut_backup_is_believed(gateway, back_up, tmp_path):
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    whole = back_up().read_bytes()
    for end in (0, 5, 55, 56, 59, 70, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut").write_bytes(whole[:end])
        with pytest.raises((Tampered, Malformed)):
            check_backup(tmp_path / "cut", KEY)


def test_no_altered_backup_is_believed(gateway, back_up, tmp_path):
    list(pipeline.accept(gateway, KURUM, submitted(record())))
    whole = back_up().read_bytes()
    for at in [*range(60), *range(60, len(whole), 997), len(whole) - 1]:
        (tmp_path / "altered").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises((Tampered, Malformed, Misconfigured)):
            check_backup(tmp_path / "altered", KEY)
    (tmp_path / "longer").write_bytes(whole + b"\0")
    with pytest.raises(Tampered, match="behind the end"):
        check_backup(tmp_path / "longer", KEY)


def test_chunks_do_not_change_places(tmp_path):
    import io

    from integrator.protect.chunks import CHUNK_BYTES, ChunkWriter, read_chunks

    file = io.BytesIO()
    writer = ChunkWriter(file, KEY)
    writer.write(bytes(3 * CHUNK_BYTES))
    writer.close()
    whole, size = file.getvalue(), 4 + CHUNK_BYTES + 16
    head, first, second, rest = (
        whole[:56],
        whole[56 : 56 + size],
        whole[56 + size : 56 + 2 * size],
        whole[56 + 2 * size :],
    )

    assert b"".join(read_chunks(io.BytesIO(whole), KEY)) == bytes(3 * CHUNK_BYTES)
    for moved in (
        head + second + first + rest,
        head + first + rest,
        head + first + second,
        head + first + first + rest,
    ):
        with pytest.raises(Tampered):
            list(read_chunks(io.BytesIO(head + moved), KEY))


def test_an_interrupted_copy_goes_on_with_the_same_snapshot(gateway, tmp_path, monkeypatch):
    import integrator.keeping.backup as backup

    list(pipeline.accept(gateway, KURUM, submitted(record("A"))))
    out, staged = tmp_path / "out" / "b", tmp_path / "staged"

    def stopped(source, target):
        target.parent.mkdir()
        target.with_name("b.partial").write_bytes(source.read_bytes()[:1000])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(backup, "_copy", stopped)
        with pytest.raises(KeyboardInterrupt):
            make_backup(gateway, KEY, out, staged)
    snapshot = (staged / "b.staged").read_bytes()
    list(pipeline.accept(gateway, KURUM, submitted(record("B"))))
    make_backup(gateway, KEY, out, staged)

    assert out.read_bytes() == snapshot
    assert sorted(each.name for each in tmp_path.glob("*/*")) == ["b", "lock"]


def test_a_backup_is_never_written_over_a_file(gateway, tmp_path):
    (tmp_path / "there").write_bytes(b"mine")
    with pytest.raises(Malformed, match="nothing was changed"):
        make_backup(gateway, KEY, tmp_path / "there", tmp_path / "staged")

    assert (tmp_path / "there").read_bytes() == b"mine"


def test_two_gateways_with_one_log_key_are_told_and_nothing_is_overwritten(gateway, back_up, come_back, tmp_path):
    list(pipeline.accept(gateway, KURUM, submitted(record("A"))))
    _, copy = come_back(back_up())
    acts.resume_line(copy, reason="a mistake: the original runs")
    acts.stop_line(gateway, reason="the original goes on")  # with the entry of the backup: as many as the copy has
    mine, theirs = acts.checkpoint(gateway), acts.checkpoint(copy)
    path = write_checkpoint_file(tmp_path / "checkpoints", *mine)

    assert mine[0] == theirs[0]
    with pytest.raises(Tampered, match="two gateways share one log key"):
        write_checkpoint_file(tmp_path / "checkpoints", *theirs)
    assert path.read_text() == mine[1]
