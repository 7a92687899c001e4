import gzip
import json
import threading

import pytest

from integrator import pipeline
from integrator.domain.errors import Unavailable
from integrator.domain.identifiers import KurumNo
from integrator.store.engine import reading
from integrator.store.tables import kayit
from tests.factories import WORKER, record

OTHER = KurumNo("osgb-2")


def zipped(content):
    """The same bytes every time: they name their test in every process."""
    return gzip.compress(content, mtime=0)


def stored(gateway):
    with reading(gateway.database) as tx:
        return sorted(row.kayit_no for row in tx.execute(kayit.select()))


def test_a_record_is_stored_and_can_be_followed(call, gateway):
    answer = call("POST", "/kayit", json=record("K-1"))

    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/kayit/K-1"
    pipeline.dispatch(gateway)
    [message] = call("GET", "/kayit/K-1").json()["bildirim"]
    assert (message["sorgu_no"], message["state"]) == (answer.json()["sorgu_no"][0], "accepted")


def test_the_same_record_again_gets_the_same_answer_and_other_content_is_refused(call, gateway):
    first = call("POST", "/kayit", json=record("K-1"))
    again = call("POST", "/kayit", json=record("K-1"))
    other = call("POST", "/kayit", json=record("K-1", egitimYer=0))

    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.json()["sorgu_no"] == first.json()["sorgu_no"]
    assert (other.status_code, other.json()["code"]) == (409, "INT-INT-002")
    assert stored(gateway) == ["K-1"]


def test_faults_come_back_as_findings_in_both_languages_and_nothing_is_stored(call, gateway):
    answer = call("POST", "/kayit", json=record("K-1", egitimYer=7, calisan=["12345678901"]))
    problem = answer.json()

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert {each["path"] for each in problem["findings"]} == {"egitimYer", "calisan[0]"}
    assert all(each["tr"] and each["en"] for each in problem["findings"])
    assert "12345678901" not in answer.text
    assert stored(gateway) == []


def test_a_batch_takes_the_good_and_tells_the_faulty(call, gateway):
    answers = call("POST", "/kayit/batch", json=[record("K-1"), record("K-2", egitimYer=7), record("K-3")]).json()

    assert [each["status"] for each in answers["records"]] == ["accepted", "rejected", "accepted"]
    assert stored(gateway) == ["K-1", "K-3"]


def lines_of(answer):
    return [json.loads(line) for line in answer.text.splitlines()]


