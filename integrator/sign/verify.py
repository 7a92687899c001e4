"""Judges a signature as the ministry would, before the ministry does. One function and one verdict per check.

 1. structure           DER or BER, ContentInfo signedData                  (222 / 214)
 2. one_signer          exactly one SignerInfo
 3. detached            no content inside                                    (222)
 4. algorithms          SHA-256/384/512, RSA 2048 to 8192 or P-256/384, all agreeing
 5. content_type        the attribute says id-data
 6. message_digest      equals the digest of the stored canonical bytes      (214)
 7. signing_certificate the ESS attribute names the certificate inside by its hash
 8. signature           the certificate's key made it
 9. certificate_dates   valid when signed and now
10. trust               a path to the locally managed store
11. qualified           a person's certificate under Law 5070, no seal
12. key_usage           nonRepudiation
13. professional        the subject's serialNumber is the professional       (215)
14. revocation          OCSP or CRL says good
15. signing_time        within ten minutes of the receipt: a warning

Source: domain.md 4.3 (its thirteen points; 1 holds three of ours). The authorities are asked last, and only about a
certificate whose issuer is trusted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from integrator.domain.errors import BadSignature
from integrator.sign import structures as cms
from integrator.sign.algorithms import DIGESTS, HASHES, SHA256, SIGNATURES
from integrator.sign.answers import Standing
from integrator.sign.cades import hashed_attributes
from integrator.sign.certificates import Facts
from integrator.sign.qualified import Nature
from integrator.sign.reading import (
    MAX_CMS_BYTES,
    PRODUCTION,
    TRIAL,
    Failed,
    NotAsked,
    Policy,
    Signature,
    open_signed_data,
)

__all__ = [
    "CHECKS",
    "MAX_CMS_BYTES",
    "PRODUCTION",
    "TRIAL",
    "Policy",
    "Signature",
    "Verdict",
    "is_valid",
    "judge",
    "require_valid",
]

MAX_NAMES_BYTES = 4096
_ID_DATA = asn1.encode_der(cms.ID_DATA)
_DIGEST_HEAD = {"sha256": b"\x04\x20", "sha384": b"\x04\x30", "sha512": b"\x04\x40"}
_HASHERS = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_PADDING = PKCS1v15()
_ECDSA = {name: ECDSA(digest) for name, digest in HASHES.items()}
_NATURES = {
    Nature.NOT_QUALIFIED: "INT-SGN-114",
    Nature.NOT_BTK: "INT-SGN-134",
    Nature.CORPORATE_SEAL: "INT-SGN-144",
    Nature.QUALIFIED_SEAL: "INT-SGN-154",
    Nature.MALI_MUHUR: "INT-SGN-164",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one check: True, False, or None when it was not asked.

    `detail` names no person. `code` is the advice in the texts and is empty unless `ok` is False. A `warning` is told
    and refuses nothing. `demanded` marks a check that the policy wants answered.
    """

    check: str
    ok: bool | None
    detail: str = ""
    code: str = ""
    warning: bool = False
    demanded: bool = False

    @property
    def refuses(self) -> bool:
        """Whether this verdict alone keeps the signature out of the queue."""
        return (self.ok is False and not self.warning) or (self.ok is None and self.demanded)


Check = Callable[[Signature], str | None]


def structure(s: Signature) -> None:
    """1. A ContentInfo with SignedData inside, of a size a real one has."""
    s.signed_data = open_signed_data(s.der)


def one_signer(s: Signature) -> None:
    """2. One signer, no more and no less."""
    count = len(s.signed_data.signer_infos.as_list())
    if count != 1:
        raise Failed("INT-SGN-102", f"{count} signers; exactly one is wanted")


def detached(s: Signature) -> None:
    """3. No content inside; the ministry answers 222 to an attached signature."""
    if s.signed_data.encap_content_info.content is not None:
        raise Failed("INT-SGN-103", "the content is inside (attached); it must be detached")


