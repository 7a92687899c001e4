"""Who is at the door: keys of programs are made, rotated, revoked and recognised; each change has its audit entry."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from integrator.audit.bound import told_now
from integrator.audit.trail import Entry
from integrator.domain.errors import Malformed, NotFound
from integrator.domain.hands import Hand
from integrator.domain.identifiers import KurumNo, Tckn
from integrator.domain.roles import NEVER_A_KEYS, RIGHTS, Right, Role
from integrator.gateway import Gateway
from integrator.parties import api_keys
from integrator.parties.api_keys import ApiKey
from integrator.parties.register import profesyonel_index
from integrator.store.engine import Glances, Tx, reading, writing
from integrator.store.tables import api_key

LONGEST_LIFE = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever was recognised: for whom they act, in which role, and the name that stands in the audit log.

    `signer` is the blind index of the one professional whose bytes they read and sign; None is no such bound, and ""
    nobody's.
    """

    kurum: KurumNo
    role: Role
    name: str
    rights: frozenset[Right]
    signer: str | None = None
    kullanici_no: str = ""

    def may(self, right: Right) -> bool:
        """Whether `right` is one of theirs."""
        return right in self.rights


def make_api_key(
    gateway: Gateway,
    kurum: KurumNo,
    role: Role,
    name: str,
    *,
    lives: timedelta,
    addresses: Sequence[str] = (),
    rights: Collection[Right] = (),
    professional: Tckn | None = None,
    by: str = "",
) -> tuple[ApiKey, str]:
    """A key and its token, told once. Raises BadReason for a name the log must not keep, Malformed for an address.

    `rights` are fewer than its role has; none named means all. A professional's key reads and signs what is theirs.
    """
    hand, now = Hand(by or gateway.actor, name), gateway.clock.now()
    _check_scope(role, rights, professional)
    sealer = gateway.keyring.sealer(kurum, now=now)  # a customer that was not seen before is written down now
    with writing(gateway.database) as tx:
        key, token = api_keys.make_key(
            tx,
            kurum,
            role,
            hand.reason,
            now=now,
            lives=min(lives, LONGEST_LIFE),
            addresses=tuple(addresses),
            rights=frozenset(rights),
            signer=profesyonel_index(sealer, professional.value) if professional else "",
        )
        gateway.record(tx, [_entry(gateway, tx, "api_key.made", key, hand)], now)
    return key, token


def _check_scope(role: Role, rights: Collection[Right], professional: Tckn | None) -> None:
    beyond = frozenset(rights) - rights_of_key(role)
    if beyond:
        raise Malformed(f"rights: a key of the role {role} cannot have {', '.join(sorted(beyond))}")
    if (role is Role.PROFESSIONAL) != (professional is not None):
        raise Malformed("role: professional, and no other, wants the identity number of the person")


def rights_of_key(role: Role) -> frozenset[Right]:
    """What a key of this role may at most."""
    return RIGHTS[role] - NEVER_A_KEYS


def rotate_api_key(
    gateway: Gateway, kurum: KurumNo, key_no: str, *, overlap: timedelta, by: str = ""
) -> tuple[ApiKey, str]:
    """A new key like the old one, which ends after `overlap`, and its token. Raises NotFound, also when it ended."""
    now = gateway.clock.now()
    old = next((each for each in read_api_keys(gateway, kurum) if each.key_no == key_no), None)
    if old is None or old.revoked_at is not None or now >= old.expires_at:
        raise NotFound(f"no key {key_no!r} of this customer that still opens")
    hand = Hand(by or gateway.actor, f"in place of {key_no}")
    with writing(gateway.database) as tx:
        lives = old.expires_at - old.created_at
        key, token = api_keys.make_key(
            tx,
            kurum,
            old.role,
            old.name,
            now=now,
            lives=lives,
            addresses=old.addresses,
            rights=old.rights,
            signer=old.signer,
        )
        api_keys.end_key(tx, kurum, key_no, at=now + overlap)
        gateway.record(tx, [_entry(gateway, tx, "api_key.rotated", key, hand, key_no)], now)
    return key, token


def revoke_api_key(gateway: Gateway, kurum: KurumNo, key_no: str, *, reason: str, by: str = "") -> ApiKey:
    """The key opens nothing from now on. Raises NotFound, BadReason."""
    hand, now = Hand(by or gateway.actor, reason), gateway.clock.now()
    with writing(gateway.database) as tx:
        key = api_keys.revoke_key(tx, kurum, key_no, at=now)
        gateway.record(tx, [_entry(gateway, tx, "api_key.revoked", key, hand)], now)
    return key


def read_api_keys(gateway: Gateway, kurum: KurumNo) -> list[ApiKey]:
    """Every key of a customer, without secrets."""
    with reading(gateway.database) as tx:
        return api_keys.read_keys(tx, kurum)


def recognise(gateway: Gateway, token: str, *, address: str) -> Principal | None:
    """Whose token this is; None for whatever does not open: unknown, expired, revoked, from the wrong address."""
    now = gateway.clock.now()
    with reading(gateway.database) as tx:
        key = api_keys.find_key(tx, token, now=now, address=address)
    if key is None:
        return None
    if not api_keys.is_noted(key, now=now):
        with writing(gateway.database) as tx:
            api_keys.note_use(tx, key, now=now)
    return _holder(key)


def glance(gateway: Gateway, glances: Glances, token: str, *, address: str) -> Principal | None:
    """The same without a write; None, too, where the key's use must be noted first."""
    now = gateway.clock.now()
    with glances.reading() as tx:
        key = api_keys.find_key(tx, token, now=now, address=address)
    return _holder(key) if key is not None and api_keys.is_noted(key, now=now) else None


def _holder(key: ApiKey) -> Principal:
    rights = rights_of_key(key.role) & (key.rights or rights_of_key(key.role))
    return Principal(
        key.kurum, key.role, f"key {key.key_no}", rights, key.signer if key.role is Role.PROFESSIONAL else None
    )


def _entry(gateway: Gateway, tx: Tx, event: str, key: ApiKey, hand: Hand, *others: str) -> Entry:
    """What was done to `key`, and what its row and those of `others` say now."""
    told = told_now(tx, gateway.keyring.sealer(key.kurum), key.kurum, {api_key: [(key.key_no,), *zip(others)]})
    facts = {"kurum": key.kurum, "key_no": key.key_no, "role": key.role.value, **hand.facts}
    facts |= {"rights": " ".join(sorted(key.rights))} if key.rights else {}
    return Entry(event, gateway.actor, {**facts, **told})
