import threading
import time

import pytest

from integrator import pipeline
from integrator.domain.identifiers import KurumNo
from tests.factories import record

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # test_pipeline_feed runs on both
OTHER = KurumNo("osgb-2")


def follow(call, **facts):
    return call("GET", "/change", params=facts).json()


def test_the_feed_is_read_to_its_end_and_gone_on_with(call, gateway):
    call("POST", "/kayit", json=record("K-1"))
    first = follow(call)
    pipeline.dispatch(gateway)
    rest = follow(call, after=first["next"])

    assert [each["state"] for each in first["changes"]] == ["queued"]
    assert [each["state"] for each in rest["changes"]] == ["sending", "accepted"]
    assert follow(call, after=rest["next"]) == {"changes": [], "next": rest["next"]}
    assert rest["next"] == rest["changes"][-1]["cursor"] == follow(call, after="now")["next"]


def test_a_caller_who_waits_is_answered_when_something_changes(call):
    end = follow(call, after="now")["next"]
    later = threading.Timer(0.3, lambda: call("POST", "/kayit", json=record("K-1")))
    later.start()
    told = follow(call, after=end, wait=20)
    later.join()

    assert [each["kayit_no"] for each in told["changes"]] == ["K-1"]


def test_a_caller_who_waits_for_nothing_is_answered_after_the_time_they_gave(call):
    call("POST", "/kayit", json=record("K-1"))
    began = time.monotonic()
    told = follow(call, after="now", wait=0.6)

    assert (told["changes"], time.monotonic() - began >= 0.6) == ([], True)


def test_a_caller_who_waits_while_the_server_ends_is_answered_at_once_with_what_there_is(app, call):
    call("POST", "/kayit", json=record("K-1"))
    ends = threading.Timer(0.3, app.state.drain.begin)
    began = time.monotonic()
    ends.start()
    told = follow(call, after="now", wait=20)
    ends.join()

    assert (told["changes"], app.state.drain.is_begun, time.monotonic() - began < 15) == ([], True, True)


def test_another_customers_changes_and_cursors_are_nobodys(call):
    call("POST", "/kayit", json=record("K-1"))
    cursor = follow(call)["next"]
    theirs = call("GET", "/change", kurum=OTHER)
    answer = call("GET", "/change", params={"after": cursor}, kurum=OTHER)

    assert theirs.json() == {"changes": [], "next": "0"}
    assert (answer.status_code, answer.json()["code"]) == (400, "INT-API-070")


@pytest.mark.parametrize("facts", [{"after": "-1"}, {"after": "x"}, {"limit": 0}, {"limit": 1001}, {"wait": 21}])
def test_a_parameter_that_is_none_is_told(call, facts):
    answer = call("GET", "/change", params=facts)

    assert (answer.status_code, answer.json()["code"]) == (400, "INT-API-004")
