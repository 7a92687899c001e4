"""What stands in the gateway that the fuzzers of the API call: several of each kind, so that good calls find something.

`plant` makes them and says what it made as a `Planted`, which goes to a process of its own as JSON.
"""

from __future__ import annotations

import ipaddress
import json
from base64 import b64encode
from copy import copy
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from integrator import access, pipeline
from integrator.access import Principal
from integrator.acts import read_causes, read_waiting
from integrator.announcing import Duyuru, announce
from integrator.audit.checkpoint import CheckpointKey
from integrator.audit.trail import Trail
from integrator.catalogue.catalogue import read_catalogue
from integrator.deliver.wire import Limits as Waits
from integrator.domain.clock import Clock
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.limits import Limits
from integrator.domain.parties import Isyeri
from integrator.domain.roles import Role
from integrator.evidence import packing
from integrator.gateway import Gateway
from integrator.intake.read_json import Caps
from integrator.paper import usage
from integrator.parties.brakes import Pauses
from integrator.parties.people import OWN
from integrator.people import breaking, making
from integrator.people.house import House, PeopleRules
from integrator.protect import totp
from integrator.protect.passwords import Passwords
from integrator.registering import set_card
from integrator.sign.certificates import TrustStore
from integrator.sign.keys import KeyCupboard
from integrator.sign.trial_pki import issue_signer, make_root
from integrator.store.engine import open_engine, sqlite_url
from integrator.store.keyring import KeyRing
from integrator.store.schema import create_schema
from integrator.trial.people import sgk_tescil_no
from integrator.web.app import create_app
from integrator.web.bounds import Bounds
from integrator.webhooks import hands
from integrator.webhooks.carrying import Terms
from integrator.webhooks.guard import Guard
from tests.factories import FIRST_NUMBER, KURUM, PROFESSIONAL, SGK, Pki, record, submitted
from tests.fakes import FakeClock, FakeMinistry

MANY, SOME, FEW = 40, 20, 4
"""Of what a call uses up and costs little, of what costs more, and of what no call uses up."""
GOOD_PASSWORD = "kırmızı balık gölde"
DAYS = date(2025, 10, 24), date(2025, 10, 24)
"""Of what was accepted, and of little else: a pack of it is quickly made."""

UNBOUND = Bounds(Limits(key_calls_per_second=0, kurum_calls_per_second=0, lookups_a_day=0), failures_per_minute=0)
"""Limits have tests of their own; here everybody calls without end."""
RULES = PeopleRules(
    passwords=Passwords(memory_kib=64, passes=1),
    pauses=Pauses(timedelta(), timedelta()),  # or whoever guessed would keep everybody of this address out
)
_LOOPBACK, _WORLD = ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("0.0.0.0/0")


class Ministry(FakeMinistry):
    """Answers every look-up, too."""

    def look_up_workplace(self, sgk_tescil_no):
        return Isyeri(sgk_tescil_no, "41.00.01", "Çok Tehlikeli", 12, "DENEME")

    def look_up_professional(self, _yetki):
        return True

    def look_up_worker(self, _sigorta):
        return False


@dataclass
class Own:
    """Somebody whose own account is called about."""

    kullanici_no: str
    login: str = ""
    secret: str = ""  # of the second step, as hex
    code: str = ""  # for setting up


