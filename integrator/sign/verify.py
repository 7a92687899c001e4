"""Judges a signature as the ministry would, before the ministry does. One function and one verdict per check.

1. structure           DER, ContentInfo signedData                          (222 / 214)
2. one_signer          exactly one SignerInfo
3. detached            no content inside                                    (222)
4. algorithms          SHA-256/384/512, RSA >= 2048 or P-256/384, all agreeing
5. content_type        the attribute says id-data
6. message_digest      equals the digest of the stored canonical bytes      (214)
7. signing_certificate the ESS attribute names the certificate inside by its hash
8. signature           the certificate's key made it
9. certificate_dates   valid when signed and now
10. trust              a path to the locally managed store
11. key_usage          nonRepudiation
12. professional       the subject's serialNumber is the professional       (215)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from integrator.domain.errors import BadSignature
from integrator.sign import structures as cms
from integrator.sign.algorithms import CURVES, DIGESTS, RSA_MIN_BITS, SIGNATURES
from integrator.sign.cades import hashed_attributes
from integrator.sign.certificates import Facts, TrustStore, read_certificate

MAX_CMS_BYTES = 65_536
MAX_ATTRIBUTES = 32


_ID_DATA = asn1.encode_der(cms.ID_DATA)


class NotAsked(Exception):
    """A check that had nothing to compare with. It is told apart from a check that was passed."""


class Failed(Exception):
    """A check's reason to say no; turned into a Verdict at once and never leaves this module."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one check: True, False, or None when it was not asked. `detail` names no person."""

    check: str
    ok: bool | None
    detail: str = ""


@dataclass
class Signature:
    """One signature under judgement: the bytes, what they should cover, and who should have made them."""

    der: bytes
    content: bytes
    now: datetime
    trust: TrustStore | None = None
    professional: str | None = None
    signed_data: cms.SignedData = field(init=False)

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
                found[each.attr_type.dotted_string] = _bytes_of(values[0])
        if len(found) != len(listed):
            raise Failed("a signed attribute is repeated, has several values, or there are too many")
        return found

    @cached_property
    def certificate(self) -> Facts:
        """The certificate whose issuer and serial number the SignerInfo names."""
        sid = self.signer_info.sid
        issuer = _bytes_of(sid.issuer)
        for each in self.signed_data.certificates.as_list() if self.signed_data.certificates else []:
            try:
                facts = read_certificate(_bytes_of(each))
            except ValueError as error:
                raise Failed("a certificate inside cannot be read") from error
            if facts.issuer == issuer and facts.certificate.serial_number == sid.serial_number:
                return facts
        raise Failed("the signer's certificate is not inside")

    @cached_property
    def digest_name(self) -> str:
        """Hashlib's name of the digest algorithm."""
        oid = self.signer_info.digest_algorithm.algorithm.dotted_string
        if oid not in DIGESTS:
            raise Failed(f"digest algorithm {oid}; SHA-256, 384 or 512 is wanted")
        return DIGESTS[oid][0]

    def attribute(self, oid: str, name: str) -> bytes:
        """The value of one signed attribute."""
        if oid not in self.attributes:
            raise Failed(f"the signed attribute {name} is missing")
        return self.attributes[oid]


Check = Callable[[Signature], None]


def structure(s: Signature) -> None:
    """1. DER of a ContentInfo with SignedData inside, of a size a real one has."""
    if len(s.der) > MAX_CMS_BYTES:
        raise Failed(f"{len(s.der)} bytes; at most {MAX_CMS_BYTES} are taken")
    try:
        info = asn1.decode_der(cms.ContentInfo, s.der)
    except ValueError as error:
        raise Failed("not a DER SignedData of the form CAdES-BES has") from error
    if info.content_type != cms.ID_SIGNED_DATA:
        raise Failed("the content type is not signedData")
    s.signed_data = info.content
    if s.signed_data.version != 1 or any(each.version != 1 for each in s.signed_data.signer_infos.as_list()):
        raise Failed("SignedData and SignerInfo of version 1 are wanted (contract 4.5)")


def one_signer(s: Signature) -> None:
    """2. One signer, no more and no less."""
    count = len(s.signed_data.signer_infos.as_list())
    if count != 1:
        raise Failed(f"{count} signers; exactly one is wanted")


def detached(s: Signature) -> None:
    """3. No content inside; the ministry answers 222 to an attached signature."""
    if s.signed_data.encap_content_info.content is not None:
        raise Failed("the content is inside (attached); it must be detached")


def algorithms(s: Signature) -> None:
    """4. Strong algorithms that agree with one another and with the key."""
    kind, bound = SIGNATURES.get(s.signer_info.signature_algorithm.algorithm.dotted_string, (None, None))
    if kind is None:
        raise Failed("signature algorithm is neither RSA nor ECDSA with SHA-2")
    if bound not in (None, s.digest_name):
        raise Failed("signature and digest algorithm name different digests")
    key = s.certificate.public_key
    if kind == "rsa" and not (isinstance(key, RSAPublicKey) and key.key_size >= RSA_MIN_BITS):
        raise Failed(f"an RSA key of at least {RSA_MIN_BITS} bits is wanted")
    if kind == "ec" and not (isinstance(key, EllipticCurvePublicKey) and key.curve.name in CURVES):
        raise Failed("a key on P-256 or P-384 is wanted")


