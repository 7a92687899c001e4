import io
import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from integrator.domain.errors import LoginTaken
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.log import set_up_log
from integrator.people import making
from integrator.people.house import House
from integrator.protect.passwords import Passwords
from integrator.store.engine import reading, sqlite_url
from integrator.store.people_tables import kullanici, login_brake, oturum, recovery_code
from integrator.store.tables import audit_entry
from integrator.web.app import create_app
from tests.factories import KURUM
from tests.integration.web.people import CHEAP, GOOD, Someone

OTHER = KurumNo("osgb-2")
WHY = {"reason": "test", "by": "test"}


@pytest.fixture
def database_url(migrated_file, tmp_path):
    """SQLite only, for the sake of time; test_web_entering.py walks the same way on both engines."""
    path = tmp_path / "ibys.sqlite3"
    shutil.copyfile(migrated_file, path)
    return sqlite_url(path)


def rows_of(gateway, table):
    with reading(gateway.database) as tx:
        return tx.execute(table.select()).mappings().all()


def events(gateway):
    return [json.loads(row["leaf"])["event"] for row in rows_of(gateway, audit_entry)]


def status(answer):
    return answer.status_code, answer.json()["code"]


def test_a_person_comes_in_by_two_steps_and_goes_out(person):
    someone = person(Role.MANAGER)
    first = someone.call("POST", "/oturum", json={"login": someone.login, "password": GOOD})
    half = someone.call("GET", "/line")
    someone.house.gateway.clock.advance(seconds=30)
    second = someone.call("POST", "/oturum/second-step", json={"code": someone.code()})
    me = someone.call("GET", "/oturum").json()

    assert (first.status_code, first.json()["level"], status(half)) == (201, "password", (403, "INT-PPL-005"))
    assert (second.status_code, second.json()["level"]) == (201, "open")
    assert (me["login"], me["kurum"], me["role"]) == (someone.login, KURUM, "manager")
    assert someone.call("GET", "/line").status_code == 200
    assert someone.call("DELETE", "/oturum").status_code == 204
    assert someone.call("GET", "/line").status_code == 401


def test_the_cookie_is_bound_to_the_host_and_no_script_reads_it(person):
    answer = person().log_in()
    [session, device] = answer.headers.get_list("set-cookie")

    assert session.startswith("__Host-ibys=") and device.startswith("__Host-ibys-device=")
    assert all("; Path=/; " in each and each.endswith("; HttpOnly; SameSite=Lax; Secure") for each in (session, device))
    assert answer.headers["cache-control"] == "no-store"


def test_a_code_is_good_once_whoever_restarted_the_server(person, app, gateway, tmp_path):
    someone = person()
    gateway.clock.advance(seconds=60)
    code = someone.code()
    assert someone.log_in(code=None).status_code == 201
    used = someone.code()
    someone.call("POST", "/oturum", json={"login": someone.login, "password": GOOD})
    again = someone.call("POST", "/oturum/second-step", json={"code": used})
    older = someone.call("POST", "/oturum/second-step", json={"code": code})

    assert (status(again), status(older)) == ((401, "INT-PPL-001"), (401, "INT-PPL-001"))


def test_a_recovery_code_is_good_once(person, gateway):
    someone = person()
    code = someone.recovery_codes[3]

    assert len(set(someone.recovery_codes)) == 10
    assert someone.log_in(code=code.upper()).status_code == 201
    assert someone.log_in(code=code).status_code == 401
    assert len(rows_of(gateway, recovery_code)) == 9
    assert events(gateway).count("person.code_used") == 1


def test_a_session_is_another_after_each_step_and_the_old_one_opens_nothing(person):
    someone = person()
    someone.call("POST", "/oturum", json={"login": someone.login, "password": GOOD})
    half = dict(someone.cookies)
    someone.house.gateway.clock.advance(seconds=60)
    someone.call("POST", "/oturum/second-step", json={"code": someone.code()})
    whole = dict(someone.cookies)
    someone.cookies = {**half}

    assert half["__Host-ibys"] != whole["__Host-ibys"]
    assert someone.call("GET", "/oturum").status_code == 401


def test_a_session_that_somebody_brought_along_is_never_taken(door, house, person):
    someone = person()
    someone.cookies["__Host-ibys"] = "A" * 43
    answer = someone.log_in()

    assert answer.status_code == 201
    assert someone.cookies["__Host-ibys"] != "A" * 43


