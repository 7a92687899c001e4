"""A customer's own keys and people, kept by a compliance officer. Who else may is in the matrix."""

import json
import shutil

import pytest

from integrator.access import Principal
from integrator.domain.errors import TooManyHere
from integrator.domain.roles import RIGHTS, Role
from integrator.people import granting, making
from integrator.store.engine import reading, sqlite_url
from integrator.store.people_tables import kullanici
from integrator.store.tables import api_key, audit_entry
from tests.factories import KURUM
from tests.integration.web.people import GOOD, Someone

READER = {"name": "report", "role": "manager"}
HANDER = {"name": "payroll", "rights": ["submit", "follow"]}
WHY = {"reason": "left the firm"}
BEYOND = (403, "INT-PPL-008")


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only, for the sake of time."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


@pytest.fixture
def keeper(person):
    return person(Role.COMPLIANCE)


@pytest.fixture
def opens(door):
    def try_it(token, path="/bildirim"):
        door.cookies.clear()
        return door.get(f"/v1{path}", headers={"Authorization": f"Bearer {token}"}).status_code

    return try_it


@pytest.fixture
def stored(gateway):
    def read():
        with reading(gateway.database) as tx:
            return [tx.execute(each.select()).all() for each in (api_key, kullanici, audit_entry)]

    return read


def told(answer):
    return answer.status_code, answer.json()["code"]


def number_of(keeper, someone):
    people = keeper.call("GET", "/kullanici").json()["people"]
    return next(each["kullanici_no"] for each in people if each["login"] == someone.login)


def entries(gateway, event):
    with reading(gateway.database) as tx:
        leaves = [json.loads(row.leaf) for row in tx.execute(audit_entry.select())]
    return [each for each in leaves if each["event"] == event]


def test_a_key_is_shown_once_and_opens_what_was_asked_for(keeper, opens, gateway):
    made = keeper.call("POST", "/api-key", json={**HANDER, "addresses": ["127.0.0.0/8"], "days": 30})
    token = made.json()["token"]
    listed = keeper.call("GET", "/api-key")

    assert (made.status_code, made.headers["cache-control"], opens(token)) == (201, "no-store", 200)
    assert opens(token, "/isyeri") == 403
    assert token[14:] not in listed.text
    [row] = listed.json()["keys"]
    assert (row["name"], row["rights"], row["addresses"]) == ("payroll", ["follow", "submit"], ["127.0.0.0/8"])
    assert keeper.call("GET", "/api-key").json()["keys"][0]["last_used_at"] is not None
    [entry] = entries(gateway, "api_key.made")
    assert entry["by"].startswith("person ")


def test_a_rotated_key_opens_until_the_overlap_ends_and_a_revoked_one_no_more(keeper, opens, clock):
    old = keeper.call("POST", "/api-key", json=READER).json()
    new = keeper.call("POST", f"/api-key/{old['key_no']}/rotate", json={"overlap_hours": 1}).json()
    both = [opens(old["token"]), opens(new["token"])]
    clock.advance(hours=1)
    after = [opens(old["token"]), opens(new["token"])]
    keeper.log_in()
    revoked = keeper.call("POST", f"/api-key/{new['key_no']}/revoke", json=WHY)

    assert (both, after, new["name"]) == ([200, 200], [401, 200], "report")
    assert (revoked.status_code, revoked.json()["revoked_at"] is None, opens(new["token"])) == (200, False, 401)
    assert keeper.call("POST", f"/api-key/{new['key_no']}/rotate", json={}).status_code == 404


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "all"},  # every right of the role system: content and health among them
        {"name": "x", "rights": ["read_content"]},
        {"name": "x", "rights": ["submit", "sign"]},
        {"name": "x", "role": "auditor"},
        {"name": "x", "role": "auditor", "rights": ["follow"]},
        {"name": "x", "role": "professional"},
        {"name": "x", "role": "operator", "rights": ["open"]},
    ],
)
def test_no_key_has_a_right_that_its_maker_lacks(keeper, stored, wanted):
    before = stored()

    assert told(keeper.call("POST", "/api-key", json=wanted)) == BEYOND
    assert stored() == before


def test_a_key_beyond_ones_own_rights_is_seen_and_revoked_but_not_rotated(keeper, token_of, opens):
    token = token_of(Role.SYSTEM)
    number = token[5:13]

    assert number in [each["key_no"] for each in keeper.call("GET", "/api-key").json()["keys"]]
    assert told(keeper.call("POST", f"/api-key/{number}/rotate", json={})) == BEYOND
    assert keeper.call("POST", f"/api-key/{number}/revoke", json=WHY).status_code == 200
    assert opens(token) == 401


def test_somebody_invited_sets_up_with_the_code_that_was_shown_once(keeper, door, house, gateway):
    answer = keeper.call("POST", "/kullanici", json={"login": "veli@osgb.test", "role": "secretary"})
    code = answer.json()["setup_code"]
    listed = keeper.call("GET", "/kullanici")
    veli = Someone(door, house, "veli@osgb.test").set_up(code)

    assert (answer.status_code, answer.headers["cache-control"], code in listed.text) == (201, "no-store", False)
    assert {each["login"] for each in listed.json()["people"]} == {keeper.login, veli.login}
    assert veli.call("GET", "/oturum").json()["role"] == "secretary"
    assert [each["by"][:7] for each in entries(gateway, "person.made")] == ["test", "person "]


