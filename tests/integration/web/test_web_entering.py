"""The ways in on both engines, and many at once."""

import threading
from datetime import timedelta

import pytest

from integrator.access import Principal
from integrator.domain.errors import NotAdmitted, Paused
from integrator.domain.roles import Role
from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.parties.people import OWN
from integrator.people import breaking, entering, making
from integrator.people import own_account as own
from integrator.people.entering import Caller
from integrator.protect.totp import STEP_SECONDS, code_at
from tests.factories import KURUM
from tests.integration.web.people import GOOD

LOGIN = "ayse@osgb.test"
HERE = Caller("127.0.0.1")


class Ayse:
    """Somebody who is set up; `code` is the one of now."""

    def __init__(self, house):
        self.house = house
        _, setup_code = making.make_person(house, KURUM, Role.AUDITOR, LOGIN, by="test")
        half = own.set_up(house, LOGIN, setup_code, GOOD, HERE)
        own.begin_totp(house, half.person, "", HERE)
        self.secret = making.find_person(house, LOGIN).totp_next
        self.entered, self.recovery_codes = own.confirm_totp(house, half.session, self.code(), HERE)

    def code(self):
        return code_at(self.secret, int(self.house.now().timestamp()) // STEP_SECONDS)

    def first_step(self, password=GOOD, caller=HERE):
        return entering.log_in(self.house, LOGIN, password, caller)


@pytest.fixture
def ayse(house):
    return Ayse(house)


def test_a_person_walks_in_by_every_way_on_both_engines(ayse, house, clock):
    clock.advance(seconds=60)
    by_code = entering.second_step(house, ayse.first_step().session, ayse.code(), HERE)
    by_paper = entering.second_step(house, ayse.first_step().session, ayse.recovery_codes[0], HERE)
    clock.advance(seconds=60)
    changed = own.change_password(house, by_paper.session, GOOD, GOOD + "!", HERE)

    assert entering.session_of(house, by_code.token) is None
    assert entering.session_of(house, changed.token)[1].login == LOGIN
    with pytest.raises(NotAdmitted):
        ayse.first_step(GOOD)
    making.change_role(house, LOGIN, Role.MANAGER, reason="test", by="test")
    assert entering.session_of(house, changed.token) is None


def test_guesses_are_paused_and_forgotten_on_both_engines(ayse, house, clock):
    told = []
    for _ in range(7):
        with pytest.raises((NotAdmitted, Paused)) as caught:
            ayse.first_step("wrong")
        told.append(caught.type)
    clock.advance(hours=25)

    assert told == [NotAdmitted] * 5 + [Paused] * 2
    assert ayse.first_step().session.level == "password"


def at_once(act, count):
    """What `count` threads got from `act`, begun together: values and errors."""
    start, got = threading.Barrier(count), []

    def run():
        start.wait(30)
        try:
            got.append(act())
        except (NotAdmitted, Paused) as error:
            got.append(type(error))

    threads = [threading.Thread(target=run) for _ in range(count)]
    [each.start() for each in threads]
    [each.join(120) for each in threads]
    return got


def test_a_code_shown_twice_at_the_same_moment_opens_once(ayse, house, clock):
    clock.advance(seconds=60)
    halves, code = [ayse.first_step().session for _ in range(4)], ayse.code()
    got = at_once(lambda: entering.second_step(house, halves.pop(), code, HERE), 4)

    assert sum(not isinstance(each, type) for each in got) == 1


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(ayse):
    got = at_once(lambda: ayse.first_step("wrong"), 12)

    assert (got.count(NotAdmitted), got.count(Paused)) == (5, 7)


def test_a_glass_is_broken_looked_through_and_ended_on_both_engines(ayse, house, clock):
    by = Principal(OWN, Role.OPERATOR, "person x", frozenset(), kullanici_no="x")
    glass = breaking.break_glass(house, by, KURUM, reason="test", lasts=timedelta(days=9))
    seen = breaking.look_through(house, by, glass.glass_no, call="GET /x", about=[])
    breaking.end_glass(house, by, glass.glass_no)

    assert (glass.until_at - glass.broken_at, seen) == (timedelta(hours=4), glass)
    assert breaking.look_through(house, by, glass.glass_no, call="GET /x", about=[]) is None
    assert [each.ended_at for each in breaking.read_glasses(house, KURUM)] == [clock.now()]


def test_people_follow_new_data_keys(ayse, house, gateway, clock):
    replace_data_keys(gateway, reason="yearly")
    reseal(gateway)
    clock.advance(minutes=5)
    done = reseal(gateway)
    clock.advance(seconds=60)
    entered = entering.second_step(house, ayse.first_step().session, ayse.code(), HERE)

    assert (done.left, entered.person.login) == (0, LOGIN)
