"""Measure 1: CAdES-BES beside the raw signature it contains, on one core; and the check of a signature."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from io import BytesIO
from statistics import median

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from bench.figures import Row, Scale, compared, in_turn, rate_of
from bench.world import today, uniform_records
from integrator.catalogue.catalogue import read_catalogue
from integrator.domain.clock import SystemClock
from integrator.domain.records import Message
from integrator.intake.read_json import Caps, read_document
from integrator.sign.cades import CadesSigner
from integrator.sign.canonical import split
from integrator.sign.certificates import TrustStore, der_of, read_certificate
from integrator.sign.keys import Pkcs12Signer
from integrator.sign.trial_pki import KeyKind, PrivateKey, issue_signer, make_key, make_root
from integrator.sign.verify import Signature, require_valid
from integrator.trial.people import Town
from integrator.validate.check import check

_PADDING, _SHA256 = padding.PKCS1v15(), hashes.SHA256()


def measure(scale: Scale) -> Iterator[Row]:
    """Signing with both kinds of key, then checking."""
    now, message = SystemClock().now(), specimen()
    kinds: tuple[tuple[KeyKind, float], ...] = (("rsa-2048", 0.80), ("p-256", 0.50))
    for kind, target in kinds:
        yield from _rows(scale, kind, message, now, target=target)


def _rows(scale: Scale, kind: KeyKind, message: Message, now: datetime, *, target: float) -> Iterator[Row]:
    name, root = kind.upper(), make_root(now=now)
    issued = issue_signer(root, message.signer, now=now, key=kind)
    signer = CadesSigner(Pkcs12Signer(issued.key, read_certificate(der_of(issued.certificate))))
    cms = signer.sign(message.canonical, at=now)
    trust = TrustStore([root.certificate])

    def judge() -> None:
        require_valid(Signature(cms, message.canonical, now, trust, message.signer))

    raw = raw_signing(issued.key, message.canonical)
    rounds = scale.rounds * 3
    ours, theirs = in_turn(
        rounds,
        partial(rate_of, lambda: signer.sign(message.canonical, at=now), scale.seconds),
        partial(rate_of, raw, scale.seconds),
    )
    yield compared(f"sign, CAdES-BES {name}", ours, f"raw {name}", theirs, target=target)
    (checked,) = in_turn(scale.rounds, partial(rate_of, judge, scale.seconds))
    yield Row(
        f"check of a signature, {name}", median(checked), "/s", target=5000, note="all fifteen checks, warm trust cache"
    )


def specimen() -> Message:
    """The one message of a record with ten workers and two trainings, made by our own rooms."""
    town = Town(records=1, seed=1, today=today())
    content = json.dumps(next(uniform_records(town, 1))).encode()
    (submitted,) = read_document(BytesIO(content), Caps())
    checked = check(submitted, read_catalogue(), today=today())
    assert checked.kayit is not None, checked.findings
    assert checked.definition is not None
    (message,) = split(checked.kayit, checked.definition)
    return message


def raw_signing(key: PrivateKey, content: bytes) -> Callable[[], bytes]:
    """The bare signature over `content`, key loaded."""
    if isinstance(key, rsa.RSAPrivateKey):
        return lambda: key.sign(content, _PADDING, _SHA256)
    return lambda: key.sign(content, ec.ECDSA(_SHA256))


def raw_rsa_rate(seconds: float) -> Callable[[], float]:
    """A run of bare RSA-2048 signatures."""
    sign = raw_signing(make_key("rsa-2048"), specimen().canonical)
    return partial(rate_of, sign, seconds)
