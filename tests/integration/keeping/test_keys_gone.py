"""Keys that are wrong, lost or out of reach are told with what to do, and nothing that is stored changes."""

import shutil
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from integrator import acts, pipeline
from integrator.domain.errors import IntegratorError, Misconfigured, Tampered, Unavailable
from integrator.keeping.rotating import replace_data_keys, replace_master, reseal
from integrator.protect import elsewhere
from integrator.protect.elsewhere import CommandMaster, Pkcs11Master
from integrator.protect.files import write_secret
from integrator.protect.master import FileMaster
from integrator.store.dump import dump
from integrator.store.engine import reading, writing
from integrator.store.keyring import KeyRing
from integrator.store.tables import data_key
from tests.conftest import MASTER
from tests.factories import KURUM, record, submitted
from tests.softhsm import SoftHsm, in_this_process, require_softhsm
from tests.unit.protect.test_protect_master import KMS, RUBBISH

NEW = "osgb-new"
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # no engine has a part in it


@contextmanager
def unchanged(gateway):
    def everything():
        with reading(gateway.database) as tx:
            return b"".join(dump(tx))

    before = everything()
    yield
    assert everything() == before


def accept(gateway, number="K-1", kurum=KURUM):
    [answer] = pipeline.accept(gateway, kurum, submitted(record(number)))
    return answer


def opened_anew(gateway, master):
    """The gateway as a process that starts now would have it."""
    return replace(gateway, keyring=KeyRing(gateway.database, master))


def refused(gateway, kind=IntegratorError, match=""):
    """Every act that needs the master key is refused alike, and nothing changes."""
    with unchanged(gateway):
        for act in (
            gateway.keyring.check_master,
            lambda: accept(gateway, "K-2"),
            lambda: accept(gateway, "K-1", NEW),
            lambda: replace_data_keys(gateway, reason="yearly"),
        ):
            with pytest.raises(kind, match=match):
                act()


@sqlite_only
def test_a_wrong_master_key_seals_nothing_not_even_for_a_new_customer(filed, master_file):
    number = accept(filed).sorgu_no[0]
    right = master_file.read_bytes()
    master_file.unlink()
    write_secret(master_file, (b"w" * 32).hex().encode())
    refused(opened_anew(filed, FileMaster(master_file)), Misconfigured, "keys.master_key_file")
    with unchanged(filed), pytest.raises(Misconfigured, match="set keys"):
        accept(filed, "K-1", NEW)  # a process that runs, and has the customer's own keys in memory
    with unchanged(filed), pytest.raises(Misconfigured, match="master key"):
        replace_master(filed, reason="yearly")
    master_file.unlink()
    write_secret(master_file, right)

    assert acts.read_canonical(opened_anew(filed, FileMaster(master_file)), KURUM, number).startswith(b"<?xml")


@sqlite_only
@pytest.mark.parametrize("how", ["absent", "empty", "open_to_others", "a_folder"])
def test_a_master_key_file_that_cannot_be_used_is_told(filed, master_file, how):
    accept(filed)
    if how == "open_to_others":
        master_file.chmod(0o644)
    else:
        master_file.unlink()
    if how == "empty":
        write_secret(master_file, b"")
    if how == "a_folder":
        master_file.mkdir()
    refused(opened_anew(filed, FileMaster(master_file)), Misconfigured, "master.key")


@pytest.mark.parametrize("lost", [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]])
@pytest.mark.parametrize("is_rotated", [False, True])
@sqlite_only
def test_a_lost_row_of_keys_is_told_and_never_made_anew(gateway, another_worker, clock, lost, is_rotated):
    accept(gateway)
    if is_rotated:
        replace_data_keys(gateway, reason="yearly")
        reseal(gateway)
        clock.advance(minutes=5)
        reseal(gateway)
    numbers = [{1: 3, 2: 4}.get(each, each) for each in lost] if is_rotated else lost
    with writing(gateway.database) as tx:
        tx.execute(data_key.delete().where(data_key.c.key_no.in_(numbers)))
    fresh = another_worker()
    with unchanged(gateway), pytest.raises(Misconfigured, match=r"data keys of 'osgb-1'.*backup; nothing was changed"):
        accept(fresh, "K-2")


