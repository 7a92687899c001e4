"""Providers of OpenID Connect as the operator describes them in a TOML file, one table for each; nothing is asked yet.

[corporate]                                  # the name that stands in our addresses
issuer = "https://id.example"
client_id = "ibys"
client_secret_file = "keys/oidc.secret"      # none: a public client, PKCE alone
redirect_uri = "https://gateway.example/v1/oturum/oidc/corporate/back"
kurum = "osgb-1"                             # only this customer's people; none: everybody's
ca_file = ""                                 # who is trusted to vouch for its TLS certificate; none: the system's
second_step = false                          # true: a second factor that it tells of (amr) counts as ours
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from integrator.domain.errors import Misconfigured

_NAME = re.compile(r"[a-z0-9-]{1,32}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider; see the head of the file. `client_secret` is read from the named file."""

    name: str
    issuer: str
    client_id: str
    redirect_uri: str
    kurum: str = ""
    ca_file: str = ""
    second_step: bool = False
    client_secret: str = field(default="", repr=False)


def read_providers(path: Path, home: Path) -> dict[str, Provider]:
    """Name -> provider; raises Misconfigured with everything that is wrong in the file."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"people.oidc_file: {path}: {error}") from error
    problems: list[str] = []
    found = {name: _read(name, told, home, problems) for name, told in raw.items()}
    if problems:
        raise Misconfigured("; ".join(f"people.oidc_file: {each}" for each in problems))
    return {name: each for name, each in found.items() if each}


def _read(name: str, told: Any, home: Path, problems: list[str]) -> Provider | None:
    kinds = {**get_type_hints(Provider), "client_secret_file": str}
    known = set(kinds) - {"name", "client_secret"}
    if not _NAME.fullmatch(name) or not isinstance(told, Mapping):
        problems.append(f"[{name}]: a table named in small letters, digits and dashes is wanted")
        return None
    wrong = [each for each, value in told.items() if each not in known or type(value) is not kinds[each]]
    missing = [each.name for each in fields(Provider)[1:4] if not told.get(each.name)]
    if wrong or missing:
        problems.append(f"[{name}]: not known or of the wrong type: {wrong}; missing: {missing}")
        return None
    problems += [f"[{name}] {each}: https is wanted" for each in ("issuer", "redirect_uri") if not is_safe(told[each])]
    ca_file = str(home / told["ca_file"]) if told.get("ca_file") else ""
    facts = {**told, "issuer": told["issuer"].rstrip("/"), "ca_file": ca_file}
    secret = _secret(name, facts.pop("client_secret_file", ""), home, problems)
    return Provider(name, **facts, client_secret=secret)


def _secret(name: str, named: str, home: Path, problems: list[str]) -> str:
    try:
        return (home / named).read_text(encoding="utf-8").strip() if named else ""
    except (OSError, ValueError) as error:
        problems.append(f"[{name}] client_secret_file: {type(error).__name__}")
        return ""


def is_safe(address: str) -> bool:
    """Whether nobody on the way reads what is sent there: https, or the loopback of a trial."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return False
    is_plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return (parts.scheme == "https" or is_plain) and bool(parts.hostname) and parts.username is None