def content_type(s: Signature) -> None:
    """5. contentType says id-data."""
    value = s.attribute(cms.CONTENT_TYPE.dotted_string, "contentType")
    if value != _ID_DATA or s.signed_data.encap_content_info.content_type != cms.ID_DATA:
        raise Failed("contentType is not id-data")


def message_digest(s: Signature) -> None:
    """6. messageDigest is the digest of the canonical bytes; otherwise the ministry answers 214."""
    value = s.attribute(cms.MESSAGE_DIGEST.dotted_string, "messageDigest")
    digest = hashlib.sha256(s.content) if s.digest_name == "sha256" else hashlib.new(s.digest_name, s.content)
    if value != asn1.encode_der(digest.digest()):
        raise Failed("messageDigest is not the digest of this content: other bytes were signed")


def signing_certificate(s: Signature) -> None:
    """7. signing-certificate-v2 holds the hash of the signer's certificate."""
    value = s.attribute(cms.SIGNING_CERTIFICATE_V2.dotted_string, "signingCertificateV2")
    try:
        first = asn1.decode_der(cms.SigningCertificateV2, value).certs[0]
    except (ValueError, IndexError) as error:
        raise Failed("signingCertificateV2 cannot be read") from error
    oid = first.hash_algorithm.algorithm.dotted_string if first.hash_algorithm else None
    name = DIGESTS.get(oid, ("", None))[0] if oid else "sha256"
    known = s.certificate.digest if name == "sha256" else name and hashlib.new(name, s.certificate.der).digest()
    if not known or known != first.cert_hash:
        raise Failed("signingCertificateV2 names another certificate")


def signature(s: Signature) -> None:
    """8. The signature over the signed attributes is the certificate's."""
    covered = hashed_attributes(s.signer_info.signed_attrs.as_list())
    digest = next(algorithm for name, algorithm in DIGESTS.values() if name == s.digest_name)
    try:
        key = s.certificate.public_key
        if isinstance(key, RSAPublicKey):
            key.verify(s.signer_info.signature, covered, PKCS1v15(), digest)
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(s.signer_info.signature, covered, ECDSA(digest))
        else:
            raise Failed("the certificate's key is neither RSA nor EC")
    except InvalidSignature as error:
        raise Failed("the signature was not made by this certificate's key over these attributes") from error


def certificate_dates(s: Signature) -> None:
    """9. The certificate is valid at signingTime and now."""
    try:
        at = asn1.decode_der(asn1.UTCTime, s.attribute(cms.SIGNING_TIME.dotted_string, "signingTime")).as_datetime()
    except ValueError as error:
        raise Failed("signingTime cannot be read") from error
    facts = s.certificate
    for moment, name in ((at, "at signing time"), (s.now, "now")):
        if not facts.valid_from <= moment <= facts.valid_until:
            raise Failed(f"the certificate is not valid {name}")


def trust(s: Signature) -> None:
    """10. A path of issuers leads to an anchor of the local store."""
    if s.trust is None:
        raise NotAsked("no trust store was named")
    if not s.trust.trusts(s.certificate, s.now):
        raise Failed("no path to an anchor of the trust store")


def key_usage(s: Signature) -> None:
    """11. keyUsage has nonRepudiation (contentCommitment)."""
    if not s.certificate.non_repudiation:
        raise Failed("the certificate is not for signing by a person: nonRepudiation is missing")


def professional(s: Signature) -> None:
    """12. The certificate belongs to the reporting professional; otherwise the ministry answers 215."""
    if s.professional is None:
        raise NotAsked("nobody said whose signature it must be")
    if s.certificate.owner != s.professional:
        raise Failed("the certificate belongs to another person than the reporting professional")


CHECKS: tuple[Check, ...] = (
    structure,
    one_signer,
    detached,
    algorithms,
    content_type,
    message_digest,
    signing_certificate,
    signature,
    certificate_dates,
    trust,
    key_usage,
    professional,
)
_LOAD_BEARING = frozenset({"structure", "one_signer"})


def judge(s: Signature) -> list[Verdict]:
    """Every verdict in order; after a failed structure nothing more can be said."""
    verdicts: list[Verdict] = []
    for check in CHECKS:
        name = check.__name__
        try:
            check(s)
            verdicts.append(Verdict(name, ok=True))
        except NotAsked as why:
            verdicts.append(Verdict(name, ok=None, detail=str(why)))
        except Failed as failure:
            verdicts.append(Verdict(name, ok=False, detail=str(failure)))
            if name in _LOAD_BEARING:
                break
    return verdicts


def require_valid(s: Signature) -> None:
    """Raise BadSignature with the first check that says no. A check without its fact is passed over (trial runs)."""
    for check in CHECKS:
        try:
            check(s)
        except NotAsked:
            continue
        except Failed as failure:
            raise BadSignature(f"{check.__name__}: {failure}") from failure


def _bytes_of(value: asn1.TLV) -> bytes:
    """A TLV's whole encoding."""
    return asn1.encode_der(value)
