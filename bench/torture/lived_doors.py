"""What happens at the doors of a home that has lived (``lived.py``): people, staff that looks, a webhook, limits,
announcements. Everybody is invented, and nothing is called.
"""

from __future__ import annotations

from base64 import b32decode
from collections.abc import Callable
from datetime import date, datetime, timedelta

from integrator.access import Principal
from integrator.announcing import Duyuru, acknowledge, announce
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import RIGHTS, Role
from integrator.gateway import Gateway
from integrator.limiting import set_limits
from integrator.parties.people import Person
from integrator.people.breaking import break_glass, end_glass
from integrator.people.entering import Caller, log_in, second_step
from integrator.people.house import House, PeopleRules
from integrator.people.making import make_person
from integrator.people.own_account import begin_totp, confirm_totp, set_up
from integrator.protect import totp
from integrator.protect.passwords import Passwords
from integrator.webhooks.carrying import Terms
from integrator.webhooks.guard import Guard
from integrator.webhooks.hands import Wanted, make_webhook

PASSWORD = "dokuz sari kedi"
FROM = Caller("127.0.0.1")
DAY = date(2026, 3, 1)


def open_doors(gateway: Gateway, kurum: KurumNo, now: Callable[[], datetime]) -> None:
    """Something of everything, so that no table of the doors is without a row."""
    house = House(gateway, PeopleRules(Passwords(memory_kib=8, passes=1)))
    manager = _come_in(house, kurum, Role.MANAGER, now)
    operator = _come_in(house, kurum, Role.OPERATOR, now)
    by = Principal(operator.kurum, operator.role, operator.name, RIGHTS[Role.OPERATOR], None, operator.kullanici_no)
    for _ in range(2):  # one that ended, and one that is open
        glass = break_glass(house, by, kurum, reason="deneme", lasts=timedelta(hours=1))
    end_glass(house, by, glass.glass_no)
    terms = Terms(guard=Guard(resolve=lambda _host, _port: ["93.184.215.14"]))
    make_webhook(gateway, terms, kurum, Wanted("deneme", "https://ornek.example/", ["bildirim.refused"]), by="ayse")
    set_limits(gateway, kurum, {"key_calls_per_second": 50.0}, reason="deneme", by="ayse")
    for no in ("2026-1", "2026-2"):
        announce(gateway, Duyuru(no, "Deneme", "Deneme metni", DAY), by="ayse")
    acknowledge(gateway, kurum, Role.MANAGER, "2026-1", manager.name)


def _come_in(house: House, kurum: KurumNo, role: Role, now: Callable[[], datetime]) -> Person:
    """Somebody takes a password and a second step, and comes in once more by a recovery code."""
    login = f"{role.value}@ornek.example"
    _, code = make_person(house, kurum, role, login, by="ayse")
    entered = set_up(house, login, code, PASSWORD, FROM)
    typed, _ = begin_totp(house, entered.person, "", FROM)
    step = int(now().timestamp()) // totp.STEP_SECONDS
    _, codes = confirm_totp(house, entered.session, totp.code_at(b32decode(typed), step), FROM)
    again = log_in(house, login, PASSWORD, FROM)
    return second_step(house, again.session, codes[0], FROM).person
