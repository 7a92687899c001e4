"""One signature under judgement, read lazily: each part is looked for when the first check asks for it.

What cannot be found or read is said by raising Failed, with the code of the advice in ``texts.toml``. Caps stand before
everything whose cost a stranger could choose.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat import asn1

from integrator.sign import structures as cms
from integrator.sign.algorithms import DIGESTS, WEAK_DIGESTS, DigestName
from integrator.sign.answers import Status
from integrator.sign.ber import NotBer, to_der
from integrator.sign.certificates import Facts, TrustStore, read_certificate
from integrator.sign.revocation import Revocation

MAX_CMS_BYTES = 65_536
MAX_ATTRIBUTES = 32
MAX_CERTIFICATES = 16
MAX_SIGNERS = 8  # only to say how many there are; one is wanted


class NotAsked(Exception):
    """A check that had nothing to compare with. It is told apart from a check that was passed."""


class Failed(Exception):
    """A check's reason to say no; turned into a Verdict at once and never leaves this room's judge."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Policy:
    """What is demanded beyond the signature itself. A demanded check that could not be asked is a refusal."""

    qualified: bool = False
    revocation: bool = False
    signing_time_within: timedelta = timedelta(minutes=10)
    signing_time_demanded: bool = False


TRIAL = Policy()
"""For test certificates: nobody states BTK's words in them and no authority answers for them."""
PRODUCTION = Policy(qualified=True, revocation=True)


@dataclass
class Signature:
    """The bytes, what they should cover, and who should have made them; `now` is when they were received.

    `answers` fills with the authorities' responses the revocation check relied on: evidence for the caller to keep.
    """

    der: bytes = field(repr=False)
    content: bytes = field(repr=False)
    now: datetime
    trust: TrustStore | None = None
    professional: str | None = field(default=None, repr=False)
    policy: Policy = TRIAL
    revocation: Revocation | None = None
    answers: list[Status] = field(default_factory=list)
    signed_data: cms.SignedData = field(init=False, repr=False)

    @cached_property
    def signer_info(self) -> cms.SignerInfo:
        """The only SignerInfo."""
        return self.signed_data.signer_infos.as_list()[0]

    @cached_property
    def attributes(self) -> dict[str, bytes]:
        """Signed attributes by OID, each with exactly one value."""
        found: dict[str, bytes] = {}
        listed = self.signer_info.signed_attrs.as_list()
        for each in listed[:MAX_ATTRIBUTES]:
            values = each.attr_values.as_list()
            if len(values) == 1:
                found[each.attr_type.dotted_string] = bytes_of(values[0])
        if len(found) != len(listed):
            raise Failed("INT-SGN-117", "a signed attribute is repeated, has several values, or there are too many")
        return found

    @cached_property
    def certificate(self) -> Facts:
        """The certificate that the SignerInfo names."""
        sid = self.signer_info.sid
        issuer = b"" if isinstance(sid, bytes) else bytes_of(sid.issuer)
        for each in self.signed_data.certificates.as_list() if self.signed_data.certificates else []:
            try:
                facts = read_certificate(bytes_of(each))
            except ValueError as error:
                raise Failed("INT-SGN-116", "a certificate inside cannot be read") from error
            if isinstance(sid, bytes):
                if facts.key_id == sid:
                    return facts
            elif facts.issuer == issuer and facts.certificate.serial_number == sid.serial_number:
                return facts
        raise Failed("INT-SGN-116", "the signer's certificate is not inside")

    @cached_property
    def path(self) -> list[x509.Certificate] | None:
        """The issuers up to an anchor of the store; None without one."""
        return self.trust.path_at(self.certificate, self.now) if self.trust else None

    @cached_property
    def digest_name(self) -> DigestName:
        """Hashlib's name of the digest algorithm."""
        oid = self.signer_info.digest_algorithm.algorithm.dotted_string
        if oid in WEAK_DIGESTS:
            raise Failed("INT-SGN-124", f"digest algorithm {WEAK_DIGESTS[oid]}; SHA-256, 384 or 512 is wanted")
        if oid not in DIGESTS:
            raise Failed("INT-SGN-104", f"digest algorithm {oid}; SHA-256, 384 or 512 is wanted")
        return DIGESTS[oid][0]

    @cached_property
    def signing_time(self) -> datetime:
        """The signed attribute signingTime (RFC 5652 11.3)."""
        der = self.attribute(cms.SIGNING_TIME.dotted_string, "signingTime")
        try:
            if der[0] == 0x18:
                return asn1.decode_der(asn1.GeneralizedTime, der).as_datetime()
            return asn1.decode_der(asn1.UTCTime, der).as_datetime()
        except ValueError as error:
            raise Failed("INT-SGN-119", "signingTime cannot be read") from error

    def attribute(self, oid: str, name: str) -> bytes:
        """The value of one signed attribute."""
        if oid not in self.attributes:
            raise Failed("INT-SGN-117", f"the signed attribute {name} is missing")
        return self.attributes[oid]


def open_signed_data(der: bytes) -> cms.SignedData:
    """The SignedData in `der`, DER or BER; raises Failed for anything else, or a size or number no real one has."""
    if len(der) > MAX_CMS_BYTES:
        raise Failed("INT-SGN-101", f"{len(der)} bytes; at most {MAX_CMS_BYTES} are taken")
    try:
        info = _decode(der)
    except ValueError as error:
        raise Failed("INT-SGN-101", "not a SignedData of the form CAdES-BES has, in DER or BER") from error
    if info.content_type != cms.ID_SIGNED_DATA:
        raise Failed("INT-SGN-101", "the content type is not signedData")
    _demand_small(info.content)
    return info.content


def _decode(der: bytes) -> cms.ContentInfo:
    """The fast path is DER; what is not goes through ``ber.py`` and is judged the same."""
    try:
        return asn1.decode_der(cms.ContentInfo, der)
    except ValueError:
        pass
    try:
        return asn1.decode_der(cms.ContentInfo, to_der(der))
    except NotBer as error:
        raise ValueError(str(error)) from error


def _demand_small(signed_data: cms.SignedData) -> None:
    """Caps, and versions as RFC 5652 5.1 and 5.3 set them: 1, or 3 where the signer is named by key identifier."""
    signers = signed_data.signer_infos.as_list()
    if signed_data.certificates and len(signed_data.certificates.as_list()) > MAX_CERTIFICATES:
        raise Failed("INT-SGN-101", f"more than {MAX_CERTIFICATES} certificates inside")
    unsigned = [each.unsigned_attrs for each in signers if each.unsigned_attrs]
    if any(len(each.as_list()) > MAX_ATTRIBUTES for each in unsigned):
        raise Failed("INT-SGN-101", f"more than {MAX_ATTRIBUTES} unsigned attributes")
    versions = [3 if isinstance(each.sid, bytes) else 1 for each in signers]
    if signed_data.version != max(versions, default=1) or [each.version for each in signers] != versions:
        raise Failed("INT-SGN-101", "versions of SignedData and SignerInfo that do not fit (RFC 5652 5.1, 5.3)")


def bytes_of(value: asn1.TLV) -> bytes:
    """A TLV's whole encoding."""
    return asn1.encode_der(value)