def test_a_session_ends_when_idle_and_at_last_in_any_case(person, gateway):
    someone = person()
    gateway.clock.advance(minutes=29)
    assert someone.call("GET", "/oturum").status_code == 200
    gateway.clock.advance(minutes=31)
    assert someone.call("GET", "/oturum").status_code == 401

    someone.log_in()
    for _ in range(12 * 3):
        gateway.clock.advance(minutes=19)
        someone.call("GET", "/oturum")
    assert someone.call("GET", "/oturum").status_code == 200
    gateway.clock.advance(minutes=29)
    someone.call("GET", "/oturum")
    gateway.clock.advance(minutes=8)
    assert someone.call("GET", "/oturum").status_code == 401


def test_a_new_password_ends_every_other_session_and_the_old_password(person):
    someone = person()
    other = Someone(someone.door, someone.house, someone.login, someone.secret)
    other.log_in()
    someone.house.gateway.clock.advance(seconds=60)
    weak = someone.call("PUT", "/oturum/password", json={"old": GOOD, "new": "Parola123456"})
    wrong = someone.call("PUT", "/oturum/password", json={"old": "x", "new": GOOD + "!"})
    before = someone.cookies["__Host-ibys"]
    done = someone.call("PUT", "/oturum/password", json={"old": GOOD, "new": GOOD + "!"})

    assert (status(weak), status(wrong)) == ((422, "INT-PPL-003"), (401, "INT-PPL-001"))
    assert (done.status_code, someone.cookies["__Host-ibys"] != before) == (201, True)
    assert (other.call("GET", "/oturum").status_code, someone.call("GET", "/oturum").status_code) == (401, 200)
    assert (other.log_in().status_code, other.log_in(GOOD + "!").status_code) == (401, 201)


@pytest.mark.parametrize("act", ["lock", "reset", "role"])
def test_sessions_end_when_an_operator_acts(person, house, act):
    someone = person()
    if act == "lock":
        making.lock_person(house, someone.login, **WHY)
    elif act == "reset":
        making.reset_person(house, someone.login, **WHY)
    else:
        making.change_role(house, someone.login, Role.AUDITOR, **WHY)

    assert someone.call("GET", "/oturum").status_code == 401
    assert (someone.log_in().status_code == 201) == (act == "role")


def test_a_locked_person_comes_in_again_when_unlocked_and_nobody_after_their_day(person, house, gateway):
    someone = person()
    making.lock_person(house, someone.login, **WHY)
    making.unlock_person(house, someone.login, **WHY)
    assert someone.log_in().status_code == 201

    gateway.clock.advance(days=401)
    assert someone.log_in().status_code == 401


def test_own_sessions_are_listed_and_ended_and_nobody_elses(person):
    mine, theirs = person(Role.MANAGER), person(Role.AUDITOR)
    second = Someone(mine.door, mine.house, mine.login, mine.secret)
    second.log_in()
    listed = mine.call("GET", "/oturum/list").json()["sessions"]
    [other] = [each["oturum_no"] for each in listed if not each["own"]]
    foreign = theirs.call("GET", "/oturum/list").json()["sessions"][0]["oturum_no"]

    assert mine.call("DELETE", f"/oturum/list/{foreign}").status_code == 404
    assert mine.call("DELETE", f"/oturum/list/{other}").status_code == 204
    assert [each.call("GET", "/oturum").status_code for each in (mine, second, theirs)] == [200, 401, 200]
    assert mine.call("DELETE", "/oturum/list").json() == {"ended": 0}


def test_a_second_step_is_replaced_only_with_the_one_in_use(person, gateway):
    someone = person()
    gateway.clock.advance(seconds=60)
    without = someone.call("POST", "/oturum/totp", json={})
    with_it = someone.call("POST", "/oturum/totp", json={"code": someone.code()})
    someone.secret = with_it.json()["secret"]
    done = someone.call("PUT", "/oturum/totp", json={"code": someone.code()})

    assert (without.status_code, with_it.status_code, done.status_code) == (401, 200, 201)
    assert someone.log_in().status_code == 201


def test_recovery_codes_are_renewed_with_a_code_and_the_old_ones_are_gone(person, gateway):
    someone = person()
    old = someone.recovery_codes[0]
    gateway.clock.advance(seconds=60)
    renewed = someone.call("POST", "/oturum/recovery-codes", json={"code": someone.code()}).json()["recovery_codes"]

    assert someone.log_in(code=old).status_code == 401
    assert someone.log_in(code=renewed[9]).status_code == 201