def algorithms(s: Signature) -> None:
    """4. Strong algorithms that agree with one another, with the container's list (RFC 5652 5.1) and with the key."""
    kind, bound = SIGNATURES.get(s.signer_info.signature_algorithm.algorithm.dotted_string, (None, None))
    if bound not in (None, s.digest_name):
        raise Failed("INT-SGN-104", "signature and digest algorithm name different digests")
    if kind is None:
        raise Failed("INT-SGN-104", "signature algorithm is neither RSA nor ECDSA with SHA-2")
    listed = [each.algorithm for each in s.signed_data.digest_algorithms.as_list()]
    if listed != [s.signer_info.digest_algorithm.algorithm]:
        raise Failed("INT-SGN-104", "digestAlgorithms does not name the signer's digest algorithm, or others beside it")
    if s.certificate.weakness:
        raise Failed("INT-SGN-104", s.certificate.weakness)
    if kind != ("rsa" if isinstance(s.certificate.public_key, RSAPublicKey) else "ec"):
        raise Failed("INT-SGN-104", "the signature algorithm is not one of the certificate's key")


def content_type(s: Signature) -> None:
    """5. contentType says id-data."""
    value = s.attribute(cms.CONTENT_TYPE.dotted_string, "contentType")
    if value != _ID_DATA or s.signed_data.encap_content_info.content_type != cms.ID_DATA:
        raise Failed("INT-SGN-105", "contentType is not id-data")


def message_digest(s: Signature) -> None:
    """6. messageDigest is the digest of the canonical bytes; otherwise the ministry answers 214."""
    value = s.attribute(cms.MESSAGE_DIGEST.dotted_string, "messageDigest")
    name = s.digest_name
    if value != _DIGEST_HEAD[name] + _HASHERS[name](s.content).digest():
        raise Failed("INT-SGN-106", "messageDigest is not the digest of this content: other bytes were signed")


def signing_certificate(s: Signature) -> None:
    """7. signing-certificate-v2 holds the hash of the signer's certificate."""
    value = s.attribute(cms.SIGNING_CERTIFICATE_V2.dotted_string, "signingCertificateV2")
    try:
        oid, named = _named_certificate(value)
    except (ValueError, IndexError) as error:
        raise Failed("INT-SGN-107", "signingCertificateV2 cannot be read") from error
    if oid not in DIGESTS:
        raise Failed("INT-SGN-107", "signingCertificateV2 hashes with an algorithm that is not SHA-2")
    name = DIGESTS[oid][0]
    known = s.certificate.digest if name == "sha256" else hashlib.new(name, s.certificate.der).digest()
    if known != named:
        raise Failed("INT-SGN-107", "signingCertificateV2 names another certificate")


@lru_cache(maxsize=1024)
def _named_certificate(value: bytes) -> tuple[str, bytes]:
    """Digest OID and hash of the first certificate that signingCertificateV2 names; the same in all a person signs."""
    if len(value) > MAX_NAMES_BYTES:
        raise ValueError("longer than any real one")
    first = asn1.decode_der(cms.SigningCertificateV2, value).certs[0]
    return (first.hash_algorithm.algorithm if first.hash_algorithm else SHA256).dotted_string, first.cert_hash


def signature(s: Signature) -> None:
    """8. The signature over the signed attributes, in DER, is the certificate's (RFC 5652 5.4)."""
    covered = hashed_attributes(s.signer_info.signed_attrs.as_list())
    name, key = s.digest_name, s.certificate.public_key
    if s.certificate.weakness:
        raise NotAsked(f"not checked: {s.certificate.weakness}")  # `algorithms` has refused it
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(s.signer_info.signature, covered, _PADDING, HASHES[name])
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(s.signer_info.signature, covered, _ECDSA[name])
    except InvalidSignature as error:
        detail = "the signature was not made by this certificate's key over these attributes"
        raise Failed("INT-SGN-108", detail) from error


def certificate_dates(s: Signature) -> None:
    """9. The certificate is valid at signingTime and now."""
    facts = s.certificate
    for moment, name in ((s.signing_time, "at signing time"), (s.now, "now")):
        if moment < facts.valid_from:
            raise Failed("INT-SGN-129", f"the certificate is not yet valid {name}")
        if moment > facts.valid_until:
            raise Failed("INT-SGN-109", f"the certificate has expired {name}")


def trust(s: Signature) -> None:
    """10. A path of issuers leads to an anchor of the local store."""
    if s.trust is None:
        raise NotAsked("no trust store was named")
    if s.path is None:
        raise Failed("INT-SGN-110", "no path to an anchor of the trust store")


def qualified(s: Signature) -> None:
    """11. A person's qualified certificate under Law 5070: QcCompliance and BTK's statement, and no seal."""
    nature = s.certificate.nature
    if nature is not Nature.PERSON:
        if not s.policy.qualified:
            raise NotAsked(f"not demanded here; the certificate is {nature.value}")
        raise Failed(_NATURES[nature], f"the certificate is {nature.value}")


