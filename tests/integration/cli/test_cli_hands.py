import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from integrator.cli import main
from integrator.pipeline import dispatch
from integrator.settings import read_settings
from integrator.store.engine import reading
from integrator.store.tables import audit_entry
from integrator.wiring import open_gateway
from tests.factories import PROFESSIONAL, SGK, WORKER, record, workers
from tests.fakes import FakeMinistry

NUMBER = 10000000001


class Desk:
    """What a person types, and what comes back: (exit code, stdout, stderr)."""

    def __init__(self, home, capsys):
        self.home, self._capsys = home, capsys

    def type(self, *arguments):
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--home", str(self.home)])
        out, err = self._capsys.readouterr()
        return int(ended.value.code or 0), out, err

    def json(self, *arguments):
        return json.loads(self.type(*arguments, "--json")[1])

    def gateway(self, ministry):
        return replace(open_gateway(read_settings(self.home), sending=False), generation=ministry)

    def deliver(self, *faults):
        ministry = FakeMinistry()
        ministry.faults.extend(faults)
        return dispatch(self.gateway(ministry))

    def file(self, **changes):
        path = self.home.parent / "record.json"
        path.write_text(json.dumps(record(**changes)))
        return str(path)

    def entries(self):
        with reading(self.gateway(None).database) as tx:
            return [json.loads(leaf) for leaf in tx.execute(select(audit_entry.c.leaf)).scalars()]


@pytest.fixture
def desk(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("IBYS_LANG", "tr")
    monkeypatch.setenv("IBYS_KEYS_SIGNERS_DIR", "pki/signers")
    made = Desk(tmp_path / "home", capsys)
    made.type("init")
    with pytest.raises(SystemExit):
        main(["certs", str(made.home / "pki")])
    return made


@pytest.fixture
def held(desk):
    desk.type("submit", desk.file())
    desk.deliver("213")
    return desk


def test_a_held_message_tells_in_turkish_who_must_act_and_what_each_command_does(held):
    code, out, _ = held.type("status", str(NUMBER))

    assert code == 0
    for words in ("bekletiliyor", "e-Bildirge kullanıcısı", "İSG Hizmet Sözleşmeleri", f"ibys release {NUMBER}"):
        assert words in out
    assert PROFESSIONAL not in out
    assert WORKER not in out


def test_the_same_screen_speaks_english(held, monkeypatch):
    monkeypatch.setenv("IBYS_LANG", "en")

    _, out, _ = held.type("status", str(NUMBER))

    assert "no approved contract" in out
    assert "it is sent again (same bytes, same number)" in out


def test_causes_name_the_workplace_and_never_a_person(held):
    code, out, _ = held.type("causes")
    [cause] = held.json("causes")["causes"]

    assert code == 0
    assert SGK in out
    assert PROFESSIONAL not in out + json.dumps(cause)
    assert (cause["count"], cause["workplace"], set(cause["can"])) == (1, SGK, {"release", "cancel"})


def test_a_cause_is_released_by_the_id_that_the_screen_shows(held):
    [cause] = held.json("causes")["causes"]

    done = held.json("release", "--cause", cause["cause"], "--reason", "onaylandı", "--as", "ayse")

    assert done == {"count": 1, "state": "queued", "stopped": 0}
    assert held.json("causes") == {"causes": []}


def test_a_workplace_is_released_once_its_contract_is_approved(held):
    done = held.json("release", "--workplace", SGK, "--evidence", "contract", "--reason", "onaylandı")

    assert done["count"] == 1
    assert held.json("status", str(NUMBER))["by_hand"][0]["reason"] == "onaylandı"


def test_a_workplace_number_that_cannot_be_one_is_refused(held):
    assert held.type("release", "--workplace", "123", "--reason", "x")[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["release", "--reason", "x"],
        ["release", str(NUMBER), "--cause", "213-0", "--reason", "x"],
        ["release", str(NUMBER), "--evidence", "roster", "--reason", "x"],
        ["cancel", "--reason", "x"],
        ["quarantine", str(NUMBER), "--lift", "--reason", "x"],
        ["quarantine", "--form", "egitim", "2018-10", "telegraf", "--reason", "x"],
        ["quarantine", "--form", "egitim", "1999-01", "soap-g2", "--reason", "x"],
        ["release", str(NUMBER)],
        ["cancel", str(NUMBER), "--reason", " "],
        ["retry", str(NUMBER), "--reason", f"{WORKER} listede yok"],
        ["retry", str(NUMBER), "--reason", "x"],
        ["release", "--cause", "213-00000000", "--reason", "x"],
    ],
)
def test_a_command_that_makes_no_sense_changes_nothing_and_exits_2(held, arguments):
    before = held.entries()

    code, _, err = held.type(*arguments)

    assert (code, bool(err)) == (2, True)
    assert held.entries() == before


