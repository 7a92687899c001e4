"""Rows of people: who may log in, in which role, for whom. The caller's transaction; nothing is decided here.

Logins and the secrets of the second step are sealed with the customer's data key; a login is found by a blind index
of the gateway's own, because whoever logs in does not name the customer. The integrator's staff belongs to `OWN`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from integrator.domain.errors import NotKnown
from integrator.domain.identifiers import KurumNo
from integrator.domain.roles import Role
from integrator.parties.mirror import place_of
from integrator.protect.seal import Sealer
from integrator.store.dialect import insert_new
from integrator.store.people_tables import kullanici, oturum, recovery_code

OWN = KurumNo("~")
"""The integrator itself, which no customer can be called: its staff, and the index of logins."""

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Person:
    """One who may log in. `signer` is the blind index of their identity number at the customer, "" for none.

    `totp` is in use; `totp_next` was handed out and not confirmed yet.
    """

    kullanici_no: str
    kurum: KurumNo
    role: Role
    created_at: datetime
    expires_at: datetime
    login: str = field(repr=False)
    signer: str = ""
    password: str | None = field(default=None, repr=False)
    totp: bytes = field(default=b"", repr=False)
    totp_next: bytes = field(default=b"", repr=False)
    totp_step: int = 0
    setup_digest: bytes | None = field(default=None, repr=False)
    setup_until: datetime | None = None
    locked_at: datetime | None = None
    entered_at: datetime | None = None
    oidc_index: str | None = None

    @property
    def name(self) -> str:
        """As the audit log knows them: it keeps entries for good, so no login stands there."""
        return f"person {self.kullanici_no}"

    def may_enter(self, now: datetime) -> bool:
        """Neither locked by hand nor past their day."""
        return self.locked_at is None and now < self.expires_at


def new_number() -> str:
    """Twelve signs that nobody guesses."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


def digest(secret: str) -> bytes:
    """What is kept of a random secret: it has enough bits that a plain hash is as good as a slow one."""
    return sha256(secret.encode("utf-8", "replace")).digest()


def put_person(tx: Connection, sealer: Sealer, person: Person, *, login_index: str) -> bool:
    """Write a new person down; False when that login is taken."""
    insert_new(tx, kullanici, [{**_row(sealer, person), "login_index": login_index}])
    mine = select(kullanici.c.kullanici_no).where(kullanici.c.kullanici_no == person.kullanici_no)
    return tx.execute(mine).one_or_none() is not None


def write_person(tx: Connection, sealer: Sealer, person: Person) -> None:
    """Write every fact of a person whose row the caller has locked."""
    row = _row(sealer, person)
    tx.execute(update(kullanici).where(kullanici.c.kullanici_no == person.kullanici_no).values(row))


def find_by_index(tx: Connection, *, login_index: str = "", oidc_index: str = "") -> RowMapping | None:
    """The row of whoever has this login, or is known under this index to a provider."""
    where = kullanici.c.login_index == login_index if login_index else kullanici.c.oidc_index == oidc_index
    return tx.execute(select(kullanici).where(where)).mappings().one_or_none()


def read_row(tx: Connection, kullanici_no: str) -> RowMapping:
    """The row of a person; raises NotKnown."""
    row = tx.execute(select(kullanici).where(kullanici.c.kullanici_no == kullanici_no)).mappings().one_or_none()
    if row is None:
        raise NotKnown("no such person")
    return row


def lock_row(tx: Connection, kullanici_no: str) -> RowMapping:
    """The row, which nobody else changes until the transaction ends; raises NotKnown."""
    query = select(kullanici).where(kullanici.c.kullanici_no == kullanici_no).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise NotKnown("no such person")
    return row


def read_rows(tx: Connection, kurum: KurumNo) -> list[RowMapping]:
    """Everybody of a customer, the oldest first."""
    query = select(kullanici).where(kullanici.c.kurum_id == kurum)
    return list(tx.execute(query.order_by(kullanici.c.created_at, kullanici.c.kullanici_no)).mappings())


def person_of(row: RowMapping, sealer: Sealer) -> Person:
    """The person of a row, opened."""
    kurum, number = KurumNo(row["kurum_id"]), row["kullanici_no"]
    told: Mapping[str, Any] = json.loads(sealer.open(row["body"], place_of(kullanici, kurum, number)))
    return Person(
        number,
        kurum,
        Role(row["role"]),
        row["created_at"],
        row["expires_at"],
        told["login"],
        row["profesyonel_index"],
        row["password"],
        bytes.fromhex(told["totp"]),
        bytes.fromhex(told["totp_next"]),
        row["totp_step"],
        row["setup_digest"],
        row["setup_until"],
        row["locked_at"],
        row["entered_at"],
        row["oidc_index"],
    )


def _row(sealer: Sealer, person: Person) -> dict[str, Any]:
    told = {"login": person.login, "totp": person.totp.hex(), "totp_next": person.totp_next.hex()}
    body = sealer.seal(json.dumps(told).encode(), place_of(kullanici, person.kurum, person.kullanici_no))
    same = ("kullanici_no", "password", "totp_step", "setup_digest", "setup_until", "oidc_index")
    times = ("created_at", "expires_at", "locked_at", "entered_at")
    return {
        **{name: getattr(person, name) for name in (*same, *times)},
        "kurum_id": person.kurum,
        "role": person.role.value,
        "profesyonel_index": person.signer,
        "body": body,
    }


def put_recovery_codes(tx: Connection, kullanici_no: str, codes: list[str]) -> None:
    """These are good from now on, and none from before."""
    tx.execute(delete(recovery_code).where(recovery_code.c.kullanici_no == kullanici_no))
    if codes:
        tx.execute(insert(recovery_code), [{"kullanici_no": kullanici_no, "digest": digest(each)} for each in codes])


def use_recovery_code(tx: Connection, kullanici_no: str, code: str) -> bool:
    """Whether `code` was one of the person's; it is none any more."""
    this = (recovery_code.c.kullanici_no == kullanici_no, recovery_code.c.digest == digest(code))
    return bool(tx.execute(delete(recovery_code).where(*this)).rowcount)


def end_sessions(tx: Connection, kullanici_no: str, *, but: bytes = b"") -> int:
    """End every session of a person but the one of this digest; returns how many ended."""
    mine = (oturum.c.kullanici_no == kullanici_no, oturum.c.digest != but)
    return int(tx.execute(delete(oturum).where(*mine)).rowcount)
