import json
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from integrator.audit.checkpoint import CheckpointKey, make_checkpoint, open_note
from integrator.audit.prove import prove_bildirim
from integrator.audit.trail import Entry, Trail, moved_entry
from integrator.audit.tree import extend, leaf_hash, root_from_proof
from integrator.audit.verify import verify
from integrator.domain.errors import IllegalMove, NotFound, Tampered
from integrator.domain.identifiers import SorguNo
from integrator.domain.records import Kayit, Moved
from integrator.domain.states import State
from integrator.queue import outbox, records
from integrator.store.engine import open_engine, reading, sqlite_url, writing
from integrator.store.schema import create_schema
from integrator.store.tables import audit_checkpoint, audit_entry, bildirim
from tests.factories import FIRST_NUMBER, KURUM, kayit
from tests.factories import bildirim as message
from tests.fakes import START

FACTS = {"gateway": "test", "ş": "İ"}


def entry(number=0):
    return Entry("gateway.created", "a", {**FACTS, "n": number})


def append(engine, trail, count=1):
    with writing(engine) as tx:
        return trail.append(tx, (entry(n) for n in range(count)), now=START)


def report(engine, key, outside=None):
    with reading(engine) as tx:
        return verify(tx, key.public, key.origin, outside)


@pytest.fixture
def small_log(engine, checkpoint_key):
    """Two records and their messages, one of them moved, with a checkpoint in the middle and one at the end."""
    trail = Trail()
    with writing(engine) as tx:
        facts = kayit()
        named = [Kayit(f"K-{n}", facts.veri_seti, facts.version, facts.event_date, facts.fields) for n in (1, 2)]
        records.put_records(tx, [records.NewRecord(KURUM, each, b"f", b"body", b"key") for each in named], now=START)
        rows = [message(FIRST_NUMBER + n, kayit_no=f"K-{n + 1}") for n in range(2)]
        moved = outbox.put(tx, rows, [(b"c", b"s")] * 2, now=START)
        births = [Entry("kayit.accepted", "a", {"kurum": KURUM, "kayit_no": each.kayit_no}) for each in named]
        trail.append(tx, [entry(), *births, *(moved_entry(each, "a") for each in moved)], now=START)
    with writing(engine) as tx:
        make_checkpoint(tx, checkpoint_key, now=START)
    with writing(engine) as tx:
        moved = [outbox.cancel(tx, KURUM, SorguNo(FIRST_NUMBER), reason="x", now=START)]
        trail.append(tx, [moved_entry(each, "a") for each in moved], now=START)
    with writing(engine) as tx:
        make_checkpoint(tx, checkpoint_key, now=START)
    return engine


def sql(engine, statement, **values):
    with writing(engine) as tx:
        tx.execute(text(statement), values)


def test_an_entry_is_canonical_json_that_a_stranger_reads(engine):
    append(engine, Trail())
    with reading(engine) as tx:
        leaf = tx.execute(select(audit_entry.c.leaf)).scalar_one()

    assert leaf.decode() == (
        '{"actor":"a","at":"2026-03-02T09:00:00.000Z","event":"gateway.created","gateway":"test","n":0,"v":1,"ş":"İ"}'
    )


def test_the_same_entries_give_the_same_root_however_they_are_grouped(engine, tmp_path, checkpoint_key):
    other = open_engine(sqlite_url(tmp_path / "other.sqlite3"))
    create_schema(other, gateway_name="test", sorgu_no_start=1)
    trails = {engine: Trail(), other: Trail()}
    append(engine, trails[engine], 7)
    for number in range(7):
        with writing(other) as tx:
            trails[other].append(tx, [entry(number)], now=START)

    assert report(engine, checkpoint_key).root == report(other, checkpoint_key).root
    other.dispose()


def test_a_rolled_back_append_is_noticed(engine, checkpoint_key):
    trail = Trail()
    append(engine, trail, 3)

    def append_and_fail(tx):
        trail.append(tx, [entry(99)], now=START)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), writing(engine) as tx:
        append_and_fail(tx)

    assert append(engine, trail, 2) == range(3, 5)
    assert report(engine, checkpoint_key).broken is None


