"""Puts the parts together. The only place where a setting meets a part."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from integrator.acts import load_codes
from integrator.audit.bound import CREATED, EDITION
from integrator.audit.checkpoint import CheckpointKey, put_log_key, read_checkpoint_key, require_log_key, tree_size
from integrator.audit.claim import read_claim, require_claim, write_claim
from integrator.audit.trail import Entry, Trail
from integrator.catalogue.catalogue import read_catalogue
from integrator.catalogue.definitions import STATUSES
from integrator.catalogue.published import published
from integrator.deliver.generation import Credentials, Generation
from integrator.deliver.json_g4 import JsonG4, prove_bodies
from integrator.deliver.soap_g1 import SoapG1
from integrator.deliver.soap_g2 import SoapG2
from integrator.deliver.soap_g3 import SoapG3
from integrator.deliver.wire import Limits, Wire
from integrator.deliver.zeep_door import ZeepDoor
from integrator.domain.clock import SystemClock, system_jitter
from integrator.domain.errors import Misconfigured
from integrator.domain.identifiers import KurumNo
from integrator.evidence.handing import CommandHolder, FolderHolder, Holder, PushHolder
from integrator.gateway import Gateway, Pace
from integrator.intake.read_json import Caps
from integrator.keeping.binding import bind_older_rows, put_bound
from integrator.log import hide
from integrator.noticing import in_use, notice, put_seen
from integrator.parties.brakes import Pauses
from integrator.people.house import PeopleRules
from integrator.people.providers import read_providers
from integrator.protect.elsewhere import CommandMaster, Pkcs11Master
from integrator.protect.files import write_secret, write_whole
from integrator.protect.master import FileMaster, MasterKey
from integrator.protect.passwords import Passwords
from integrator.protect.seal import new_key
from integrator.queue.backoff import Backoff
from integrator.queue.line import Rules, line_address
from integrator.queue.pace import Budget, Rate
from integrator.queue.patience import Patience
from integrator.settings import FILE_NAME, MinistrySettings, Settings, networks
from integrator.sign.certificates import read_certificates, read_trust_store
from integrator.sign.evidence import TimestampAuthority
from integrator.sign.fetch import HttpFetcher
from integrator.sign.keys import open_cupboard
from integrator.sign.pkcs11 import find_library
from integrator.sign.revocation import Revocation, read_revocation
from integrator.sign.verify import PRODUCTION, TRIAL
from integrator.store.engine import (
    Database,
    Tx,
    open_engine,
    reading,
    sqlite_url,
    writing,
)
from integrator.store.keyring import KeyRing
from integrator.store.schema import Migrated, migrate, put_schema, read_meta, step_of
from integrator.webhooks.carrying import REPLY_BYTES, Terms
from integrator.webhooks.guard import Guard

DATABASE_FILE = "ibys.sqlite3"
UNFINISHED = "init.unfinished"


def has_home(settings: Settings) -> bool:
    """Whether a whole gateway lives here already: its keys in the home, and its database; raises Unavailable."""
    kept = settings.keys.master_key_file if settings.keys.master == "file" else settings.keys.checkpoint_key_file
    return settings.path(kept).exists() and _database_holds_gateway(settings)


def create_home(settings: Settings) -> None:
    """Keys, database and an example settings file in an empty home; raises Misconfigured when one is there.

    The database is asked first, and when it does not commit the keys go again. Whatever ends the process before it is
    done (or hides whether the database has committed) leaves `UNFINISHED` behind, and the next call finishes it.
    """
    keys = [settings.path(named) for named in (settings.keys.master_key_file, settings.keys.checkpoint_key_file)]
    mark = settings.home / UNFINISHED
    if any(path.exists() for path in keys) and not mark.exists():
        raise Misconfigured(f"{settings.home}: there is a gateway here already; nothing was changed")
    if not _database_holds_gateway(settings):
        _create_parts(settings, keys, mark)
    elif not (mark.exists() and all(path.exists() for path in keys)):
        told = "the database holds a gateway already, whose keys are not in this home"
        raise Misconfigured(f"{settings.home}: {told}; nothing was changed")
    if not (settings.home / FILE_NAME).exists():
        write_whole(settings.home / FILE_NAME, _EXAMPLE.format(name=settings.gateway.name).encode(), mode=0o644)
    mark.unlink()


def _create_parts(settings: Settings, keys: Sequence[Path], mark: Path) -> None:
    """Keys and database. What an earlier, ended call left of the keys was never used and goes."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(mark, b"")
    for path in keys:
        path.unlink(missing_ok=True)
    try:
        for path in keys:
            write_secret(path, new_key().hex().encode())
        _create_database(settings)
    except BaseException:
        if not _database_holds_gateway(settings):  # raises, and keeps everything, when that cannot be told
            for path in (*keys, mark):
                path.unlink(missing_ok=True)
        raise


