"""A small gateway that has lived: something of everything a home can hold, so that no table is without a row.

Everything in it is invented, its ministry is a class of a few lines, and its clock is moved by hand: two homes made
here hold the same acts, and a run takes a second. For whoever spoils homes afterwards.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections import deque
from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.torture.lived_doors import open_doors
from integrator import access, acts, importing, lookups, pipeline, wiring
from integrator.audit.bound import CREATED, EDITION
from integrator.audit.checkpoint import CheckpointKey, put_log_key
from integrator.audit.trail import Entry, Trail
from integrator.catalogue.catalogue import read_catalogue
from integrator.deliver.dvo import Dvo
from integrator.deliver.generation import Exchange
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, SgkTescilNo, SorguNo, Tckn
from integrator.domain.outcomes import Kind, Outcome, Reply, Sonuc
from integrator.domain.parties import Isyeri, Sigorta, Yetki
from integrator.domain.records import Form
from integrator.domain.roles import Role
from integrator.evidence.handing import FolderHolder, hand_out
from integrator.gateway import Gateway, Pace
from integrator.hands import lift_form, quarantine_form
from integrator.intake.read_json import Caps, read_ndjson
from integrator.keeping import erasing
from integrator.keeping.binding import put_bound
from integrator.keeping.rotating import replace_data_keys, reseal
from integrator.paper import usage
from integrator.parties.isgkatip import Kind as ExportKind
from integrator.queue import copies, leases
from integrator.registering import set_card, set_kurum
from integrator.registry.recording import Told, record
from integrator.sign.cades import CadesSigner
from integrator.sign.certificates import TrustStore, der_of, read_certificate
from integrator.sign.keys import KeyCupboard, Pkcs12Signer
from integrator.sign.trial_pki import issue_signer, make_root
from integrator.store.engine import Database, writing
from integrator.store.keyring import KeyRing
from integrator.store.schema import create_schema
from integrator.trial.people import sgk_tescil_no, tckn

MASTER = bytes(range(32))
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KURUM = KurumNo("osgb-1")
PROFESSIONAL, WORKER, OTHER, LEFT_OUT, GONE = (tckn(810_000_000 + 7 * each) for each in range(5))
SGK, OTHER_SGK = sgk_tescil_no(1000), sgk_tescil_no(1001)
FORM = Form("egitim", "2018-10", "soap-g2")
WHY = {"reason": "deneme", "by": "ayse"}
CODES = [("24", "Konu", True), ("240", "Konu", True), ("390", "Konu", True)]
ROSTER = "SGK Sicil No;TC Kimlik No;İşe Giriş Tarihi;İşten Ayrılış Tarihi"
CONTRACTS = (
    "Sözleşme ID;SGK Sicil No;İşyeri Unvanı;TC Kimlik No;Ad Soyad;Sözleşme Türü Kodu;Sözleşme Durumu;"
    "Başlangıç Tarihi;Bitiş Tarihi;Onay Tarihi;Süre (dk)"
)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        """The moment it was moved to."""
        return self.at

    def sleep(self, span: timedelta) -> None:
        """Move on."""
        self.at += span


class Ministry:
    """Stores what it is sent and knows everybody; `faults` are met first: a code, or ``lost`` (stored, no answer)."""

    metot, may_repeat = "soap-g2", False

    def __init__(self) -> None:
        self.faults: deque[str] = deque()
        self.codes = list(CODES)
        self._held: dict[int, tuple[Sonuc, ...]] = {}

    def send(self, sorgu_no: SorguNo, dvo: Dvo, cms: bytes) -> Exchange[Reply]:
        """One answer, or none. One worker is on nobody's roster (212)."""
        del cms
        fault = self.faults.popleft() if self.faults else ""
        parts = tuple(Sonuc(pair, "212" if pair[0] == LEFT_OUT else "200") for pair in dvo.pairs)
        if fault in ("", "lost"):
            self._held[sorgu_no] = tuple(each for each in parts if each.code == "200")
        said = Outcome(Kind.UNCERTAIN, "timeout") if fault == "lost" else Reply(sorgu_no, fault or "200", "", parts)
        return Exchange(said, b"<request/>", b"" if fault == "lost" else b"<reply/>")

    def ask(self, sorgu_no: SorguNo, dvo: Dvo) -> Exchange[tuple[Sonuc, ...]]:
        """What it holds under the number."""
        del dvo
        return Exchange(self._held.get(sorgu_no, ()), b"<question/>", b"<reply/>")

    def fetch_training_codes(self) -> list[tuple[str, str, bool]]:
        """The list as it is just now."""
        return self.codes

    def look_up_workplace(self, sgk: str) -> Isyeri:
        """Any workplace."""
        return Isyeri(sgk, "41.00.01", "Çok Tehlikeli", 12, "DENEME")

    def look_up_professional(self, asked: Yetki) -> bool:
        """Anybody may."""
        return bool(asked)

    def look_up_worker(self, asked: Sigorta) -> bool:
        """Nobody is insured."""
        return not asked