@sqlite_only
def test_a_replaced_key_that_is_lost_while_something_names_it_is_named(gateway, another_worker):
    number = accept(gateway).sorgu_no[0]
    replace_data_keys(gateway, reason="yearly")
    with writing(gateway.database) as tx:
        tx.execute(data_key.delete().where(data_key.c.key_no == 1))
    fresh = another_worker()
    with unchanged(gateway), pytest.raises(Tampered, match="data key 1"):
        acts.read_canonical(fresh, KURUM, number)
    assert accept(fresh, "K-2").status == "accepted"


def kms(tmp_path, script, seconds=20.0):
    (tmp_path / "kms.py").write_text(script)
    return CommandMaster([sys.executable, str(tmp_path / "kms.py")], timeout=timedelta(seconds=seconds))


@sqlite_only
@pytest.mark.parametrize(
    ("script", "seconds", "kind", "match"),
    [
        ("import time; time.sleep(60)", 0.3, Unavailable, "no answer in 0.3 s"),
        ("raise SystemExit(7)", 20, Unavailable, "exit code 7"),
        ("print('Login required')", 20, Misconfigured, "printed something else"),
        (RUBBISH, 20, Misconfigured, "another master key"),
    ],
)
def test_a_kms_that_hangs_fails_or_talks_rubbish_is_told(gateway, tmp_path, script, seconds, kind, match):
    served = opened_anew(gateway, kms(tmp_path, KMS))
    number = accept(served).sorgu_no[0]
    refused(opened_anew(gateway, kms(tmp_path, script, seconds)), kind, match)
    assert accept(served, "K-9").status == "accepted"  # whoever has opened the keys goes on
    back = opened_anew(gateway, kms(tmp_path, KMS))

    assert acts.read_canonical(back, KURUM, number).startswith(b"<?xml")


@pytest.mark.parametrize(("silent_for", "asked"), [(timedelta(hours=1), 1), (timedelta(0), 3)])
def test_who_asks_a_kms_that_has_just_been_silent_is_told_at_once(tmp_path, monkeypatch, silent_for, asked):
    started, begin = [], elsewhere.subprocess.Popen
    monkeypatch.setattr(
        elsewhere.subprocess, "Popen", lambda *given, **more: started.append(1) or begin(*given, **more)
    )
    monkeypatch.setattr(elsewhere, "SILENT_FOR", silent_for)
    silent = kms(tmp_path, "import time; time.sleep(60)", 0.2)
    for _ in range(3):
        with pytest.raises(Unavailable, match="no answer in"):
            silent.unwrap(b"wrapped", b"place")

    assert len(started) == asked


@sqlite_only
def test_a_first_customer_is_not_sealed_by_a_kms_that_wraps_rubbish(gateway, tmp_path):
    broken = opened_anew(gateway, kms(tmp_path, RUBBISH))
    with unchanged(gateway), pytest.raises(Misconfigured):
        accept(broken)


@sqlite_only
def test_a_token_that_is_gone_is_told_and_serves_again_when_it_is_back(gateway, tmp_path):
    hsm = SoftHsm(tmp_path / "hsm", require_softhsm())
    (tmp_path / "pin").write_text(hsm.make("vault"))
    facts = {"token_label": "vault", "key_label": "ibys-master", "pin_file": tmp_path / "pin"}
    with in_this_process(hsm):
        on_token = opened_anew(gateway, Pkcs11Master(hsm.library, **facts).ready())
        number = accept(on_token).sorgu_no[0]
    shutil.move(hsm.folder / "tokens", hsm.folder / "taken-out")
    (hsm.folder / "tokens").mkdir()
    with in_this_process(hsm):
        refused(opened_anew(gateway, Pkcs11Master(hsm.library, **facts)), Unavailable, "is the token there")
        assert accept(on_token, "K-9").status == "accepted"
    shutil.rmtree(hsm.folder / "tokens")
    shutil.move(hsm.folder / "taken-out", hsm.folder / "tokens")
    with in_this_process(hsm):
        back = opened_anew(gateway, Pkcs11Master(hsm.library, **facts))
        assert acts.read_canonical(back, KURUM, number).startswith(b"<?xml")
    assert MASTER not in str(vars(back.keyring)).encode()