def _create_database(settings: Settings) -> None:
    """Schema, fixed facts and the log's first entry become true together."""
    name, engine = settings.gateway.name, open_database(settings)
    with closing_database(engine), writing(engine) as tx:
        put_schema(tx, gateway_name=name, sorgu_no_start=settings.queue.sorgu_no_start)
        trail, now, key = Trail(), SystemClock().now(), checkpoint_key(settings)
        put_log_key(tx, key)
        put_bound(tx)
        facts = {"gateway": name, "log_key": key.name.hex(), "edition": EDITION}
        trail.append(tx, [Entry(CREATED, actor(), facts)], now=now)
        put_seen(tx, trail, actor(), in_use(settings, read_catalogue(), key=key.secret), now=now)


def _database_holds_gateway(settings: Settings) -> bool:
    if not settings.store.database_url and not (settings.home / DATABASE_FILE).exists():
        return False  # to ask a SQLite file would make it
    engine = open_database(settings)
    with closing_database(engine), reading(engine) as tx:
        return step_of(tx) is not None


def open_store(settings: Settings, *, waits: float | None = None) -> Database:
    """The database of an existing home; raises Misconfigured when there is none, or it is another gateway's."""
    _require_home(settings)
    database = open_database(settings, waits=waits)
    name = read_meta(database)["gateway"]
    if name != settings.gateway.name:
        raise Misconfigured(f"gateway.name is {settings.gateway.name!r}, but this home belongs to {name!r}")
    return database


def open_database(settings: Settings, *, waits: float | None = None) -> Database:
    """The database the settings name, whatever its schema; nothing is read of it yet."""
    store = settings.store
    password_file = settings.path(store.password_file) if store.password_file else None
    if store.database_url:
        return open_engine(store.database_url, password_file=password_file, waits=waits)
    return open_engine(sqlite_url(settings.home / DATABASE_FILE), password_file=password_file, waits=waits)


def migrate_store(settings: Settings) -> Migrated:
    """Bring the database of an existing home to the schema this program wants; raises Misconfigured."""
    _require_home(settings)
    engine = open_database(settings)
    with closing_database(engine):
        return migrate(engine, then=_record_migrated)


def _record_migrated(tx: Tx, done: Migrated) -> None:
    facts = {"before": done.before, "after": done.after}
    Trail().append(tx, [Entry("schema.migrated", actor(), facts)], now=SystemClock().now())


def _require_home(settings: Settings) -> None:
    if not settings.store.database_url and not (settings.home / DATABASE_FILE).exists():
        raise Misconfigured(f"{settings.home}: there is no gateway in this home yet: run `ibys init`")


@contextmanager
def closing_database(engine: Database) -> Iterator[None]:
    """Let go of every connection at the end of the block."""
    try:
        yield
    finally:
        engine.dispose()


