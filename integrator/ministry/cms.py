"""Is this a detached CAdES-BES over that content, and whose? The ministry's side of contract 4.5 and 4.6.

Follows RFC 5652 (CMS) and ETSI EN 319 122-1 (CAdES): exactly one signer, no content inside, the signed
attributes content-type, message-digest and signing-certificate-v2. Revocation is not asked for.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from integrator.ministry import der
from integrator.ministry.clock import system_now
from integrator.ministry.der import Element, NotDer


def _oid(dotted: str) -> bytes:
    """The content octets of an object identifier, so that comparing is comparing bytes."""
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *rest):
        chunk = [arc & 0x7F]
        while arc := arc >> 7:
            chunk.append(0x80 | arc & 0x7F)
        octets += bytes(reversed(chunk))
    return bytes(octets)


DATA = _oid("1.2.840.113549.1.7.1")
SIGNED_DATA = _oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = _oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = _oid("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE_V2 = _oid("1.2.840.113549.1.9.16.2.47")
RSA_ENCRYPTION = _oid("1.2.840.113549.1.1.1")
DIGESTS = {
    _oid("2.16.840.1.101.3.4.2.1"): "sha256",
    _oid("2.16.840.1.101.3.4.2.2"): "sha384",
    _oid("2.16.840.1.101.3.4.2.3"): "sha512",
}
RSA_SIGNATURES = {
    _oid("1.2.840.113549.1.1.11"): "sha256",
    _oid("1.2.840.113549.1.1.12"): "sha384",
    _oid("1.2.840.113549.1.1.13"): "sha512",
}
ECDSA_SIGNATURES = {
    _oid("1.2.840.10045.4.3.2"): "sha256",
    _oid("1.2.840.10045.4.3.3"): "sha384",
    _oid("1.2.840.10045.4.3.4"): "sha512",
}
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
PKCS1 = padding.PKCS1v15()
CURVES = ("secp256r1", "secp384r1")


class NotCades(Exception):
    """Not a CAdES-BES that holds over the content (code 214); the text says why."""


class ContentAttached(Exception):
    """The signed content lies inside the container (code 222)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, parsed once: what is needed to match, verify and name its holder."""

    x509: x509.Certificate
    key: CertificatePublicKeyTypes
    issuer_and_serial: bytes
    subject_serial_number: str | None
    sha: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Signature:
    """The one signerInfo of a container, taken apart but not yet verified."""

    certificate: Certificate
    digest: str
    algorithm: bytes
    value: bytes
    attributes: dict[bytes, Element]
    attributes_der: bytes


def check(
    imzali_deger: str,
    content: bytes,
    anchors: Sequence[x509.Certificate] = (),
    now: Callable[[], datetime] = system_now,
) -> str | None:
    """The serialNumber in the subject of whoever signed `content`, None when the subject has none.

    `imzali_deger` is base64 of the DER, line breaks tolerated. With `anchors` the signer's certificate must
    be issued by one of them and valid at the moment that `now` tells. Raises NotCades or ContentAttached.
    """
    try:
        signature = parse(_decode(imzali_deger))
        _check_attributes(signature, content)
        _check_value(signature)
    except NotDer as error:
        raise NotCades(f"not DER: {error}") from error
    if anchors:
        _check_issuer(signature.certificate.x509, anchors, now())
    return signature.certificate.subject_serial_number


def _decode(imzali_deger: str) -> bytes:
    try:
        return base64.b64decode("".join(imzali_deger.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotCades("imzaliDeger is not base64") from error


def parse(octets: bytes) -> Signature:
    """Take a ContentInfo apart as far as its only signerInfo; raises NotDer, NotCades or ContentAttached."""
    content_info = der.read_whole(octets).expect(der.SEQUENCE).children()
    if len(content_info) != 2 or content_info[0].expect(der.OBJECT_IDENTIFIER).content != SIGNED_DATA:
        raise NotCades("not a SignedData")
    (signed_data,) = _exactly(1, content_info[1].expect(der.CONTEXT_0), "content")
    fields = signed_data.expect(der.SEQUENCE).children()
    if len(fields) < 4:
        raise NotCades("SignedData has too few fields")
    _check_detached(fields[2].expect(der.SEQUENCE).children())
    (signer_info,) = _exactly(1, fields[-1].expect(der.SET), "signerInfo")
    certificates = [one for one in fields[3:-1] if one.tag == der.CONTEXT_0]
    if not certificates:
        raise NotCades("no certificate inside")
    return _signature(signer_info.expect(der.SEQUENCE).children(), certificates[0].children())


def _exactly(count: int, element: Element, name: str) -> list[Element]:
    children = element.children()
    if len(children) != count:
        raise NotCades(f"{len(children)} {name} where {count} belongs")
    return children


def _first(element: Element) -> Element:
    children = element.children()
    if not children:
        raise NotCades(f"nothing inside the value at octet {element.start}")
    return children[0]


def _check_detached(encap_content_info: list[Element]) -> None:
    if not encap_content_info or encap_content_info[0].content != DATA:
        raise NotCades("the content type is not id-data")
    if len(encap_content_info) > 1:
        raise ContentAttached


def _signature(signer_info: list[Element], certificates: list[Element]) -> Signature:
    """SignerInfo: version, sid, digestAlgorithm, [0] signedAttrs, signatureAlgorithm, signature."""
    if len(signer_info) < 6 or signer_info[3].tag != der.CONTEXT_0:
        raise NotCades("no signed attributes")
    _version, sid, digest, signed_attrs, algorithm, value = signer_info[:6]
    attributes = signed_attrs.children()
    return Signature(
        certificate=_signer(sid.expect(der.SEQUENCE), certificates),
        digest=_digest_name(digest),
        algorithm=_algorithm(algorithm),
        value=value.expect(der.OCTET_STRING).content,
        attributes=_attributes(attributes),
        attributes_der=_set_of(attributes),
    )


def _signer(sid: Element, certificates: list[Element]) -> Certificate:
    for one in certificates:
        if one.tag == der.SEQUENCE:
            certificate = read_certificate(one.encoded)
            if certificate.issuer_and_serial == sid.content:
                return certificate
    raise NotCades("the signer's certificate is not inside")


@lru_cache(maxsize=4096)
def read_certificate(octets: bytes) -> Certificate:
    """Parse a certificate, once for each sequence of octets; raises NotCades for one that cannot be read."""
    try:
        parsed = x509.load_der_x509_certificate(octets)
        key = parsed.public_key()
        names = parsed.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise NotCades("the certificate cannot be read") from error
    serial_number = str(names[0].value) if len(names) == 1 else None
    sha = {name: hashlib.new(name, octets).digest() for name in HASHES}
    return Certificate(parsed, key, _issuer_and_serial(octets), serial_number, sha)


def _issuer_and_serial(certificate: bytes) -> bytes:
    """As IssuerAndSerialNumber has them, cut from the certificate itself: re-encoded names need not agree."""
    tbs = der.read_whole(certificate).expect(der.SEQUENCE).children()[0].children()
    serial_at = 1 if tbs[0].tag == der.CONTEXT_0 else 0
    return tbs[serial_at + 2].encoded + tbs[serial_at].encoded


def _algorithm(identifier: Element) -> bytes:
    return _first(identifier.expect(der.SEQUENCE)).expect(der.OBJECT_IDENTIFIER).content


def _digest_name(identifier: Element) -> str:
    name = DIGESTS.get(_algorithm(identifier))
    if name is None:
        raise NotCades("the digest is none of SHA-256, SHA-384, SHA-512")
    return name


def _attributes(attributes: list[Element]) -> dict[bytes, Element]:
    """Attribute type -> its only value; a type twice, or with several values, is refused."""
    found: dict[bytes, Element] = {}
    for attribute in attributes:
        kind, values = _exactly(2, attribute.expect(der.SEQUENCE), "parts of an attribute")
        if kind.content in found:
            raise NotCades("a signed attribute stands twice")
        (found[kind.content],) = _exactly(1, values.expect(der.SET), "values of a signed attribute")
    return found


def _set_of(attributes: list[Element]) -> bytes:
    """What is signed: the attributes as a DER SET OF, sorted, with the tag of SET (RFC 5652 5.4)."""
    content = b"".join(sorted(attribute.encoded for attribute in attributes))
    size = len(content)
    if size < 0x80:
        return bytes((der.SET, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((der.SET, 0x80 | len(length))) + length + content


def _check_attributes(signature: Signature, content: bytes) -> None:
    attributes = signature.attributes
    if CONTENT_TYPE not in attributes or attributes[CONTENT_TYPE].content != DATA:
        raise NotCades("the content-type attribute is not id-data")
    if MESSAGE_DIGEST not in attributes:
        raise NotCades("no message-digest attribute")
    if SIGNING_CERTIFICATE_V2 not in attributes:
        raise NotCades("no signing-certificate-v2 attribute: not a CAdES-BES")
    _check_signing_certificate(attributes[SIGNING_CERTIFICATE_V2], signature.certificate)
    if attributes[MESSAGE_DIGEST].content != hashlib.new(signature.digest, content).digest():
        raise NotCades("the message digest is not that of our XML")


def _check_signing_certificate(attribute: Element, certificate: Certificate) -> None:
    """The first ESSCertIDv2 names the signer: hashAlgorithm (SHA-256 when absent), certHash (RFC 5035 3)."""
    cert_ids = _first(attribute.expect(der.SEQUENCE)).expect(der.SEQUENCE)
    parts = _first(cert_ids).expect(der.SEQUENCE).children()
    digest = _digest_name(parts.pop(0)) if parts and parts[0].tag == der.SEQUENCE else "sha256"
    if not parts or parts[0].expect(der.OCTET_STRING).content != certificate.sha[digest]:
        raise NotCades("signing-certificate-v2 does not name the signer's certificate")


def _check_value(signature: Signature) -> None:
    key = signature.certificate.key
    try:
        if isinstance(key, rsa.RSAPublicKey):
            _check_rsa(signature, key)
        elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES:
            _check_hash(signature, ECDSA_SIGNATURES.get(signature.algorithm))
            key.verify(signature.value, signature.attributes_der, ec.ECDSA(HASHES[signature.digest]))
        else:
            raise NotCades("the key is neither RSA nor on P-256 or P-384")
    except InvalidSignature as error:
        raise NotCades("the signature does not verify") from error


def _check_rsa(signature: Signature, key: rsa.RSAPublicKey) -> None:
    if key.key_size < 2048:
        raise NotCades("the RSA key has fewer than 2048 bits")
    if signature.algorithm != RSA_ENCRYPTION:
        _check_hash(signature, RSA_SIGNATURES.get(signature.algorithm))
    key.verify(signature.value, signature.attributes_der, PKCS1, HASHES[signature.digest])


def _check_hash(signature: Signature, digest: str | None) -> None:
    if digest != signature.digest:
        raise NotCades("the signature algorithm does not fit the key or the digest")


def _check_issuer(certificate: x509.Certificate, anchors: Sequence[x509.Certificate], now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise NotCades("the signer's certificate is not valid now")
    if not any(_is_issued_by(certificate, anchor) for anchor in anchors):
        raise NotCades("the signer's certificate was issued by none of the trusted authorities")


def _is_issued_by(certificate: x509.Certificate, anchor: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(anchor)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
