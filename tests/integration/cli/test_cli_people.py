import json
import time

import pytest
from click.testing import CliRunner
from reportlab.graphics.barcode.qr import QrCodeWidget

from integrator.cli import ibys, people
from integrator.protect.totp import STEP_SECONDS, code_at
from tests.factories import PROFESSIONAL

SECRET = b"12345678901234567890"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command line on a home of its own; passwords cost as little as the settings take."""
    for name, value in {"HOME": tmp_path / "home", "LANG": "en", "PEOPLE_ARGON2_MEMORY_KIB": "19456"}.items():
        monkeypatch.setenv(f"IBYS_{name}", str(value))
    monkeypatch.setenv("IBYS_PEOPLE_ARGON2_PASSES", "2")
    runner = CliRunner()

    def call(*arguments, told=""):
        return runner.invoke(ibys, [*arguments, "--json"], input=told)

    assert call("init").exit_code == 0
    return call


def test_the_first_operator_is_made_and_set_up_at_the_terminal(run, monkeypatch):
    monkeypatch.setattr("integrator.protect.totp.new_secret", lambda: SECRET)
    code = json.loads(run("person", "make", "destek@b.test", "--role", "operator", "--as", "ayse").stdout)["setup_code"]
    now = code_at(SECRET, int(time.time()) // STEP_SECONDS)
    done = run("person", "setup", "destek@b.test", told=f"{code}\nkirmizi balik golde\n000000\n{now}\n")
    [listed] = json.loads(run("person", "list", "--staff").stdout)["people"]

    assert len(json.loads(done.stdout)["recovery_codes"]) == 10
    assert "otpauth://totp/ibys-gateway%3Adestek%40b.test" in done.stderr
    assert (listed["second_step"], listed["kurum"], listed["role"]) == (True, "~", "operator")


def test_an_operator_locks_unlocks_resets_and_gives_another_role(run, tmp_path):
    (tmp_path / "number").write_text(PROFESSIONAL)
    run("person", "make", "a@b.test", "--role", "manager")
    why = ["--reason", "test", "--as", "ayse"]
    locked = json.loads(run("person", "lock", "a@b.test", *why).stdout)["locked"]
    unlocked = json.loads(run("person", "unlock", "a@b.test", *why).stdout)["locked"]
    role = run("person", "role", "a@b.test", "professional", "--professional", str(tmp_path / "number"), *why)
    again = json.loads(run("person", "reset", "a@b.test", *why).stdout)

    assert (locked, unlocked, json.loads(role.stdout)["role"], len(again["setup_code"])) == (
        True,
        False,
        "professional",
        32,
    )
    assert PROFESSIONAL not in role.output


def refusal(done):
    return type(done.exception).__name__


def test_bad_facts_are_told_and_make_nobody(run, tmp_path):
    (tmp_path / "number").write_text("12345678901")
    number = ["--professional", str(tmp_path / "number")]
    run("person", "make", "a@b.test", "--role", "manager")
    faults = [
        run("person", "make", "A@B.test ", "--role", "auditor"),
        run("person", "make", "no address", "--role", "auditor"),
        run("person", "make", f"{PROFESSIONAL}@b.test", "--role", "auditor"),
        run("person", "make", "c@b.test", "--role", "professional", *number),
        run("person", "make", "c@b.test", "--role", "professional"),
        run("person", "role", "a@b.test", "operator", "--reason", "x"),
        run("person", "lock", "nobody@b.test", "--reason", "x"),
        run("person", "lock", "a@b.test", "--reason", f"is {PROFESSIONAL}"),
    ]

    told = ["LoginTaken", *["Malformed"] * 5, "NotKnown", "BadReason"]
    assert [refusal(each) for each in faults] == told
    assert len(json.loads(run("person", "list").stdout)["people"]) == 1


def test_the_square_in_the_terminal_is_the_code_of_the_text():
    text = "otpauth://totp/gw%3Aa%40b.test?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=gw"
    lines = people.qr_lines(text).splitlines()
    code = QrCodeWidget(text, barLevel="L").qr
    code.make()
    size = code.getModuleCount()
    upper, lower = {" ": 1, "▄": 1}, {" ": 1, "▀": 1}
    seen = [[each.get(sign, 0) for sign in line[2:-2]] for line in lines for each in (upper, lower)][2 : size + 2]

    assert seen == [[int(code.isDark(row, column)) for column in range(size)] for row in range(size)]