def master_key(settings: Settings) -> MasterKey:
    """Where this gateway's data keys are wrapped; nothing is opened yet."""
    keys = settings.keys
    if keys.master == "command":
        return CommandMaster(keys.master_command, timeout=timedelta(seconds=keys.master_command_seconds))
    if keys.master == "pkcs11":
        return Pkcs11Master(
            find_library(keys.master_pkcs11_library),
            token_label=keys.master_pkcs11_token,
            key_label=keys.master_pkcs11_key,
            pin_file=settings.path(keys.master_pkcs11_pin_file),
        )
    return FileMaster(settings.path(keys.master_key_file))


def open_gateway(
    settings: Settings,
    *,
    sending: bool = True,
    check_master: bool = True,
    check_claim: bool = True,
    waits: float | None = None,
) -> Gateway:
    """A gateway ready to walk. Without `sending` no ministry address is needed; `check_claim` is off to renew it.

    `waits`: seconds for a locked database, after which a transaction is Unavailable; None: as usual.
    """
    database = open_store(settings, waits=waits)
    keys = settings.keys
    trail, name = Trail(), actor()
    keyring = KeyRing(database, master_key(settings), made=_record_key(trail, name))
    if check_master:
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
        trail=trail,
        checkpoint_key=checkpoint_key(settings),
        actor=name,
        address=line_address(settings.ministry.address),
        pace=_pace(settings),
        rules=_rules(settings),
        patience=_patience(settings),
        policy=PRODUCTION if settings.production else TRIAL,
        revocation=_revocation(settings),
        leaving=leaving(settings),
        needs_form=settings.needs_form,
    )
    require_log_key(database, gateway.checkpoint_key)
    if check_claim:
        with reading(database) as tx:
            require_claim(tx, gateway.checkpoint_key)
            if read_claim(gateway.checkpoint_key) is None:
                write_claim(tx, gateway.checkpoint_key, tree_size(tx))
    seen = in_use(settings, gateway.catalogue, key=gateway.checkpoint_key.secret)
    notice(database, gateway.trail, gateway.actor, seen, now=gateway.clock.now())
    bind_older_rows(gateway)
    load_codes(gateway)
    return gateway


def people_rules(settings: Settings) -> PeopleRules:
    """What the settings say about people's passwords and sessions."""
    people = settings.people
    return PeopleRules(
        passwords=Passwords(people.argon2_memory_kib, people.argon2_passes, people.argon2_lanes),
        pauses=Pauses(timedelta(seconds=people.pause_base_seconds), timedelta(seconds=people.pause_ceiling_seconds)),
        idle=timedelta(minutes=people.idle_minutes),
        lives=timedelta(hours=people.session_hours),
        setup_lives=timedelta(hours=people.setup_hours),
        issuer=settings.gateway.name,
        secure_cookies=people.secure_cookies,
        providers=read_providers(settings.path(people.oidc_file), settings.home) if people.oidc_file else {},
    )


def _record_key(trail: Trail, name: str) -> Callable[[Tx, KurumNo, int, datetime], None]:
    """What writes down that a customer got a data key, in the transaction that stores it."""

    def record(tx: Tx, kurum: KurumNo, key_no: int, now: datetime) -> None:
        trail.append(tx, [Entry("key.made", name, {"kurum": kurum, "key_no": key_no})], now=now)

    return record


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
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


def _generation(settings: Settings) -> Generation:
    ministry = settings.ministry
    limits = Limits(ministry.connect_seconds, ministry.silence_seconds, ministry.total_seconds, ministry.reply_bytes)
    ca_file = settings.path(ministry.ca_file) if ministry.ca_file else None
    credentials = Credentials(
        _read_secret(settings.path(ministry.firma_kodu_file)), _read_secret(settings.path(ministry.parola_file))
    )
    return GENERATIONS[ministry.metot](ministry, partial(Wire, limits=limits, ca_file=ca_file), credentials)


_MakeWire = Callable[[str], Wire]
_MakeGeneration = Callable[[MinistrySettings, _MakeWire, Credentials], Generation]