def a_gateway(database: Database, clock: Clock, ministry: Ministry, *, holds_schema: bool = False) -> Gateway:
    """A gateway in the empty `database`, with a professional who signs."""
    if not holds_schema:
        create_schema(database, gateway_name="test", sorgu_no_start=10_000_000_001)
    root = make_root(now=START)
    issued = issue_signer(root, PROFESSIONAL, now=START, key="p-256")
    signer = CadesSigner(Pkcs12Signer(issued.key, read_certificate(der_of(issued.certificate))))
    trail, key = Trail(), CheckpointKey("test", Ed25519PrivateKey.from_private_bytes(b"\7" * 32))
    with writing(database) as tx:
        put_log_key(tx, key)
        put_bound(tx)
        facts = {"log_key": key.name.hex(), "edition": EDITION}
        trail.append(tx, [Entry(CREATED, "test:1", facts)], now=clock.now())
    made = wiring._record_key(trail, "test:1")
    return Gateway(
        database=database, clock=clock, jitter=lambda: 0.5, catalogue=copy(read_catalogue()),
        keyring=KeyRing(database, MASTER, made=made), cupboard=KeyCupboard([signer]),
        trust=TrustStore([root.certificate]), generation=ministry, metot="soap-g2", trail=trail, checkpoint_key=key,
        actor="test:1", address="http://127.0.0.1:1/", pace=Pace(concurrency=1),
    )  # fmt: skip


def live(gateway: Gateway, clock: Clock, ministry: Ministry) -> None:
    """Do something of everything; afterwards no table is empty, and a checkpoint speaks of all of it."""
    _fetch_lists(gateway, ministry)
    _tell_parties(gateway)
    numbers = _report(gateway, clock, ministry)
    _correct(gateway, numbers[1])
    open_doors(gateway, KURUM, clock.now)
    _keep(gateway, clock)
    _stop_and_go(gateway, clock)
    with tempfile.TemporaryDirectory(prefix="ibys-held-") as folder:
        acts.checkpoint(gateway)
        hand_out(gateway, [FolderHolder(Path(folder), gateway.checkpoint_key)])


def _fetch_lists(gateway: Gateway, ministry: Ministry) -> None:
    acts.refresh_codes(gateway)
    ministry.codes = [("24", "Konu, yeni", True), *CODES[1:]]
    acts.refresh_codes(gateway)


def _tell_parties(gateway: Gateway) -> None:
    hand = Hand("ayse", "deneme")
    form = {"delivered_on": "2026-03-01", "kep_reference": "KEP-1"}
    record(gateway, Told("hizmet_alim_formu", KURUM, "delivered", form), hand)
    set_kurum(gateway, KURUM, {"tur": "OSGB", "follows_served": 0}, hand)
    set_card(gateway, KURUM, SgkTescilNo(SGK), {"ad_unvan": "DENEME", "kamu": 0}, hand)
    roster = [f"{SGK};{each};01.02.2021;" for each in (WORKER, OTHER)]
    roster.append(f"{OTHER_SGK};{GONE};01.02.2021;01.03.2021")
    contract = f"7001;{SGK};DENEME İŞYERİ;{PROFESSIONAL};Deneme Kişisi;103;5001;01.01.2020;;02.01.2020 14:30;700"
    with tempfile.TemporaryDirectory(prefix="ibys-export-") as folder:
        for name, headings, rows in (("roster", ROSTER, roster), ("contracts", CONTRACTS, [contract])):
            path = Path(folder) / f"{name}.csv"
            path.write_text("\n".join([headings, *rows]) + "\n", encoding="utf-8")
            wanted = importing.Wanted(ExportKind(name), path, refreshed_on=date(2026, 3, 1))
            importing.import_parties(gateway, KURUM, wanted, Caps())
    for subject in (Isyeri(SGK), Yetki(PROFESSIONAL, SGK, "2"), Sigorta(WORKER, SGK)):
        lookups.look_up(gateway, KURUM, subject)