def test_an_append_of_another_process_is_noticed(engine, checkpoint_key):
    one, other = Trail(), Trail()
    for size in range(1, 12):
        append(engine, one, size % 3 + 1)
        append(engine, other, size % 2 + 1)

    assert report(engine, checkpoint_key).broken is None


def test_an_event_that_is_not_listed_is_a_bug():
    with pytest.raises(AssertionError):
        Entry("something.happened", "a").leaf(START)


def test_an_illegal_move_cannot_be_written_down():
    with pytest.raises(IllegalMove):
        moved_entry(Moved(SorguNo(1), KURUM, State.ACCEPTED, State.QUEUED, {}), "a")


def test_a_sound_log_verifies_and_is_counted(small_log, checkpoint_key):
    found = report(small_log, checkpoint_key)

    assert (found.broken, found.entries, found.checkpoints, found.bildirim) == (None, 6, 2, 2)


def test_an_empty_log_verifies(engine, checkpoint_key):
    assert report(engine, checkpoint_key).broken is None


def test_nothing_new_makes_no_checkpoint(small_log, checkpoint_key):
    with writing(small_log) as tx:
        assert make_checkpoint(tx, checkpoint_key, now=START) is None


def test_a_log_with_nothing_in_it_still_verifies_after_a_checkpoint(engine, checkpoint_key):
    with writing(engine) as tx:
        make_checkpoint(tx, checkpoint_key, now=START)

    assert report(engine, checkpoint_key).broken is None


@pytest.mark.parametrize("column", ["leaf", "hash", "nodes"])
def test_every_changed_byte_of_an_entry_is_found_where_it_stands(small_log, checkpoint_key, column):
    with reading(small_log) as tx:
        rows = {row.i: row._mapping[column] for row in tx.execute(select(audit_entry))}
    for index, value in rows.items():
        for place in range(len(value)):
            changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
            sql(small_log, f"UPDATE audit_entry SET {column} = :v WHERE i = :i", v=changed, i=index)
            assert str(report(small_log, checkpoint_key).broken).startswith(f"entry {index}:"), (index, place)
        sql(small_log, f"UPDATE audit_entry SET {column} = :v WHERE i = :i", v=value, i=index)

    assert report(small_log, checkpoint_key).broken is None


@pytest.mark.parametrize("column", ["leaf", "hash", "nodes"])
def test_a_cut_or_lengthened_entry_is_found(small_log, checkpoint_key, column):
    with reading(small_log) as tx:
        before = tx.execute(select(audit_entry.c[column]).where(audit_entry.c.i == 3)).scalar_one()
    for changed in (before[1:], before + b"\0", b""):
        sql(small_log, f"UPDATE audit_entry SET {column} = :v WHERE i = 3", v=changed)
        assert str(report(small_log, checkpoint_key).broken).startswith("entry 3:")
        sql(small_log, f"UPDATE audit_entry SET {column} = :v WHERE i = 3", v=before)


@pytest.mark.parametrize("index", range(6))
def test_a_dropped_entry_is_found(small_log, checkpoint_key, index):
    sql(small_log, "DELETE FROM audit_entry WHERE i = :i", i=index)

    assert str(report(small_log, checkpoint_key).broken).startswith(f"entry {index}:")


def test_an_inserted_entry_is_found(small_log, checkpoint_key):
    again = "SELECT 6, leaf, hash, :none, sorgu_no FROM audit_entry WHERE i = 5"
    sql(small_log, f"INSERT INTO audit_entry (i, leaf, hash, nodes, sorgu_no) {again}", none=b"")

    assert report(small_log, checkpoint_key).broken is not None


@pytest.mark.parametrize("index", range(6))
@pytest.mark.parametrize("number", [None, FIRST_NUMBER + 7])
def test_an_entry_filed_under_another_message_is_found(small_log, checkpoint_key, index, number):
    with reading(small_log) as tx:
        before = tx.execute(select(audit_entry.c.sorgu_no).where(audit_entry.c.i == index)).scalar_one()
    sql(small_log, "UPDATE audit_entry SET sorgu_no = :n WHERE i = :i", n=number, i=index)
    broken = report(small_log, checkpoint_key).broken

    assert broken is None if number == before else broken.startswith(f"entry {index}:")


