from contextlib import ExitStack

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import RIGHTS, Right, Role
from integrator.intake.read_json import Caps
from integrator.store.engine import reading
from integrator.store.tables import audit_entry
from integrator.store.webhook_tables import webhook
from integrator.web.api import webhooks
from integrator.web.app import create_app
from integrator.webhooks.carrying import Terms
from integrator.webhooks.guard import Guard
from tests.integration.webhooks.conftest import BACKOFF, LOOPBACK, QUICK
from tests.receiver import Receiver

OTHER = KurumNo("osgb-2")
ADDRESS = "https://hook.example/in?token=of-ours"
WHY = {"reason": "deneme"}
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the rows: tests/integration/webhooks


@pytest.fixture
def places():
    """What the names of these tests resolve to."""
    return ["93.184.215.14"]


@pytest.fixture
def app(gateway, tmp_path, places):
    terms = Terms(guard=Guard(resolve=lambda host, port: list(places)), at_most=3)
    return create_app(gateway, Caps(record_bytes=20_000, file_bytes=2_000_000), tmp_path, webhook_terms=terms)


@pytest.fixture
def made(call):
    def make(**facts):
        return call("POST", "/webhook", json={"name": "ours", "address": ADDRESS, **facts}).json()

    return make


def test_an_endpoint_is_made_and_its_secret_is_shown_that_once(call, made):
    told = made(events=["bildirim.accepted"])
    number = told["webhook_no"]
    read = call("GET", f"/webhook/{number}").json()

    assert told["secret"].startswith("whsec_")
    assert (read["state"], read["address"], read["events"]) == ("open", ADDRESS, ["bildirim.accepted"])
    assert call("GET", "/webhook").json() == {"webhooks": [read]}
    assert told["secret"] not in str(read)


def test_address_and_secret_stand_nowhere_in_plain_and_each_change_is_in_the_log(call, made, gateway):
    told = made()
    number = told["webhook_no"]
    call("PATCH", f"/webhook/{number}", json={"name": "renamed"})
    for act in ("disable", "enable"):
        call("POST", f"/webhook/{number}/{act}", json=WHY)
    call("POST", f"/webhook/{number}/rotate", json={})
    call("POST", f"/webhook/{number}/replay", json={**WHY, "after": "0"})
    with reading(gateway.database) as tx:
        rows = repr(tx.execute(webhook.select()).all())
        leaves = " ".join(leaf.decode() for leaf in tx.execute(select(audit_entry.c.leaf)).scalars())
    call("DELETE", f"/webhook/{number}")

    assert not any(each in rows + leaves for each in (told["secret"], "of-ours", "hook.example/in"))
    for each in ("made", "changed", "disabled", "enabled", "rotated", "replayed"):
        assert f'"webhook.{each}"' in leaves


def test_only_what_was_named_changes(call, made):
    number = made(events=["bildirim.held"])["webhook_no"]
    changed = call("PATCH", f"/webhook/{number}", json={"address": "https://new.example/"}).json()

    assert (changed["address"], changed["name"], changed["events"]) == (
        "https://new.example/",
        "ours",
        ["bildirim.held"],
    )
    assert call("PATCH", f"/webhook/{number}", json={}).status_code == 400


def test_a_deleted_endpoint_is_gone_with_its_attempts(call, made):
    number = made()["webhook_no"]

    assert call("DELETE", f"/webhook/{number}").status_code == 204
    for method, path in (("GET", ""), ("GET", "/delivery"), ("DELETE", "")):
        assert call(method, f"/webhook/{number}{path}").status_code == 404


BAD_ADDRESSES = [
    "http://hook.example/", "https://127.0.0.1/", "https://2130706433/", "https://u:p@hook.example/", "x", "https://[::1]/",
]  # fmt: skip
BAD_WISHES = [
    {"address": ADDRESS}, {"name": "", "address": ADDRESS}, {"name": "x" * 65, "address": ADDRESS}, [], "x",
    {"name": "x", "address": ADDRESS, "events": ["bildirim.nonsense"]}, {"name": "x", "address": "https://a/" * 500},
    {"name": "of 10000000146", "address": ADDRESS}, {"name": "x", "address": ADDRESS, "secret": "whsec_AAAA"},
    {"name": "x", "address": ADDRESS, "events": ["bildirim.held"] * 65}, {"name": "a\nb", "address": ADDRESS},
]  # fmt: skip
BAD_REPLAYS = [
    {}, {"after": "0"}, WHY, {**WHY, "after": "0", "since": "2026-03-02T00:00:00Z"}, {**WHY, "since": "yesterday"},
    {**WHY, "after": "99999"}, {**WHY, "since": "2026-03-02T00:00:00"},
]  # fmt: skip


