from __future__ import annotations

import json

import pytest

from integrator import pipeline
from integrator.client import Unreachable
from integrator.client.__main__ import main
from integrator.domain.errors import Unavailable
from integrator.store.engine import reading
from integrator.store.tables import kayit
from tests.factories import record


def stored(gateway):
    with reading(gateway.database) as tx:
        return sorted(row.kayit_no for row in tx.execute(kayit.select()))


def faltering(*places):
    """The real walk, that stops once at each of these answers, counted over all."""
    real, told, left = pipeline.accept, 0, list(places)

    def accept(gateway, kurum, records):
        nonlocal told
        for answer in real(gateway, kurum, records):
            told += 1
            if left and told >= left[0]:
                left.pop(0)
                raise Unavailable("the database went away")
            yield answer

    return accept


def test_an_upload_that_the_server_breaks_again_and_again_is_whole_in_the_end(client, gateway, monkeypatch):
    monkeypatch.setattr(pipeline, "accept", faltering(1, 50, 51, 110, 111, 112))
    answers = list(client.upload(record(f"K-{n:03}") for n in range(150)))

    assert [each.kayit_no for each in answers] == [f"K-{n:03}" for n in range(150)]
    assert [each.place for each in answers] == list(range(1, 151))
    assert len(stored(gateway)) == 150


def test_a_whole_file_is_taken_up_where_its_answers_ended(client, gateway, monkeypatch, tmp_path):
    monkeypatch.setattr(pipeline, "accept", faltering(20, 30))
    path = tmp_path / "records.json"
    path.write_text(json.dumps([record(f"K-{n:03}") for n in range(60)]))

    assert [each.kayit_no for each in client.upload(path)] == [f"K-{n:03}" for n in range(60)]


def test_an_upload_gives_up_after_as_many_breaks_without_any_answer(client, monkeypatch):
    monkeypatch.setattr(pipeline, "accept", faltering(*[1] * 9))

    with pytest.raises(Exception, match="INT-DLV-001"):
        list(client.upload([record("K-1")]))


def test_records_go_in_parts_so_that_a_generator_may_be_endless(client, monkeypatch):
    monkeypatch.setattr("integrator.client.uploading.PART_LINES", 3)
    given = []
    answers = client.upload(record(given.append(n) or f"K-{n}") for n in range(100))

    assert next(answers).kayit_no == "K-0"
    assert len(given) == 3


def test_the_command_prints_a_line_for_each_record_and_counts_on_stderr(served, client, tmp_path, capfd):
    (tmp_path / "token").write_text(client._wire._token)
    (tmp_path / "r.ndjson").write_text("\n".join(json.dumps(record(f"K-{n}", egitimYer=n % 2 * 6)) for n in range(4)))
    about = ["--address", served.address, "--token-file", str(tmp_path / "token"), "--progress"]
    status = main(["upload", str(tmp_path / "r.ndjson"), *about])
    told = capfd.readouterr()

    assert status == 2
    lines = [json.loads(line) for line in told.out.splitlines() if line.startswith("{")]
    assert [each["status"] for each in lines] == ["accepted", "rejected", "accepted", "rejected"]
    assert "r.ndjson" in told.err


def test_a_server_that_is_not_there_is_told_as_such(client_of, unused_port):
    with pytest.raises(Unreachable):
        list(client_of(address=f"http://127.0.0.1:{unused_port}").upload([record("K-1")]))


@pytest.fixture
def unused_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]
