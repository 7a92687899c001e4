"""Makes CAdES-BES signatures: detached, signer certificate only, the four signed attributes the ministry has seen.

Source: contract 4.5 (container as accepted), RFC 5652, RFC 5035, ETSI EN 319 122-1 (B-B level without the
attributes the profile does not ask for). A container is encoded once from the declared structures; from message to
message only the time, the digest and the signature differ, and each is laid over its place in that encoding.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier as Oid

from integrator.sign import structures as cms
from integrator.sign.algorithms import DIGEST_OIDS, DigestName, signature_algorithm
from integrator.sign.certificates import Facts

_LAST_UTC_TIME = 2049  # from 2050 on a GeneralizedTime is asked for (RFC 5652 11.3)


class Signer(Protocol):
    """A private key somewhere, and the certificate that goes with it."""

    @property
    def facts(self) -> Facts:
        """The signer's certificate."""

    @property
    def key_kind(self) -> str:
        """``rsa`` or ``ec``."""

    def sign(self, message: bytes, digest: DigestName = "sha256") -> bytes:
        """The raw signature over the `digest` of `message` (PKCS#1 v1.5, or ECDSA as DER)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a recipient wants inside: the digest, and issuerSerial in signing-certificate-v2 (divergence 17)."""

    digest: DigestName = "sha256"
    issuer_serial: bool = True


AS_ACCEPTED = Profile()
"""As in the artefacts the ministry accepted (contract 4.5)."""


class CadesSigner:
    """Signs content with one certificate."""

    def __init__(self, signer: Signer, profile: Profile = AS_ACCEPTED) -> None:
        self.facts = signer.facts
        self._signer = signer
        self._profile = profile
        self._hash = getattr(hashlib, profile.digest)
        self._moulds: dict[int, _Mould] = {}
        self._prepared: tuple[datetime, bytes, _Mould] | None = None

    def sign(self, content: bytes, *, at: datetime) -> bytes:
        """DER of the detached signature over `content` (ContentInfo). `at` becomes signingTime."""
        time, mould = self._time(at)
        attributes = mould.attributes(time, self._hash(content).digest())
        digest = self._profile.digest
        covered = b"1" + attributes  # hashed as SET (0x31), stored as [0] (RFC 5652 5.4)
        signature = self._signer.sign(covered) if digest == "sha256" else self._signer.sign(covered, digest)
        return mould.close(attributes, signature)

    def _time(self, at: datetime) -> tuple[bytes, _Mould]:
        """SigningTime as DER, and the mould for its length; kept for the messages of the same second."""
        prepared = self._prepared
        if prepared is None or prepared[0] != at:
            time = encode_time(at)
            mould = self._moulds.get(len(time)) or self._moulds.setdefault(len(time), self._mould(at))
            prepared = self._prepared = at, time, mould
        return prepared[1], prepared[2]

    def _mould(self, at: datetime) -> _Mould:
        return _Mould(self.facts, self._signer.key_kind, self._profile, encode_time(at))


