"""Keys, certificates and CAdES signatures of the suite's invented professionals: right ones, and wrong ones on demand.

The container is spliced by hand (RFC 5652, RFC 5035), so that it can be wrong in exactly one way.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID

from integrator.conformance import der
from integrator.conformance.der import oid, tlv

DATA, SIGNED_DATA = oid("1.2.840.113549.1.7.1"), oid("1.2.840.113549.1.7.2")
CONTENT_TYPE, MESSAGE_DIGEST = oid("1.2.840.113549.1.9.3"), oid("1.2.840.113549.1.9.4")
SIGNING_TIME, SIGNING_CERTIFICATE = oid("1.2.840.113549.1.9.5"), oid("1.2.840.113549.1.9.16.2.47")
DIGESTS = {
    "sha1": ("1.3.14.3.2.26", "1.2.840.113549.1.1.5", hashes.SHA1()),  # noqa: S303 - a fault that is asked for
    "sha256": ("2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", hashes.SHA256()),
}
WAYS = (
    "right",
    "attached",
    "sha1",
    "wrong_digest",
    "expired",
    "damaged",
    "unknown_authority",
    "no_certificate_reference",
)
"""How a signature can be asked for; all but `right` have exactly one fault."""


@dataclass(frozen=True)
class Issued:
    """A key with its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)


class Authority:
    """Issues certificates to invented people. Made anew for every run; keys live in memory and in the run's folder."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._root = self._issue(None, "UYUMLULUK KÖK (GERÇEK DEĞİL)", None, (-3000, 3000))
        self._made: dict[tuple[str, str], Issued] = {}

    @property
    def root_pem(self) -> bytes:
        """The anchor to trust."""
        return self._root.pem

    def signer(self, owner: str, way: str = "right") -> Issued:
        """The holder of identity number `owner`; with way `expired` or `unknown_authority` as these say."""
        kind = way if way in ("expired", "unknown_authority") else "right"
        if (owner, kind) not in self._made:
            days = (-800, -30) if kind == "expired" else (-30, 365)
            issuer = None if kind == "unknown_authority" else self._root
            self._made[owner, kind] = self._issue(issuer, "UYUMLULUK KİŞİSİ", owner, days)
        return self._made[owner, kind]

    def adopt(self, owner: str, issued: Issued) -> None:
        """Take somebody else's key for the holder of `owner`."""
        self._made[owner, "right"] = issued

    def write_pkcs12(self, folder: Path, name: str, owner: str) -> None:
        """``NAME.p12`` and ``NAME.pin``, readable by the owner only."""
        issued, pin = self.signer(owner), os.urandom(6).hex()
        locked = BestAvailableEncryption(pin.encode())
        octets = serialize_key_and_certificates(name.encode(), issued.key, issued.certificate, None, locked)
        write_private(folder / f"{name}.p12", octets)
        write_private(folder / f"{name}.pin", pin.encode())

    def _issue(self, issuer: Issued | None, common: str, owner: str | None, days: tuple[int, int]) -> Issued:
        key = rsa.generate_private_key(65537, 2048)
        names = [x509.NameAttribute(NameOID.COUNTRY_NAME, "TR"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
        if owner:
            names.insert(1, x509.NameAttribute(NameOID.SERIAL_NUMBER, owner))
        subject, start = x509.Name(names), self._now.replace(microsecond=0)
        builder = x509.CertificateBuilder(issuer.certificate.subject if issuer else subject, subject, key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(start + timedelta(days[0])).not_valid_after(start + timedelta(days[1]))
        builder = builder.add_extension(x509.BasicConstraints(owner is None, None), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=owner is None), critical=True)
        return Issued(key, builder.sign(issuer.key if issuer else key, hashes.SHA256()))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    a_person = not signs_certificates
    return x509.KeyUsage(a_person, a_person, False, False, False, signs_certificates, False, False, False)


def write_private(path: Path, octets: bytes) -> None:
    """A file that only its owner reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(octets)


@dataclass(frozen=True)
class Container:
    """A CAdES-BES over `content` by `signer`, in one of WAYS."""

    content: bytes
    signer: Issued
    way: str = "right"
    at: datetime = field(default_factory=lambda: datetime.fromtimestamp(0, UTC))

    def octets(self) -> bytes:
        """The DER of the whole ContentInfo."""
        encapsulated = [DATA]
        if self.way == "attached":
            encapsulated.append(tlv(der.CONTEXT_0, tlv(der.OCTET_STRING, self.content)))
        signed = tlv(
            der.SEQUENCE,
            tlv(der.INTEGER, b"\x01"),
            tlv(der.SET, self._digest_algorithm),
            tlv(der.SEQUENCE, *encapsulated),
            tlv(der.CONTEXT_0, self._certificate),
            tlv(der.SET, self._signer_info()),
        )
        return tlv(der.SEQUENCE, SIGNED_DATA, tlv(der.CONTEXT_0, signed))

    @property
    def _digest(self) -> str:
        return "sha1" if self.way == "sha1" else "sha256"

    @property
    def _digest_algorithm(self) -> bytes:
        return tlv(der.SEQUENCE, oid(DIGESTS[self._digest][0]), tlv(der.NULL))

    @property
    def _certificate(self) -> bytes:
        return self.signer.certificate.public_bytes(Encoding.DER)

    def _signer_info(self) -> bytes:
        attributes = b"".join(sorted(self._attributes()))
        _, algorithm, digest = DIGESTS[self._digest]
        value = self.signer.key.sign(tlv(der.SET, attributes), padding.PKCS1v15(), digest)
        if self.way == "damaged":
            value = value[:-1] + bytes((value[-1] ^ 1,))
        return tlv(
            der.SEQUENCE,
            tlv(der.INTEGER, b"\x01"),
            tlv(der.SEQUENCE, self._issuer_and_serial()),
            self._digest_algorithm,
            tlv(der.CONTEXT_0, attributes),
            tlv(der.SEQUENCE, oid(algorithm), tlv(der.NULL)),
            tlv(der.OCTET_STRING, value),
        )

    def _issuer_and_serial(self) -> bytes:
        """Cut out of the certificate itself."""
        fields = der.read_all(self._certificate)[0].child(0).children()
        version = 1 if fields[0].tag == der.CONTEXT_0 else 0
        return fields[version + 2].whole + fields[version].whole

    def _attributes(self) -> list[bytes]:
        signed = b"something else" if self.way == "wrong_digest" else self.content
        digest = hashlib.new(self._digest, signed).digest()
        reference = tlv(
            der.SEQUENCE, tlv(der.SEQUENCE, tlv(der.OCTET_STRING, hashlib.sha256(self._certificate).digest()))
        )
        found = [
            (CONTENT_TYPE, DATA),
            (SIGNING_TIME, tlv(der.UTC_TIME, f"{self.at:%y%m%d%H%M%S}Z".encode())),
            (MESSAGE_DIGEST, tlv(der.OCTET_STRING, digest)),
        ]
        if self.way != "no_certificate_reference":
            found.append((SIGNING_CERTIFICATE, tlv(der.SEQUENCE, reference)))
        return [tlv(der.SEQUENCE, kind, tlv(der.SET, value)) for kind, value in found]
