"""Reads what an authority said about a certificate: one OCSP response (RFC 6960) or one CRL (RFC 5280 6.3).

An answer counts when its signature is the issuer's, or that of a responder to whom the issuer gave OCSPSigning, when
it speaks about this very certificate, and while it is current. Everything else is Disbelieved, with the reason.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from integrator.sign import ber
from integrator.sign.algorithms import STRONG_HASHES, weakness_of
from integrator.sign.certificates import issued

SKEW = timedelta(minutes=5)  # clocks of honest machines differ
UNDATED = timedelta(hours=1)  # how long an answer without nextUpdate is believed
OCSP_CAP, CRL_CAP = 65_536, 16_777_216
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)


class Standing(Enum):
    """What is known about a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Status:
    """One answer: what it says, who says so (``ocsp``, ``crl``), its bytes, and until when it is believed."""

    standing: Standing
    source: str
    response: bytes = field(repr=False)
    this_update: datetime | None
    until: datetime
    detail: str = ""


_STANDINGS = {
    ocsp.OCSPCertStatus.GOOD: Standing.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Standing.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Standing.UNKNOWN,
}
_ID_HASHES = ("sha1", "sha256", "sha384", "sha512")


class Disbelieved(Exception):
    """A response that does not count; the text says why."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose standing is asked, from whose issuer, and when."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    now: datetime


def read_ocsp(der: bytes, of: Subject, max_age: timedelta = timedelta(0)) -> Status:
    """What an OCSP response says about `of`; raises Disbelieved (RFC 6960 3.2 lists the conditions)."""
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Disbelieved(f"OCSP: {response.response_status.name.lower()}")
        single = next((each for each in response.responses if _is_about(each, of)), None)
        if single is None:
            raise Disbelieved("OCSP: the response is about another certificate")
        _demand_authorised(response, of)
    except UNREADABLE as error:
        raise Disbelieved("OCSP: the response cannot be read") from error
    until = _current_until("OCSP", (single.this_update_utc, single.next_update_utc), of.now, max_age)
    standing = _STANDINGS[single.certificate_status]
    detail = _told("ocsp", single.this_update_utc, single.revocation_time_utc)
    return Status(standing, "ocsp", der, single.this_update_utc, until, detail)


def _is_about(single: ocsp.OCSPSingleResponse, of: Subject) -> bool:
    """Serial number and both hashes of the issuer (RFC 6960 4.1.1)."""
    if single.serial_number != of.certificate.serial_number:
        return False
    name = single.hash_algorithm.name
    if name not in _ID_HASHES:
        return False
    wanted = (
        hashlib.new(name, of.issuer.subject.public_bytes(), usedforsecurity=False).digest(),
        hashlib.new(name, _key_bits(of.issuer), usedforsecurity=False).digest(),
    )
    return (single.issuer_name_hash, single.issuer_key_hash) == wanted


def _demand_authorised(response: ocsp.OCSPResponse, of: Subject) -> None:
    """The issuer itself signed, or a responder it certified for that (RFC 6960 4.2.2.2); else Disbelieved."""
    candidates = [of.issuer, *(each for each in response.certificates[:4] if _is_delegate(each, of))]
    responder = next((each for each in candidates if _is_named(each, response)), None)
    if responder is None:
        raise Disbelieved("OCSP: the responder was not authorised by the issuer")
    _demand_signature("OCSP", responder, response.signature, response.tbs_response_bytes, response)


def _is_delegate(candidate: x509.Certificate, of: Subject) -> bool:
    if not candidate.not_valid_before_utc <= of.now <= candidate.not_valid_after_utc:
        return False
    try:
        purposes = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes and issued(of.issuer, candidate)


def _is_named(candidate: x509.Certificate, response: ocsp.OCSPResponse) -> bool:
    """The response's responderID means `candidate`, by name or by the SHA-1 of its key (RFC 6960 4.2.1)."""
    if response.responder_name is not None:
        return candidate.subject == response.responder_name
    return response.responder_key_hash == hashlib.sha1(_key_bits(candidate), usedforsecurity=False).digest()


