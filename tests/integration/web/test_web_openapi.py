import json

import pytest

from integrator.domain.clock import SystemClock
from integrator.web.app import openapi_of
from integrator.web.clock_watch import ClockWatch
from tests.factories import REPO

PAGE = REPO / "docs" / "api" / "openapi.json"


def test_the_description_that_is_checked_in_is_the_one_that_is_served(app, door):
    assert PAGE.read_text() == openapi_of(app)
    assert door.get("/v1/openapi.json").json() == json.loads(PAGE.read_text())


def test_it_is_openapi_3_1(app):
    assert app.openapi()["openapi"].startswith("3.1")


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/v1", "/v1/../etc/passwd", "/v1/bildirim/abc", "/v1/kod/x/y/z"])
def test_what_is_not_there_is_a_problem_with_a_request_id(door, path):
    answer = door.get(path)

    assert answer.status_code in (401, 404)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_callers_own_request_id_is_kept_only_when_it_is_one(door):
    kept = door.get("/health/live", headers={"X-Request-Id": "call-000001"}).headers["x-request-id"]
    made = door.get("/health/live", headers={"X-Request-Id": "a b<script>"}).headers["x-request-id"]

    assert kept == "call-000001"
    assert made.isalnum()


def test_ready_tells_each_part_and_is_503_without_a_disk(door, app, gateway, monkeypatch):
    app.state.clock_watch = ClockWatch(gateway.database, SystemClock())
    assert door.get("/health/ready").json() == {
        "ready": True,
        "database": True,
        "disk": True,
        "keys": True,
        "clock": True,
        "ending": False,
        "line": "ACTIVE",
    }
    monkeypatch.setattr("integrator.web.admission.FREE_BYTES", 1 << 62)
    answer = door.get("/health/ready")

    assert (answer.status_code, answer.json()["disk"]) == (503, False)