def _report(gateway: Gateway, clock: Clock, ministry: Ministry) -> list[SorguNo]:
    """A lost answer, a refusal, an acceptance in part, and one of another worker; then the lost one is asked about."""
    ministry.faults.extend(["lost", "210", "", ""])
    numbers: list[SorguNo] = []
    for day, people in ((3, [WORKER]), (4, [WORKER]), (5, [WORKER, LEFT_OUT]), (6, [OTHER])):
        [answer] = pipeline.accept(gateway, KURUM, submitted(f"K-{day}", day, people))
        numbers += answer.sorgu_no
        pipeline.dispatch(gateway)
    clock.sleep(timedelta(hours=1))
    pipeline.inquire(gateway)
    with writing(gateway.database) as tx:
        copies.keep_answers(tx, [("ocsp", b"an answer of an authority")], now=clock.now())
    return numbers


def submitted(kayit_no: str, day: int, people: list[str]) -> list[Any]:
    """One training record, as intake reads it."""
    record = {
        "id": kayit_no, "belgeTipi": 2, "isgProfTckNo": PROFESSIONAL, "calisan": people,
        "egitim": [{"egitimKoduId": 240, "egitimSuresi": 40}], "egitimTarihi": f"2025-10-{day:02}", "egitimYer": 1,
        "egitimTur": 1, "sgkTescilNo": SGK, "egiticiTckNo": PROFESSIONAL,
    }  # fmt: skip
    return list(read_ndjson(io.BytesIO(json.dumps(record).encode()), Caps()))


def _correct(gateway: Gateway, refused: SorguNo) -> None:
    acts.correct(gateway, KURUM, refused, submitted("K-mend", 7, [WORKER])[0], **WHY)
    quarantine_form(gateway, FORM, **WHY)
    lift_form(gateway, FORM, **WHY)
    pipeline.dispatch(gateway)


def _keep(gateway: Gateway, clock: Clock) -> None:
    """Holds, events, an erasure with its certificate, new data keys, a key for a program."""
    erasing.tell_event(gateway, KURUM, Tckn(WORKER), "leaving", date(2025, 12, 31))
    erasing.place_hold(gateway, KURUM, ["K-3"], **WHY)
    erasing.erase_person(gateway, KURUM, Tckn(OTHER), "training", early=True, **WHY)
    erasing.erase_person(gateway, KURUM, Tckn(GONE), "parties", early=True, **WHY)
    replace_data_keys(gateway, **WHY)
    reseal(gateway)
    clock.sleep(timedelta(minutes=10))
    reseal(gateway)
    key, _ = access.make_api_key(gateway, KURUM, Role.SYSTEM, "payroll", lives=timedelta(days=9))
    access.rotate_api_key(gateway, KURUM, key.key_no, overlap=timedelta(days=1))
    asked = usage.Asked(SgkTescilNo(SGK), date(2025, 10, 1), date(2025, 10, 31))
    for certificate in [usage.issue(gateway, KURUM, asked, by="ayse").certificate for _ in range(2)][1:]:
        usage.revoke(gateway, KURUM, certificate.usage_no, Hand("ayse", "deneme"))


def _stop_and_go(gateway: Gateway, clock: Clock) -> None:
    acts.stop_line(gateway, **WHY)
    acts.resume_line(gateway, **WHY)
    acts.stop_line(gateway, **WHY)
    with writing(gateway.database) as tx:
        leases.take(tx, "checkpoint", "test:1", now=clock.now(), lasting=timedelta(minutes=1))


def a_lived_gateway(database: Database) -> Gateway:
    """All of it in one call."""
    clock, ministry = Clock(), Ministry()
    gateway = a_gateway(database, clock, ministry)
    live(gateway, clock, ministry)
    return replace(gateway, generation=None)
