"""Everything an operator can set: one frozen tree, read once, file first and ``IBYS_*`` over it.

``[ministry] address`` in the file is ``IBYS_MINISTRY_ADDRESS`` in the environment. Unknown keys are errors.
Secrets are never values here: a setting names the file that holds one.
"""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, get_origin, get_type_hints
from urllib.parse import parse_qs, urlsplit

from integrator.domain.errors import Misconfigured
from integrator.domain.limits import NAMES, Limits

FILE_NAME = "ibys.toml"
ASSUMED = {
    "soap-g1": "the place of imzaliDeger in its message",
    "soap-g2": "its operation name and the signed XML of the list form",
    "soap-g3": "its operation names, the signed XML of the list form, and how a query is answered",
    "json-g4": "how it refuses, what is signed, and what it does with a repeated body",
}
"""Every metot that is built, and what is not an official text in it (docs/divergences.md)."""
PRODUCTION_RATE = 2.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Who this gateway is. `name` is the origin of its checkpoints; `kurum` the customer the command line acts for."""

    name: str = "ibys-gateway"
    environment: str = "test"
    kurum: str = "ana"


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Empty `database_url` means the SQLite file in the home; `password_file` holds the password of PostgreSQL."""

    database_url: str = field(default="", repr=False)  # a password may stand in it outside production
    password_file: str = ""


@dataclass(frozen=True, slots=True)
class KeysSettings:
    """Paths, relative to the home. Empty `signers_dir`: every message awaits its professional's signature.

    `master` says where the master key is: file, pkcs11 or command (the ``master_*`` of that name are wanted then).
    `revocation_hosts` are the only hosts asked for OCSP and CRL, ``name`` or ``name:port``, parted by spaces;
    `revocation_dir` holds answers on file, ``*.crl`` and ``*.ocsp`` as DER, believed up to `revocation_max_age_hours`.
    """

    master: str = "file"
    master_key_file: str = "keys/master.key"
    master_pkcs11_library: str = ""
    master_pkcs11_token: str = ""
    master_pkcs11_key: str = "ibys-master"
    master_pkcs11_pin_file: str = ""
    master_command: tuple[str, ...] = ()
    master_command_seconds: float = 10.0
    backup_key_file: str = "keys/backup.key"
    checkpoint_key_file: str = "keys/checkpoint.key"
    signers_dir: str = ""
    trust_dir: str = ""
    revocation_hosts: str = ""
    revocation_dir: str = ""
    revocation_max_age_hours: float = 24.0
    revocation_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class MinistrySettings:
    """Where and how messages are sent. Times in seconds.

    `ask_by_repeating` is json-g4's: after a lost answer the same body goes again in order to learn what became of the
    first. That the ministry stores nothing twice then is assumed; without it such a message waits for a person.
    `rate_per_second` bounds the calls of all workers together; 0 is no bound, below 0 the environment decides.
    """

    metot: str = "soap-g2"
    address: str = ""
    firma_kodu_file: str = "keys/firma_kodu"
    parola_file: str = "keys/parola"
    ca_file: str = ""
    allow_assumed: bool = False
    ask_by_repeating: bool = False
    connect_seconds: float = 5.0
    silence_seconds: float = 20.0
    total_seconds: float = 30.0
    reply_bytes: int = 4_194_304
    concurrency: int = 4
    rate_per_second: float = -1.0


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """The time-stamp authority. Without `tsa_address` no copies are made and the debt only grows.

    `tsa_header_file` holds ``Name: value`` lines that go with every request (a customer's identity at the authority).
    """

    tsa_address: str = ""
    tsa_trust_dir: str = ""
    tsa_header_file: str = ""
    tsa_seconds: float = 10.0
    complete_after_hours: float = 24.0


