"""What an operator types when the log's key is replaced, and when a home was copied."""

import json
import shutil

import pytest

from integrator.cli import main


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


@pytest.fixture
def desk(tmp_path, capsys):
    made = Desk(tmp_path / "home", capsys)
    assert made.type("init")[0] == 0
    return made


def test_a_new_key_for_the_log_is_one_command_and_everything_verifies_afterwards(desk, tmp_path):
    desk.type("audit", "checkpoint")
    held = shutil.copytree(desk.home / "checkpoints", tmp_path / "held")
    kept = next(held.iterdir())
    done = desk.json("keys", "rotate", "--log", "--reason", "yearly")
    later = desk.json("audit", "checkpoint")

    assert done["log_checkpoint"] < later["size"]
    assert (desk.home / "checkpoints" / f"{done['log_checkpoint']:012}.checkpoint").read_text().count("\n— ") == 2
    assert desk.json("audit", "verify", "--checkpoints", str(held))["audit_ok"]
    assert desk.json("audit", "verify", "--from", str(kept))["from"] == int(kept.stem)
    assert desk.json("audit", "consistency", str(kept))["second"] == later["size"]
    assert desk.json("audit", "fsck")["audit_ok"]
    assert [path.name for path in (desk.home / "keys").glob("checkpoint.key.until-*")] != []


def test_an_altered_checkpoint_of_a_holder_is_named_by_its_file(desk, tmp_path):
    desk.type("audit", "checkpoint")
    held = shutil.copytree(desk.home / "checkpoints", tmp_path / "held")
    path = next(held.iterdir())
    size, note = path.stem.lstrip("0"), path.read_text()
    path.write_text(note.replace(f"\n{size}\n", f"\n{int(size) + 1}\n"))
    code, out, _ = desk.type("audit", "verify", "--checkpoints", str(held), "--json")

    assert code == 5
    assert path.name in json.loads(out)["broken"]


def test_a_copied_home_is_refused_with_what_to_do_and_goes_on_after_a_persons_word(desk, tmp_path, capsys):
    desk.type("audit", "checkpoint")
    copy = Desk(shutil.copytree(desk.home, tmp_path / "copy"), capsys)
    code, out, err = copy.type("audit", "checkpoint")

    assert code == 3
    assert "ibys audit claim --reason" in out + err
    assert copy.type("audit", "claim", "--reason", "the first machine is gone")[0] == 0
    assert copy.type("audit", "checkpoint")[0] == 0
    assert copy.json("audit", "fsck")["audit_ok"]
