"""The control port, the start and the end of the process."""

import json
import subprocess
import sys
import urllib.error

import pytest
import requests


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/parties", b"{"),
        ("/parties", b"[]"),
        ("/parties", b'{"firmalar": 1}'),
        ("/parties", b'{"unknown": []}'),
        ("/parties", b'{"profesyoneller": [{"tckn": "1", "belge_tipi": 2}]}'),
        ("/parties", b'{"isyerleri": [{"sgk_tescil_no": "1"}]}'),
        ("/parties", b"[" * 100_000),
        ("/faults", b'{"set": "kind"}'),
        ("/faults", b'{"rates": {"no_such_fault": 1}}'),
        ("/faults", b'{"rates": {"http_429": 2}}'),
        ("/faults", b'{"scripts": [{"fault": "http_429", "when": 1}]}'),
        ("/firma", b'{"firma_kodu": "nobody", "aktif": false}'),
        ("/trust", b"no pem"),
        ("/personality", b'{"repeats": "maybe"}'),
    ],
)
def test_what_cannot_be_taken_is_400_with_a_text(stub, path, content):
    reply = requests.put(stub.control_url + path, data=content, timeout=5)

    assert (reply.status_code, reply.text.strip() != "") == (400, True)


def test_bad_parties_change_nothing(stub):
    before = stub.control("GET", "/parties")
    bad = {"firmalar": [{"firma_kodu": "x", "parola": "y"}], "sozlesmeler": [{"profesyonel": "1"}]}

    with pytest.raises(urllib.error.HTTPError):
        stub.control("PUT", "/parties", bad)

    assert stub.control("GET", "/parties") == before


def test_what_was_loaded_is_shown_in_the_same_shape(stub, toy):
    shown = stub.control("GET", "/parties")

    assert shown["isyerleri"] == toy.PARTIES["isyerleri"]
    assert shown["firmalar"] == toy.PARTIES["firmalar"]


def test_a_reset_loses_the_ledger_and_keeps_the_parties(stub, toy, uzman):
    message = toy.Notification()
    stub.save(message, uzman.sign(message.xml()))

    stub.control("POST", "/reset")

    assert stub.effects() == []
    assert stub.control("GET", "/parties")["firmalar"]


def test_the_effects_of_one_number_can_be_asked_for(stub, toy, uzman):
    for number in (1, 2):
        message = toy.Notification(sorgu_no=number)
        stub.save(message, uzman.sign(message.xml()))

    effects = stub.control("GET", "/ledger?sorgu_no=2")["effects"]

    assert [one["sorgu_no"] for one in effects] == [2]


def test_a_pair_stored_under_two_numbers_is_a_duplicate(stub, toy, uzman):
    for number in (1, 2):
        message = toy.Notification(sorgu_no=number)
        stub.save(message, uzman.sign(message.xml()))

    summary = stub.control("GET", "/ledger/summary")

    assert (summary["duplicate_pairs"], summary["numbers_with_two_effects"], summary["effects"]) == (1, 0, 2)


def test_every_fault_is_listed_with_what_it_does(stub):
    known = stub.control("GET", "/faults")["known"]

    assert len(known) >= 26
    assert all(known.values())


def test_an_unknown_route_names_the_known_ones(stub):
    reply = requests.get(stub.control_url + "/nowhere", timeout=5)

    assert (reply.status_code, "/ledger/summary" in reply.text) == (404, True)


def test_it_says_its_seed_when_none_was_given(own_stub):
    assert isinstance(own_stub().ready["seed"], int)


def test_it_ends_in_order_when_told_to(own_stub):
    stub = own_stub()

    assert (stub.stop(), stub.process.stderr.read()) == (0, "")


def test_it_refuses_an_address_others_can_reach(toy):
    command = [sys.executable, "-m", "integrator.ministry", "serve", "--host", "0.0.0.0"]

    run = subprocess.run(command, cwd=toy.REPO, capture_output=True, text=True, timeout=10, check=False)

    assert (run.returncode, "loopback" in run.stderr) == (2, True)


def test_parties_can_come_from_a_file(toy, tmp_path):
    path = tmp_path / "parties.json"
    path.write_text(json.dumps(toy.PARTIES))

    stub = toy.Stub("--parties", str(path))
    shown = stub.control("GET", "/parties")
    stub.stop()

    assert shown["isyerleri"] == toy.PARTIES["isyerleri"]


def test_a_file_of_bad_parties_ends_the_start_with_its_name(toy, tmp_path):
    path = tmp_path / "parties.json"
    path.write_text('{"firmalar": [{}]}')
    command = [sys.executable, "-m", "integrator.ministry", "serve", "--parties", str(path)]

    run = subprocess.run(command, cwd=toy.REPO, capture_output=True, text=True, timeout=10, check=False)

    assert (run.returncode, "parties.json" in run.stderr) == (2, True)
