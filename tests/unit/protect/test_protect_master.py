import sys
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest

from integrator.domain.errors import Misconfigured, Unavailable
from integrator.protect.elsewhere import CommandMaster, Pkcs11Master
from integrator.protect.files import write_secret
from integrator.protect.master import FileMaster, HeldMaster
from tests.softhsm import SoftHsm, in_this_process, require_softhsm

KEY = bytes(range(32))
KMS = """
import base64, json, sys
told = json.load(sys.stdin)
value = bytes(each ^ 0x5A for each in base64.b64decode(told["value"]))
print(json.dumps({"value": base64.b64encode(value).decode()}))
"""
"""A KMS for tests: it hides nothing."""


@pytest.fixture
def command(tmp_path):
    (tmp_path / "kms.py").write_text(KMS)
    return CommandMaster([sys.executable, str(tmp_path / "kms.py")], timeout=timedelta(seconds=20))


@pytest.fixture
def file_master(tmp_path):
    write_secret(tmp_path / "master.key", KEY.hex().encode())
    return FileMaster(tmp_path / "master.key")


@pytest.fixture
def token(tmp_path):
    hsm = SoftHsm(tmp_path / "hsm", require_softhsm())
    (tmp_path / "pin").write_text(hsm.make("vault"))
    with in_this_process(hsm):
        yield hsm, tmp_path / "pin"


def test_a_command_wraps_and_unwraps(command):
    assert command.unwrap(command.wrap(KEY, b"here"), b"here") == KEY


def test_what_a_command_wrapped_does_not_open_in_another_row(command):
    with pytest.raises(Misconfigured, match="another row"):
        command.unwrap(command.wrap(KEY, b"here"), b"there")


def test_a_command_that_is_silent_is_unavailable():
    asleep = CommandMaster([sys.executable, "-c", "import time; time.sleep(9)"], timeout=timedelta(seconds=0.3))
    with pytest.raises(Unavailable, match=r"no answer .*keys\.master_command"):
        asleep.wrap(KEY, b"here")


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        ([sys.executable, "-c", "raise SystemExit(3)"], Unavailable),
        ([sys.executable, "-c", "print('yes')"], Misconfigured),
        ([sys.executable, "-c", "print('[]')"], Misconfigured),
        ([sys.executable, "-c", "pass"], Misconfigured),
        ([sys.executable, "-c", "print('x' * 70_000)"], Misconfigured),
        (["./no-such-program"], Misconfigured),
    ],
)
def test_a_command_that_fails_is_told_without_its_words(argv, kind):
    with pytest.raises(kind, match=r"keys\.master_command"):
        CommandMaster(argv, timeout=timedelta(seconds=20)).unwrap(b"x", b"here")


def test_a_command_that_prints_without_end_is_stopped():
    endless = CommandMaster([sys.executable, "-c", "while True: print('x' * 9999)"], timeout=timedelta(seconds=60))
    with pytest.raises(Misconfigured, match="more than 65536 bytes"):
        endless.unwrap(b"x", b"here")


def test_what_a_silent_command_started_ends_with_it(tmp_path):
    child = f"import time; open({str(tmp_path / 'child')!r}, 'w').write('x'); time.sleep(60)"
    started = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r} + f' # {tmp_path.name}'])"
    script = tmp_path / "kms.py"
    script.write_text(started.replace(" + f' # ", " + ' # "))
    with pytest.raises(Unavailable):
        CommandMaster([sys.executable, str(script)], timeout=timedelta(seconds=3)).unwrap(b"x", b"here")
    assert not [each for each in _command_lines() if tmp_path.name in each and "sleep(60)" in each]


def _command_lines():
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield each.read_bytes().decode("utf-8", "replace")


RUBBISH = """
import base64, json, sys
print(json.dumps({"value": base64.b64encode(b"rubbish" * 9).decode()}))
"""


def test_a_command_that_wraps_rubbish_is_found_out_before_anything_is_stored():
    with pytest.raises(Misconfigured):
        CommandMaster([sys.executable, "-c", RUBBISH], timeout=timedelta(seconds=20)).wrap(KEY, b"here")


def test_a_shell_sees_nothing_of_a_command(tmp_path):
    odd = CommandMaster([sys.executable, "-c", KMS, f"; touch {tmp_path}/seen"], timeout=timedelta(seconds=20))

    assert odd.unwrap(odd.wrap(KEY, b"here"), b"here") == KEY
    assert not (tmp_path / "seen").exists()


def test_the_next_master_key_opens_before_it_is_enthroned_and_the_old_one_is_kept(file_master, tmp_path):
    new = file_master.successor()
    wrapped = new.wrap(KEY, b"here")

    assert file_master.unwrap(wrapped, b"here") == KEY
    file_master.enthrone(date(2026, 3, 2))
    assert file_master.unwrap(wrapped, b"here") == KEY
    assert (tmp_path / "master.key.until-2026-03-02").read_text() == KEY.hex()


def test_an_old_master_key_is_never_written_over(file_master, tmp_path):
    for _ in range(2):
        file_master.successor()
        file_master.enthrone(date(2026, 3, 2))

    assert (tmp_path / "master.key.until-2026-03-02").read_text() == KEY.hex()
    assert (tmp_path / "master.key.until-2026-03-02.2").exists()


def test_a_successor_that_lies_there_is_taken(file_master, tmp_path):
    write_secret(tmp_path / "master.key.next", (b"n" * 32).hex().encode())

    assert HeldMaster(b"n" * 32).unwrap(file_master.successor().wrap(KEY, b"here"), b"here") == KEY


def test_a_token_wraps_by_its_newest_key_and_opens_by_any(token):
    hsm, pin_file = token
    master = Pkcs11Master(hsm.library, token_label="vault", key_label="ibys-master", pin_file=pin_file)
    with pytest.raises(Misconfigured, match="make one"):
        master.wrap(KEY, b"here")
    first = master.successor().wrap(KEY, b"here")
    second = master.successor().wrap(KEY, b"here")

    assert (first[:2], second[:2]) == (b"\0\1", b"\0\2")
    assert master.unwrap(first, b"here") == master.unwrap(second, b"here") == KEY
    with pytest.raises(Misconfigured, match="another row"):
        master.unwrap(first, b"there")
    with pytest.raises(Misconfigured, match="id 9"):
        master.unwrap(b"\0\x09" + first[2:], b"here")
    assert KEY not in first


def test_a_wrong_token_or_pin_is_told_without_the_pin(token, tmp_path):
    hsm, pin_file = token
    (tmp_path / "wrong").write_text("00000000")
    wrong, absent = ("vault", tmp_path / "wrong", Misconfigured), ("vault", tmp_path / "absent", Misconfigured)
    for label, pin, kind in (wrong, absent, ("other", pin_file, Unavailable)):
        with pytest.raises(kind) as caught:
            Pkcs11Master(hsm.library, token_label=label, key_label="k", pin_file=pin).wrap(KEY, b"here")
        assert "00000000" not in caught.value.detail