def open_crl(der: bytes, issuer: x509.Certificate) -> x509.CertificateRevocationList:
    """A list that `issuer` signed and that speaks for all its certificates; raises Disbelieved (RFC 5280 6.3.3)."""
    if len(der) > CRL_CAP:
        raise Disbelieved("CRL: larger than any real one")
    try:
        crl = x509.load_der_x509_crl(der)
        if crl.issuer != issuer.subject or not _may_sign_lists(issuer):
            raise Disbelieved("CRL: another authority's list")
        _demand_signature("CRL", issuer, crl.signature, crl.tbs_certlist_bytes, crl)
        if any(each.critical and not _is_whole(each.value) for each in crl.extensions):
            raise Disbelieved("CRL: a part of a list, or of a kind this program does not read")
    except UNREADABLE as error:
        raise Disbelieved("CRL: the list cannot be read") from error
    return crl


def find_in_crl(
    crl: x509.CertificateRevocationList, der: bytes, of: Subject, max_age: timedelta = timedelta(0)
) -> Status:
    """What an opened list says about `of`; raises Disbelieved when it is out of date."""
    until = _current_until("CRL", (crl.last_update_utc, crl.next_update_utc), of.now, max_age)
    try:
        entry = crl.get_revoked_certificate_by_serial_number(of.certificate.serial_number)
    except UNREADABLE as error:
        raise Disbelieved("CRL: its entries cannot be read") from error
    standing = Standing.REVOKED if entry else Standing.GOOD
    detail = _told("crl", crl.last_update_utc, entry.revocation_date_utc if entry else None)
    return Status(standing, "crl", der, crl.last_update_utc, until, detail)


def _is_whole(extension: x509.ExtensionType) -> bool:
    """A critical IssuingDistributionPoint is taken when the list is direct, for users, and for every reason."""
    return isinstance(extension, x509.IssuingDistributionPoint) and not (
        extension.indirect_crl
        or extension.only_some_reasons
        or extension.only_contains_ca_certs
        or extension.only_contains_attribute_certs
    )


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _demand_signature(
    kind: str,
    signer: x509.Certificate,
    signature: bytes,
    covered: bytes,
    signed: ocsp.OCSPResponse | x509.CertificateRevocationList,
) -> None:
    """`signer`'s key, strong enough, made `signature` over `covered` with SHA-2; else Disbelieved."""
    key, digest = signer.public_key(), signed.signature_hash_algorithm
    if weakness_of(key) or digest is None or not isinstance(digest, STRONG_HASHES):
        raise Disbelieved(f"{kind}: signed with a weak key or digest")
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, covered, PKCS1v15(), digest)
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, covered, ECDSA(digest))
    except InvalidSignature as error:
        raise Disbelieved(f"{kind}: its signature is not its authority's") from error


def _current_until(kind: str, updates: tuple[datetime, datetime | None], now: datetime, max_age: timedelta) -> datetime:
    """Until when an answer of these updates is believed; raises Disbelieved when it is not, now."""
    this_update, next_update = updates
    if this_update > now + SKEW:
        raise Disbelieved(f"{kind}: from the future")
    until = max(next_update or this_update + UNDATED, this_update + max_age)
    if now > until + SKEW:
        raise Disbelieved(f"{kind}: out of date since {until:%Y-%m-%d %H:%M} UTC")
    return until


def _told(source: str, of: datetime, revoked_at: datetime | None) -> str:
    """The answer in words: who said it when, and since when the certificate is revoked."""
    since = f"since {revoked_at:%Y-%m-%d %H:%M} UTC, " if revoked_at else ""
    return f"{since}{source} of {of:%Y-%m-%d %H:%M} UTC"


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The bits of subjectPublicKey, without tag, length and count of unused bits: what RFC 6960 4.1.1 hashes."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    inside = ber.read(spki).inside or ()
    return inside[1].content[1:]
