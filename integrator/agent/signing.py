"""One confirmation: up to fifty messages that a person has seen, one PIN, as many signatures.

What the ministry would refuse does not leave the house: every signature is judged before it is handed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Protocol

from integrator.agent.interchange import ToSign
from integrator.agent.pin import PinTaker, held
from integrator.domain.clock import Clock
from integrator.domain.errors import BadSignature, Rejected
from integrator.domain.identifiers import SorguNo
from integrator.log import logger
from integrator.sign.cades import CadesSigner
from integrator.sign.keys import unlock_pkcs12
from integrator.sign.verify import Signature, require_valid

AT_ONCE = 50
"""Messages under one confirmation (domain.md 4.5, INT-4.5b)."""

Signatures = list[tuple[SorguNo, bytes]]


class KeySource(Protocol):
    """Where the key is: a `Card`, or a file in trial runs."""

    def owner(self, *, at: datetime) -> str | None:
        """Whose key it is, as far as that can be told without the PIN."""

    def tries_left(self) -> str:
        """Empty, ``low``, ``final`` or ``locked``."""

    def unlock(self, pin: bytearray, *, at: datetime) -> AbstractContextManager[CadesSigner]:
        """The signer for the length of a block; raises WrongPin, and then for ever."""


class Pkcs12File:
    """A key in a file, for trial runs. Its owner is unknown until it is opened, and tries are not counted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def owner(self, *, at: datetime) -> str | None:  # noqa: ARG002 - a card's answer depends on the day
        """None: the certificate is encrypted too."""
        return None

    def tries_left(self) -> str:
        """Always empty."""
        return ""

    def unlock(self, pin: bytearray, *, at: datetime) -> AbstractContextManager[CadesSigner]:  # noqa: ARG002
        """The signer; raises Misconfigured for a wrong PIN."""
        return nullcontext(unlock_pkcs12(self._path, pin))


def sign_confirmed(source: KeySource, several: Sequence[ToSign], take_pin: PinTaker, clock: Clock) -> Signatures:
    """Sign what was confirmed with one PIN entry; the PIN is overwritten before this returns or raises.

    All or nothing. Raises Rejected for more than AT_ONCE, WrongPin, BadSignature, Misconfigured.
    """
    if not 0 < len(several) <= AT_ONCE:
        raise Rejected(f"{len(several)} messages; 1 to {AT_ONCE} are signed under one confirmation")
    with held(take_pin) as pin, source.unlock(pin, at=clock.now()) as signer:
        signed = [(each.sorgu_no, _sign(signer, each, clock.now())) for each in several]
    logger().info("agent.signed", count=len(signed))
    return signed


def _sign(signer: CadesSigner, each: ToSign, now: datetime) -> bytes:
    professional = each.summary.professional
    if signer.facts.owner != professional:
        raise BadSignature("professional: the key belongs to another person than the reporting professional")
    cms = signer.sign(each.content, at=now)
    require_valid(Signature(cms, each.content, now, None, professional))
    return cms


def own(source: KeySource, several: Sequence[ToSign], *, at: datetime) -> list[ToSign]:
    """Those that wait for the owner of the key; all of them where the owner is not known yet."""
    owner = source.owner(at=at)
    return [each for each in several if owner in (None, each.summary.professional)]


def in_confirmations(several: Sequence[ToSign]) -> list[Sequence[ToSign]]:
    """Cut into groups that one confirmation may cover."""
    return [several[start : start + AT_ONCE] for start in range(0, len(several), AT_ONCE)]