def test_a_refused_act_answers_in_both_languages_for_machines(held):
    told = held.json("retry", str(NUMBER), "--reason", "x")["error"]

    assert told["code"] == "INT-QUE-001"
    assert told["tr"] != told["en"]


def test_the_name_of_the_os_user_stands_in_the_log_when_none_is_given(held, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "mehmet")

    held.type("release", str(NUMBER), "--reason", "onaylandı")

    assert [each["by"] for each in held.entries() if "by" in each] == ["mehmet"]


def test_a_stopped_form_tells_the_sender_and_is_lifted(desk):
    assert desk.json("quarantine", "--form", "egitim", "2018-10", "soap-g2", "--reason", "bakım")["count"] == 0
    code, out, _ = desk.type("submit", desk.file())
    assert (code, "durduruldu" in out) == (0, True)

    assert (
        desk.json("quarantine", "--form", "egitim", "2018-10", "soap-g2", "--lift", "--reason", "bitti")["count"] == 1
    )
    assert desk.json("status", str(NUMBER))["state"] == "queued"


def test_a_refused_record_is_corrected_and_both_tell_of_each_other(desk):
    desk.type("submit", desk.file())
    desk.deliver("210")

    code, out, _ = desk.type("correct", str(NUMBER), desk.file(kayit_no="K-2", egitimYer=0), "--reason", "yer yanlıştı")

    assert (code, "K-2, K-1 kaydını düzeltiyor" in out) == (0, True)
    old, new = desk.json("status", str(NUMBER)), desk.json("status", str(NUMBER + 1))
    assert (old["state"], old["corrected_by"], new["corrects"]) == ("superseded", "K-2", "K-1")


def test_a_correction_with_a_fault_exits_2_and_leaves_the_old_record(desk):
    desk.type("submit", desk.file())
    desk.deliver("210")

    done = desk.type("correct", str(NUMBER), desk.file(kayit_no="K-2", egitimYer=7), "--reason", "yer", "--json")

    assert (done[0], json.loads(done[1])["status"]) == (2, "rejected")
    assert desk.json("status", str(NUMBER))["state"] == "refused"


def test_what_was_refused_of_a_partial_message_is_shown_masked(desk):
    desk.type("submit", desk.file(calisan=[WORKER, *workers(1)]))
    ministry = FakeMinistry()
    ministry.off_roster.add(WORKER)
    dispatch(desk.gateway(ministry))

    shown = desk.json("status", str(NUMBER))

    assert shown["state"] == "partial"
    assert shown["refused_parts"] == [{"calisan": "80*******32", "egitim": "240", "code": "212"}]


def test_bytes_that_are_written_out_leave_intent_and_outcome_in_the_log(desk, monkeypatch):
    monkeypatch.delenv("IBYS_KEYS_SIGNERS_DIR")
    desk.type("submit", desk.file())

    desk.type("waiting", "--write-to", str(desk.home.parent / "out"), "--as", "ayse")

    told = [each for each in desk.entries() if each["event"].startswith("bytes.")]
    assert [each["event"] for each in told] == ["bytes.exporting", "bytes.exported"]
    assert all((each["by"], each["messages"]) == ("ayse", [NUMBER]) for each in told)


def test_an_export_that_fails_says_so_in_the_log(desk, monkeypatch):
    monkeypatch.delenv("IBYS_KEYS_SIGNERS_DIR")
    desk.type("submit", desk.file())
    monkeypatch.setattr(Path, "mkdir", _disk_full)

    with pytest.raises(OSError, match="full"):
        main(["waiting", "--write-to", str(desk.home.parent / "out"), "--home", str(desk.home)])

    assert [each["event"] for each in desk.entries()][-2:] == ["bytes.exporting", "bytes.export_failed"]


def _disk_full(*_args, **_facts):
    raise OSError("full")


def test_counting_what_waits_writes_nothing(desk, monkeypatch):
    monkeypatch.delenv("IBYS_KEYS_SIGNERS_DIR")
    desk.type("submit", desk.file())
    before = desk.entries()

    desk.type("waiting")

    assert desk.entries() == before


def test_the_feed_is_told_from_a_cursor_on(held):
    first = held.json("feed", "--limit", "2")
    rest = held.json("feed", "--after", first["next"])
    code, _, told = held.type("feed", "--after", "7-00000000")

    assert [each["state"] for each in first["changes"] + rest["changes"]] == ["queued", "sending", "held"]
    assert rest["changes"][-1]["cause"].startswith("213-")
    assert (code, "INT-API-070" in told or "imleç" in told) == (2, True)
    assert f"--after {rest['next']}" in held.type("feed")[1]
