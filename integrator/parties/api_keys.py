"""Keys of programs: ``ibys_<8 signs>.<43 signs>``. The first part finds the row; of the secret only a digest is kept.

The secret has 256 random bits, so a plain SHA-256 is as good as a slow hash and costs nothing on each call.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from integrator.domain.errors import Malformed, NotFound
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Right, Role
from integrator.store.prepared import Prepared
from integrator.store.tables import api_key

TOKEN = re.compile(r"ibys_([0-9a-z]{8})\.([A-Za-z0-9_-]{43})")
NOTED_EVERY = timedelta(minutes=1)
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ROW = Prepared(select(api_key).where(api_key.c.key_no == bindparam("key_no")))
_UNKNOWN = sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, without its secret. `addresses` are networks it may be used from; empty: from anywhere.

    `rights` are those of its role that it has; empty: all. `signer` is the blind index of the professional that it
    reads and signs for, "" for none.
    """

    key_no: str
    kurum: KurumNo
    role: Role
    name: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    addresses: tuple[str, ...] = ()
    rights: frozenset[Right] = frozenset()
    signer: str = ""

    def is_good(self, *, now: datetime, address: str) -> bool:
        """Not revoked, not expired, and used from where it may be."""
        if self.revoked_at is not None or now >= self.expires_at:
            return False
        return not self.addresses or _is_within(address, self.addresses)


def make_key(
    tx: Connection,
    kurum: KurumNo,
    role: Role,
    name: str,
    *,
    now: datetime,
    lives: timedelta,
    addresses: tuple[str, ...],
    rights: frozenset[Right] = frozenset(),
    signer: str = "",
) -> tuple[ApiKey, str]:
    """A new key and its token, which nobody can read again. Raises Malformed for an address that is no network."""
    for each in addresses:
        _network(each)
    key_no, secret = "".join(secrets.choice(_ALPHABET) for _ in range(8)), secrets.token_urlsafe(32)
    key = ApiKey(key_no, kurum, role, name, now, now + lives, addresses=addresses, rights=rights, signer=signer)
    row = {**asdict(key), "kurum_id": kurum, "digest": _digest(secret), "addresses": " ".join(addresses)}
    row |= {"rights": " ".join(sorted(rights)), "profesyonel_index": row.pop("signer")}
    del row["kurum"]
    tx.execute(insert(api_key).values(row))
    return key, f"ibys_{key_no}.{secret}"


def read_keys(tx: Connection, kurum: KurumNo) -> list[ApiKey]:
    """Every key of a customer, the newest first."""
    rows = tx.execute(select(api_key).where(api_key.c.kurum_id == kurum).order_by(api_key.c.created_at.desc()))
    return [_of(row) for row in rows]


def find_key(tx: Connection, token: str, *, now: datetime, address: str) -> ApiKey | None:
    """The good key that `token` belongs to; None for every other, after the same work."""
    told = TOKEN.fullmatch(token)
    key_no, secret = told.groups() if told else ("", "")
    row = next(iter(_ROW.all(tx, key_no=key_no)), None)
    is_right = hmac.compare_digest(row.digest if row else _UNKNOWN, _digest(secret))
    found = _of(row) if row is not None and is_right else None
    return found if found is not None and found.is_good(now=now, address=address) else None


def note_use(tx: Connection, key: ApiKey, *, now: datetime) -> None:
    """When it was used last, to the minute: a call must not cost a write."""
    tx.execute(update(api_key).where(api_key.c.key_no == key.key_no).values(last_used_at=now))


def is_noted(key: ApiKey, *, now: datetime) -> bool:
    """Whether its last use stands in the row already."""
    return key.last_used_at is not None and now - key.last_used_at < NOTED_EVERY


def revoke_key(tx: Connection, kurum: KurumNo, key_no: str, *, at: datetime) -> ApiKey:
    """End a key at `at`; one that ended before keeps its time. Raises NotFound."""
    mine = (api_key.c.kurum_id == kurum, api_key.c.key_no == key_no)
    row = tx.execute(select(api_key).where(*mine)).one_or_none()
    if row is None:
        raise NotFound(f"no key {key_no!r} of this customer")
    if row.revoked_at is not None:
        return _of(row)
    tx.execute(update(api_key).where(*mine).values(revoked_at=at))
    return replace(_of(row), revoked_at=at)


def end_key(tx: Connection, kurum: KurumNo, key_no: str, *, at: datetime) -> None:
    """Let a key live until `at` at most: the overlap of a rotation."""
    mine = (api_key.c.kurum_id == kurum, api_key.c.key_no == key_no, api_key.c.expires_at > at)
    tx.execute(update(api_key).where(*mine).values(expires_at=at))


def _of(row: Any) -> ApiKey:
    told = row._asdict()
    return ApiKey(
        told["key_no"],
        KurumNo(told["kurum_id"]),
        Role(told["role"]),
        told["name"],
        told["created_at"],
        told["expires_at"],
        told["last_used_at"],
        told["revoked_at"],
        tuple(told["addresses"].split()),
        frozenset(map(Right, told["rights"].split())),
        told["profesyonel_index"],
    )


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise Malformed(f"{text!r} is no address or network such as 192.0.2.0/24") from error


def _is_within(address: str, networks: tuple[str, ...]) -> bool:
    try:
        here = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(here in _network(each) for each in networks)
