"""Makes CAdES-BES signatures: detached, signer certificate only, the four signed attributes the ministry has seen.

Source: contract 4.5 (container as accepted), RFC 5652, RFC 5035, ETSI EN 319 122-1 (B-B level without the
attributes the profile does not ask for). Everything that does not change from message to message is built once.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Protocol

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier as Oid

from integrator.sign import structures as cms
from integrator.sign.algorithms import SHA256, SIGNATURE_WITH_SHA256
from integrator.sign.certificates import Facts


class Signer(Protocol):
    """A private key somewhere, and the certificate that goes with it."""

    @property
    def facts(self) -> Facts:
        """The signer's certificate."""

    @property
    def key_kind(self) -> str:
        """``rsa`` or ``ec``."""

    def sign(self, message: bytes) -> bytes:
        """The raw signature over SHA-256 of `message` (PKCS#1 v1.5, or ECDSA as DER)."""


class CadesSigner:
    """Signs content with one certificate."""

    def __init__(self, signer: Signer) -> None:
        facts = signer.facts
        issuer = cms.tlv(facts.certificate.issuer.public_bytes())
        serial = facts.certificate.serial_number
        self.facts = facts
        self._signer = signer
        self._sid = cms.IssuerAndSerialNumber(issuer=issuer, serial_number=serial)
        self._certificate = cms.tlv(facts.der)
        self._content_type = _attribute(cms.CONTENT_TYPE, asn1.encode_der(cms.ID_DATA))
        self._signing_certificate = _attribute(cms.SIGNING_CERTIFICATE_V2, _signing_certificate(facts))
        self._digest_algorithm = cms.AlgorithmIdentifier(algorithm=SHA256, parameters=asn1.Null())
        self._signature_algorithm = SIGNATURE_WITH_SHA256[signer.key_kind]

    def sign(self, content: bytes, *, at: datetime) -> bytes:
        """DER of the detached signature over `content` (ContentInfo). `at` becomes signingTime."""
        attributes = [
            self._content_type,
            _attribute(cms.SIGNING_TIME, asn1.encode_der(asn1.UTCTime(at.replace(microsecond=0)))),
            _attribute(cms.MESSAGE_DIGEST, asn1.encode_der(sha256(content).digest())),
            self._signing_certificate,
        ]
        signer_info = cms.SignerInfo(
            version=1,
            sid=self._sid,
            digest_algorithm=self._digest_algorithm,
            signed_attrs=asn1.SetOf(attributes),
            signature_algorithm=self._signature_algorithm,
            signature=self._signer.sign(hashed_attributes(attributes)),
        )
        return asn1.encode_der(self._content_info(signer_info))

    def _content_info(self, signer_info: cms.SignerInfo) -> cms.ContentInfo:
        signed_data = cms.SignedData(
            version=1,
            digest_algorithms=asn1.SetOf([self._digest_algorithm]),
            encap_content_info=cms.EncapsulatedContentInfo(content_type=cms.ID_DATA),
            certificates=asn1.SetOf([self._certificate]),
            signer_infos=asn1.SetOf([signer_info]),
        )
        return cms.ContentInfo(content_type=cms.ID_SIGNED_DATA, content=signed_data)


def hashed_attributes(attributes: list[cms.Attribute]) -> bytes:
    """The bytes that the signature covers: signed attributes as SET OF, not the stored [0] (RFC 5652 5.4)."""
    return cms.inside(asn1.encode_der(cms.SignedAttributes(attributes=asn1.SetOf(attributes))))


def _attribute(attr_type: Oid, value: bytes) -> cms.Attribute:
    return cms.Attribute(attr_type=attr_type, attr_values=asn1.SetOf([cms.tlv(value)]))


def _signing_certificate(facts: Facts) -> bytes:
    """ESS signing-certificate-v2 with issuerSerial, as in the files the ministry accepted (contract 4.5)."""
    issuer = cms.tlv(facts.certificate.issuer.public_bytes())
    general_name = cms.tlv(cms.inside(asn1.encode_der(cms.DirectoryNames(name=issuer))))
    serial = cms.IssuerSerial(issuer=[general_name], serial_number=facts.certificate.serial_number)
    entry = cms.EssCertIdV2(cert_hash=facts.digest, issuer_serial=serial)
    return asn1.encode_der(cms.SigningCertificateV2(certs=[entry]))
