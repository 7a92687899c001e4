import json
from dataclasses import replace
from datetime import date

import pytest
from starlette.testclient import TestClient

from integrator import pipeline
from integrator.intake.read_json import Caps
from integrator.sign.keys import KeyCupboard
from integrator.web import answers
from integrator.web.answers import Farewell
from integrator.web.app import create_app
from tests.factories import KURUM, record, submitted

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing here differs by engine
WHY = {"reason": "mended"}


@pytest.fixture
def held(call, gateway, ministry):
    ministry.faults.append("213")
    number = call("POST", "/kayit", json=record("K-1")).json()["sorgu_no"][0]
    pipeline.dispatch(gateway)
    return number


PATHS = [
    "/veri-seti",
    "/kod/egitim/2018-10/egitim_kodu",
    "/bildirim",
    "/kayit/K-1",
    "/cause",
    "/line",
    "/bildirim/waiting",
]


@pytest.mark.parametrize("path", PATHS)
def test_what_was_read_and_has_not_changed_is_304(call, held, path):
    first = call("GET", path)
    again = call("GET", path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "private" in first.headers["cache-control"]


def test_what_has_changed_is_told_again(call, gateway, held):
    before = call("GET", "/bildirim")
    call("POST", f"/bildirim/{held}/release", json=WHY)
    after = call("GET", "/bildirim", headers={"If-None-Match": before.headers["etag"]})

    assert (after.status_code, after.json()["bildirim"][0]["state"]) == (200, "queued")


def test_what_holds_content_is_kept_by_nobody(call, held):
    answer = call("GET", f"/bildirim/{held}/bytes")

    assert (answer.headers["cache-control"], "etag" in answer.headers) == ("no-store", False)


@pytest.mark.parametrize("verb", ["release", "cancel"])
def test_an_act_on_a_message_that_moved_meanwhile_is_refused(call, gateway, held, verb):
    seen = call("GET", f"/bildirim/{held}").headers["etag"]
    call("POST", f"/bildirim/{held}/release", json=WHY)
    answer = call("POST", f"/bildirim/{held}/{verb}", json=WHY, headers={"If-Match": seen})

    assert (answer.status_code, answer.json()["code"]) == (412, "INT-QUE-030")
    assert call("GET", f"/bildirim/{held}").json()["state"] == "queued"


@pytest.mark.parametrize("told", ["seen", "*", None])
def test_an_act_on_a_message_as_it_was_seen_is_done(call, held, told):
    seen = call("GET", f"/bildirim/{held}").headers["etag"]
    headers = {"If-Match": seen if told == "seen" else told} if told else {}

    assert call("POST", f"/bildirim/{held}/release", json=WHY, headers=headers).status_code == 200


@pytest.mark.parametrize("told", ['"x"', "x", 'W/"0123456789abcdef"', "."])
def test_an_etag_of_something_else_fits_nothing(call, held, told):
    answers_ = [
        call("POST", f"/bildirim/{held}/release", json=WHY, headers={"If-Match": told}),
        call("POST", f"/bildirim/{held}/retry", json=WHY, headers={"If-Match": told}),
    ]

    assert [each.status_code for each in answers_] == [412, 412]


def test_a_list_is_walked_by_its_links_and_misses_nothing_that_comes_in_between(call):
    for n in range(5):
        call("POST", "/kayit", json=record(f"K-{n}"))
    seen, path = [], "/v1/bildirim?limit=2&state=queued"
    while path:
        page = call("GET", path.removeprefix("/v1"))
        seen += [each["kayit_no"] for each in page.json()["bildirim"]]
        path = page.links.get("next", {}).get("url", "")
        if len(seen) == 2:
            call("POST", "/kayit", json=record("K-5"))

    assert seen == [f"K-{n}" for n in range(6)]


def test_a_route_that_will_go_says_since_when_and_until_when(gateway, tmp_path, token_of, monkeypatch):
    farewell = Farewell(date(2026, 1, 1), date(2027, 1, 1), "/v2/line")
    monkeypatch.setitem(answers.DEPRECATED, ("GET", "/v1/line"), farewell)
    app = create_app(gateway, Caps(), tmp_path)
    with TestClient(app) as door:
        headers = door.get("/v1/line", headers={"Authorization": f"Bearer {token_of()}"}).headers
        others = door.get("/health/live").headers

    assert (headers["deprecation"], headers["sunset"]) == ("@1767225600", "Fri, 01 Jan 2027 00:00:00 GMT")
    assert headers["link"] == '</v2/line>; rel="successor-version"'
    assert "deprecation" not in others
    assert app.openapi()["paths"]["/v1/line"]["get"]["deprecated"] is True
    assert json.dumps(app.openapi()).count('"deprecated": true') == len(answers.DEPRECATED)


def test_whatever_will_go_is_still_there_for_half_a_year_beside_what_takes_its_place(gateway, tmp_path):
    paths = create_app(gateway, Caps(), tmp_path).openapi()["paths"]
    days = [(each.gone_on - each.since).days for each in answers.DEPRECATED.values()]

    assert [(m, p) for (m, p), each in answers.DEPRECATED.items() if {p, each.instead} - set(paths)] == []
    assert min(days) >= 180


def test_what_waits_for_a_signature_is_told_in_pages(gateway, tmp_path, token_of):
    keyless = replace(gateway, cupboard=KeyCupboard([]))
    list(pipeline.accept(keyless, KURUM, submitted(*(record(f"K-{n}") for n in range(3)))))
    with TestClient(create_app(keyless, Caps(), tmp_path)) as door:
        headers = {"Authorization": f"Bearer {token_of()}"}
        first = door.get("/v1/bildirim/waiting?limit=2", headers=headers)
        rest = door.get(first.links["next"]["url"], headers=headers).json()

    assert [len(each["waiting"]) for each in (first.json(), rest)] == [2, 1]
    assert (first.json()["next"], rest["next"]) == (first.json()["waiting"][-1]["sorgu_no"], None)
