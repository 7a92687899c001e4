"""A worker sends while keys rotate; a drill with a backup; and nothing that is printed names anybody."""

import io
import json
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from integrator.cli import main
from integrator.domain.identifiers import is_tckn
from integrator.trial.count import count_effects
from integrator.trial.people import FIRMA_KODU
from integrator.wiring import open_gateway
from tests.acceptance.conftest import Ibys, wait_until
from tests.factories import REPO
from tests.warm import Warm

RECORDS = 15
DIAGNOSIS = "Hipertansiyon"
ELEVEN = re.compile(rb"(?<![0-9])[0-9]{11}(?![0-9])")


class Recorder(Ibys):
    """Commands in this process (workers have their own); what each printed is kept."""

    def __init__(self, home: Path, kept: Path, warm: Warm) -> None:
        super().__init__(home, warm)
        self.kept = kept
        kept.mkdir()

    def run(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
            patched.setenv("IBYS_HOME", str(self.home))
            patched.setenv("IBYS_LANG", "en")
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        number = len(list(self.kept.iterdir()))
        (self.kept / f"{number:03}-{arguments[0]}").write_text(f"{out.getvalue()}\n{err.getvalue()}")
        assert ended.value.code in (None, 0, 2, 3, 4)
        return out.getvalue()

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json"))


def settled(ibys):
    states = ibys.json("status").get("states", {"queued": 1})
    return not any(states.get(state) for state in ("queued", "sending", "uncertain", "pending"))


def numbers_of(records):
    """Every identity number in the customer's file."""
    return {
        each.encode() for record in records for each in re.findall(r"(?<![0-9])[0-9]{11}(?![0-9])", json.dumps(record))
    }


def told(folder, ours, parola, persons):
    """What the files in `folder` tell that they must not: an identity number, parola, firma kodu, diagnosis."""
    found = set()
    for path in (each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes()
        runs = {each for each in ELEVEN.findall(content) if int(each) not in ours}
        found |= {(path.name, each) for each in runs if each in persons or is_tckn(each.decode())}
        found |= {(path.name, each) for each in (parola, FIRMA_KODU.encode(), DIAGNOSIS.encode()) if each in content}
    return found


@pytest.mark.acceptance
def test_keys_rotate_a_copy_comes_back_and_nothing_printed_names_anybody(tmp_path, trial_with, warm):
    ibys = Recorder(tmp_path / "home", tmp_path / "printed", warm)
    trial, ministry = trial_with(ibys.home, records=RECORDS, seed=71, faults="usual")
    records = [json.loads(line) for line in trial.input_file.open("rb")]
    ibys.run("codes", "refresh")
    worker = ibys.start("worker")
    numbers = [n for each in ibys.json("submit", str(trial.input_file))["records"] for n in each["sorgu_no"]]

    # keys rotate while the worker sends
    rotated = ibys.json("keys", "rotate", "--data", "--master", "--reason", "yearly")
    assert (rotated["data_keys"], rotated["wrapped"]) == (2, 3)
    made = ibys.json("backup", "--out", str(tmp_path))
    wait_until(lambda: settled(ibys))
    assert ibys.stop(worker) == 0
    assert ibys.json("audit", "verify")["audit_ok"] is True

    # everything that people look at
    examination = REPO / "datasets/muayene/2023-03/ornekler/diagnosis_is_cut_off/record.json"
    person = tmp_path / "person"
    person.write_text(next(iter(numbers_of(records))).decode())
    (tmp_path / "broken.json").write_text('{"id": "K", "calisan": ["' + person.read_text() + '"]')
    for words in (
        ["status"], ["causes"], ["waiting"], ["line", "show"], ["settings", "check"], ["keys", "show"],
        ["retention", "classes"], ["retention", "due"], ["retention", "holds"], ["submit", str(trial.input_file)],
        ["submit", str(examination)], ["submit", str(tmp_path / "broken.json")], ["audit", "prove", str(numbers[0])],
        ["retention", "event", "leaving", "--person", str(person), "--on", "2026-01-01"],
        ["erase", "--person", str(person), "--class", "training", "--reason", "letter 12", "--early"],
        ["retention", "hold", "--record", "K-1", "--reason", person.read_text()],
        ["erase", "--person", str(trial.input_file), "--class", "health", "--reason", "x"],
        ["restore", made["file"], "--into", str(ibys.home)], ["lookup", "worker", "--file", str(person), "--sgk", "1"],
        *(["status", str(each)] for each in numbers[:3]),
    ):  # fmt: skip
        ibys.run(*words)
        ibys.run(*words, "--json")

    # the drill: the original never runs again, its copy finishes what waited at the time of the backup
    copy = Recorder(tmp_path / "copy", tmp_path / "printed-copy", warm)
    copy.home.mkdir()
    shutil.copytree(ibys.home / "keys", copy.home / "keys")
    shutil.copytree(ibys.home / "pki", copy.home / "pki")
    shutil.copyfile(ibys.home / "ibys.toml", copy.home / "ibys.toml")
    restored = copy.json("restore", made["file"], "--into", str(copy.home))
    assert restored.get("audit_ok") is True, restored
    before = ministry.control("GET", "/ledger/summary")
    closed = copy.json("line", "show")
    assert (closed["state"], closed["reason"]) == ("STOPPED", "restored")
    worker = copy.start("worker")
    copy.run("line", "resume", "--reason", "host 1 burned")
    wait_until(lambda: settled(copy))
    assert copy.stop(worker) == 0
    assert ministry.control("GET", "/ledger/summary")["effects"] == before["effects"]
    assert copy.json("audit", "verify")["audit_ok"] is True
    gateway = open_gateway(trial.settings, sending=False)
    count = count_effects(gateway, trial.kurum, records, numbers, ministry.control("GET", "/ledger"))
    gateway.database.dispose()
    assert (count.lost, count.duplicate_effects, count.unexpected) == (0, 0, 0)

    # nothing that was printed, logged or laid down beside the database names anybody; the search finds what is planted
    printed = tmp_path / "all"
    for name, source in (
        ("printed", ibys.kept), ("copy", copy.kept), ("checkpoints", ibys.home / "checkpoints"),
        ("destroyed", ibys.home / "destroyed"),
    ):  # fmt: skip
        shutil.copytree(source, printed / name)
    for each in tmp_path.glob("*.log"):
        shutil.copy(each, printed)
    shutil.copy(made["file"], printed)
    parola = (ibys.home / "keys" / "parola").read_bytes().strip()
    ours, persons = range(min(numbers), max(numbers) + 20_000_000), numbers_of(records)

    assert len(list(printed.rglob("*"))) > 50
    assert told(printed, ours, parola, persons) == set()
    for secret in (
        next(iter(persons)),
        parola,
        FIRMA_KODU.encode(),
        DIAGNOSIS.encode(),
    ):
        (printed / "planted").write_bytes(b"x " + secret + b" y")
        assert told(printed, ours, parola, persons) == {("planted", secret)}
