"""What the fuzzers of the API share: a gateway with a ministry that answers, and hooks that make some bodies good."""

from __future__ import annotations

import random
from copy import copy
from itertools import count
from pathlib import Path

import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from integrator import pipeline
from integrator.announcing import Duyuru, announce
from integrator.audit.checkpoint import CheckpointKey
from integrator.audit.trail import Trail
from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.limits import Limits
from integrator.domain.parties import Isyeri
from integrator.gateway import Gateway
from integrator.registering import set_card
from integrator.sign.certificates import TrustStore
from integrator.sign.keys import KeyCupboard
from integrator.store.engine import open_engine, sqlite_url
from integrator.store.keyring import KeyRing
from integrator.store.schema import create_schema
from integrator.web.api.changes import LONGEST_WAIT
from integrator.web.api.parties import XLSX
from integrator.web.bounds import Bounds
from tests.factories import FIRST_NUMBER, KURUM, SGK, record, submitted
from tests.fakes import FakeClock, FakeMinistry

HOOKS = "tests.fuzzing"
_NUMBERS = count(1)

UNBOUND = Bounds(Limits(key_calls_per_second=0, kurum_calls_per_second=0, lookups_a_day=0), failures_per_minute=0)
"""Limits have tests of their own; here everybody calls without end."""


class Ministry(FakeMinistry):
    """Answers every look-up, too."""

    def look_up_workplace(self, sgk_tescil_no):
        return Isyeri(sgk_tescil_no, "41.00.01", "Çok Tehlikeli", 12, "DENEME")

    def look_up_professional(self, _yetki):
        return True

    def look_up_worker(self, _sigorta):
        return False


def make_gateway(folder: Path) -> Gateway:
    """A gateway over a fresh SQLite file."""
    database = open_engine(sqlite_url(folder / "ibys.sqlite3"))
    create_schema(database, gateway_name="fuzz", sorgu_no_start=FIRST_NUMBER)
    ministry = Ministry()
    gateway = Gateway(
        database=database,
        clock=FakeClock(),
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
    gateway.keyring.sealer(KURUM, now=gateway.clock.now())
    list(pipeline.accept(gateway, KURUM, submitted(record("S-1"), record("S-2", egitimTarihi="2025-10-24"))))
    set_card(gateway, KURUM, SgkTescilNo(SGK), {"kamu": 1}, Hand("fuzz", "seed"))
    announce(gateway, Duyuru("D-1", "Başlık", "Metin", gateway.clock.now().date()), by="fuzz")
    return gateway


@schemathesis.serializer("application/zip", "application/x-ndjson", "application/pkcs7-signature", "text/csv", XLSX)
def as_bytes(_context, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


KNOWN = {"kayit_no": "S-1", "sorgu_no": FIRST_NUMBER, "sgk_tescil_no": SGK, "veri_seti": "egitim", "version": "2018-10",
         "list_name": "egitim_kodu", "duyuru_no": "D-1", "cause_id": "x"}  # fmt: skip
"""What is there: half of the addresses name it, or everything would end at 404."""


@schemathesis.hook
def before_call(context, case, kwargs):
    """Half of what is sent is about something that is there, or a record that can be stored."""
    key_no = (case.path_parameters or {}).get("key_no")
    if key_no and key_no in str(kwargs.get("headers")) + str(case.headers):
        case.path_parameters["key_no"] = "0" * 8  # the fuzzer's own: without it nothing more would be tried
    if case.path == "/v1/change" and _is_patience((case.query or {}).get("wait")):
        case.query["wait"] = 0  # for a change that nobody makes meanwhile
    if not (case.meta and case.meta.generation.mode.is_positive) or random.random() < 0.5:
        return
    for name in case.path_parameters or {}:
        if name in KNOWN and case.meta.phase.name.value != "stateful":
            case.path_parameters[name] = KNOWN[name]
    good = {"/v1/kayit": lambda: record(f"F-{next(_NUMBERS)}"), "/v1/kayit/check": record}
    if case.path in good and case.method == "POST":
        case.body, case.media_type = good[case.path](), "application/json"


def _is_patience(told):
    """Whether these are seconds that the API would wait; what breaks the schema is left as it is."""
    try:
        return 0 <= float(told) <= LONGEST_WAIT
    except (TypeError, ValueError):
        return False