def test_whoever_is_locked_is_out_at_once_and_comes_in_again_when_unlocked(keeper, person):
    someone = person(Role.SECRETARY)
    number = number_of(keeper, someone)
    locked = keeper.call("POST", f"/kullanici/{number}/lock", json=WHY).json()["locked"]
    out = someone.call("GET", "/bildirim").status_code
    unlocked = keeper.call("POST", f"/kullanici/{number}/unlock", json=WHY).json()["locked"]

    assert (locked, out, unlocked, someone.log_in().status_code) == (True, 401, False, 201)


def test_a_reset_gives_a_new_code_and_a_new_role_ends_sessions(keeper, person, house, door):
    someone = person(Role.SECRETARY)
    number = number_of(keeper, someone)
    changed = keeper.call("POST", f"/kullanici/{number}/role", json={**WHY, "role": "manager"})
    out = someone.call("GET", "/bildirim").status_code
    code = keeper.call("POST", f"/kullanici/{number}/reset", json={**WHY, "days": 10}).json()["setup_code"]
    again = Someone(door, house, someone.login).set_up(code, GOOD + "!")

    assert (changed.json()["role"], out) == ("manager", 401)
    assert again.call("GET", "/oturum").json()["role"] == "manager"


def test_nobody_is_given_more_than_their_keeper_has_and_no_stronger_account_is_opened_anew(keeper, house, stored):
    auditor, _ = making.make_person(house, KURUM, Role.AUDITOR, "auditor@osgb.test", by="test")
    weak, _ = making.make_person(house, KURUM, Role.MANAGER, "manager@osgb.test", by="test")
    before = stored()
    tried = [
        ("", {"login": "new@osgb.test", "role": "auditor"}),
        ("", {"login": "new@osgb.test", "role": "professional"}),
        ("", {"login": "new@osgb.test", "role": "operator"}),
        ("", {"login": "new@osgb.test", "role": "system"}),
        (f"/{weak.kullanici_no}/role", {**WHY, "role": "auditor"}),
        (f"/{auditor.kullanici_no}/reset", WHY),
        (f"/{auditor.kullanici_no}/unlock", WHY),
    ]

    assert {told(keeper.call("POST", f"/kullanici{path}", json=body)) for path, body in tried} == {BEYOND}
    assert stored() == before
    assert keeper.call("POST", f"/kullanici/{auditor.kullanici_no}/lock", json=WHY).status_code == 200


def test_nobody_changes_their_own_account_here(keeper, stored):
    own = number_of(keeper, keeper)
    before = stored()
    tried = [("lock", WHY), ("unlock", WHY), ("reset", WHY), ("role", {**WHY, "role": "manager"})]

    assert {told(keeper.call("POST", f"/kullanici/{own}/{what}", json=body)) for what, body in tried} == {BEYOND}
    assert stored() == before


BAD = [
    ("/api-key", {**READER, "extra": 1}, 400),
    ("/api-key", {**READER, "days": 401}, 400),
    ("/api-key", {**READER, "days": "30"}, 400),
    ("/api-key", {**READER, "rights": ["fly"]}, 400),
    ("/api-key", {**READER, "rights": ["submit"]}, 400),
    ("/api-key", {**READER, "addresses": ["everywhere"]}, 400),
    ("/api-key", {**READER, "name": "of 10000000146"}, 422),
    ("/api-key", {**READER, "name": "x\r\nSet-Cookie: a=b"}, 422),
    ("/kullanici", {"login": "no address", "role": "manager"}, 400),
    ("/kullanici", {"login": "10000000146@osgb.test", "role": "manager"}, 400),
    ("/kullanici", {"login": "a\r\nb@osgb.test", "role": "manager"}, 400),
    ("/kullanici", {"login": "compliance@osgb-1.test", "role": "manager"}, 409),
    ("/kullanici", {"login": "a@osgb.test", "role": "manager", "kurum": "osgb-2"}, 400),
    ("/kullanici/000000000000/lock", WHY, 404),
    ("/kullanici/~/lock", WHY, 400),
    ("/api-key/..%2f..%2f/revoke", WHY, 404),
]  # fmt: skip


def test_bad_calls_are_told_and_make_nothing(keeper, stored):
    before = stored()
    answers = [keeper.call("POST", path, json=body) for path, body, _ in BAD]
    text = keeper.call("POST", "/api-key", content=json.dumps(READER), headers={"Content-Type": "text/plain"})
    elsewhere = keeper.call("POST", "/api-key", json=READER, headers={"X-CSRF-Token": "0" * 64})
    another = keeper.call("POST", "/kullanici", json=READER, headers={"Origin": "https://evil.test"})

    assert [each.status_code for each in answers] == [status for *_, status in BAD]
    assert [each.status_code for each in (text, elsewhere, another)] == [415, 403, 403]
    assert not [each for each in answers if "10000000146" in each.text or "set-cookie" in each.headers]
    assert stored() == before


def test_a_customer_makes_so_many_and_no_more(house, gateway, monkeypatch):
    by = Principal(KURUM, Role.COMPLIANCE, "person x", RIGHTS[Role.COMPLIANCE], kullanici_no="x")
    monkeypatch.setattr(granting, "KEYS_AT_MOST", 1)
    monkeypatch.setattr(granting, "PEOPLE_AT_MOST", 0)
    wanted = granting.WantedKey(Role.MANAGER, "x", house.rules.lives)
    key, _ = granting.give_key(gateway, by, wanted)

    with pytest.raises(TooManyHere):
        granting.give_key(gateway, by, wanted)
    with pytest.raises(TooManyHere):
        granting.invite(house, by, Role.MANAGER, "x@osgb.test", lives=house.rules.lives)
    granting.revoke_key(gateway, by, key.key_no, reason="not used")
    assert granting.give_key(gateway, by, wanted)