class _Mould:
    """One signer's container, encoded from the declared structures with stand-ins for what varies."""

    def __init__(self, facts: Facts, kind: str, profile: Profile, time: bytes) -> None:
        self._facts = facts
        self._digest_algorithm = cms.AlgorithmIdentifier(algorithm=DIGEST_OIDS[profile.digest], parameters=asn1.Null())
        self._signature_algorithm = signature_algorithm(kind, profile.digest)
        digest = hashlib.new(profile.digest, b"stand-in" + facts.digest).digest()
        self._listed = _attributes(facts, profile, time, digest)
        self._attributes = hashed_attributes(self._listed)[1:]
        self._time_at = _only_place(self._attributes, time)
        self._digest_at = _only_place(self._attributes, digest)
        self._frames: dict[int, tuple[bytes, bytes]] = {}

    def attributes(self, time: bytes, digest: bytes) -> bytes:
        """The signed attributes with this time and digest, in DER's order, without their tag."""
        laid = bytearray(self._attributes)
        laid[self._time_at : self._time_at + len(time)] = time
        laid[self._digest_at : self._digest_at + len(digest)] = digest
        return bytes(laid)

    def close(self, attributes: bytes, signature: bytes) -> bytes:
        """The whole container."""
        frame = self._frames.get(len(signature))
        if frame is None:
            frame = self._frames[len(signature)] = self._frame(len(signature))
        return b"".join((frame[0], attributes, frame[1], signature))

    def _frame(self, length: int) -> tuple[bytes, bytes]:
        """What stands before the attributes and between them and a signature of `length` bytes."""
        der = asn1.encode_der(self._content_info(b"\0" * length))
        at = _only_place(der, self._attributes)
        return der[:at], der[at + len(self._attributes) : len(der) - length]

    def _content_info(self, signature: bytes) -> cms.ContentInfo:
        issuer = cms.tlv(self._facts.issuer)
        serial = self._facts.certificate.serial_number
        signer_info = cms.SignerInfo(
            version=1,
            sid=cms.IssuerAndSerialNumber(issuer=issuer, serial_number=serial),
            digest_algorithm=self._digest_algorithm,
            signed_attrs=asn1.SetOf(self._listed),
            signature_algorithm=self._signature_algorithm,
            signature=signature,
        )
        signed_data = cms.SignedData(
            version=1,
            digest_algorithms=asn1.SetOf([self._digest_algorithm]),
            encap_content_info=cms.EncapsulatedContentInfo(content_type=cms.ID_DATA),
            certificates=asn1.SetOf([cms.tlv(self._facts.der)]),
            signer_infos=asn1.SetOf([signer_info]),
        )
        return cms.ContentInfo(content_type=cms.ID_SIGNED_DATA, content=signed_data)


def hashed_attributes(attributes: list[cms.Attribute]) -> bytes:
    """The bytes that the signature covers: signed attributes as SET OF, not the stored [0] (RFC 5652 5.4)."""
    return cms.inside(asn1.encode_der(cms.SignedAttributes(attributes=asn1.SetOf(attributes))))


def encode_time(at: datetime) -> bytes:
    """`at` as the Time of a signingTime: UTCTime through 2049, then GeneralizedTime (RFC 5652 11.3)."""
    second = at.astimezone(UTC).replace(microsecond=0)
    kind = asn1.UTCTime if second.year <= _LAST_UTC_TIME else asn1.GeneralizedTime
    return asn1.encode_der(kind(second))


def _attributes(facts: Facts, profile: Profile, time: bytes, digest: bytes) -> list[cms.Attribute]:
    return [
        _attribute(cms.CONTENT_TYPE, asn1.encode_der(cms.ID_DATA)),
        _attribute(cms.SIGNING_TIME, time),
        _attribute(cms.MESSAGE_DIGEST, asn1.encode_der(digest)),
        _attribute(cms.SIGNING_CERTIFICATE_V2, _signing_certificate(facts, issuer_serial=profile.issuer_serial)),
    ]


def _attribute(attr_type: Oid, value: bytes) -> cms.Attribute:
    return cms.Attribute(attr_type=attr_type, attr_values=asn1.SetOf([cms.tlv(value)]))


def _signing_certificate(facts: Facts, *, issuer_serial: bool) -> bytes:
    """ESS signing-certificate-v2 (RFC 5035 3); issuerSerial as in the files the ministry accepted (contract 4.5)."""
    serial = None
    if issuer_serial:
        general_name = cms.tlv(cms.inside(asn1.encode_der(cms.DirectoryNames(name=cms.tlv(facts.issuer)))))
        serial = cms.IssuerSerial(issuer=[general_name], serial_number=facts.certificate.serial_number)
    entry = cms.EssCertIdV2(cert_hash=facts.digest, issuer_serial=serial)
    return asn1.encode_der(cms.SigningCertificateV2(certs=[entry]))


def _only_place(whole: bytes, part: bytes) -> int:
    """Where `part` stands in `whole`; it stands there once, or the mould would be ambiguous."""
    assert whole.count(part) == 1, "a stand-in that occurs twice"
    return whole.index(part)
