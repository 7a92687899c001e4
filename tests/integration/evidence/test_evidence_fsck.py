"""Whatever is changed in the database is found and named, or changes nothing that can be proven."""

import json
import random
import shutil
import sqlite3
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from bench.torture.fields import CRASHED, MISSED, WORKS, trials
from bench.torture.flips import GONE, SAME, Ground, sampled, small_pages
from bench.torture.lived import KURUM, MASTER, ROSTER, SGK, Clock, Ministry, a_gateway, live, submitted
from integrator import acts, pipeline
from integrator.audit.bound import ACTS, ROWS, TABLES
from integrator.audit.trail import Entry, Trail
from integrator.audit.tree import extend, leaf_hash
from integrator.domain.errors import Unavailable
from integrator.evidence.fsck import fsck
from integrator.evidence.working import TABLES as PASSED_OVER
from integrator.evidence.working import WORKING
from integrator.importing import Wanted, import_parties
from integrator.intake.read_json import Caps
from integrator.keeping.binding import bind_older_rows
from integrator.parties.isgkatip import Kind
from integrator.people.entering import Caller, admit
from integrator.people.house import House, PeopleRules
from integrator.people.making import find_person
from integrator.protect.master import HeldMaster
from integrator.protect.passwords import Passwords
from integrator.queue import copies
from integrator.store.engine import open_engine, reading, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.tables import metadata
from integrator.trial.people import tckn


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A gateway with something of everything, made once: its file and its parts."""
    path = tmp_path_factory.mktemp("lived") / "home.sqlite3"
    database, clock, ministry = open_engine(sqlite_url(path)), Clock(), Ministry()
    gateway = a_gateway(database, clock, ministry)
    live(gateway, clock, ministry)
    database.dispose()
    return path, gateway


@pytest.fixture
def lived(home, tmp_path):
    """A copy of it, to be spoilt."""
    path, gateway = home
    shutil.copyfile(path, tmp_path / "home.sqlite3")
    database = open_engine(sqlite_url(tmp_path / "home.sqlite3"))
    yield replace(gateway, database=database, keyring=KeyRing(database, MASTER))
    database.dispose()


def broken(gateway, outside=None):
    """As another process would find it: keys are opened anew."""
    return fsck(replace(gateway, keyring=KeyRing(gateway.database, MASTER)), outside).broken


def sql(gateway, statement, **values):
    with writing(gateway.database) as tx:
        tx.execute(text(statement), values)


def test_a_sound_home_has_nothing_to_name_and_no_table_without_a_row(lived):
    with reading(lived.database) as tx:
        empty = [
            name
            for name in {*metadata.tables} - {*PASSED_OVER}
            if not tx.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first()
        ]

    assert broken(lived) is None
    assert empty == []


def test_every_field_and_row_is_found_when_it_is_changed_or_is_one_that_no_evidence_is_made_of(lived):
    """`python -m bench.torture.fields` tries every row, on both engines; here it is the first one of each table."""
    tried = list(trials(lived, rows_at_most=1))
    found = {each.table for each in tried if each.verdict not in (WORKS, GONE)}
    working = {(each.table, each.what) for each in tried if each.verdict == WORKS}

    assert [each for each in tried if each.verdict in (MISSED, CRASHED)] == []
    assert found == {*metadata.tables, "alembic_version"} - {"tick_lease", *PASSED_OVER}
    assert set(metadata.tables) >= set(PASSED_OVER)
    assert {(table, name) for table, names in WORKING.items() for name in names} - working == {
        ("ministry_line", "address")  # of the first row the log speaks; of one that was never used it does not
    }
    assert broken(lived) is None


def test_a_flipped_byte_anywhere_in_the_file_is_found_or_changes_nothing_that_counts(home, tmp_path):
    """`python -m bench.torture.flips` flips every byte: bench/results/flips.json."""
    path, gateway = home
    shutil.copyfile(path, tmp_path / "copy.sqlite3")
    ground = Ground(gateway, small_pages(tmp_path / "copy.sqlite3", tmp_path / "small.sqlite3"), tmp_path)
    drawn = random.Random(5).sample(sampled(len(ground.content), 4), 240)
    flips = [ground.flip(offset, 1 << offset % 8) for offset in [*range(0, 100, 9), *drawn]]

    assert [each for each in flips if each.verdict in (MISSED, CRASHED)] == []
    assert {each.verdict for each in flips} >= {"storage", "hash", "row", SAME}


def test_the_flips_that_once_ended_in_a_traceback_or_were_missed_are_found(home, tmp_path):
    path, gateway = home
    shutil.copyfile(path, tmp_path / "copy.sqlite3")
    raw = sqlite3.connect(tmp_path / "copy.sqlite3")
    raw.execute("UPDATE kayit SET fingerprint = '' WHERE length(fingerprint) = 0")  # text, no bytes
    raw.commit()
    raw.close()
    database = open_engine(sqlite_url(tmp_path / "copy.sqlite3"))
    told = broken(replace(gateway, database=database))
    database.dispose()
    shutil.copyfile(path, tmp_path / "copy.sqlite3")
    ground = Ground(gateway, small_pages(tmp_path / "copy.sqlite3", tmp_path / "small.sqlite3"), tmp_path)

    assert "its fingerprint is not empty" in told
    assert ground.flip(47, 0x80).verdict == "storage"  # the schema format in the file's head


def test_a_master_key_that_is_away_is_not_told_as_tampering(lived):
    class Away(HeldMaster):
        def unwrap(self, wrapped, place):
            raise Unavailable("the KMS does not answer")

    with pytest.raises(Unavailable, match="KMS"):
        fsck(replace(lived, keyring=KeyRing(lived.database, Away(MASTER))))


def test_an_index_of_the_keys_that_is_spoilt_is_told_as_storage(lived):
    with reading(lived.database) as tx:
        [path] = tx.execute(text("SELECT file FROM pragma_database_list WHERE name = 'main'")).scalars()
        place = "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_data_key_1'"
        offset = (tx.execute(text(place)).scalar_one() - 1) * tx.execute(text("PRAGMA page_size")).scalar_one()
    lived.database.dispose()
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(b"\xff")

    assert broken(lived).startswith("storage")


def test_a_time_that_became_null_is_named(lived):
    sql(lived, "PRAGMA writable_schema=ON")
    sql(lived, "UPDATE sqlite_schema SET sql = replace(sql, 'created_at BIGINT NOT NULL', 'created_at BIGINT')")
    lived.database.dispose()
    sql(lived, "UPDATE data_key SET created_at = NULL")

    assert "data_key" in broken(lived)


def test_a_flip_that_fsck_could_not_see_would_be_told_as_missed(home, tmp_path, monkeypatch):
    path, gateway = home
    shutil.copyfile(path, tmp_path / "copy.sqlite3")
    ground = Ground(gateway, small_pages(tmp_path / "copy.sqlite3", tmp_path / "small.sqlite3"), tmp_path)
    monkeypatch.setattr(ground, "_judge", lambda **_: None)
    at = ground.content.index(b'"event":"hold.placed"')

    assert ground.flip(at).verdict == MISSED
    assert ground.flip(at).words == "audit_entry.leaf"


def test_an_old_snapshot_is_found_by_a_checkpoint_held_outside_and_named(lived, tmp_path):
    lived.database.dispose()
    old = tmp_path / "old.sqlite3"
    shutil.copyfile(lived.database.url.database, old)
    [answer] = pipeline.accept(lived, KURUM, submitted("K-later", 20, ["80000000132"]))
    size, note = acts.checkpoint(lived)
    database = open_engine(sqlite_url(old))
    restored = replace(lived, database=database)
    told = broken(restored, [(tmp_path / "held.checkpoint", note)])
    alone = broken(restored)
    database.dispose()

    assert answer.status == "accepted"
    assert alone is None  # nobody can tell from the inside
    assert f"a checkpoint speaks of {size} entries" in told


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DELETE FROM audit_entry WHERE i = 4", "entry 4: missing"),
        ("DELETE FROM audit_entry WHERE i = (SELECT max(i) FROM audit_entry)", "the log ends, but a checkpoint speaks"),
        ("UPDATE audit_checkpoint SET note = replace(note, 'test', 'tost')", "checkpoint at "),
        ("DELETE FROM deneme WHERE deneme_no = 1 AND sorgu_no = 10000000001", "deneme 10000000001/1"),
        ("DELETE FROM evidence_copy WHERE sorgu_no = 10000000001", "evidence_copy 10000000001"),
        ("DELETE FROM sonuc", "sonuc 10000000003: the log says that parts were refused"),
        ("DELETE FROM correction", "correction of K-4 by K-mend"),
        ("DELETE FROM quarantine", "quarantine egitim 2018-10 soap-g2"),
        ("UPDATE quarantine SET reason = 'own_fault'", "its cause is not what the log says"),
        ("DELETE FROM kod WHERE code = '240'", "kod egitim_kodu"),
        ("DELETE FROM kod_history WHERE code = '240'", "kod_history egitim_kodu"),
        ("UPDATE bildirim SET parts_accepted = 7 WHERE sorgu_no = 10000000001", "bildirim 10000000001: its accepted"),
        ("UPDATE deneme SET code = '200' WHERE outcome = 'refused'", "its code is not what the log says"),
        ("UPDATE bildirim_body SET cms = NULL WHERE sorgu_no = 10000000001", "bildirim 10000000001: its cms is gone"),
        ("UPDATE deneme SET reply = NULL WHERE sorgu_no = 10000000003", "its reply is gone"),
        ("UPDATE api_key SET role = 'manager'", "it is not what entry"),
        ("UPDATE api_key SET revoked_at = NULL, expires_at = expires_at + 1", "api_key "),
        ("INSERT INTO api_key SELECT 'aaaaaaaa', kurum_id, role, name, digest, created_at, expires_at, NULL, NULL, '',"
         " rights, profesyonel_index FROM api_key LIMIT 1", "api_key aaaaaaaa: the log does not speak of it"),
        ("DELETE FROM legal_hold", "legal_hold K-3: entry"),
        ("UPDATE retention_event SET happened_on = '2001-01-01'", "retention_event "),
        ("DELETE FROM retention_event", "retention_event of a person: entry"),
        ("UPDATE destruction SET document = replace(document, 'K-6', 'K-5')", "destruction 1: it is not what entry"),
        ("DELETE FROM destruction", "destruction 1: entry"),
        ("UPDATE isyeri_karti SET calisan_sayisi = 3", "isyeri_karti "),
        ("DELETE FROM sozlesme", "sozlesme of a person: entry"),
        ("UPDATE calisan SET left_on = '2020-01-01'", "calisan "),
        ("DELETE FROM calisan", "calisan of a person: entry"),
        ("UPDATE profesyonel SET belge_tipi = '1'", "profesyonel "),
        ("UPDATE calisan_sigorta SET holds = 1", "calisan_sigorta "),
        ("UPDATE kurum SET tur = 'TSMB'", "kurum osgb-1: it is not what entry"),
        ("UPDATE ministry_line SET state = 'ACTIVE'", "it is ACTIVE, the log says STOPPED"),
        ("DELETE FROM ministry_line", "the log says STOPPED, its row is gone"),
        ("DELETE FROM meta WHERE name = 'log_key'", "meta log_key"),
        ("INSERT INTO meta VALUES ('restored', '{\"is_open\": true}')", "meta restored"),
        ("UPDATE sorgu_no_counter SET next = 10000000002", "it would give a number that was given already"),
        ("UPDATE checkpoint_holder SET size = size + 1000", "checkpoint_holder folder"),
        ("UPDATE content_key SET sealed = x'00323032302d30312d30312f747261696e696e67' WHERE kayit_no = 'K-6'",
         "content_key K-6: its day or class"),
        ("UPDATE kurum SET created_at = created_at + 1 WHERE kurum_id = '~'", "data_key ~/0: its created_at"),
        ("UPDATE kullanici SET role = 'compliance' WHERE kurum_id = 'osgb-1'", "kullanici "),
        ("UPDATE kullanici SET password = (SELECT max(password) FROM kullanici)", "it is not what entry"),
        ("UPDATE recovery_code SET digest = x'00' WHERE digest = (SELECT max(digest) FROM recovery_code)",
         "recovery_code "),
        ("INSERT INTO recovery_code VALUES ('nobody', x'00')", "recovery_code nobody: it belongs to nobody"),
        ("DELETE FROM recovery_code", "speaks of it, its row is gone"),
        ("DELETE FROM broken_glass", "broken_glass "),
        ("UPDATE broken_glass SET until_at = until_at + 3600000", "broken_glass "),
        ("UPDATE webhook SET state = 'disabled'", "webhook "),
        ("DELETE FROM webhook", "webhook "),
        ("UPDATE kurum_limit SET thousandths = 0", "kurum_limit key_calls_per_second: it is not what entry"),
        ("UPDATE duyuru SET body = 'Baska'", "duyuru 2026-1: it is not what entry"),
        ("UPDATE duyuru_alindi SET acknowledged_at = seen_at", "duyuru_alindi 2026-2 "),
        ("DELETE FROM duyuru_alindi", "duyuru_alindi of a person: entry"),
        ("DELETE FROM erased_party", "erased_party of a person: entry"),
        ("UPDATE state_depth SET depth = depth + 1 WHERE state = 'accepted'", "state_depth accepted: it says 4"),
        ("INSERT INTO state_depth VALUES ('nowhere', 0)", "state_depth nowhere"),
        ("CREATE TRIGGER later AFTER INSERT ON kayit BEGIN DELETE FROM legal_hold; END", "trigger later"),
        ("DROP INDEX audit_entry_sorgu_no", "index audit_entry_sorgu_no"),
    ],
)  # fmt: skip
def test_what_is_dropped_put_in_or_rewritten_is_named(lived, statement, named):
    sql(lived, statement)

    assert named in broken(lived)


def test_entries_that_change_places_are_named(lived):
    sql(lived, "UPDATE audit_entry SET i = -1 WHERE i = 7")
    sql(lived, "UPDATE audit_entry SET i = 7 WHERE i = 8")
    sql(lived, "UPDATE audit_entry SET i = 8 WHERE i = -1")

    assert broken(lived).startswith("entry 7: ")


def test_an_entry_that_is_put_in_is_named(lived):
    names = "leaf, hash, nodes, sorgu_no"
    sql(lived, f"INSERT INTO audit_entry (i, {names}) SELECT max(i) + 1, {names} FROM audit_entry")

    assert "its stored tree nodes are not those of the entries before it" in broken(lived)


def test_an_answer_on_which_a_decision_relied_may_not_be_gone(lived, clock):
    with writing(lived.database) as tx:
        [digest] = copies.keep_answers(tx, [("ocsp", b"good")], now=clock.now())
        facts = {"kurum": KURUM, "sorgu_no": 10_000_000_001, "to": "accepted", "revocation": [digest]}
        lived.record(tx, [Entry("bildirim.asked", "test:1", facts)], clock.now())
    assert broken(lived) is None
    sql(lived, "DELETE FROM revocation_answer WHERE digest = :digest", digest=digest)

    assert "a decision relied on it, its row is gone" in broken(lived)


def as_a_release_left_it(lived, told):
    """The home with another log: `told` makes of each entry what that release wrote."""
    with reading(lived.database) as tx:
        rows = tx.execute(text("SELECT i, leaf, sorgu_no FROM audit_entry ORDER BY i")).all()
    edge = []
    sql(lived, "DELETE FROM audit_checkpoint")
    sql(lived, "UPDATE checkpoint_holder SET size = 0")
    for row in rows:
        leaf = json.dumps(
            told(json.loads(row.leaf)), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()
        nodes = b"".join(extend(edge, row.i, leaf_hash(leaf)))
        sql(lived, "UPDATE audit_entry SET leaf = :leaf, hash = :hash, nodes = :nodes WHERE i = :i",
            leaf=leaf, hash=leaf_hash(leaf), nodes=nodes, i=row.i)  # fmt: skip
    sql(lived, "DELETE FROM meta WHERE name = 'rows_bound'")
    return replace(lived, trail=Trail())  # the one at hand remembers the log of before


@pytest.fixture
def older(lived):
    """Of a release that told the log of no rows; `rows.bound` will tell them."""
    return as_a_release_left_it(lived, lambda fact: without(fact, ROWS, "edition"))


@pytest.fixture
def before_doors(lived):
    """Of a release that told the log of all rows but those of the doors."""

    def told(fact):
        first = {name: marks for name, marks in fact.get(ROWS, {}).items() if TABLES[name].edition == 1}
        is_told = fact["event"] in ACTS
        return {**without(fact, ROWS, "edition"), **({ROWS: first} if is_told else {})}

    left = as_a_release_left_it(lived, told)
    sql(left, "INSERT INTO meta VALUES ('rows_bound', '1')")
    return left


def without(fact, *names):
    return {name: value for name, value in fact.items() if name not in names}


def test_the_rows_of_an_older_home_are_told_once_and_bound_from_then_on(older):
    assert broken(older) is None
    bind = bind_older_rows(older), bind_older_rows(older)
    sound = broken(older)
    sql(older, "UPDATE legal_hold SET reason = 'none'")

    assert bind == (len(TABLES) + 2, 0)  # people and their codes: of two owners
    assert sound is None
    assert "legal_hold K-3: it is not what entry" in broken(older)


def test_the_rows_of_the_doors_are_told_once_in_a_home_that_told_the_others_before(before_doors):
    sql(before_doors, "UPDATE legal_hold SET placed_at = placed_at + 1")
    tampered = broken(before_doors)
    sql(before_doors, "UPDATE legal_hold SET placed_at = placed_at - 1")
    bind = bind_older_rows(before_doors), bind_older_rows(before_doors)
    sound = broken(before_doors)
    sql(before_doors, "UPDATE kullanici SET role = 'operator'")

    assert "legal_hold K-3" in tampered
    assert bind == (sum(each.edition == 2 for each in TABLES.values()) + 2, 0)  # people and their codes: of two owners
    assert sound is None
    assert "(rows.bound) says" in broken(before_doors)


def test_a_home_with_nothing_at_its_doors_says_so_and_a_row_that_is_put_in_later_is_named(before_doors):
    for table in [name for name, each in TABLES.items() if each.edition == 2]:
        sql(before_doors, f"DELETE FROM {table}")
    count = bind_older_rows(before_doors)
    sql(before_doors, "INSERT INTO kurum_limit VALUES ('osgb-1', 'key_calls_per_second', 9)")

    assert count == 1
    assert "kurum_limit key_calls_per_second: the log does not speak of it" in broken(before_doors)


def test_whoever_comes_in_does_not_vouch_for_a_role_that_was_put_there(lived):
    house = House(lived, PeopleRules(Passwords(memory_kib=8, passes=1)))
    sql(lived, "UPDATE kullanici SET role = 'compliance' WHERE role = 'manager'")
    person = find_person(house, "manager@ornek.example")
    with writing(lived.database) as tx:
        admit(house, tx, person, Caller(), by=None)

    assert person.role == "compliance"
    assert "it is not what entry" in broken(lived)


@pytest.mark.parametrize("value", ["0", "1", "none"])
def test_a_home_that_is_made_to_tell_its_rows_again_is_named(lived, value):
    sql(lived, "UPDATE meta SET value = :value WHERE name = 'rows_bound'", value=value)
    before = broken(lived)
    bind_older_rows(lived)

    assert "meta rows_bound" in before
    assert "bound already" in broken(lived)


def test_rows_that_were_bound_are_not_bound_again_by_whoever_changed_them(lived):
    sql(lived, "UPDATE legal_hold SET reason = 'none'")
    sql(lived, "DELETE FROM meta WHERE name = 'rows_bound'")
    bind_older_rows(lived)

    assert "bound already" in broken(lived)


def test_a_page_of_many_rows_is_told_in_the_entry_of_its_act(lived, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("\n".join([ROSTER, *(f"{SGK};{tckn(820_000_000 + n)};01.02.2021;" for n in range(700))]))
    import_parties(lived, KURUM, Wanted(Kind("roster"), path, refreshed_on=date(2026, 3, 2)), Caps())
    assert broken(lived) is None
    sql(
        lived,
        "UPDATE calisan SET hired_on = '2022-02-02' WHERE calisan_index = (SELECT max(calisan_index) FROM calisan)",
    )

    assert "(party.imported) says" in broken(lived)