def key_usage(s: Signature) -> None:
    """12. keyUsage has nonRepudiation (contentCommitment)."""
    if not s.certificate.non_repudiation:
        raise Failed("INT-SGN-112", "the certificate is not for signing by a person: nonRepudiation is missing")


def professional(s: Signature) -> None:
    """13. The certificate belongs to the reporting professional; otherwise the ministry answers 215."""
    if s.professional is None:
        raise NotAsked("nobody said whose signature it must be")
    if s.certificate.owner != s.professional:
        raise Failed("INT-SGN-113", "the certificate belongs to another person than the reporting professional")


def revocation(s: Signature) -> str | None:
    """14. Neither the certificate nor an authority between it and the anchor is revoked.

    An authority on the path stands in the locally managed store: only a word against it counts, silence does not.
    """
    if s.revocation is None:
        raise NotAsked("no authority can be asked and no response is on file")
    path = s.path
    if path is None:
        raise NotAsked("no trusted issuer, so nobody's word counts")
    status, *above = statuses = s.revocation.along(s.certificate, path, s.now)
    s.answers[:] = [each for each in statuses if each.response]
    if status.standing is Standing.REVOKED:
        raise Failed("INT-SGN-111", f"revoked {status.detail}")
    if any(each.standing is Standing.REVOKED for each in above):
        raise Failed("INT-SGN-111", "an authority above the certificate was revoked")
    if status.standing is Standing.UNKNOWN:
        if not s.policy.revocation:
            raise NotAsked(f"not learnt: {status.detail}")
        raise Failed("INT-SGN-131", f"whether it is revoked could not be learnt: {status.detail}")
    return status.detail


def signing_time(s: Signature) -> None:
    """15. signingTime lies within the policy's distance of the receipt; a warning unless the policy demands it."""
    try:
        distance = abs(s.signing_time - s.now)
    except Failed as failure:
        raise NotAsked(str(failure)) from failure  # certificate_dates has told it
    if distance > s.policy.signing_time_within:
        raise Failed("INT-SGN-115", f"signingTime is {distance.total_seconds() / 60:.0f} minutes from the receipt")


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
    qualified,
    key_usage,
    professional,
    revocation,
    signing_time,
)
_LOAD_BEARING = frozenset({"structure", "one_signer"})


def judge(s: Signature) -> list[Verdict]:
    """Every verdict in order; after a failed structure nothing more can be said."""
    verdicts: list[Verdict] = []
    for check in CHECKS:
        verdicts.append(_verdict(check, s))
        if verdicts[-1].refuses and check.__name__ in _LOAD_BEARING:
            break
    return verdicts


def is_valid(verdicts: list[Verdict]) -> bool:
    """Whether no verdict refuses."""
    return not any(each.refuses for each in verdicts)


def require_valid(s: Signature) -> None:
    """Raise BadSignature with the first verdict that refuses.

    A check without its fact is passed over, unless the policy demands it; a warning refuses nothing.
    """
    for check in CHECKS:
        name = check.__name__
        try:
            check(s)
        except NotAsked as why:
            if _is_demanded(name, s.policy):
                raise BadSignature(f"{name}: {why}") from why
        except Failed as failure:
            if not _only_warns(name, s.policy):
                raise BadSignature(f"{name}: {failure}") from failure


def _verdict(check: Check, s: Signature) -> Verdict:
    name = check.__name__
    demanded, warning = _is_demanded(name, s.policy), _only_warns(name, s.policy)
    try:
        return Verdict(name, ok=True, detail=check(s) or "", demanded=demanded)
    except NotAsked as why:
        return Verdict(name, ok=None, detail=str(why), demanded=demanded)
    except Failed as failure:
        return Verdict(name, ok=False, detail=str(failure), code=failure.code, warning=warning, demanded=demanded)


def _is_demanded(check: str, policy: Policy) -> bool:
    return (check == "revocation" and policy.revocation) or (check == "qualified" and policy.qualified)


def _only_warns(check: str, policy: Policy) -> bool:
    return check == "signing_time" and not policy.signing_time_demanded


def signer_of(der: bytes, *, now: datetime) -> Facts:
    """The signer's certificate in a signature that was judged before; raises BadSignature when there is none."""
    opened = Signature(der, b"", now)
    try:
        structure(opened)
        return opened.certificate
    except Failed as failure:
        raise BadSignature(f"the signer's certificate cannot be read: {failure}") from failure
