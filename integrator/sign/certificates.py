"""What a signer's certificate says, read once and kept by the digest of its bytes; and the trust store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from integrator.domain.errors import Misconfigured

MAX_CERTIFICATE_BYTES = 32_768
MAX_PATH = 6
MAX_PATHS = 16
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one certificate.

    `issuer` is the issuer's name as DER, `owner` is the subject's serialNumber: the person's identity number.
    """

    certificate: x509.Certificate = field(repr=False)
    der: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    owner: str | None = field(repr=False)
    valid_from: datetime
    valid_until: datetime
    non_repudiation: bool
    public_key: RSAPublicKey | EllipticCurvePublicKey | None = field(repr=False)


@lru_cache(maxsize=4096)
def read_certificate(der: bytes) -> Facts:
    """The facts in `der`; raises ValueError when it is no certificate."""
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise ValueError("certificate larger than any real one")
    try:
        return _facts(x509.load_der_x509_certificate(der), der)
    except _UNREADABLE as error:
        raise ValueError("not a certificate this program can read") from error


def _facts(certificate: x509.Certificate, der: bytes) -> Facts:
    owners = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    key = certificate.public_key()
    return Facts(
        certificate=certificate,
        der=der,
        digest=sha256(der).digest(),
        issuer=certificate.issuer.public_bytes(),
        owner=str(owners[0].value) if len(owners) == 1 else None,
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        non_repudiation=_non_repudiation(certificate),
        public_key=key if isinstance(key, (RSAPublicKey, EllipticCurvePublicKey)) else None,
    )


def _non_repudiation(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment
    except x509.ExtensionNotFound:
        return False


class TrustStore:
    """Locally managed anchors and intermediates (``*.pem``, ``*.crt``): nothing is trusted because it is known.

    A path is a chain of names and signatures with dates checked at the moment asked for. Revocation is not
    judged here.
    """

    def __init__(self, certificates: list[x509.Certificate]) -> None:
        self._by_subject: dict[bytes, list[x509.Certificate]] = {}
        for each in certificates:
            self._by_subject.setdefault(each.subject.public_bytes(), []).append(each)
        self._known: dict[bytes, list[list[x509.Certificate]]] = {}
        self._spans: dict[bytes, list[tuple[datetime, datetime]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_subject.values()))

    def paths(self, facts: Facts) -> list[list[x509.Certificate]]:
        """Every chain of issuers from `facts` up to a self-signed anchor of the store. Kept after the first time."""
        if facts.digest not in self._known:
            self._known[facts.digest] = list(islice(self._climb(facts.certificate, MAX_PATH), MAX_PATHS))
        return self._known[facts.digest]

    def trusts(self, facts: Facts, at: datetime) -> bool:
        """Whether there is a path on which every issuer is valid at `at`."""
        spans = self._spans.get(facts.digest)
        if spans is None:
            spans = self._spans[facts.digest] = [_span(path) for path in self.paths(facts)]
        return any(start <= at <= end for start, end in spans)

    def _climb(self, certificate: x509.Certificate, left: int) -> Iterator[list[x509.Certificate]]:
        for issuer in self._by_subject.get(certificate.issuer.public_bytes(), []):
            if not _may_issue(issuer) or not _issued(issuer, certificate):
                continue
            if issuer.subject == issuer.issuer:
                yield [issuer]
            elif left:
                for above in self._climb(issuer, left - 1):
                    yield [issuer, *above]


def read_trust_store(folder: Path) -> TrustStore:
    """Every ``*.pem`` and ``*.crt`` in `folder`; raises Misconfigured for a file that is no certificate."""
    certificates: list[x509.Certificate] = []
    for path in sorted([*folder.glob("*.pem"), *folder.glob("*.crt")]):
        try:
            certificates += x509.load_pem_x509_certificates(path.read_bytes())
        except ValueError as error:
            raise Misconfigured(f"{path}: no PEM certificate in it") from error
    if not certificates:
        raise Misconfigured(f"{folder}: a trust store needs at least one .pem or .crt file")
    return TrustStore(certificates)


def _span(path: list[x509.Certificate]) -> tuple[datetime, datetime]:
    """When all of a path is valid at once."""
    return max(each.not_valid_before_utc for each in path), min(each.not_valid_after_utc for each in path)


def _may_issue(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def der_of(certificate: x509.Certificate) -> bytes:
    """The certificate's bytes."""
    return certificate.public_bytes(Encoding.DER)
