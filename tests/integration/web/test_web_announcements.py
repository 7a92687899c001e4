import json

import pytest

from integrator import announcing
from integrator.announcing import Duyuru, Target, announce, read_receipts, show_to
from integrator.domain.errors import Malformed
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo
from integrator.domain.roles import Role
from integrator.registering import set_card
from integrator.store.engine import reading
from integrator.store.tables import audit_entry
from tests.factories import KURUM, SGK, WORKER
from tests.fakes import START

OTHER = KurumNo("osgb-2")
TOLD = {"no": "2026/7", "title": "Başlık", "text": "Metin (ĞÜŞİÖÇ)", "must_acknowledge": True}
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def put_in(call, **changes):
    return call("POST", "/duyuru", json={**TOLD, "no": "D-7", **changes}, role=Role.OPERATOR)


def shown(call, **facts):
    return [each["no"] for each in call("GET", "/duyuru", **facts).json()["duyuru"]]


def events(gateway):
    with reading(gateway.database) as tx:
        leaves = [json.loads(row.leaf) for row in tx.execute(audit_entry.select().order_by(audit_entry.c.i))]
    return [(each["event"], each["by"]) for each in leaves if each["event"].startswith("announcement.")]


def test_an_announcement_is_shown_acknowledged_by_name_and_told_to_the_operator(call, gateway, clock):
    assert put_in(call).status_code == 201
    before = call("GET", "/duyuru", role=Role.PROFESSIONAL).json()
    clock.advance(hours=1)
    done = [
        call("POST", "/duyuru/D-7/acknowledge", json={"name": "Ayşe"}, role=Role.PROFESSIONAL).json() for _ in range(2)
    ]
    after = call("GET", "/duyuru/D-7/receipts", role=Role.OPERATOR).json()["alindilar"]

    assert (before["open"], before["duyuru"][0]["text"]) == (1, TOLD["text"])
    assert done[0] == done[1]
    assert [(each["person"][:4], each["role"], bool(each["acknowledged_at"])) for each in after] == [
        ("Ayşe", "professional", True), ("key ", "professional", False),
    ]  # fmt: skip
    assert [event for event, _ in events(gateway)] == [
        "announcement.made", "announcement.shown", "announcement.shown", "announcement.acknowledged",
    ]  # fmt: skip
    assert events(gateway)[3][1] == "Ayşe"


@sqlite_only
def test_the_same_again_is_known_and_other_content_is_refused(call, gateway):
    told = {"roles": ["secretary", "manager"], "iller": [6, 34]}
    statuses = [
        put_in(call, **told).status_code,
        put_in(call, roles=["manager", "secretary"], iller=[34, 6]).status_code,
        put_in(call, **told, title="Başka").status_code,
    ]

    assert statuses == [201, 200, 409]
    assert len(events(gateway)) == 1


@sqlite_only
def test_it_reaches_whom_it_concerns_and_nobody_else(call, gateway):
    set_card(gateway, KURUM, SgkTescilNo(SGK), {"kamu": 1}, Hand("ayse", "test"))
    here = int(SGK[16:19])
    put_in(call, no="all")
    put_in(call, no="role", roles=["manager"])
    put_in(call, no="kurum", kurumlar=[OTHER])
    put_in(call, no="il", iller=[here])
    put_in(call, no="elsewhere", iller=[here % 81 + 1])
    put_in(call, no="later", published_on="2027-01-01")

    assert set(shown(call)) == {"all", "il"}
    assert set(shown(call, role=Role.MANAGER)) == {"all", "il", "role"}
    assert set(shown(call, kurum=OTHER)) == {"all", "kurum"}


@sqlite_only
def test_what_does_not_concern_you_cannot_be_acknowledged(call):
    put_in(call, kurumlar=[OTHER])

    assert call("POST", "/duyuru/D-7/acknowledge", json={}).status_code == 404
    assert call("POST", "/duyuru/nothing/acknowledge", json={}).status_code == 404
    assert call("GET", "/duyuru/nothing/receipts", role=Role.OPERATOR).status_code == 404


@sqlite_only
def test_only_operators_announce_and_see_receipts(call):
    statuses = {
        call(*ask, role=role, **facts).status_code
        for role in Role
        if role is not Role.OPERATOR
        for ask, facts in (
            (("POST", "/duyuru"), {"json": TOLD}),
            (("GET", "/duyuru-register"), {}),
            (("GET", "/duyuru/D-7/receipts"), {}),
        )
    }

    assert statuses == {403}


@sqlite_only
@pytest.mark.parametrize(
    ("changes", "status"),
    [({"no": ""}, 400), ({"no": "a/b"}, 400), ({"title": "x" * 201}, 400), ({"roles": ["nobody"]}, 400),
     ({"iller": [82]}, 400), ({"text": f"of {WORKER}"}, 400), ({"kurumlar": ["a,b"]}, 400), ({"text": "a\0b"}, 400)],
)  # fmt: skip
def test_what_is_no_announcement_is_refused(call, gateway, changes, status):
    answer = put_in(call, **changes)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert announcing.read_announcements(gateway) == []
    assert WORKER not in answer.text


@sqlite_only
def test_a_name_that_the_log_must_not_keep_acknowledges_nothing(call, gateway):
    put_in(call)
    answer = call("POST", "/duyuru/D-7/acknowledge", json={"name": WORKER})

    assert (answer.status_code, answer.json()["code"]) == (422, "INT-QUE-003")
    assert read_receipts(gateway, "D-7") == []


def test_a_target_that_is_none_is_malformed():
    with pytest.raises(Malformed):
        Target(iller=(0,))
    with pytest.raises(Malformed):
        Duyuru(" ", "x", "y", START.date())


def test_two_processes_put_the_same_in_once(gateway, another_worker):
    told = Duyuru("D-1", "Başlık", "Metin", START.date())

    assert [announce(each, told, by="ayse") for each in (gateway, another_worker())] == [True, False]
    assert [each.duyuru.no for each in show_to(gateway, KURUM, Role.MANAGER, "ayse")] == ["D-1"]