def test_two_entries_in_each_others_place_are_found(small_log, checkpoint_key):
    for before, after in ((1, -1), (2, 1), (-1, 2)):
        sql(small_log, "UPDATE audit_entry SET i = :after WHERE i = :before", before=before, after=after)

    assert str(report(small_log, checkpoint_key).broken).startswith("entry 1:")


def rewrite(engine, index, leaf):
    """What a forger with the database and without the checkpoint key does: every hash fits again."""
    edge = []
    with writing(engine) as tx:
        rows = tx.execute(select(audit_entry).order_by(audit_entry.c.i)).all()
        tx.execute(audit_entry.delete())
        for row in rows:
            text_ = leaf if row.i == index else row.leaf
            nodes = b"".join(extend(edge, row.i, leaf_hash(text_)))
            about = {} if row.i == index else {"sorgu_no": row.sorgu_no, "kurum_id": row.kurum_id}
            values = {"i": row.i, "leaf": text_, "hash": leaf_hash(text_), "nodes": nodes, **about}
            tx.execute(audit_entry.insert().values(values))


def test_a_rewritten_history_is_found_by_the_next_checkpoint(small_log, checkpoint_key):
    rewrite(small_log, 1, b'{"event":"gateway.created"}')

    assert str(report(small_log, checkpoint_key).broken).startswith("checkpoint at 5")


@pytest.mark.parametrize(
    "leaf", [b"no json", b"{}", b"[]", b"\xff", b'{"event":"bildirim.moved"}', b'{"event":"kayit.accepted"}']
)
def test_a_rewritten_entry_of_no_form_is_named_and_never_raises(small_log, checkpoint_key, leaf):
    sql(small_log, "DELETE FROM audit_checkpoint")
    rewrite(small_log, 5, leaf)

    assert report(small_log, checkpoint_key).broken is not None


def test_every_changed_sign_of_a_checkpoint_is_found(small_log, checkpoint_key):
    with reading(small_log) as tx:
        notes = dict(tx.execute(select(audit_checkpoint.c.size, audit_checkpoint.c.note)).all())
    for size, note in notes.items():
        for place in range(len(note)):
            changed = note[:place] + ("A" if note[place] != "A" else "B") + note[place + 1 :]
            sql(small_log, "UPDATE audit_checkpoint SET note = :v WHERE size = :s", v=changed, s=size)
            assert f"checkpoint at {size}" in str(report(small_log, checkpoint_key).broken), place
        sql(small_log, "UPDATE audit_checkpoint SET note = :v WHERE size = :s", v=note, s=size)


def test_a_checkpoint_that_is_no_text_is_named_and_never_raises(small_log, checkpoint_key):
    sql(small_log, "UPDATE audit_checkpoint SET note = CAST(x'ff' || substr(note, 2) AS TEXT) WHERE size = 5")

    assert "checkpoint" in str(report(small_log, checkpoint_key).broken)


def test_a_checkpoint_moved_to_another_size_is_found(small_log, checkpoint_key):
    sql(small_log, "UPDATE audit_checkpoint SET size = 4 WHERE size = 5")

    assert "checkpoint at 4" in report(small_log, checkpoint_key).broken


def test_a_checkpoint_of_another_gateway_is_found(small_log, checkpoint_key):
    other = CheckpointKey("elsewhere", checkpoint_key._private)

    assert "checkpoint" in report(small_log, other).broken


@pytest.mark.parametrize("state", [state for state in State if state is not State.CANCELLED])
def test_a_changed_state_is_found(small_log, checkpoint_key, state):
    with writing(small_log) as tx:
        tx.execute(update(bildirim).where(bildirim.c.sorgu_no == FIRST_NUMBER).values(state=state))

    assert report(small_log, checkpoint_key).broken == (
        f"bildirim {FIRST_NUMBER}: its row says {state}, the log says cancelled"
    )


def test_a_deleted_message_is_found(small_log, checkpoint_key):
    sql(small_log, "DELETE FROM bildirim WHERE sorgu_no = :n", n=FIRST_NUMBER)

    assert f"bildirim {FIRST_NUMBER}" in report(small_log, checkpoint_key).broken