def test_an_address_that_may_not_be_is_refused_and_nothing_is_made(call):
    answers = [call("POST", "/webhook", json={"name": "ours", "address": each}) for each in BAD_ADDRESSES]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(400, "INT-WHK-001")] * len(BAD_ADDRESSES)
    assert call("GET", "/webhook").json() == {"webhooks": []}


@pytest.mark.parametrize("place", ["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"])
def test_a_name_that_leads_inside_is_refused_when_it_is_made_and_when_it_is_changed(call, made, places, place):
    number = made()["webhook_no"]
    places[:] = ["93.184.215.14", place]

    assert call("POST", "/webhook", json={"name": "ours", "address": ADDRESS}).json()["code"] == "INT-WHK-001"
    assert call("PATCH", f"/webhook/{number}", json={"address": ADDRESS}).json()["code"] == "INT-WHK-001"
    assert call("POST", f"/webhook/{number}/test").json()["code"] == "address_refused"


def test_a_bad_wish_makes_nothing_and_is_told_as_a_problem(call):
    answers = [call("POST", "/webhook", json=each) for each in BAD_WISHES]

    assert {each.status_code for each in answers} <= {400, 422}
    assert {each.headers["content-type"] for each in answers} == {"application/problem+json"}
    assert call("GET", "/webhook").json() == {"webhooks": []}


def test_a_replay_wants_a_reason_and_one_place_that_is_there(call, made):
    number = made()["webhook_no"]

    assert {call("POST", f"/webhook/{number}/replay", json=each).status_code for each in BAD_REPLAYS} == {400}


def test_a_customer_has_so_many_endpoints_and_no_more(call, made):
    for _ in range(3):
        made()
    answer = call("POST", "/webhook", json={"name": "ours", "address": ADDRESS})

    assert (answer.status_code, answer.json()["code"]) == (409, "INT-WHK-002")


def test_another_customers_endpoint_is_nobodys_on_every_route(app, call, made):
    number = made()["webhook_no"]
    routes = [each for each in app.openapi()["paths"].items() if "{webhook_no}" in each[0]]
    bodies = {"replay": {**WHY, "after": "0"}, "rotate": {}, "test": None}
    wrong = []
    for path, methods in routes:
        for method in methods:
            body = {"name": "theirs"} if method == "patch" else bodies.get(path.rpartition("/")[2], WHY)
            facts = {"json": body} if method in ("post", "patch") and body is not None else {}
            address = path.replace("{webhook_no}", number).removeprefix("/v1")
            if call(method.upper(), address, kurum=OTHER, **facts).status_code != 404:
                wrong.append((method, path))

    assert len(routes) >= 7
    assert wrong == []


def test_webhooks_are_kept_by_programs_and_compliance_officers_only(call):
    opens = {role for role in Role if call("GET", "/webhook", role=role).status_code == 200}

    assert opens == {role for role in Role if Right.KEEP_WEBHOOKS in RIGHTS[role]} == {Role.SYSTEM, Role.COMPLIANCE}


@pytest.fixture
def receiver():
    started = Receiver(["ok", "500", "302:http://127.0.0.1:1/", "deaf"])
    yield started
    started.close()


def test_the_test_button_sends_one_signed_message_and_tells_the_answer(gateway, tmp_path, token_of, receiver):
    terms = Terms(guard=LOOPBACK, limits=QUICK, backoff=BACKOFF)
    app = create_app(gateway, Caps(record_bytes=20_000, file_bytes=2_000_000), tmp_path, webhook_terms=terms)
    headers = {"Authorization": f"Bearer {token_of()}"}
    with TestClient(app) as door:
        told = door.post("/v1/webhook", headers=headers, json={"name": "ours", "address": receiver.address}).json()
        address = f"/v1/webhook/{told['webhook_no']}"
        answers = [door.post(f"{address}/test", headers=headers).json() for _ in range(4)]
        kept = door.get(f"{address}/delivery?limit=3", headers=headers).json()["deliveries"]

    assert [(each["taken"], each["status"], each["code"]) for each in answers] == [
        (True, 200, ""), (False, 500, "refused"), (False, 302, "refused"), (False, 0, "timeout"),
    ]  # fmt: skip
    assert receiver.received[0].told["type"] == "webhook.test"
    assert receiver.received[0].is_signed_by(told["secret"])
    assert [each["message_id"] for each in kept] == [each["message_id"] for each in reversed(answers[1:])]


def test_slow_hosts_never_have_more_than_a_few_of_our_threads(call, made, places):
    number = made()["webhook_no"]
    places[:] = ["10.0.0.1"]  # nothing of a test leaves this host
    with ExitStack() as others:
        for _ in range(webhooks.OUTWARD_AT_MOST):
            others.enter_context(webhooks.going_out())
        answer = call("POST", f"/webhook/{number}/test")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert call("POST", f"/webhook/{number}/test").status_code == 200
