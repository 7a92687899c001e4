"""What an operator changed between two starts: settings, key files, versions. One audit entry of each kind, by name.

Every process compares at its start what is in use with what was last seen (row `in_use` of `meta`): keyed digests, so
that neither the row nor the entry says anything about a value. Process-wide facts only; the acts are elsewhere.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import select

from integrator.audit.bound import IN_USE, seen_digest
from integrator.audit.trail import Entry, Trail
from integrator.catalogue.catalogue import Catalogue
from integrator.domain.errors import Misconfigured
from integrator.settings import Settings
from integrator.store.dialect import hold
from integrator.store.engine import Database, Tx, reading, writing
from integrator.store.tables import meta

_FILES = (
    "keys.master_key_file", "keys.checkpoint_key_file", "ministry.firma_kodu_file", "ministry.parola_file",
    "ministry.ca_file", "evidence.tsa_header_file", "checkpoint.push_header_file", "webhook.ca_file",
    "store.password_file",
)  # fmt: skip
_FOLDERS = ("keys.signers_dir", "keys.trust_dir", "evidence.tsa_trust_dir")
_LARGEST = 1 << 20

Seen = Mapping[str, Mapping[str, str]]
"""Kind (settings, keys, versions) -> name -> keyed digest."""


def in_use(settings: Settings, catalogue: Catalogue, *, key: bytes) -> Seen:
    """What stands in the settings, what lies in the files they name, and the versions of program and veri setleri."""
    return {
        "settings": {name: _digest(key, repr(value).encode()) for name, value in _settings(settings)},
        "keys": {name: _digest(key, content) for name, content in _files(settings)},
        "versions": {name: _digest(key, text.encode()) for name, text in _versions(catalogue)},
    }


def notice(database: Database, trail: Trail, actor: str, seen: Seen, *, now: datetime) -> list[Entry]:
    """Compare with what was last seen, and write one entry for each kind that changed; returns what was written."""
    with reading(database) as tx:
        if not list(_changes(_last(tx), seen, actor)):
            return []
    with writing(database) as tx:
        hold(tx, IN_USE)  # of several processes that start together one notices
        return put_seen(tx, trail, actor, seen, now=now)


def put_seen(tx: Tx, trail: Trail, actor: str, seen: Seen, *, now: datetime) -> list[Entry]:
    """The same in the caller's transaction."""
    entries, row = list(_changes(_last(tx), seen, actor)), json.dumps(seen, sort_keys=True)
    if entries:
        tx.execute(meta.delete().where(meta.c.name == IN_USE))
        tx.execute(meta.insert().values(name=IN_USE, value=row))
        trail.append(tx, [each.with_facts({"seen": seen_digest(row)}) for each in entries], now=now)
    return entries


def _last(tx: Tx) -> Seen:
    found = tx.execute(select(meta.c.value).where(meta.c.name == IN_USE)).scalar_one_or_none()
    return {} if found is None else json.loads(found)


def _changes(before: Seen, after: Seen, actor: str) -> Iterator[Entry]:
    for kind, names in after.items():
        known = before.get(kind, {})
        changed = sorted(name for name in known.keys() | names.keys() if known.get(name) != names.get(name))
        if changed:
            first = {"first": True} if kind not in before else {}
            yield Entry(f"{kind}.changed", actor, {"names": changed, **first})


def _settings(settings: Settings) -> Iterable[tuple[str, object]]:
    for group in fields(settings)[1:]:
        values = asdict(getattr(settings, group.name))
        yield from ((f"{group.name}.{name}", value) for name, value in values.items())


def _files(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Each file that a setting names, if it is there; of a folder every file, by its name."""
    for name in _FILES:
        named = _named(settings, name)
        if named and (path := settings.path(named)).is_file():
            yield name, _read(path)
    for name in _FOLDERS:
        named = _named(settings, name)
        folder = settings.path(named) if named else None
        for path in sorted(folder.iterdir()) if folder and folder.is_dir() else []:
            if path.is_file():
                yield f"{name}/{path.name}", _read(path)


def _named(settings: Settings, name: str) -> str:
    group, _, each = name.partition(".")
    return str(getattr(getattr(settings, group), each))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise Misconfigured(f"{path}: cannot be read ({error.strerror})") from error


def _versions(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    yield "program", version("ibys-integrator")
    for each in catalogue.definitions:
        yield f"{each.veri_seti}/{each.version}", repr(each)


def _digest(key: bytes, content: bytes) -> str:
    return hmac.digest(key, b"ibys/in-use/v1\0" + content, "sha256")[:16].hex()