@dataclass
class Planted:
    """What is there. `ids` by the name of a parameter, `messages` by what can be done with them."""

    database: str
    token: str
    hook: str
    ids: dict[str, list[str]] = field(default_factory=dict)
    messages: dict[str, list[str]] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    people: dict[str, list[Own]] = field(default_factory=dict)
    usage_codes: list[str] = field(default_factory=list)

    def told(self) -> str:
        """As another process reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, told: str) -> Planted:
        """What `told` gave."""
        found = cls(**json.loads(told))
        found.people = {name: [Own(**each) for each in several] for name, several in found.people.items()}
        return found


def make_gateway(folder: Path, clock: Clock | None = None) -> Gateway:
    """A gateway over a fresh SQLite file, with a ministry that answers. It signs nothing by itself."""
    database = open_engine(sqlite_url(folder / "ibys.sqlite3"))
    create_schema(database, gateway_name="fuzz", sorgu_no_start=FIRST_NUMBER)
    ministry, clock = Ministry(), clock or FakeClock()
    gateway = Gateway(
        database=database,
        clock=clock,
        jitter=lambda: 0.5,
        catalogue=copy(read_catalogue()),  # lists that a test refreshes are its own
        keyring=KeyRing(database, bytes(range(32))),
        cupboard=KeyCupboard([]),
        trust=TrustStore([]),
        generation=ministry,
        metot=ministry.metot,
        trail=Trail(),
        checkpoint_key=CheckpointKey("fuzz", Ed25519PrivateKey.from_private_bytes(b"\7" * 32)),
        actor="fuzz:1",
        address="http://ministry.test",
    )
    gateway.keyring.sealer(KURUM, now=clock.now())
    list(pipeline.accept(gateway, KURUM, submitted(record("S-1"), record("S-2", egitimTarihi="2025-10-24"))))
    set_card(gateway, KURUM, SgkTescilNo(SGK), {"kamu": 1}, Hand("fuzz", "seed"))
    announce(gateway, Duyuru("D-1", "Başlık", "Metin", clock.now().date()), by="fuzz")
    return gateway


def make_planted(folder: Path, hook: str, clock: Clock | None = None):
    """(application, gateway, what stands in it). `hook` is the address of a receiver of webhooks on the loopback."""
    bare = make_gateway(folder, clock)
    root = make_root(now=bare.clock.now())
    signer = issue_signer(root, PROFESSIONAL, now=bare.clock.now(), key="p-256")
    pki = Pki(root, signer, signer)
    gateway = replace(bare, trust=pki.trust)
    caps = Caps(record_bytes=100_000, file_bytes=2_000_000)
    app = create_app(gateway, caps, folder, RULES, bounds=UNBOUND, webhook_terms=terms_to(hook))
    return app, gateway, _Planting(gateway, app.state.house, pki, hook).plant(folder)


def terms_to(hook: str) -> Terms:
    """Every name leads to the loopback, and no other place may be connected to, named or not."""
    port = int(hook.partition("//")[2].partition("/")[0].partition(":")[2])
    guard = Guard(
        schemes=("http", "https"), ports=(443, port), allowed=(_LOOPBACK,),
        refused=(*_WORLD.address_exclude(_LOOPBACK), ipaddress.ip_network("::/0")),
        resolve=lambda _host, _port: ["127.0.0.1"],
    )  # fmt: skip
    return Terms(guard=guard, limits=Waits(1.0, 1.0, 2.0, 65_536, cuts=True), at_most=10_000)


class _Planting:
    """One gateway being filled."""

    def __init__(self, gateway: Gateway, house: House, pki: Pki, hook: str) -> None:
        self.gateway, self.house, self.pki, self.hook = gateway, house, pki, hook
        self.signing = replace(gateway, cupboard=KeyCupboard([pki.signer()]))
        self.numbers = count(1)

    def plant(self, folder: Path) -> Planted:
        _, token = access.make_api_key(self.gateway, KURUM, Role.SYSTEM, "fuzz", lives=timedelta(days=400))
        planted = Planted(sqlite_url(folder / "ibys.sqlite3"), token, self.hook)
        self._plant_messages(planted)
        self._plant_paper(planted)
        self._plant_people(planted)
        planted.ids |= {
            "key_no": [self._key() for _ in range(MANY)],
            "webhook_no": [self._webhook() for _ in range(MANY)],
            "glass_no": [self._glass(planted.people["operator"][0]) for _ in range(FEW)],
        }
        return planted

    def _key(self) -> str:
        return access.make_api_key(self.gateway, KURUM, Role.SECRETARY, "fuzz", lives=timedelta(days=90))[0].key_no

    def _webhook(self) -> str:
        wanted = hands.Wanted("fuzz", self.hook, ())
        return hands.make_webhook(self.gateway, terms_to(self.hook), KURUM, wanted, by="fuzz")[0].webhook_no

    def _glass(self, staff: Own) -> str:
        by = Principal(OWN, Role.OPERATOR, "person x", frozenset(), kullanici_no=staff.kullanici_no)
        return breaking.break_glass(self.house, by, KURUM, reason="fuzz", lasts=timedelta(hours=4)).glass_no

    def _plant_messages(self, planted: Planted) -> None:
        """Accepted, held for one cause and for many, refused, queued, and waiting for the signature that is at hand."""
        places = [sgk_tescil_no(each) for each in range(1, MANY + 1)]
        accepted = self._accepted("A", [SGK] * FEW)
        held = self._accepted("H", [sgk_tescil_no(4711)] * MANY, fault="213")
        self._accepted("C", places, fault="213")
        self._accepted("R", places, fault="210")
        pipeline.dispatch(self.signing)
        queued = self._accepted("Q", places)
        waiting = self._accepted("W", places, by=self.gateway)
        signer, now = self.pki.signer(), self.gateway.clock.now()
        found = [each for each in read_waiting(self.gateway, KURUM) if str(each.sorgu_no) in waiting]
        planted.signatures = {
            str(each.sorgu_no): b64encode(signer.sign(each.canonical, at=now)).decode() for each in found
        }
        refused = [f"R-{each}" for each in range(MANY)]
        planted.messages = {"held": held, "queued": queued[::2], "late": queued[1::2], "refused": refused}
        causes = [each for each in read_causes(self.gateway, KURUM) if each.cause.code == "213" and each.count == 1]
        planted.ids |= {
            "sorgu_no": [str(FIRST_NUMBER), *accepted, *held[:FEW], *queued[:FEW]],
            "kayit_no": ["S-1", "A-0", "H-0", "R-0"],
            "cause_id": [each.cause.cause_id for each in causes],
            "sgk_tescil_no": [SGK, places[0]],
        }

    def _accepted(self, name: str, places: list[str], *, fault: str = "", by: Gateway | None = None) -> list[str]:
        days = (f"2025-{month:02}-{day:02}" for month in (9, 10) for day in range(1, 29))
        several = [
            record(f"{name}-{at}", sgkTescilNo=place, egitimTarihi=f"{DAYS[0]}" if place == SGK else day)
            for at, (place, day) in enumerate(zip(places, days, strict=False))
        ]
        answers = list(pipeline.accept(by or self.signing, KURUM, submitted(*several)))
        numbers = [number for each in answers for number in each.sorgu_no]
        if fault:
            self.gateway.generation.fault_of |= dict.fromkeys(numbers, fault)
        return [str(each) for each in numbers]

    def _plant_paper(self, planted: Planted) -> None:
        """Usage certificates, and packs that are ready."""
        asked = usage.Asked(SgkTescilNo(SGK), *DAYS, "tr")
        issued = [usage.issue(self.gateway, KURUM, asked, by="fuzz") for _ in range(FEW)]
        planted.usage_codes = [each.code for each in issued]
        wanted, packs = packing.Asked(SGK, *DAYS), []
        for _ in range(SOME):
            packs.append(packing.ask_pack(self.gateway, KURUM, wanted, by="fuzz").pack_no)
            packing.make_next(self.gateway, None)
        planted.ids |= {"usage_no": [each.certificate.usage_no for each in issued], "pack_no": packs}

    def _plant_people(self, planted: Planted) -> None:
        """Some whose access is kept by others, and some who call about their own account."""
        planted.ids["kullanici_no"] = [self._made(Role.SECRETARY).kullanici_no for _ in range(MANY)]
        planted.people = {
            "compliance": [self._made(Role.COMPLIANCE)],
            "operator": [self._made(Role.OPERATOR)],
            "manager": [self._entered("totp") for _ in range(SOME)],
            "enrolling": [self._entered("totp_next") for _ in range(SOME)],
            "new": [self._entered("")],
            "invited": [self._made(Role.SECRETARY) for _ in range(SOME)],
        }

    def _made(self, role: Role) -> Own:
        login = f"p{next(self.numbers)}@b.test"
        person, code = making.make_person(self.house, KURUM, role, login, by="fuzz")
        return Own(person.kullanici_no, login, code=code)

    def _entered(self, taken: str) -> Own:
        """A manager with a password, and with a second step in use (`totp`) or begun (`totp_next`), or none."""
        made, secret = self._made(Role.MANAGER), totp.new_secret()
        facts = {"password": self.house.rules.passwords.hash(GOOD_PASSWORD), **({taken: secret} if taken else {})}
        self.house.change(made.kullanici_no, lambda _, each: replace(each, **facts), event="person.set_up")
        return replace(made, secret=secret.hex())