def test_a_message_the_log_never_spoke_of_is_found(small_log, checkpoint_key):
    sql(small_log, "UPDATE bildirim SET sorgu_no = 99 WHERE sorgu_no = :n", n=FIRST_NUMBER)

    assert "99" in report(small_log, checkpoint_key).broken


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM kayit WHERE kayit_no = 'K-1'", "UPDATE kayit SET kayit_no = 'K-9' WHERE kayit_no = 'K-1'",
     "UPDATE kayit SET kurum_id = 'other' WHERE kayit_no = 'K-1'"],
)  # fmt: skip
def test_a_record_that_is_gone_or_renamed_is_found(small_log, checkpoint_key, statement):
    sql(small_log, statement)

    assert "kayit" in report(small_log, checkpoint_key).broken


def outside_of(engine):
    with reading(engine) as tx:
        notes = tx.execute(select(audit_checkpoint.c.size, audit_checkpoint.c.note)).all()
    return [(Path(f"{size}.checkpoint"), note) for size, note in notes]


def test_an_older_database_is_found_by_a_checkpoint_kept_outside(small_log, checkpoint_key):
    outside = outside_of(small_log)
    for statement in (
        "DELETE FROM audit_entry WHERE i = 5",
        "DELETE FROM audit_checkpoint WHERE size = 6",
        "UPDATE bildirim SET state = 'queued'",
    ):
        sql(small_log, statement)

    assert report(small_log, checkpoint_key).broken is None  # the database alone cannot know
    assert "checkpoint speaks of 6" in report(small_log, checkpoint_key, outside).broken


def test_a_rewritten_history_without_its_checkpoints_is_found_by_one_kept_outside(small_log, checkpoint_key):
    outside = outside_of(small_log)
    sql(small_log, "DELETE FROM audit_checkpoint")
    rewrite(small_log, 0, b'{"event":"gateway.created","x":1}')

    assert "checkpoint at 5" in report(small_log, checkpoint_key, outside).broken


def test_a_checkpoint_kept_outside_that_is_spoiled_is_named_by_its_file(small_log, checkpoint_key):
    assert "x.checkpoint" in report(small_log, checkpoint_key, [(Path("x.checkpoint"), "spoiled")]).broken


def test_the_checkpoints_kept_outside_of_a_sound_log_verify(small_log, checkpoint_key):
    assert report(small_log, checkpoint_key, outside_of(small_log)).broken is None


def test_every_entry_of_a_message_is_proven_to_a_stranger(small_log, checkpoint_key):
    with reading(small_log) as tx:
        proof = prove_bildirim(tx, SorguNo(FIRST_NUMBER))
    head = open_note(proof["checkpoint"], checkpoint_key.public)

    assert [json.loads(each["leaf"])["to"] for each in proof["entries"]] == ["queued", "cancelled"]
    for each in proof["entries"]:
        path = [bytes.fromhex(node) for node in each["proof"]]
        assert root_from_proof(leaf_hash(each["leaf"].encode()), each["index"], head.size, path) == head.root


def test_nothing_is_proven_about_an_unknown_message_or_without_a_checkpoint(small_log):
    with reading(small_log) as tx, pytest.raises(NotFound):
        prove_bildirim(tx, SorguNo(1))
    sql(small_log, "DELETE FROM audit_checkpoint")
    with reading(small_log) as tx, pytest.raises(NotFound, match="checkpoint"):
        prove_bildirim(tx, SorguNo(FIRST_NUMBER))


@pytest.mark.parametrize("column", ["leaf", "hash"])
def test_a_changed_entry_is_not_proven(small_log, column):
    with writing(small_log) as tx:
        leaf = tx.execute(select(audit_entry.c.leaf).where(audit_entry.c.i == 3)).scalar_one()
        changed = leaf.replace(b'"part":1', b'"part":2') if column == "leaf" else b"\0" * 32
        tx.execute(update(audit_entry).where(audit_entry.c.i == 3).values({column: changed}))
    with reading(small_log) as tx, pytest.raises(Tampered):
        prove_bildirim(tx, SorguNo(FIRST_NUMBER))
