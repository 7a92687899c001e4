import json

import pytest

from integrator.cli import main
from tests.receiver import Receiver

SETTINGS = {
    "IBYS_LANG": "en", "IBYS_WEBHOOK_ALLOW_HTTP": "true", "IBYS_WEBHOOK_PORTS": "0",
    "IBYS_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
}  # fmt: skip


@pytest.fixture
def type_in(tmp_path, capsys, monkeypatch):
    """What a person types: (exit code, stdout, stderr)."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)

    def type_it(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--home", str(tmp_path / "home")])
        return int(ended.value.code or 0), *capsys.readouterr()

    type_it("init")
    return type_it


@pytest.fixture
def receiver():
    started = Receiver(["ok", "410"])
    yield started
    started.close()


def test_a_webhook_from_its_making_to_its_end(type_in, receiver):
    def told(*arguments):
        return json.loads(type_in("webhook", *arguments, "--json")[1])

    made = told("make", receiver.address, "--name", "ours", "--event", "bildirim.accepted")
    number = made["webhook_no"]
    assert told("test", number)["taken"] is True
    assert receiver.received[0].is_signed_by(made["secret"])
    code, out, _ = type_in("webhook", "test", number)
    assert (code, out.startswith("not taken: HTTP 410")) == (4, True)
    assert told("disable", number, "--reason", "pause")["state"] == "disabled"
    assert told("enable", number, "--reason", "on")["state"] == "open"
    assert told("replay", number, "--since", "2026-01-01", "--reason", "again")["state"] == "open"
    assert told("replay", number, "--after", "0", "--reason", "again")["webhook_no"] == number
    assert told("rotate", number, "--overlap-hours", "0")["secret"] not in (made["secret"], "")
    assert [each["webhook_no"] for each in told("list")["webhooks"]] == [number]
    assert told("delete", number) == {"deleted": number}
    assert told("list")["webhooks"] == []


def test_for_people_the_secret_is_shown_once_and_a_mistake_says_what_is_wanted(type_in, receiver):
    code, out, err = type_in("webhook", "make", receiver.address, "--name", "ours")
    number, secret = out.split()
    shown = type_in("webhook", "list")[1]

    assert (code, secret.startswith("whsec_"), "not shown again" in err) == (0, True, True)
    assert number in shown and secret not in shown
    assert type_in("webhook", "make", "https://10.0.0.1/x", "--name", "x")[0] == 2
    assert type_in("webhook", "replay", number, "--reason", "x")[0] == 2
    assert type_in("webhook", "test", "nonesuch")[0] == 2


def test_a_list_of_authorities_that_is_not_there_is_told_before_anything_goes_out(type_in, receiver, monkeypatch):
    monkeypatch.setenv("IBYS_WEBHOOK_CA_FILE", "no-such.pem")

    assert type_in("webhook", "make", receiver.address, "--name", "ours")[0] == 3
    assert receiver.received == []
