"""CMS and CAdES structures, declared as the standards write them (RFC 5652, RFC 5035, ETSI EN 319 122-1).

DER only: decoding refuses BER (``ber.py`` turns it into DER first), and re-encoding gives the same bytes. Only what
a detached CAdES-BES and its evidence copies need is declared.
"""

from __future__ import annotations

from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier as Oid

ID_DATA = Oid("1.2.840.113549.1.7.1")
ID_SIGNED_DATA = Oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = Oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = Oid("1.2.840.113549.1.9.4")
SIGNING_TIME = Oid("1.2.840.113549.1.9.5")
SIGNING_CERTIFICATE_V2 = Oid("1.2.840.113549.1.9.16.2.47")
SIGNATURE_TIME_STAMP = Oid("1.2.840.113549.1.9.16.2.14")
CERTIFICATE_VALUES = Oid("1.2.840.113549.1.9.16.2.23")
REVOCATION_VALUES = Oid("1.2.840.113549.1.9.16.2.24")
OCSP_BASIC = Oid("1.3.6.1.5.5.7.48.1.1")


@asn1.sequence
class AlgorithmIdentifier:
    """RFC 5652 10.1.1 to 10.1.2. Parameters are NULL or absent for every algorithm we take."""

    algorithm: Oid
    parameters: asn1.Null | None = None


@asn1.sequence
class Attribute:
    """RFC 5652 5.3."""

    attr_type: Oid
    attr_values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class IssuerAndSerialNumber:
    """RFC 5652 10.2.4. The issuer is kept as it stands in the certificate."""

    issuer: asn1.TLV
    serial_number: int


@asn1.sequence
class SignerInfo:
    """RFC 5652 5.3. Version 1 names the signer by issuer and serial number, version 3 by subjectKeyIdentifier."""

    version: int
    sid: IssuerAndSerialNumber | Annotated[bytes, asn1.Implicit(0)]
    digest_algorithm: AlgorithmIdentifier
    signed_attrs: Annotated[asn1.SetOf[Attribute], asn1.Implicit(0)]
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    unsigned_attrs: Annotated[asn1.SetOf[Attribute] | None, asn1.Implicit(1)] = None


@asn1.sequence
class EncapsulatedContentInfo:
    """RFC 5652 5.2. `content` is absent in a detached signature."""

    content_type: Oid
    content: Annotated[bytes | None, asn1.Explicit(0)] = None


@asn1.sequence
class SignedData:
    """RFC 5652 5.1."""

    version: int
    digest_algorithms: asn1.SetOf[AlgorithmIdentifier]
    encap_content_info: EncapsulatedContentInfo
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)] = None
    crls: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)] = None
    signer_infos: asn1.SetOf[SignerInfo]


@asn1.sequence
class ContentInfo:
    """RFC 5652 3."""

    content_type: Oid
    content: Annotated[SignedData, asn1.Explicit(0)]


@asn1.sequence
class DirectoryNames:
    """RFC 5280 4.2.1.6: GeneralNames holding one directoryName."""

    name: Annotated[asn1.TLV, asn1.Explicit(4)]


@asn1.sequence
class IssuerSerial:
    """RFC 5035 5. `issuer` is GeneralNames."""

    issuer: list[asn1.TLV]
    serial_number: int


@asn1.sequence
class EssCertIdV2:
    """RFC 5035 4. `hash_algorithm` is left out for SHA-256, its default."""

    hash_algorithm: AlgorithmIdentifier | None = None
    cert_hash: bytes
    issuer_serial: IssuerSerial | None = None


@asn1.sequence
class SigningCertificateV2:
    """RFC 5035 3, without policies."""

    certs: list[EssCertIdV2]


@asn1.sequence
class CertificateValues:
    """Not a standard's type: a shell whose only field is CertificateValues (ETSI TS 101 733 6.3.3)."""

    certificates: list[asn1.TLV]


@asn1.sequence
class RevocationValues:
    """ETSI TS 101 733 6.3.4, without other kinds of values."""

    crl_vals: Annotated[list[asn1.TLV] | None, asn1.Explicit(0)] = None
    ocsp_vals: Annotated[list[asn1.TLV] | None, asn1.Explicit(1)] = None


@asn1.sequence
class ResponseBytes:
    """RFC 6960 4.2.1."""

    response_type: Oid
    response: bytes


@asn1.sequence
class OcspResponse:
    """RFC 6960 4.2.1. The status is an ENUMERATED, which has no declared type: only a successful one is taken."""

    status: asn1.TLV
    response_bytes: Annotated[ResponseBytes | None, asn1.Explicit(0)] = None


@asn1.sequence
class SignedAttributes:
    """Not a standard's type: a shell whose only field encodes as the SET OF that is hashed (RFC 5652 5.4)."""

    attributes: asn1.SetOf[Attribute]


def tlv(der: bytes) -> asn1.TLV:
    """Ready DER as a value that can stand in a declared field."""
    return asn1.decode_der(asn1.TLV, der)


def inside(der: bytes) -> bytes:
    """What stands behind the header of `der`, which is one value of ours: nothing foreign is cut by this."""
    first = der[1]  # DER: one byte of tag, then a length of one byte, or of as many as its low bits say (X.690 8.1.3)
    return der[2 if first < 0x80 else 2 + (first & 0x7F) :]
