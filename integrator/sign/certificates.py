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
from cryptography.x509.oid import ExtensionOID, NameOID

from integrator.domain.errors import Misconfigured
from integrator.sign.algorithms import STRONG_HASHES, weakness_of
from integrator.sign.qualified import QC_STATEMENTS, Nature, nature_of, read_marks

MAX_CERTIFICATE_BYTES = 32_768
MAX_PATH = 6
MAX_PATHS = 16
MAX_KNOWN = 10_000
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)

_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        QC_STATEMENTS,
    }
)
"""Extensions that may be critical. Name and policy constraints are not judged here, so a path through them is none."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one certificate.

    `issuer` is the issuer's name as DER, `owner` is the subject's serialNumber: the person's identity number.
    `key_id` is the subjectKeyIdentifier. `weakness` tells why the key is not used; it is empty for a good one.
    """

    certificate: x509.Certificate = field(repr=False)
    der: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    owner: str | None = field(repr=False)
    key_id: bytes | None = field(repr=False)
    valid_from: datetime
    valid_until: datetime
    non_repudiation: bool
    nature: Nature
    public_key: RSAPublicKey | EllipticCurvePublicKey | None = field(repr=False)
    weakness: str


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
        key_id=_key_id(certificate),
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        non_repudiation=_non_repudiation(certificate),
        nature=nature_of(read_marks(certificate)),
        public_key=key if isinstance(key, (RSAPublicKey, EllipticCurvePublicKey)) else None,
        weakness=weakness_of(key),
    )


def _non_repudiation(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.content_commitment
    except x509.ExtensionNotFound:
        return False


def _key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


class TrustStore:
    """Locally managed anchors and intermediates (``*.pem``, ``*.crt``): nothing is trusted because it is known.

    A path is a chain of names and signatures with dates checked at the moment asked for. Revocation is not
    judged here.
    """

    def __init__(self, certificates: list[x509.Certificate]) -> None:
        self._by_subject: dict[bytes, list[x509.Certificate]] = {}
        for each in certificates:
            self._by_subject.setdefault(each.subject.public_bytes(), []).append(each)
        self._known: dict[bytes, list[Route]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_subject.values()))

    def paths(self, facts: Facts) -> list[list[x509.Certificate]]:
        """Every chain of issuers from `facts` up to a self-signed anchor of the store. Kept after the first time."""
        return [path.issuers for path in self._paths(facts)]

    def path_at(self, facts: Facts, at: datetime) -> list[x509.Certificate] | None:
        """The issuers of `facts`, nearest first, on a path of which every one is valid at `at`; None without one."""
        return next((path.issuers for path in self._paths(facts) if path.valid_from <= at <= path.valid_until), None)

    def trusts(self, facts: Facts, at: datetime) -> bool:
        """Whether there is a path on which every issuer is valid at `at`."""
        return self.path_at(facts, at) is not None

    def _paths(self, facts: Facts) -> list[Route]:
        found = self._known.get(facts.digest)
        if found is None:
            if len(self._known) >= MAX_KNOWN:  # strangers' certificates may not fill the memory
                self._known.clear()
            climbed = islice(self._climb(facts.certificate, MAX_PATH), MAX_PATHS)
            found = self._known[facts.digest] = [Route.of(issuers) for issuers in climbed]
        return found

    def _climb(
        self, certificate: x509.Certificate, left: int, seen: tuple[bytes, ...] = ()
    ) -> Iterator[list[x509.Certificate]]:
        """Paths up from `certificate`; `seen` names the authorities below, and none stands in a path twice."""
        name = certificate.issuer.public_bytes()
        for issuer in self._by_subject.get(name, []) if name not in seen else []:
            if not _may_issue(issuer, len(seen)) or not issued(issuer, certificate):
                continue
            if issuer.subject == issuer.issuer:
                yield [issuer]
            elif left:
                for above in self._climb(issuer, left - 1, (*seen, name)):
                    yield [issuer, *above]


@dataclass(frozen=True, slots=True)
class Route:
    """One path, and when all of it is valid at once."""

    issuers: list[x509.Certificate]
    valid_from: datetime
    valid_until: datetime

    @classmethod
    def of(cls, issuers: list[x509.Certificate]) -> Route:
        """The path over `issuers`."""
        start = max(each.not_valid_before_utc for each in issuers)
        return cls(issuers, start, min(each.not_valid_after_utc for each in issuers))


def read_trust_store(folder: Path) -> TrustStore:
    """Every ``*.pem`` and ``*.crt`` in `folder`; raises Misconfigured for a file that is no certificate."""
    return TrustStore(read_certificates(folder))


def read_certificates(folder: Path) -> list[x509.Certificate]:
    """The same files as certificates: anchors (self-issued) and intermediates."""
    certificates: list[x509.Certificate] = []
    for path in sorted([*folder.glob("*.pem"), *folder.glob("*.crt")]):
        try:
            certificates += x509.load_pem_x509_certificates(path.read_bytes())
        except ValueError as error:
            raise Misconfigured(f"{path}: no PEM certificate in it") from error
    if not certificates:
        raise Misconfigured(f"{folder}: a trust store needs at least one .pem or .crt file")
    return certificates


def _may_issue(issuer: x509.Certificate, below: int) -> bool:
    """An authority by basicConstraints and keyUsage, with room for `below` authorities (RFC 5280 6.1.4 k to n)."""
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca or (constraints.path_length is not None and constraints.path_length < below):
            return False
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        return missing.oid == x509.KeyUsage.oid
    except ValueError:
        return False


def issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether `issuer` signed `certificate` with SHA-2, and nothing critical in it is beyond us (RFC 5280 4.2)."""
    try:
        if not isinstance(certificate.signature_hash_algorithm, STRONG_HASHES):
            return False
        if any(each.critical and each.oid not in _UNDERSTOOD for each in certificate.extensions):
            return False
        certificate.verify_directly_issued_by(issuer)
    except (*_UNREADABLE, InvalidSignature):
        return False
    return True


def der_of(certificate: x509.Certificate) -> bytes:
    """The certificate's bytes."""
    return certificate.public_bytes(Encoding.DER)
