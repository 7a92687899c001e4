"""People at the door in tests: made, set up, logged in; their codes come from their secret and the false clock."""

import re
from base64 import b32decode

from integrator.domain.errors import NotKnown
from integrator.domain.identifiers import Tckn
from integrator.domain.roles import Role
from integrator.parties.brakes import Pauses
from integrator.parties.sessions import Level, begin_session
from integrator.people import making
from integrator.people.house import PeopleRules
from integrator.protect.passwords import Passwords
from integrator.protect.totp import code_at
from integrator.store.engine import writing
from tests.factories import KURUM, PROFESSIONAL

GOOD = "kırmızı balık gölde"
CHEAP = PeopleRules(passwords=Passwords(memory_kib=64, passes=1), pauses=Pauses(), issuer="gw")


class Someone:
    """A person with a browser: keeps cookies and the token of the session, as a page would."""

    def __init__(self, door, house, login, secret=""):
        self.door, self.house, self.login, self.secret = door, house, login, secret
        self.cookies, self.csrf = {}, ""

    def call(self, method, path, *, headers=None, **facts):
        told = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        self.door.cookies.clear()
        answer = self.door.request(
            method, f"/v1{path}", headers={**told, "X-CSRF-Token": self.csrf, **(headers or {})}, **facts
        )
        for line in answer.headers.get_list("set-cookie"):
            name, value = re.match(r"([^=]+)=([^;]*)", line).groups()
            self.cookies[name] = value
        if answer.content and answer.headers.get("content-type") == "application/json":
            self.csrf = answer.json().get("csrf", self.csrf)
        return answer

    def code(self, away=0):
        padded = self.secret + "=" * (-len(self.secret) % 8)
        return code_at(b32decode(padded), int(self.house.now().timestamp()) // 30 + away)

    def set_up(self, setup_code, password=GOOD):
        self.call("POST", "/oturum/set-up", json={"login": self.login, "code": setup_code, "password": password})
        self.secret = self.call("POST", "/oturum/totp", json={}).json()["secret"]
        self.recovery_codes = self.call("PUT", "/oturum/totp", json={"code": self.code()}).json()["recovery_codes"]
        return self

    def log_in(self, password=GOOD, code=None):
        """Both steps; the clock moves on, for no code is good twice."""
        self.house.gateway.clock.advance(seconds=60)
        first = self.call("POST", "/oturum", json={"login": self.login, "password": password})
        if first.status_code != 201:
            return first
        return self.call("POST", "/oturum/second-step", json={"code": code or self.code()})


def made(door, house, role=Role.MANAGER, login=None, kurum=KURUM):
    """Somebody of that role who has set up everything and is in."""
    login = login or f"{role.value}@{kurum.strip('~') or 'own'}.test"
    number = Tckn(PROFESSIONAL) if role is Role.PROFESSIONAL else None
    _, code = making.make_person(house, kurum, role, login, professional=number, by="test")
    return Someone(door, house, login).set_up(code)


def made_person(house, role, kurum, *, login=None, level=Level.OPEN):
    """(token, session) of somebody of that role, without their ways through the doors."""
    login = login or f"{role.value}@{kurum}.test"
    number = Tckn(PROFESSIONAL) if role is Role.PROFESSIONAL else None
    try:
        person = making.find_person(house, login)
    except NotKnown:
        person, _ = making.make_person(house, kurum, role, login, professional=number, by="test")
    now = house.now()
    with writing(house.gateway.database) as tx:
        session, token = begin_session(tx, person.kullanici_no, level, now=now, ends_at=now + house.rules.lives)
    return token, session
