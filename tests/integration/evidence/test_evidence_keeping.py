"""Keys that rotate, content that is erased, copies that come back: all of it is in the log and sound for fsck."""

import json
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select, update

from integrator import access, acts, pipeline
from integrator.audit.trail import Trail
from integrator.domain.errors import Erased
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo, Tckn
from integrator.domain.roles import Role
from integrator.evidence.fsck import fsck
from integrator.evidence.pack import Wish, make_pack
from integrator.keeping import erasing
from integrator.keeping.backup import make_backup
from integrator.keeping.restoring import restore
from integrator.keeping.rotating import replace_data_keys, replace_master, reseal
from integrator.protect.files import write_secret
from integrator.protect.master import FileMaster
from integrator.registering import set_card
from integrator.store.engine import open_engine, reading, sqlite_url, writing
from integrator.store.keyring import KeyRing
from integrator.store.tables import audit_entry, content_key
from tests.conftest import MASTER
from tests.factories import KURUM, SGK, WORKER, record, submitted, workers

KEY = b"k" * 32
OTHER = workers(1)[0]


@pytest.fixture
def delivered(gateway):
    """The numbers of two accepted messages: of the worker, and of another one."""
    several = submitted(record("K-1"), record("K-2", calisan=[OTHER]))
    answers = list(pipeline.accept(gateway, KURUM, several))
    pipeline.dispatch(gateway)
    return [each.sorgu_no[0] for each in answers]


def events(gateway):
    with reading(gateway.database) as tx:
        return {json.loads(leaf)["event"] for leaf in tx.execute(select(audit_entry.c.leaf)).scalars()}


def broken(gateway, master=MASTER):
    return fsck(replace(gateway, keyring=KeyRing(gateway.database, master))).broken


def test_after_a_rotation_everything_is_sound_and_in_the_log(gateway, delivered, clock):
    set_card(gateway, KURUM, SgkTescilNo(SGK), {"ad_unvan": "DENEME"}, Hand("ayse", "new"))
    replace_data_keys(gateway, reason="yearly")
    reseal(gateway)
    clock.advance(minutes=5)

    assert reseal(gateway).retired == 2
    assert broken(gateway) is None
    assert events(gateway) >= {"data_key.replaced", "data_key.retired", "party.changed"}
    assert set_card(gateway, KURUM, SgkTescilNo(SGK), {"ad_unvan": "DENEME"}, Hand("ayse", "same")).kind == "same"


def test_a_replaced_master_key_is_in_the_log(gateway, delivered, tmp_path):
    file = tmp_path / "master.key"
    write_secret(file, MASTER.hex().encode())
    filed = replace(gateway, keyring=KeyRing(gateway.database, FileMaster(file)))
    replace_master(filed, reason="yearly")

    assert "master_key.replaced" in events(gateway)
    assert broken(gateway, FileMaster(file)) is None


def test_what_was_erased_is_sound_is_packed_no_more_and_the_others_are(gateway, delivered, clock):
    erasing.tell_event(gateway, KURUM, Tckn(WORKER), "leaving", date(2025, 12, 31))
    erasing.place_hold(gateway, KURUM, ["K-2"], reason="court 2026/1")
    erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="letter 12", early=True)
    erasing.lift_hold(gateway, KURUM, ["K-2"], reason="closed")

    assert broken(gateway) is None
    assert events(gateway) >= {"retention.told", "hold.placed", "content.erased", "hold.lifted"}
    assert make_pack(gateway, KURUM, Wish(delivered, {"period": "all"})).messages == 1
    assert "pack.sealed" in events(gateway)
    with pytest.raises(Erased):
        make_pack(gateway, KURUM, Wish(delivered[:1], {"period": "all"}))


def test_a_content_key_that_is_gone_without_a_word_in_the_log_is_named(gateway, delivered):
    with writing(gateway.database) as tx:
        tx.execute(
            update(content_key).where(content_key.c.kayit_no == "K-1").values(sealed=b"\0" + b"2026-01-01/training")
        )

    assert broken(gateway) == "content_key K-1: it is gone, and the log tells of no erasure"


def test_a_copy_that_came_back_and_was_opened_is_sound(gateway, delivered, clock, tmp_path, checkpoint_key):
    path = make_backup(gateway, KEY, tmp_path / "b", tmp_path / "staged").path
    made = erasing.erase_person(gateway, KURUM, Tckn(WORKER), "training", reason="letter 12", early=True)
    empty = open_engine(sqlite_url(tmp_path / "new.sqlite3"))
    ring = KeyRing(empty, MASTER)
    facts = {"name": "test", "keyring": ring, "log_key": checkpoint_key, "now": clock.now()}
    restore(path, KEY, empty, **facts, destroyed=[made.document])
    copy = replace(gateway, database=empty, keyring=ring, trail=Trail())
    acts.resume_line(copy, reason="the original is gone")

    assert events(gateway) >= {"backup.made"}
    assert events(copy) >= {"gateway.restored", "content.erased_again", "gateway.opened"}
    assert broken(copy) is None
    empty.dispose()


def test_keys_of_programs_are_in_the_log(gateway, delivered, clock):
    key, _ = access.make_api_key(gateway, KURUM, Role.SYSTEM, "payroll", lives=clock.at - clock.at.replace(day=1))
    access.rotate_api_key(gateway, KURUM, key.key_no, overlap=clock.at - clock.at)
    access.revoke_api_key(gateway, KURUM, key.key_no, reason="done")

    assert events(gateway) >= {"api_key.made", "api_key.rotated", "api_key.revoked"}
    assert broken(gateway) is None
