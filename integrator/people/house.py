"""What everything about people needs at hand: the gateway, the rules, and who somebody is."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.domain.errors import Malformed
from integrator.domain.identifiers import holds_tckn
from integrator.gateway import Gateway
from integrator.parties import people as rows
from integrator.parties.brakes import Pauses
from integrator.parties.people import OWN, Person
from integrator.people.providers import Provider
from integrator.protect.passwords import Passwords
from integrator.protect.seal import Sealer
from integrator.store.engine import Tx, write_anew
from integrator.store.people_tables import kullanici

_LOGIN = re.compile(r"[^\s@]{1,64}@[^\s@]{1,189}")


@dataclass(frozen=True, slots=True)
class PeopleRules:
    """What an operator sets about people (settings: people)."""

    passwords: Passwords = field(default_factory=Passwords)
    pauses: Pauses = field(default_factory=Pauses)
    idle: timedelta = timedelta(minutes=30)
    lives: timedelta = timedelta(hours=12)
    setup_lives: timedelta = timedelta(hours=48)
    issuer: str = "ibys-gateway"  # how an authenticator names this place
    secure_cookies: bool = True
    providers: Mapping[str, Provider] = field(default_factory=dict)


@dataclass(frozen=True)
class House:
    """The gateway and the rules. Holds no state: who is in stands in the database."""

    gateway: Gateway
    rules: PeopleRules = field(default_factory=PeopleRules)

    def now(self) -> datetime:
        """The time."""
        return self.gateway.clock.now()

    def own(self) -> Sealer:
        """The integrator's own keys: indexes of logins, devices and addresses come from them."""
        return self.gateway.keyring.sealer(OWN, now=self.now())

    def index_of(self, login: str) -> str:
        """By which a login is found."""
        return self.own().blind_index("login", login)

    def open(self, row: Any) -> Person:
        """The person of a row."""
        return rows.person_of(row, self.gateway.keyring.sealer(row["kurum_id"]))

    def change(
        self,
        kullanici_no: str,
        act: Callable[[Tx, Person], Person],
        *,
        event: str = "",
        tells: Iterable[Table] = (kullanici,),
        facts: Mapping[str, Any] | None = None,
    ) -> Person:
        """Let `act` change a person, in a transaction with its audit entry; raises NotKnown, and what `act` raises.

        Without an `event` nothing may change but what no entry speaks of (``audit/bound.py``).
        """

        def once(tx: Tx) -> Person:
            after = act(tx, self.open(rows.lock_row(tx, kullanici_no)))
            self.write(tx, after)
            if event:
                self.record(tx, event, after, facts or {}, tells=tells)
            return after

        return write_anew(self.gateway.database, once)

    def write(self, tx: Tx, person: Person) -> None:
        """Write down every fact of a person whose row the caller has locked."""
        sealer = self.gateway.keyring.sealer(person.kurum)
        self.gateway.keyring.hold(tx, person.kurum, sealer)
        rows.write_person(tx, sealer, person)

    def record(
        self, tx: Tx, event: str, person: Person, facts: Mapping[str, Any], *, tells: Iterable[Table] = ()
    ) -> None:
        """The audit entry of something that happened to a person's account, and what its rows in `tells` say now."""
        keys = {each: [(person.kullanici_no,)] for each in tells}
        marks = told_now(tx, self.gateway.keyring.sealer(person.kurum), person.kurum, keys) if keys else {}
        told = {"kurum": person.kurum, "person": person.kullanici_no, "role": person.role.value, **facts, **marks}
        self.gateway.record(tx, [Entry(event, self.gateway.actor, told)], self.now())


def login_of(text: str) -> str:
    """A login as it is compared; raises Malformed for what is no e-mail address, or holds an identity number."""
    login = text.strip().casefold()
    if not _LOGIN.fullmatch(login) or not login.isprintable() or holds_tckn(login):
        raise Malformed("login: an e-mail address is wanted, without an identity number in it")
    return login


def network_of(address: str) -> str:
    """Whom an address is counted with: itself, or for IPv6 everybody of its /64, which one line is given."""
    try:
        told = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "?"
    return str(told) if told.version == 4 else str(ipaddress.ip_network((told, 64), strict=False))
