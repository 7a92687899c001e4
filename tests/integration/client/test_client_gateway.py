import json

import pytest

from integrator import pipeline
from integrator.client import Conflict, Faulty, Gateway, NotAllowed, NotFound
from integrator.domain.roles import Role
from integrator.sign.keys import KeyCupboard
from tests.factories import record


def test_a_record_is_handed_over_and_followed_until_it_is_accepted(client, gateway):
    answer = client.submit(record("K-1"))
    pipeline.dispatch(gateway)
    [message] = client.record("K-1")

    assert (answer.status, answer.sorgu_no) == ("accepted", (message.sorgu_no,))
    assert (message.state, message.has_ended) == ("accepted", True)
    assert client.bildirim(message.sorgu_no).told["denemeler"][0]["outcome"] == "accepted"


def test_faults_are_raised_with_their_places_in_both_languages(client):
    with pytest.raises(Faulty) as told:
        client.submit(record("K-1", egitimYer=7))

    [finding] = told.value.findings
    assert (finding.path, finding.seen, told.value.status) == ("egitimYer", "7", 422)
    assert finding.tr
    assert finding.en in str(told.value)


def test_what_the_server_refuses_has_a_type_for_whoever_must_act(client, client_of, served):
    client.submit(record("K-1"))

    with pytest.raises(Conflict):
        client.submit(record("K-1", egitimYer=0))
    with pytest.raises(NotFound):
        client.record("K-9")
    with pytest.raises(NotAllowed):
        client_of(Role.MANAGER).submit(record("K-2"))
    with pytest.raises(NotAllowed):
        Gateway(served.address, "ibys_nobody").causes()


def test_many_records_have_an_answer_each_with_their_places(client):
    answers = list(client.submit_many([record("K-1"), record("K-2", egitimYer=7), record("K-3")]))

    assert [(each.place, each.status) for each in answers] == [(1, "accepted"), (2, "rejected"), (3, "accepted")]
    assert answers[1].findings[0].path == "egitimYer"


def test_a_waiting_signature_is_fetched_made_and_attached(client, gateway, pki, monkeypatch):
    monkeypatch.setattr(KeyCupboard, "signer_of", lambda *_: None)
    [number] = client.submit(record("K-1")).sorgu_no
    [waiting] = client.waiting()
    cms = pki.signer().sign(client.content(number), at=gateway.clock.now())

    assert waiting.sorgu_no == number
    assert client.attach(number, cms) == "queued"
    assert client.waiting() == []


def test_a_cause_is_read_and_released(client, gateway, ministry):
    ministry.faults.append("213")
    client.submit(record("K-1"))
    pipeline.dispatch(gateway)
    [cause] = client.causes()

    assert (cause.code, cause.count, cause.who["en"] != "") == ("213", 1, True)
    assert client.release_cause(cause.cause, "the contract was approved") == 1
    assert client.causes() == []


def test_pages_of_messages_follow_one_another(client, monkeypatch):
    monkeypatch.setattr("integrator.client.gateway.PAGE", 2)
    list(client.submit_many(record(f"K-{n}") for n in range(5)))

    assert [each.kayit_no for each in client.bildirim_list()] == [f"K-{n}" for n in range(5)]


def test_a_file_of_lines_tells_the_line_of_each_answer(client, tmp_path):
    path = tmp_path / "records.ndjson"
    path.write_text("\n".join(["garbage", json.dumps(record("K-1")), "", json.dumps(record("K-2", egitimYer=7))]))
    answers = list(client.upload(path))

    assert [(each.where, each.status) for each in answers] == [
        ("line 1", "rejected"),
        ("line 2", "accepted"),
        ("line 4", "rejected"),
    ]


def test_other_files_go_whole(client, tmp_path):
    path = tmp_path / "records.json"
    path.write_text(json.dumps([record("K-1"), record("K-2")]))

    assert [each.status for each in client.upload(path)] == ["accepted", "accepted"]


def test_a_token_never_leaves_unprotected_and_never_shows():
    with pytest.raises(ValueError, match="https"):
        Gateway("http://gateway.example", "ibys_secret")
    assert "secret" not in repr(vars(Gateway("https://gateway.example", "ibys_secret")))