@dataclass(frozen=True, slots=True)
class CheckpointSettings:
    """When checkpoints are made beside `worker.checkpoint_seconds`, and to whom they are handed; empty: to nobody.

    `folder` belongs to a second party; `push_address` takes a POST (headers from `push_header_file`); `command` gets
    the note on its standard input, or a mail to `mail_to` when that is set (``sendmail -t``). `stamp`: each gets a
    time-stamp.
    """

    every_entries: int = 10_000
    folder: str = ""
    push_address: str = ""
    push_header_file: str = ""
    command: str = ""
    mail_to: str = ""
    stamp: bool = False


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """Caps on what comes from outside."""

    record_bytes: int = 1_048_576
    file_bytes: int = 268_435_456
    depth: int = 8
    group: int = 128


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Times in seconds. `breaker_failures` in a row open the breaker; `retry_tokens` are the budget of retries."""

    window: int = 128
    gather_seconds: float = 0.03
    lease_seconds: float = 120.0
    resend_base_seconds: float = 2.0
    resend_ceiling_seconds: float = 21_600.0
    max_attempts: int = 12
    ask_base_seconds: float = 2.0
    ask_ceiling_seconds: float = 3600.0
    ask_for_hours: float = 72.0
    probe_seconds: float = 60.0
    breaker_failures: int = 10
    breaker_base_seconds: float = 1.0
    breaker_ceiling_seconds: float = 60.0
    retry_tokens: int = 500
    retry_tokens_per_second: float = 5.0
    rest_ceiling_seconds: float = 3600.0
    sorgu_no_start: int = 10_000_000_001


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Seconds between ticks. `lease_seconds`: how long a tick that one worker alone runs stays with one that died."""

    dispatch_seconds: float = 0.5
    inquire_seconds: float = 2.0
    checkpoint_seconds: float = 60.0
    refresh_codes_hours: float = 24.0
    evidence_seconds: float = 30.0
    coverage_seconds: float = 15.0
    lease_seconds: float = 90.0
    webhook_seconds: float = 1.0
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """How messages to customers' own addresses are carried. Times in seconds, but for `disable_after_days`.

    Lists are parted by spaces. `ports`: 0 is any. Special addresses (private, loopback, ...) are let through only when
    they lie in `allowed_networks`; `refused_networks` are never, such as the operator's own public ones.
    """

    allow_http: bool = False
    ports: str = "443"
    allowed_networks: str = ""
    refused_networks: str = ""
    ca_file: str = ""
    connect_seconds: float = 5.0
    silence_seconds: float = 10.0
    total_seconds: float = 15.0
    turn_seconds: float = 2.0
    concurrency: int = 8
    base_seconds: float = 5.0
    ceiling_seconds: float = 3600.0
    disable_after_days: float = 5.0
    at_most: int = 10


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the API listens. `trusted_proxies`: addresses, parted by spaces, whose X-Forwarded-For is believed.

    `answers_kept_*`: for how long the answers to calls with an Idempotency-Key are kept, and how many for a customer.
    `failures_per_minute`: tries from one address that no key opens; 0 is no bound. The others are bounds of one process
    (docs/operations.md says what each ends). Between SIGTERM and the end of listening lie `notice_seconds`.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    trusted_proxies: str = ""
    connections_at_most: int = 20_000
    calls_at_most: int = 256
    uploads_at_most: int = 8
    idle_seconds: float = 60.0
    head_seconds: float = 10.0
    head_bytes: int = 65_536
    headers_at_most: int = 100
    body_seconds: float = 60.0
    upload_seconds: float = 3600.0
    body_bytes_per_second: int = 1024
    stall_seconds: float = 30.0
    answer_seconds: float = 30.0
    lock_seconds: float = 5.0
    notice_seconds: float = 0.5
    drain_seconds: float = 30.0
    answers_kept_hours: float = 24.0
    answers_kept_at_most: int = 10_000
    failures_per_minute: float = 60.0
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """What a password costs, and how long a session lives. `setup_hours`: how long a set-up code is good.

    `secure_cookies` off is for a trial on the loopback without TLS only: then cookies lack Secure and `__Host-`.
    `oidc_file` describes providers of OpenID Connect (docs/operations.md); empty: none.
    """

    argon2_memory_kib: int = 65_536
    argon2_passes: int = 3
    argon2_lanes: int = 1
    pause_base_seconds: float = 2.0
    pause_ceiling_seconds: float = 900.0
    idle_minutes: float = 30.0
    session_hours: float = 12.0
    setup_hours: float = 48.0
    secure_cookies: bool = True
    oidc_file: str = ""


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """`require_form`: nothing is sent for a customer before its form was delivered. In production that is always so."""

    require_form: bool = False


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The signing agent on a professional's computer. `library` is a path or akis, safesign, softhsm; empty: look."""

    library: str = ""
    token_label: str = ""
    address: str = "127.0.0.1:17461"
    origin: str = ""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """`level` is one of DEBUG, INFO, WARNING, ERROR. `traces_to`: an OTLP/HTTP address; empty: no traces."""

    level: str = "INFO"
    traces_to: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. `home` holds the database, the keys and the checkpoint files."""

    home: Path
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    keys: KeysSettings = field(default_factory=KeysSettings)
    ministry: MinistrySettings = field(default_factory=MinistrySettings)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    checkpoint: CheckpointSettings = field(default_factory=CheckpointSettings)
    intake: IntakeSettings = field(default_factory=IntakeSettings)
    queue: QueueSettings = field(default_factory=QueueSettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    webhook: WebhookSettings = field(default_factory=WebhookSettings)
    web: WebSettings = field(default_factory=WebSettings)
    people: PeopleSettings = field(default_factory=PeopleSettings)
    registry: RegistrySettings = field(default_factory=RegistrySettings)
    limits: Limits = field(default_factory=Limits)
    agent: AgentSettings = field(default_factory=AgentSettings)
    log: LogSettings = field(default_factory=LogSettings)

    @property
    def production(self) -> bool:
        """Whether stand-ins must refuse to start."""
        return self.gateway.environment == "production"

    @property
    def rate_per_second(self) -> float:
        """Calls a second that all workers together may make; 0 is no bound. Production is gentle by default."""
        given = self.ministry.rate_per_second
        return given if given >= 0 else (PRODUCTION_RATE if self.production else 0.0)

    @property
    def needs_form(self) -> bool:
        """Whether a customer's form must have been delivered before anything is sent for it (circular 1m)."""
        return self.production or self.registry.require_form

    def path(self, named: str) -> Path:
        """A path setting, relative to the home."""
        return self.home / named


