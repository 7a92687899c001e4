"""Puts the parts together. The only place where a setting meets a part."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from integrator.acts import load_codes
from integrator.audit.checkpoint import CheckpointKey, read_checkpoint_key
from integrator.audit.trail import Entry, Trail
from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.definitions import STATUSES
from integrator.catalogue.published import published
from integrator.deliver.generation import Credentials, Generation
from integrator.deliver.soap_g2 import SoapG2
from integrator.deliver.wire import Limits, Wire
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.clock import SystemClock, system_jitter
from integrator.domain.errors import Misconfigured
from integrator.gateway import Gateway, Pace
from integrator.intake.read_json import Caps
from integrator.protect.files import write_secret
from integrator.protect.seal import new_key, read_key_file
from integrator.queue.backoff import Backoff
from integrator.queue.patience import Patience
from integrator.settings import FILE_NAME, Settings
from integrator.sign.certificates import read_certificates, read_trust_store
from integrator.sign.evidence import TimestampAuthority
from integrator.sign.fetch import HttpFetcher
from integrator.sign.keys import open_cupboard
from integrator.sign.revocation import Revocation, read_revocation
from integrator.sign.verify import PRODUCTION, TRIAL
from integrator.store.engine import (
    Database,
    create_schema,
    open_engine,
    read_meta,
    sqlite_url,
    writing,
)
from integrator.store.keyring import KeyRing

DATABASE_FILE = "ibys.sqlite3"


def has_home(settings: Settings) -> bool:
    """Whether a gateway lives here already, or did: a database or a master key is there."""
    return (settings.home / DATABASE_FILE).exists() or settings.path(settings.keys.master_key_file).exists()


def create_home(settings: Settings) -> None:
    """Keys, database and an example settings file in an empty home; raises Misconfigured when one is there."""
    if has_home(settings):
        raise Misconfigured(f"{settings.home}: there is a gateway here already; nothing was changed")
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for named in (settings.keys.master_key_file, settings.keys.checkpoint_key_file):
        write_secret(settings.path(named), new_key().hex().encode())
    engine = _open_database(settings)
    create_schema(engine, gateway_name=settings.gateway.name, sorgu_no_start=settings.queue.sorgu_no_start)
    clock = SystemClock()
    with writing(engine) as tx:
        Trail().append(tx, [Entry("gateway.created", actor(), {"gateway": settings.gateway.name})], now=clock.now())
    engine.dispose()
    if not (settings.home / FILE_NAME).exists():
        (settings.home / FILE_NAME).write_text(_EXAMPLE.format(name=settings.gateway.name), encoding="utf-8")


def open_store(settings: Settings) -> Database:
    """The database of an existing home; raises Misconfigured when there is none, or it is another gateway's."""
    if not settings.store.database_url and not (settings.home / DATABASE_FILE).exists():
        raise Misconfigured(f"{settings.home}: there is no gateway in this home yet: run `ibys init`")
    database = _open_database(settings)
    name = read_meta(database)["gateway"]
    if name != settings.gateway.name:
        raise Misconfigured(f"gateway.name is {settings.gateway.name!r}, but this home belongs to {name!r}")
    return database


def _open_database(settings: Settings) -> Database:
    return open_engine(settings.store.database_url or sqlite_url(settings.home / DATABASE_FILE))


def open_gateway(settings: Settings, *, sending: bool = True) -> Gateway:
    """A gateway ready to walk. Without `sending` no ministry address is needed."""
    database = open_store(settings)
    keys = settings.keys
    keyring = KeyRing(database, read_key_file(settings.path(keys.master_key_file)))
    keyring.check_master()
    gateway = Gateway(
        database=database,
        clock=SystemClock(),
        jitter=system_jitter,
        catalogue=read_catalogue(),
        keyring=keyring,
        cupboard=open_cupboard(
            settings.path(keys.signers_dir) if keys.signers_dir else None, production=settings.production
        ),
        trust=read_trust_store(settings.path(keys.trust_dir)) if keys.trust_dir else None,
        generation=_generation(settings) if sending and settings.ministry.address else None,
        metot=settings.ministry.metot,
        trail=Trail(),
        checkpoint_key=checkpoint_key(settings),
        actor=actor(),
        pace=_pace(settings),
        patience=_patience(settings),
        policy=PRODUCTION if settings.production else TRIAL,
        revocation=_revocation(settings),
        leaving=leaving(settings),
    )
    load_codes(gateway)
    return gateway


def leaving(settings: Settings) -> frozenset[str]:
    """Which definitions' records may be sent: in production the official, the assumed by an explicit switch only."""
    if not settings.production:
        return frozenset(STATUSES)
    return frozenset({"official", "assumed"} if settings.ministry.allow_assumed else {"official"})


