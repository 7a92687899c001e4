import copy
import json

import pytest

from integrator.ministry import export
from integrator.ministry.export import BadExport
from integrator.ministry.fault_plan import FaultPlan
from integrator.ministry.ministry import Ministry
from integrator.ministry.notices import served_workplace
from integrator.ministry.processing import accept, settle
from integrator.ministry.save import save
from integrator.ministry.state_file import StateFile


@pytest.fixture
def full(ministry, toy):
    """Something of everything."""
    ministry.clock.change({"at": "2026-11-22T12:00:00.123456+03:00", "factor": 0})
    ministry.anchors = [toy.certificate()]
    ministry.versions.change({"announcements": [{"veri_seti": "egitim", "version": "x", "published_on": "2027-01-01"}]})
    ministry.firms.change_dossiers({"dosyalar": [{"firma_kodu": toy.FIRMA_KODU, "unvan": "Örnek"}]}, ministry.today())
    ministry.repeats = "old_success"
    ministry.plan.change({"set": "hostile", "scripts": [{"fault": "http_429", "times": 3}], "latency": [0, 0.1]})
    ministry.ledger.faults["http_429"] += 2
    both = [{"calisanTckNo": one} for one in (toy.CALISAN, toy.NOT_ON_ROSTER)]
    fields = toy.signed(toy.dvo(calisan=both))
    save(ministry, toy.FIRMA_KODU, lambda: fields)
    save(ministry, toy.FIRMA_KODU, lambda: toy.dvo(belgeTipi=9))
    served_workplace(ministry, toy.FIRMA_KODU, {"sgkSicilNo": toy.SGK, "hizmetBaslangicTarih": "01.01.2019"})
    ministry.processing_seconds = 0.0
    first, second = (toy.signed(toy.dvo(sorguNo=number)) for number in (7, 8))
    accept(ministry, toy.FIRMA_KODU, lambda: first)
    ministry.processing_seconds = None
    accept(ministry, toy.FIRMA_KODU, lambda: second)
    return ministry


def empty():
    return Ministry(FaultPlan(seed=1))


def through_json(ministry):
    return json.loads(export.encode(ministry))


def test_what_was_written_and_read_is_written_the_same_again(full):
    again = empty()
    export.load(again, through_json(full))

    assert export.encode(again) == export.encode(full)
    assert again.ledger.effects() == full.ledger.effects()


def test_every_part_has_something_in_this_test(full):
    was, now = export.write(empty()), export.write(full)

    assert [name for name in export.PARTS if was[name] == now[name]] == []


def test_a_stored_number_is_used_up_after_reading_too(full, toy):
    again = empty()
    export.load(again, through_json(full))
    again.repeats = "refused"

    assert save(again, toy.FIRMA_KODU, lambda: toy.signed(toy.dvo())).status == 211


def test_what_waits_for_its_decision_is_decided_after_reading(full, toy):
    again = empty()
    export.load(again, through_json(full))
    before = len(again.acceptances.waiting)
    again.processing_seconds = 0.0
    settle(again)

    assert (before, len(again.acceptances.waiting)) == (1, 0)
    assert again.ledger.find(toy.FIRMA_KODU, 8) is not None


def test_reading_replaces_what_was_there(full):
    nothing = through_json(empty())
    export.load(full, nothing)

    assert through_json(full) == nothing


def places(content, path=()):
    """The path to every value in a JSON."""
    yield path
    for key, value in (
        content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    ):
        yield from places(value, (*path, key))


def spoiled(content, path, value):
    spoiled = copy.deepcopy(content)
    *way, last = path
    place = spoiled
    for step in way:
        place = place[step]
    place[last] = value
    return spoiled


@pytest.mark.parametrize("value", [None, [], {}, [None], {"x": 1}, "", "x", -1, True, 10**30], ids=repr)
def test_whatever_stands_anywhere_is_taken_whole_or_refused_with_a_text(full, value):
    content = through_json(full)
    before = export.encode(full)
    refused = 0

    for path in list(places(content)):
        wanted = spoiled(content, path, value) if path else value
        try:
            export.load(full, wanted)
        except BadExport as error:
            refused += 1
            assert str(error)
            assert export.encode(full) == before, path
        else:
            export.encode(full)
            full.ledger.summary()
            export.load(full, content)
    assert refused > 50


def test_a_state_file_is_there_from_the_start(tmp_path):
    path = tmp_path / "state.json"
    StateFile(path, empty()).read()

    assert json.loads(path.read_bytes())["form"] == 1


def test_the_next_stub_goes_on_from_the_state_file(full, tmp_path):
    path = tmp_path / "state.json"
    StateFile(path, full).write()
    again = empty()
    StateFile(path, again).read()

    assert export.encode(again) == export.encode(full)
    assert [one.name for one in tmp_path.iterdir()] == ["state.json"]


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(full, tmp_path, monkeypatch):
    path = tmp_path / "state.json"
    state = StateFile(path, full)
    state.write()
    before = path.read_bytes()
    full.ledger.saves += 1

    def broken(handle):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="no space"):
        state.write()
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b'{"form": 2}', b"\xff", b"[" * 100_000, b'{"form": NaN}'])
def test_a_bad_state_file_is_refused_with_a_text_and_left_alone(tmp_path, octets):
    path = tmp_path / "state.json"
    path.write_bytes(octets)

    with pytest.raises(BadExport, match="expected|JSON"):  # noqa: RUF043 - either word
        StateFile(path, empty()).read()
    assert path.read_bytes() == octets