_GROUPS = {
    each.name: type_
    for each, type_ in zip(fields(Settings)[1:], list(get_type_hints(Settings).values())[1:], strict=True)
}


def default_home(environment: Mapping[str, str] = os.environ) -> Path:
    """``IBYS_HOME``, else ``~/.ibys``."""
    return Path(environment.get("IBYS_HOME") or Path.home() / ".ibys")


def read_settings(home: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of `home`; raises Misconfigured listing everything that is wrong, each with its place."""
    problems: list[str] = []
    settings = Settings(home=home)
    for given in [
        *_from_file(home / FILE_NAME, problems),
        *_from_environment(environment),
    ]:
        settings = _put(settings, given, problems)
    problems += check_settings(settings)
    if problems:
        raise Misconfigured("; ".join(problems))
    return settings


Given = tuple[str, str, str, Any]


def _from_file(path: Path, problems: list[str]) -> list[Given]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        problems.append(f"{path}: {error}")
        return []
    given: list[Given] = []
    for group, values in raw.items():
        if not isinstance(values, dict):
            problems.append(f"{path}: [{group}] must be a table")
            continue
        given += [(f"{path} [{group}] {name}", group, name, value) for name, value in values.items()]
    return given


def _from_environment(environment: Mapping[str, str]) -> list[Given]:
    given: list[Given] = []
    for variable in sorted(environment):
        if not variable.startswith("IBYS_") or variable in ("IBYS_HOME", "IBYS_PUBLISHED_DIR", "IBYS_LANG"):
            continue
        if variable == "IBYS_DATABASE_URL":  # the short name that compose files and outside checks use
            given.append((variable, "store", "database_url", environment[variable]))
            continue
        group, _, name = variable.removeprefix("IBYS_").lower().partition("_")
        given.append((variable, group, name, environment[variable]))
    return given


def _put(settings: Settings, given: Given, problems: list[str]) -> Settings:
    place, group, name, value = given
    kind = _GROUPS.get(group)
    hints = get_type_hints(kind) if kind else {}
    if name not in hints:
        problems.append(f"{place}: no such setting")
        return settings
    try:
        typed = _typed(value, hints[name])
    except (ValueError, TypeError, OverflowError):
        problems.append(f"{place}: {hints[name].__name__} is wanted")
        return settings
    return replace(settings, **{group: replace(getattr(settings, group), **{name: typed})})


def _typed(value: Any, kind: type) -> Any:
    if get_origin(kind) is tuple:
        listed = json.loads(value) if isinstance(value, str) else value  # in the environment: a JSON list
        if not isinstance(listed, list) or not all(isinstance(each, str) and each for each in listed):
            raise ValueError(value)
        return tuple(listed)
    if kind is bool:
        if isinstance(value, bool):
            return value
        if value in ("true", "1", "false", "0"):
            return value in ("true", "1")
        raise ValueError(value)
    if isinstance(value, bool) or (kind is str and not isinstance(value, str)):
        raise ValueError(value)
    typed = kind(value)
    if kind is not str and (not math.isfinite(typed) or float(value) != typed):
        raise ValueError(value)
    return typed


def check_settings(settings: Settings) -> list[str]:
    """What is wrong with values that have the right type."""
    problems = []
    if settings.gateway.environment not in ("test", "production"):
        problems.append("gateway.environment: test or production is wanted")
    if settings.log.level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        problems.append("log.level: DEBUG, INFO, WARNING or ERROR is wanted")
    if not settings.gateway.name or any(sign in settings.gateway.name for sign in " \n+"):
        problems.append("gateway.name: a word without spaces or plus signs is wanted")
    problems += [
        f"{name}: more than 0 is wanted" for name, value in _numbers(settings) if value <= 0 and name not in _MAY_BE_0
    ]
    if 0 < settings.ministry.rate_per_second < SLOWEST_RATE:
        problems.append(f"ministry.rate_per_second: 0 (no bound) or at least {SLOWEST_RATE} is wanted")
    if settings.queue.lease_seconds <= settings.ministry.total_seconds:
        problems.append(
            "queue.lease_seconds: longer than ministry.total_seconds is wanted, or a waiting worker loses its claim"
        )
    if settings.production and not settings.keys.trust_dir:
        problems.append("keys.trust_dir: production wants a trust store, or any certificate would do")
    if settings.evidence.tsa_address and not settings.evidence.tsa_trust_dir:
        problems.append("evidence.tsa_trust_dir: the authority's certificates are wanted, or any token would do")
    problems += _check_proxies(settings.web)
    problems += _check_master(settings.keys) + _check_people(settings) + _check_webhook(settings)
    return problems + _check_checkpoint(settings) + _check_store(settings) + _check_ministry(settings)


LEAST_MEMORY_KIB, LEAST_PASSES = 19_456, 2
"""The weakest argon2id that OWASP still calls good."""


def _check_people(settings: Settings) -> list[str]:
    people, problems = settings.people, []
    if people.argon2_memory_kib < LEAST_MEMORY_KIB or people.argon2_passes < LEAST_PASSES:
        problems.append(
            f"people.argon2_memory_kib, argon2_passes: at least {LEAST_MEMORY_KIB} and {LEAST_PASSES} are wanted"
        )
    if people.argon2_memory_kib > 1 << 20 or people.argon2_passes > 32 or people.argon2_lanes > 16:
        problems.append("people.argon2_*: at most 1048576 KiB, 32 passes and 16 lanes: nobody waits longer to log in")
    if people.idle_minutes > 60 * people.session_hours or people.session_hours > 24:
        problems.append("people.session_hours: at most 24, and no shorter than people.idle_minutes")
    if not people.secure_cookies and (settings.production or settings.web.host not in _LOOPBACK):
        problems.append("people.secure_cookies: off only in a trial that listens on the loopback (web.host)")
    return problems


def _check_webhook(settings: Settings) -> list[str]:
    webhook, problems = settings.webhook, []
    if webhook.allow_http and settings.production:
        problems.append("webhook.allow_http: production pushes by https only")
    if not all(each.isascii() and each.isdecimal() and int(each) < 65_536 for each in webhook.ports.split()):
        problems.append("webhook.ports: numbers parted by spaces are wanted, such as 443 8443")
    for name in ("allowed_networks", "refused_networks"):
        try:
            _ = networks(getattr(webhook, name))
        except ValueError:
            problems.append(f"webhook.{name}: networks parted by spaces are wanted, such as 192.0.2.0/24")
    return problems


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of a setting; raises ValueError."""
    return tuple(ip_network(each) for each in text.split())


def _check_checkpoint(settings: Settings) -> list[str]:
    handed, problems = settings.checkpoint, []
    if handed.push_address and urlsplit(handed.push_address).scheme not in ("http", "https"):
        problems.append("checkpoint.push_address: http(s)://host/path is wanted")
    if handed.mail_to and not handed.command:
        problems.append("checkpoint.mail_to: checkpoint.command is wanted beside it, such as `sendmail -t`")
    if any(not sign.isprintable() for sign in handed.mail_to):
        problems.append("checkpoint.mail_to: one line is wanted")
    if handed.stamp and not settings.evidence.tsa_address:
        problems.append("checkpoint.stamp: evidence.tsa_address is wanted beside it")
    return problems


def _check_proxies(web: WebSettings) -> list[str]:
    try:
        for each in web.trusted_proxies.split():
            ip_network(each)
    except ValueError:  # `*` among them: whoever calls could say where it calls from
        return ["web.trusted_proxies: addresses or networks are wanted, parted by spaces"]
    return []


_OF_MASTER = {
    "file": ("master_key_file",),
    "pkcs11": ("master_pkcs11_library", "master_pkcs11_token", "master_pkcs11_key", "master_pkcs11_pin_file"),
    "command": ("master_command",),
}


def _check_master(keys: KeysSettings) -> list[str]:
    if keys.master not in _OF_MASTER:
        return [f"keys.master: one of {', '.join(_OF_MASTER)} is wanted"]
    missing = [name for name in _OF_MASTER[keys.master] if not getattr(keys, name)]
    return [f"keys.{name}: is wanted with keys.master = {keys.master!r}" for name in missing]


def _check_store(settings: Settings) -> list[str]:
    """Secrets come from files: in production no password stands in the address, where a process list may show it."""
    try:
        parts = urlsplit(settings.store.database_url)
        told = parts.password is not None or "password" in parse_qs(parts.query, keep_blank_values=True)
    except ValueError:
        return ["store.database_url: not a database address"]
    if told and settings.production:
        return ["store.database_url: a password stands in it; production wants store.password_file"]
    if told and settings.store.password_file:
        return ["store.database_url: a password stands in it, and store.password_file names another"]
    return []


_MAY_BE_0 = frozenset({"ministry.rate_per_second", *(f"limits.{name}" for name in NAMES)}) | {
    *("web.port", "web.metrics_port", "web.failures_per_minute", "worker.metrics_port")
}
SLOWEST_RATE = 0.001


def _numbers(settings: Settings) -> list[tuple[str, float]]:
    groups = [(name, getattr(settings, name)) for name in _GROUPS]
    return [
        (f"{name}.{each.name}", getattr(group, each.name))
        for name, group in groups
        for each in fields(group)
        if isinstance(getattr(group, each.name), (int, float)) and not isinstance(getattr(group, each.name), bool)
    ]


def _check_ministry(settings: Settings) -> list[str]:
    ministry = settings.ministry
    problems: list[str] = []
    if ministry.metot not in ASSUMED:
        return [f"ministry.metot: {ministry.metot!r} is not built; one of {', '.join(ASSUMED)} is wanted"]
    if not ministry.address:
        return problems
    try:
        parts = urlsplit(ministry.address)
        _ = parts.port  # an impossible port is only told when it is asked for
    except ValueError as error:
        return [f"ministry.address: {error}"]
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        problems.append("ministry.address: http(s)://host/path without user and password is wanted")
    elif parts.scheme == "http" and settings.production and parts.hostname not in _LOOPBACK:
        problems.append("ministry.address: https is wanted in production")
    if settings.production and not (settings.keys.revocation_hosts or settings.keys.revocation_dir):
        problems.append(
            "keys.revocation_hosts: production wants hosts to ask or keys.revocation_dir with CRLs, or every signature "
            "would be refused"
        )
    if settings.production and not ministry.allow_assumed:
        problems.append(
            f"ministry.allow_assumed: {ministry.metot} is not official throughout; production sends by it only when "
            f"this is true (assumed: {ASSUMED[ministry.metot]})"
        )
    return problems