def _soap(kind: Callable[[Wire, ZeepDoor, Credentials], Generation], metot: str) -> _MakeGeneration:
    """How a SOAP generation is made: one wire, and the door to its WSDL."""

    def make(ministry: MinistrySettings, make_wire: _MakeWire, credentials: Credentials) -> Generation:
        wire = make_wire(ministry.address)
        return kind(wire, ZeepDoor(published("schemas", metot, "ibys.wsdl"), wire), credentials)

    return make


def _json(ministry: MinistrySettings, make_wire: _MakeWire, credentials: Credentials) -> Generation:
    prove_bodies(published("schemas", "json-g4", "openapi.json"))
    return JsonG4(make_wire, ministry.address, credentials, may_repeat=ministry.ask_by_repeating)


GENERATIONS: dict[str, _MakeGeneration] = {
    **{each.metot: _soap(each, each.metot) for each in (SoapG1, SoapG2, SoapG3)},
    JsonG4.metot: _json,
}
"""The plug-ins by metot. To add one: write it in deliver/, enter it here and in settings.ASSUMED (decision 0015)."""


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


def webhook_terms(settings: Settings) -> Terms:
    """How messages to customers' own addresses are carried; raises Misconfigured when `ca_file` is not there."""
    told = settings.webhook
    ca_file = settings.path(told.ca_file) if told.ca_file else None
    if ca_file and not ca_file.is_file():
        raise Misconfigured(f"webhook.ca_file: {ca_file} is not there")
    return Terms(
        guard=Guard(
            schemes=("https", "http") if told.allow_http else ("https",),
            ports=tuple(map(int, told.ports.split())),
            allowed=networks(told.allowed_networks),
            refused=networks(told.refused_networks),
            seconds=told.connect_seconds,
        ),
        limits=Limits(told.connect_seconds, told.silence_seconds, told.total_seconds, REPLY_BYTES, cuts=True),
        ca_file=ca_file,
        backoff=Backoff(timedelta(seconds=told.base_seconds), timedelta(seconds=told.ceiling_seconds), 1_000_000),
        concurrency=told.concurrency,
        at_most=told.at_most,
        disable_after=timedelta(days=told.disable_after_days),
        turn=timedelta(seconds=told.turn_seconds),
    )


def open_holders(settings: Settings) -> list[Holder]:
    """Everybody that checkpoints are handed to."""
    handed, holders = settings.checkpoint, list[Holder]()
    if handed.folder:
        holders.append(FolderHolder(settings.path(handed.folder), checkpoint_key(settings)))
    if handed.push_address:
        headers = _read_headers(settings.path(handed.push_header_file)) if handed.push_header_file else {}
        holders.append(PushHolder(handed.push_address, headers))
    if handed.command:
        holders.append(CommandHolder(handed.command, handed.mail_to))
    return holders


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
    return hide(value)


def _pace(settings: Settings) -> Pace:
    queue = settings.queue
    return Pace(
        group=settings.intake.group,
        window=queue.window,
        concurrency=settings.ministry.concurrency,
        lease=timedelta(seconds=queue.lease_seconds),
        gather=timedelta(seconds=queue.gather_seconds),
    )


def _rules(settings: Settings) -> Rules:
    queue = settings.queue
    ceiling = timedelta(seconds=queue.breaker_ceiling_seconds)
    return Rules(
        breaker=Backoff(timedelta(seconds=queue.breaker_base_seconds), ceiling, queue.breaker_failures),
        budget=Budget(
            queue.retry_tokens, queue.retry_tokens_per_second, longest=timedelta(seconds=queue.resend_ceiling_seconds)
        ),
        rate=Rate(settings.rate_per_second) if settings.rate_per_second else None,
        probe_gap=timedelta(seconds=queue.probe_seconds),
        rest_at_most=timedelta(seconds=queue.rest_ceiling_seconds),
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