def test_a_set_up_code_is_good_once_for_its_person_and_its_time(door, house, gateway, person):
    _, code = making.make_person(house, KURUM, Role.MANAGER, "a@b.test", by="test")
    other = person(Role.AUDITOR)
    told = {"login": "a@b.test", "code": code, "password": GOOD}
    someone = Someone(door, house, "a@b.test")

    assert other.call("POST", "/oturum/set-up", json={**told, "login": other.login}).status_code == 401
    assert status(someone.call("POST", "/oturum/set-up", json={**told, "password": "kisa"})) == (422, "INT-PPL-003")
    assert someone.call("POST", "/oturum/set-up", json=told).status_code == 201
    assert someone.call("POST", "/oturum/set-up", json=told).status_code == 401
    _, late = making.reset_person(house, "a@b.test", **WHY)
    gateway.clock.advance(hours=49)
    assert someone.call("POST", "/oturum/set-up", json={**told, "code": late}).status_code == 401


def test_nobody_is_in_before_a_second_step_was_taken(door, house):
    _, code = making.make_person(house, KURUM, Role.MANAGER, "a@b.test", by="test")
    someone = Someone(door, house, "a@b.test")
    someone.call("POST", "/oturum/set-up", json={"login": "a@b.test", "code": code, "password": GOOD})
    refused = [someone.call("GET", path) for path in ("/line", "/bildirim", "/oturum/list")]

    assert [status(each) for each in refused] == [(403, "INT-PPL-005")] * 3
    assert someone.call("GET", "/oturum").json()["rights"] == []


def guess(someone, *, count=1, password="wrong password", **facts):
    told = {"login": someone.login, "password": password}
    return [someone.call("POST", "/oturum", json=told, **facts).status_code for _ in range(count)]


def test_guessing_is_slowed_down_by_the_name_and_survives_a_restart(door, house, person, gateway, app, tmp_path):
    someone = person()
    stranger = Someone(door, house, someone.login)

    assert guess(stranger, count=7) == [401] * 5 + [429] * 2
    paused = stranger.call("POST", "/oturum", json={"login": someone.login, "password": GOOD})
    assert status(paused) == (429, "INT-PPL-002")
    assert int(paused.headers["retry-after"]) == 2
    restarted = create_app(gateway, app.state.caps, tmp_path, CHEAP)
    assert restarted.state.house is not house
    gateway.clock.advance(seconds=2)
    assert guess(stranger, count=2) == [401, 429]
    gateway.clock.advance(seconds=3)
    assert guess(stranger, count=1) == [429]
    gateway.clock.advance(seconds=1)
    assert guess(stranger, count=2) == [401, 429]


def test_no_pause_is_longer_than_the_ceiling_and_what_is_not_repeated_is_forgotten(door, house, person, gateway):
    someone = person()
    stranger = Someone(door, house, someone.login)
    for _ in range(25):
        guess(stranger)
        gateway.clock.advance(minutes=15)

    assert Someone(door, house, someone.login, someone.secret).log_in().status_code == 201
    guess(stranger, count=9)
    gateway.clock.advance(hours=25)
    assert guess(stranger, count=6) == [401] * 5 + [429]


def test_guesses_of_others_do_not_keep_the_owner_out_who_comes_from_a_known_device(door, house, person, gateway):
    someone = person()
    stranger = Someone(door, house, someone.login)
    guess(stranger, count=6)
    someone.house.gateway.clock.at -= timedelta(seconds=60)

    assert guess(stranger) == [429]
    gateway.clock.advance(seconds=60)
    guess(stranger, count=9)
    assert someone.log_in().status_code == 201


def test_a_device_of_somebody_else_or_a_made_up_one_opens_no_brake(door, house, person):
    mine, theirs = person(Role.MANAGER), person(Role.AUDITOR)
    for device in (theirs.cookies["__Host-ibys-device"], "A" * 22 + "." + "0" * 32):
        stranger = Someone(door, house, mine.login)
        stranger.cookies["__Host-ibys-device"] = device
        guess(stranger, count=3)

    assert guess(Someone(door, house, mine.login)) == [429]


def test_an_address_is_slowed_down_whatever_names_it_tries(door, house):
    answers = [guess(Someone(door, house, f"p{n}@b.test"))[0] for n in range(32)]

    assert answers == [401] * 30 + [429] * 2