def checkpoint_key(settings: Settings) -> CheckpointKey:
    """The key that signs this gateway's checkpoints."""
    return read_checkpoint_key(settings.gateway.name, settings.path(settings.keys.checkpoint_key_file))


def caps(settings: Settings) -> Caps:
    """The bounds of intake."""
    return Caps(settings.intake.record_bytes, settings.intake.file_bytes, settings.intake.depth)


def actor() -> str:
    """Who acts, in audit entries and leases: this host and process, and a draw that makes restarts distinct."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"[:64]


def _generation(settings: Settings) -> Generation:
    ministry = settings.ministry
    limits = Limits(ministry.connect_seconds, ministry.silence_seconds, ministry.total_seconds, ministry.reply_bytes)
    ca_file = settings.path(ministry.ca_file) if ministry.ca_file else None
    wire = Wire(ministry.address, limits, ca_file=ca_file)
    credentials = Credentials(
        _read_secret(settings.path(ministry.firma_kodu_file)), _read_secret(settings.path(ministry.parola_file))
    )
    return SoapG2(wire, ZeepDoor(published("schemas", "soap-g2", "ibys.wsdl"), wire), credentials)


def open_authority(settings: Settings) -> TimestampAuthority | None:
    """The time-stamp authority, when one is set."""
    evidence = settings.evidence
    if not evidence.tsa_address:
        return None
    host = urlsplit(evidence.tsa_address).netloc
    fetch = HttpFetcher([host], timeout=timedelta(seconds=evidence.tsa_seconds))
    trusted = read_certificates(settings.path(evidence.tsa_trust_dir))
    anchors = [each for each in trusted if each.subject == each.issuer]
    intermediates = [each for each in trusted if each.subject != each.issuer]
    headers = _read_headers(settings.path(evidence.tsa_header_file)) if evidence.tsa_header_file else {}
    return TimestampAuthority(
        evidence.tsa_address, fetch, anchors=anchors, intermediates=intermediates, headers=headers
    )


def _read_headers(path: Path) -> dict[str, str]:
    """``Name: value`` lines of a secret file."""
    lines = [line.partition(":") for line in _read_secret(path).splitlines()]
    return {name.strip(): value.strip() for name, _, value in lines}


def _revocation(settings: Settings) -> Revocation | None:
    """What can be asked or read about revoked certificates; None when neither hosts nor a folder are named."""
    keys = settings.keys
    if not keys.revocation_hosts and not keys.revocation_dir:
        return None
    hosts, timeout = keys.revocation_hosts.split(), timedelta(seconds=keys.revocation_seconds)
    return read_revocation(
        settings.path(keys.revocation_dir) if keys.revocation_dir else None,
        fetch=HttpFetcher(hosts, timeout=timeout) if hosts else None,
        max_age=timedelta(hours=keys.revocation_max_age_hours),
    )


def _read_secret(path: Path) -> str:
    try:
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"{path}: cannot be read ({error.strerror})") from error
    if not value:
        raise Misconfigured(f"{path}: is empty")
    return value


def _pace(settings: Settings) -> Pace:
    queue = settings.queue
    return Pace(
        group=settings.intake.group,
        window=queue.window,
        concurrency=settings.ministry.concurrency,
        lease=timedelta(seconds=queue.lease_seconds),
        probe_gap=timedelta(seconds=queue.probe_seconds),
        gather=timedelta(seconds=queue.gather_seconds),
    )


def _patience(settings: Settings) -> Patience:
    queue = settings.queue
    return Patience(
        resend=Backoff(
            timedelta(seconds=queue.resend_base_seconds),
            timedelta(seconds=queue.resend_ceiling_seconds),
            queue.max_attempts,
        ),
        ask=Backoff(timedelta(seconds=queue.ask_base_seconds), timedelta(seconds=queue.ask_ceiling_seconds), 1_000_000),
        ask_for_at_most=timedelta(hours=queue.ask_for_hours),
    )


_EXAMPLE = """\
# Settings of this gateway. Every key can also be set as IBYS_<GROUP>_<KEY>; `ibys settings check` tells what is wrong.
[gateway]
name = "{name}"
environment = "test"

[keys]
# signers_dir = "signers"   # *.p12 with *.pin: trial runs only, refused in production
# trust_dir = "trust"       # *.pem: whose certificates are believed

[ministry]
# address = "http://127.0.0.1:8090/soap-g2"
# firma_kodu_file = "keys/firma_kodu"
# parola_file = "keys/parola"
"""