def test_an_upload_answers_line_by_line_and_is_taken_up_again_where_it_stood(call, gateway):
    body = b"".join(json.dumps(record(f"K-{n:03}")).encode() + b"\n" for n in range(300))
    half = lines_of(call("POST", "/kayit/upload", content=body[: len(body) // 2]))
    rest = lines_of(call("POST", "/kayit/upload?skip=100", content=body))
    again = lines_of(call("POST", "/kayit/upload", content=body))

    assert half[-1] == {"done": True, "accepted": 150, "known": 0, "rejected": 0}
    assert rest[-1] == {"done": True, "accepted": 150, "known": 50, "rejected": 0}
    assert again[-1] == {"done": True, "accepted": 0, "known": 300, "rejected": 0}
    assert len(stored(gateway)) == 300


def test_an_upload_that_stops_in_the_middle_says_so_in_its_last_line(call, gateway, monkeypatch):
    real = pipeline.accept

    def breaks(gateway, kurum, records):
        for place, answer in enumerate(real(gateway, kurum, records)):
            if place == 5:
                raise Unavailable("the database went away")
            yield answer

    monkeypatch.setattr(pipeline, "accept", breaks)
    body = b"".join(json.dumps(record(f"K-{n}")).encode() + b"\n" for n in range(9))
    lines = lines_of(call("POST", "/kayit/upload", content=body))

    assert lines[-1] == {
        "done": False,
        "accepted": 5,
        "known": 0,
        "rejected": 0,
        "code": "INT-DLV-001",
        "skip": 5,
        "retry_after": 1,
    }


def test_a_csv_or_garbage_is_told_as_findings_too(call, gateway):
    lines = lines_of(call("POST", "/kayit/upload", content=b"\x00\xff\xfegarbage"))

    assert lines[0]["status"] == "rejected"
    assert lines[-1]["rejected"] == len(lines) - 1
    assert stored(gateway) == []


def test_many_callers_at_once_store_each_record_once(call, gateway):
    statuses = []

    def send(n):
        statuses.append(call("POST", "/kayit", json=record(f"K-{n % 20}")).status_code)

    call("GET", "/line")
    threads = [threading.Thread(target=send, args=(n,)) for n in range(60)]
    [each.start() for each in threads]
    [each.join() for each in threads]

    assert sorted(statuses) == [200] * 40 + [201] * 20
    assert len(stored(gateway)) == 20


def test_a_bug_that_one_record_meets_does_not_touch_the_others(call, gateway, monkeypatch):
    real = pipeline.accept_together

    def trips(gateway, several):
        if any(each.kayit_no == "K-bad" for mine in several.values() for each in mine):
            raise RuntimeError("a bug of ours")
        return real(gateway, several)

    monkeypatch.setattr(pipeline, "accept_together", trips)
    answers = {}
    threads = [
        threading.Thread(target=lambda k=k: answers.update({k: call("POST", "/kayit", json=record(k))}))
        for k in ("K-1", "K-bad", "K-2")
    ]
    call("GET", "/line")
    [each.start() for each in threads]
    [each.join() for each in threads]

    assert {k: each.status_code for k, each in answers.items()} == {"K-1": 201, "K-bad": 500, "K-2": 201}
    assert answers["K-bad"].json()["code"] == "INT-000"
    assert "a bug of ours" not in answers["K-bad"].text


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 422, "INT-VAL-000"),
        (b"", {}, 422, "INT-VAL-000"),
        (b"[]", {}, 400, "INT-API-004"),
        (b"\xff\xfe", {}, 422, "INT-VAL-000"),
        (b"{}", {"Content-Type": "text/xml"}, 415, "INT-API-006"),
        (b"{}", {"Content-Encoding": "br"}, 415, "INT-API-006"),
        (b"{}", {"Content-Encoding": "gzip"}, 400, "INT-API-004"),
        (b"", {"Content-Encoding": "gzip"}, 400, "INT-API-004"),
        (zipped(b"[]" * 50)[:-9], {"Content-Encoding": "gzip"}, 400, "INT-API-004"),
        (zipped(b" " * 20_001), {"Content-Encoding": "gzip"}, 413, "INT-API-005"),
        (zipped(b" " * (64 << 20)), {"Content-Encoding": "gzip"}, 413, "INT-API-005"),
        (b" " * 20_001, {}, 413, "INT-API-005"),
        (b"[" * 5000, {}, 422, "INT-VAL-000"),
    ],
)
def test_bad_bodies_are_told_and_store_nothing(call, gateway, body, headers, status, code):
    answer = call("POST", "/kayit", content=body, headers={"Content-Type": "application/json", **headers})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert stored(gateway) == []


def test_a_body_without_a_length_is_capped_too(call, gateway):
    def pieces():
        for _ in range(30):
            yield b" " * 1000

    answer = call("POST", "/kayit", content=pieces(), headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (413, "INT-API-005")


def test_another_customers_record_is_as_unknown_as_one_that_never_was(call):
    call("POST", "/kayit", json=record("K-1"))
    theirs, nobodys = call("GET", "/kayit/K-1", kurum=OTHER), call("GET", "/kayit/K-9", kurum=OTHER)

    assert theirs.status_code == nobodys.status_code == 404
    assert {**theirs.json(), "request_id": ""} == {**nobodys.json(), "request_id": ""}


def test_no_answer_holds_a_workers_number(call):
    sent = call("POST", "/kayit", json=record("K-1"))
    told = [call("GET", path).text for path in ("/kayit/K-1", "/bildirim", f"/bildirim/{sent.json()['sorgu_no'][0]}")]

    assert not [text for text in told if WORKER in text]