def test_codes_cannot_be_guessed_in_a_session(person, gateway):
    someone = person()
    gateway.clock.advance(seconds=60)
    someone.call("POST", "/oturum", json={"login": someone.login, "password": GOOD})
    wrong = f"{(int(someone.code()) + 1) % 1_000_000:06}"
    tried = [someone.call("POST", "/oturum/second-step", json={"code": wrong}).status_code for _ in range(8)]

    assert set(tried[:4]) == {401}
    assert tried[-1] in (401, 429)
    assert someone.call("POST", "/oturum/second-step", json={"code": someone.code()}).status_code in (401, 429)


def test_an_unknown_name_is_answered_and_paused_as_a_known_one(door, house, person):
    someone = person()
    known = [someone.call("POST", "/oturum", json={"login": someone.login, "password": "x"}, headers={"Cookie": ""})]
    unknown = [
        someone.call("POST", "/oturum", json={"login": "nobody@b.test", "password": "x"}, headers={"Cookie": ""})
    ]
    odd = [someone.call("POST", "/oturum", json={"login": "no name", "password": "x"}, headers={"Cookie": ""})]

    def told(answers):
        return [{**each.json(), "request_id": ""} for each in answers]

    assert told(known) == told(unknown) == told(odd)
    assert guess(Someone(door, house, "nobody@b.test"), count=6)[-1] == 429


def test_a_hash_is_reckoned_once_whoever_is_named(door, house, person, monkeypatch):
    reckoned, real = [], PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda *told: reckoned.append(1) or real(*told))
    counts = []
    for login in (person().login, "nobody@b.test", "no name", "x" * 254):
        guess(Someone(door, house, login))
        counts.append(len(reckoned))

    assert counts == [1, 2, 3, 4]


def test_a_hash_that_became_too_cheap_is_made_anew_at_the_next_login(person, gateway, app, monkeypatch):
    someone = person()
    [before] = rows_of(gateway, kullanici)
    dearer = replace(CHEAP, passwords=Passwords(memory_kib=128, passes=1))
    app.state.house = House(gateway, dearer)
    someone.log_in()
    [after] = rows_of(gateway, kullanici)

    assert ("m=64," in before["password"], "m=128," in after["password"]) == (True, True)
    assert events(gateway).count("person.rehashed") == 1


def test_nothing_readable_of_a_person_stands_in_the_database(person, gateway):
    someone = person(Role.PROFESSIONAL)
    rows = repr([rows_of(gateway, each) for each in (kullanici, oturum, recovery_code, login_brake, audit_entry)])
    secrets = [someone.login, someone.secret, GOOD, *someone.cookies.values(), someone.recovery_codes[0], "81234567804"]

    assert [each for each in secrets if each in rows] == []


def test_what_happens_to_an_account_is_in_the_log_by_number(person, house, gateway):
    someone = person()
    making.lock_person(house, someone.login, **WHY)

    assert events(gateway)[-6:] == [
        "person.made", "person.set_up", "person.totp_begun", "person.totp_taken", "person.entered", "person.locked",
    ]  # fmt: skip


def test_every_act_on_an_account_is_in_the_log(person, house, gateway):
    someone = person()
    gateway.clock.advance(seconds=60)
    someone.call("POST", "/oturum/recovery-codes", json={"code": someone.code()})
    someone.call("PUT", "/oturum/password", json={"old": GOOD, "new": GOOD + "!"})
    making.change_role(house, someone.login, Role.AUDITOR, **WHY)
    making.unlock_person(house, someone.login, **WHY)
    making.reset_person(house, someone.login, **WHY)

    assert set(events(gateway)) >= {
        "person.codes_renewed", "person.password_changed", "person.role_changed", "person.unlocked", "person.reset",
    }  # fmt: skip


def test_a_login_is_taken_once(house):
    making.make_person(house, KURUM, Role.MANAGER, "Ayse@B.test", by="test")

    with pytest.raises(LoginTaken):
        making.make_person(house, OTHER, Role.MANAGER, " ayse@b.test", by="test")


def test_no_line_of_the_log_names_a_person(person):
    stream = io.StringIO()
    set_up_log(level="INFO", stream=stream)
    someone = person()
    someone.log_in()
    guess(someone, count=8)
    lines = stream.getvalue()
    secrets = [someone.login, someone.login.partition("@")[0], GOOD, someone.secret, *someone.cookies.values()]

    assert '"people.refused"' in lines and '"people.paused"' in lines and '"/oturum/second-step"' in lines
    assert [each for each in secrets if each in lines] == []
